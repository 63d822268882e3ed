/** ELECTRA's mechanism: the generator's samples often differ from the original, and the discriminator finds them. */
import { adamW, electraConfigs, electraPretraining, freshElectra, linearSchedule, train } from "cloze";
import { packSentences, tokenizeDocuments } from "cloze/data";
import { replacedHeldOut } from "cloze/metrics";
import { trainWordPiece } from "cloze/tokenizer";
import { type Claim, over, shown } from "./harness/claim.js";
import { novelDocuments } from "./shared/files.js";

const SIZES = {
  numHiddenLayers: 3,
  hiddenSize: 128,
  numAttentionHeads: 4,
  maxPositionEmbeddings: 64,
  dropout: 0,
  initializerRange: 0.05,
};
const SET_UP = {
  ...SIZES,
  vocabulary: 4000,
  length: 64,
  steps: 4000,
  batchSize: 16,
  rate: 1e-3,
  novels: 12,
  masked: 0.15,
};

export const electraMechanics: Claim = {
  name: "electra-mechanics",
  claim:
    "a discriminator learns to detect replaced tokens in held-out text (the mechanism alone: the published efficiency needs 1e16 operations and more)",
  source: "Clark et al. 2020, arXiv:2003.10555",
  published: "GLUE at equal cost: BERT-small 75.1, ELECTRA-small 79.9; cannot be tested at this scale",
  bar: "area under the ROC curve above 0.8 on held-out text; generator samples differ from the original in 30 to 70 % of the chosen places",
  setUp: { ...SET_UP, data: "English novels, one of them held out" },
  seeds: [1, 2, 3],
  needs: ["pretraining-english"],
  minutes: 20,
  explanation:
    "in 4,000 steps of 16 sequences of 64 tokens the generator learns little more than word frequencies, so nearly all of its samples differ from the original, and the discriminator is left with the same few clues; attention is learned later from sequences of this length than from short ones",
  async run(context, seed) {
    const documents = await novelDocuments(context.data("pretraining-english/novels"), context.few(SET_UP.novels, 1));
    const held = documents.splice(-Math.max(2, Math.floor(documents.length / SET_UP.novels)));
    const tokenizer = trainWordPiece(documents.flat().slice(0, context.few(60_000, 400)), { size: SET_UP.vocabulary });
    const pack = (of: string[][]) =>
      packSentences(tokenizeDocuments(tokenizer, of), { maxLength: SET_UP.length, tokenizer });
    const [samples, unread] = [pack(documents), pack(held).slice(0, context.few(500, 20))];
    using engine = await context.engine();
    using pair = freshElectra(engine, electraConfigs({ ...SIZES, vocabSize: tokenizer.size }), seed);
    const { steps: all, batchSize, rate, masked } = SET_UP;
    const steps = context.few(all, 3);
    using optimizer = adamW(pair.weights, { weightDecay: 0.01 });
    const run = train({
      ...{ engine, model: pair.model, samples: () => samples, objective: electraPretraining({ tokenizer }), optimizer },
      ...{ learningRate: linearSchedule(rate, steps / 10, steps), batchSize, seed, steps },
    });
    for await (const _ of run);
    const { area, alwaysOriginal, found, tokens } = replacedHeldOut(pair.model, unread, { tokenizer }, 1, 2);
    return { area, replaced: (100 * (1 - alwaysOriginal)) / masked, found, tokens };
  },
  judge(results) {
    const [area, replaced] = [over(results, "area"), over(results, "replaced")];
    return {
      holds: area.mean > 0.8 && replaced.mean >= 30 && replaced.mean <= 70,
      ours: `area ${shown(area, 3)}; about ${shown(replaced)} % of the chosen places replaced`,
    };
  },
};
