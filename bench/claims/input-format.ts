/** Full sequences against single sentences, at the same number of tokens. */
import { freshConfig, freshModel, maskedLm, single } from "cloze";
import { packSentences, type Sample, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut } from "cloze/metrics";
import { trainWordPiece } from "cloze/tokenizer";
import { aboveZero, type Claim, over, shown } from "./harness/claim.js";
import { novelDocuments } from "./shared/files.js";
import { learn } from "./shared/learning.js";

const SIZES = {
  numHiddenLayers: 2,
  hiddenSize: 128,
  numAttentionHeads: 4,
  maxPositionEmbeddings: 128,
  dropout: 0,
  initializerRange: 0.05,
};
const SET_UP = { ...SIZES, vocabulary: 4000, length: 128, tokens: 1024, steps: 3000, rate: 1e-3, novels: 12 };

export const inputFormat: Claim = {
  name: "input-format",
  claim:
    "a masked language model trained on full sequences is better at their length than one trained on single sentences",
  source: "Liu et al. 2019, arXiv:1907.11692, table 2",
  published:
    "SQuAD 1.1 / MNLI-m / SST-2 / RACE: sentence pairs 88.7 / 82.9 / 92.1 / 63.0, full sentences 90.4 / 84.7 / 92.5 / 64.8",
  bar: "held-out loss at length 128 lower for full sequences, at the same number of tokens a step and of steps; interval of the difference above 0",
  setUp: { ...SET_UP, data: "English novels, one of them held out" },
  seeds: [1, 2, 3],
  needs: ["pretraining-english"],
  minutes: 20,
  explanation:
    "with every seed the network trained on full sequences stays at 6.21 nats, the loss of one that does not use the context yet: 3,000 steps of eight sequences are too few, while single sentences, which are shorter, are past that point (docs/decisions/016-short-sequences-first.md)",
  async run(context, seed) {
    const documents = await novelDocuments(context.data("pretraining-english/novels"), context.few(SET_UP.novels, 1));
    const held = documents.splice(-Math.max(2, Math.floor(documents.length / SET_UP.novels)));
    const tokenizer = trainWordPiece(documents.flat().slice(0, context.few(60_000, 400)), { size: SET_UP.vocabulary });
    const packing = { maxLength: SET_UP.length, tokenizer };
    const full = packSentences(tokenizeDocuments(tokenizer, documents), packing);
    // One document per sentence.
    const alone = documents.flat().map((sentence) => [sentence]);
    const sentences = tokenizeDocuments(tokenizer, alone).flatMap((document) => packSentences([document], packing));
    const unread = packSentences(tokenizeDocuments(tokenizer, held), packing).slice(0, context.few(400, 10));
    const lossOf = (name: string, samples: readonly Sample[]) =>
      context.step(`${name}-seed-${seed}`, async () => {
        using engine = await context.engine();
        using loaded = freshModel(
          engine,
          freshConfig("bert", { ...SIZES, vocabSize: tokenizer.size }),
          "masked-lm",
          seed,
        );
        const length = samples.reduce((sum, { ids }) => sum + ids.length, 0) / samples.length;
        const batchSize = Math.round(SET_UP.tokens / length);
        const { rate } = SET_UP;
        const steps = context.few(SET_UP.steps, 2);
        await learn(engine, loaded, single(maskedLm({ tokenizer })), () => samples, { steps, rate, batchSize, seed });
        return maskedHeldOut(loaded.model, unread, { tokenizer }, 1, 2).loss;
      });
    const [whole, parts] = [await lossOf("full", full), await lossOf("sentences", sentences)];
    return { full: whole, sentences: parts, difference: parts - whole };
  },
  judge(results) {
    const difference = over(results, "difference");
    return {
      holds: aboveZero(difference),
      ours: `${over(results, "full").mean.toFixed(3)} nats full, ${over(results, "sentences").mean.toFixed(3)} single sentences, difference ${shown(difference, 3)}`,
    };
  },
};
