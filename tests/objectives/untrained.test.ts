/** A model that has seen nothing guesses: its loss is the logarithm of how many answers there are, to 2 %. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { causalLm } from "../../sdk/objectives/causal-lm.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { nextSentencePairs, nextSentencePrediction } from "../../sdk/objectives/next-sentence-prediction.js";
import { ngramMaskedLm } from "../../sdk/objectives/ngram-masking.js";
import { type Objective, single } from "../../sdk/objectives/objective.js";
import { replacedTokenDetection } from "../../sdk/objectives/replaced-token-detection.js";
import { sentenceOrderPairs, sentenceOrderPrediction } from "../../sdk/objectives/sentence-order-prediction.js";
import { packSentences } from "../../sdk/objectives/sequences/packing.js";
import { spanMaskedLm } from "../../sdk/objectives/span-masking.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { framed, numbered } from "../helpers/documents.js";
import { engines } from "../helpers/engines.js";
import { SIZE, tinyModel } from "../helpers/tiny-models.js";

const test = suite("untrained");
const [engine] = engines as [Engine];
const tokenizer = { size: SIZE, special: { mask: 4 } };

/** Fifteen documents of few tokens, and passes over them until there are some hundred sequences. */
const { documents } = numbered(new Array<number>(15).fill(4), 3);
const passes = (make: (pass: number) => Sample[]): Sample[] =>
  Array.from({ length: 10 }, (_, pass) => make(pass)).flat();
const options = { maxLength: 20, tokenizer: framed };
const TEXTS = passes(() => packSentences(documents, options));
const NEXT = passes((pass) => nextSentencePairs(documents, options, seed(pass)));
const ORDER = passes((pass) => sentenceOrderPairs(documents, options, seed(pass)));

/**
 * Scores are sums of 32 products with weights of deviation 0.02, so they have a deviation of 0.02 √32 = 0.11 at most: that
 * raises the loss by half its square, 0.006, and over the hundred targets and more of a batch its mean is off by
 * 0.11 / √100 = 0.011. 2 % of ln 2 are 0.014, where the pooled vector is much shorter still; of ln 120 they are 0.1.
 */
function guesses<M>(model: M, objective: Objective<M>, samples: readonly Sample[], answers: number): void {
  using _ = new Scope();
  const batch = collate(samples.map((sample, i) => objective.corrupt(sample, seed(3).fork(0, i))));
  const counts = objective.counts(batch);
  assert.ok(counts[0]! > 100, `${counts} targets`);
  const loss = objective.losses(model, batch, counts)[0]!.item();
  const want = Math.log(answers);
  assert.ok(Math.abs(loss / want - 1) < 0.02, `${loss}, expected ${want}`);
}

for (const type of ["bert", "roberta", "albert", "electra"] as const)
  test(`${type}: masked LM begins at ln V, however the positions are chosen`, () => {
    using loaded = tinyModel(engine, type, "masked-lm");
    const objectives = [
      maskedLm({ tokenizer }),
      maskedLm({ tokenizer, selection: "transformers" }),
      maskedLm({ tokenizer, selection: "roberta" }),
      ngramMaskedLm({ tokenizer }),
      spanMaskedLm({ tokenizer }),
    ];
    for (const objective of objectives) guesses(loaded.model, single(objective), TEXTS, SIZE);
  });

test("gpt2: causal LM begins at ln V", () => {
  using loaded = tinyModel(engine, "gpt2", "causal-lm");
  guesses(loaded.model, single(causalLm()), TEXTS, SIZE);
});

for (const type of ["bert", "albert"] as const)
  test(`${type}: next sentence and sentence order begin at ln 2`, () => {
    using loaded = tinyModel(engine, type, "next-sentence-prediction");
    guesses(loaded.model, single(nextSentencePrediction()), NEXT, 2);
    guesses(loaded.model, single(sentenceOrderPrediction()), ORDER, 2);
  });

test("electra: replaced-token detection begins at ln 2", () => {
  using loaded = tinyModel(engine, "electra", "replaced-token-detection");
  const labelled = TEXTS.map((sample) => ({ ...sample, labels: { tokens: sample.ids.map((id) => id % 2) } }));
  guesses(loaded.model, single(replacedTokenDetection()), labelled, 2);
});

test.run();
