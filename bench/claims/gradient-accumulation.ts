/** Two batches of six sequences and one batch of twelve have the same gradient. */
import { adamW, causalLm, freshConfig, freshModel, type Optimizer, single, train } from "cloze";
import { packSentences, type Sample, tokenizeDocuments } from "cloze/data";
import { trainWordPiece } from "cloze/tokenizer";
import { type Claim, over } from "./harness/claim.js";
import type { Context } from "./harness/context.js";
import { wikiDocuments } from "./shared/files.js";

const SIZES = { numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 4, maxPositionEmbeddings: 64, dropout: 0 };

/** The gradient of the first step. */
async function gradientOf(
  context: Context,
  samples: readonly Sample[],
  vocabSize: number,
  seed: number,
  batchSize: number,
) {
  using engine = await context.engine();
  using loaded = freshModel(engine, freshConfig("gpt2", { ...SIZES, vocabSize }), "causal-lm", seed);
  const gradients: number[] = [];
  using adam = adamW(loaded.weights);
  // Records the gradients before it applies them.
  const optimizer: Optimizer = {
    steps: 0,
    moments: adam.moments,
    step(rate, scale) {
      for (const { parameter } of adam.moments)
        for (const value of parameter.grad?.toArray() ?? []) gradients.push(value);
      adam.step(rate, scale);
    },
    [Symbol.dispose]() {},
  };
  const objective = single(causalLm());
  const run = train({
    ...{ engine, model: loaded.model, objective, samples: () => samples, optimizer, learningRate: 1e-3, seed },
    ...{ batchSize, gradientAccumulationSteps: samples.length / batchSize, steps: 1 },
  });
  for await (const _ of run);
  return gradients;
}

export const gradientAccumulation: Claim = {
  name: "gradient-accumulation",
  claim: "accumulating two batches of six sequences gives the gradient of one batch of twelve",
  source: "a check that any correct trainer passes",
  published: "equal to 1e-5",
  bar: "largest difference of any gradient below 1e-5, with every seed",
  setUp: { ...SIZES, sequences: 12, data: "WikiText-2 valid" },
  seeds: [1, 2, 3],
  needs: ["wikitext2"],
  minutes: 1,
  async run(context, seed) {
    const documents = wikiDocuments(context.data("wikitext2/valid.txt.gz")).slice(0, 20);
    const tokenizer = trainWordPiece(documents.flat(), { size: 2000 });
    // Lengths differ: a mean of means would be wrong.
    const samples = packSentences(tokenizeDocuments(tokenizer, documents), { maxLength: 64, tokenizer }).slice(
      seed,
      seed + 12,
    );
    const once = await gradientOf(context, samples, tokenizer.size, seed, 12);
    const twice = await gradientOf(context, samples, tokenizer.size, seed, 6);
    return {
      largest_difference: once.reduce((most, value, i) => Math.max(most, Math.abs(value - twice[i]!)), 0),
      largest_gradient: once.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      gradients: once.length,
    };
  },
  judge(results) {
    const most = Math.max(...results.map((figures) => figures["largest_difference"]!));
    return {
      holds: most < 1e-5 && over(results, "largest_gradient").mean > 1e-3,
      ours: `largest difference ${most.toExponential(1)} of ${over(results, "gradients").mean} gradients up to ${over(results, "largest_gradient").mean.toFixed(2)}`,
    };
  },
};
