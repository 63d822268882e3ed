/** The loss of an untrained model is that of uniform guessing. */
import {
  causalLm,
  type Encoder,
  freshConfig,
  freshModel,
  type HeadObjective,
  type LmHead,
  maskedLm,
  nextSentencePrediction,
  type PairHead,
} from "cloze";
import { collate, nextSentencePairs, packSentences, type Sample, seed as seedOf, tokenizeDocuments } from "cloze/data";
import { Scope } from "cloze/tensor";
import { trainWordPiece } from "cloze/tokenizer";
import { type Claim, over } from "./harness/claim.js";
import { wikiDocuments } from "./shared/files.js";

const SIZES = { numHiddenLayers: 4, hiddenSize: 128, numAttentionHeads: 4, maxPositionEmbeddings: 128, dropout: 0 };
const VOCABULARY = 4000;

export const untrainedLosses: Claim = {
  name: "untrained-losses",
  claim:
    "before the first step the loss is that of uniform guessing: ln V for masked and causal language models, ln 2 for pairs",
  source: "a check that any correct implementation passes",
  published: "ln V, ln 2",
  bar: "each mean over the seeds within 2 %",
  setUp: { ...SIZES, vocabulary: VOCABULARY, data: "WikiText-2 valid" },
  seeds: [1, 2, 3],
  needs: ["wikitext2"],
  minutes: 1,
  async run(context, seed) {
    const documents = wikiDocuments(context.data("wikitext2/valid.txt.gz")).slice(0, context.few(60, 10));
    const tokenizer = trainWordPiece(documents.flat(), { size: VOCABULARY });
    const tokenized = tokenizeDocuments(tokenizer, documents);
    const packing = { maxLength: 64, tokenizer };
    const samples = packSentences(tokenized, packing).slice(0, context.few(256, 8));
    const pairs = nextSentencePairs(tokenized, packing, seedOf(seed)).slice(0, context.few(256, 8));
    using engine = await context.engine();
    const sizes = { ...SIZES, vocabSize: tokenizer.size };
    /** Mean loss over all targets. */
    const lossOf = <Head>(model: Encoder & Head, objective: HeadObjective<Head>, of: readonly Sample[]) => {
      let [sum, count] = [0, 0];
      for (const [i, sample] of of.entries()) {
        using _ = new Scope();
        const batch = collate([objective.corrupt(sample, seedOf(seed).fork(i))]);
        sum += objective.loss(model, model.encode(batch), batch, 1).item();
        count += objective.count(batch);
      }
      return sum / count;
    };
    using masked = freshModel(engine, freshConfig("bert", sizes), "masked-lm", seed);
    using causal = freshModel(engine, freshConfig("gpt2", sizes), "causal-lm", seed);
    using pair = freshModel(engine, freshConfig("bert", sizes), "next-sentence-prediction", seed);
    const expected = Math.log(tokenizer.size);
    return {
      masked: lossOf<LmHead>(masked.model, maskedLm({ tokenizer }), samples) / expected,
      causal: lossOf<LmHead>(causal.model, causalLm(), samples) / expected,
      pairs: lossOf<PairHead>(pair.model, nextSentencePrediction(), pairs) / Math.LN2,
    };
  },
  judge(results) {
    const shares = ["masked", "causal", "pairs"].map((name) => over(results, name).mean);
    return {
      holds: shares.every((share) => Math.abs(share - 1) <= 0.02),
      ours: `masked ${shares[0]!.toFixed(4)} · ln V, causal ${shares[1]!.toFixed(4)} · ln V, pairs ${shares[2]!.toFixed(4)} · ln 2`,
    };
  },
};
