/** RoBERTa's dynamic masking, with new masks for each pass over the text, against static masking. */
import { freshConfig, freshModel, maskedLm, single } from "cloze";
import { packSentences, seed as seedOf, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut } from "cloze/metrics";
import { trainWordPiece } from "cloze/tokenizer";
import { aboveZero, type Claim, over, shown } from "./harness/claim.js";
import { wikiDocuments } from "./shared/files.js";
import { learn } from "./shared/learning.js";

const SIZES = {
  numHiddenLayers: 2,
  hiddenSize: 128,
  numAttentionHeads: 4,
  maxPositionEmbeddings: 64,
  dropout: 0,
  initializerRange: 0.05,
};
const SET_UP = { ...SIZES, vocabulary: 4000, length: 64, epochs: 20, batchSize: 32, rate: 1e-3, rounds: 2 };

export const dynamicMasking: Claim = {
  name: "dynamic-masking",
  claim: "with many passes over a text, dynamic masking beats static masking",
  source: "Liu et al. 2019, arXiv:1907.11692, table 1",
  published: "SQuAD 2.0 / MNLI-m / SST-2: static 78.3 / 84.3 / 92.5, dynamic 78.7 / 84.0 / 92.9",
  bar: "held-out loss lower by at least 0.1 nats after 20 passes, the interval of the difference above 0",
  setUp: { ...SET_UP, data: "WikiText-2 valid to learn from, test held out" },
  seeds: [1, 2, 3],
  needs: ["wikitext2"],
  minutes: 30,
  async run(context, seed) {
    const documents = wikiDocuments(context.data("wikitext2/valid.txt.gz")).slice(0, context.few(1000, 10));
    const held = wikiDocuments(context.data("wikitext2/test.txt.gz")).slice(0, context.few(1000, 3));
    const tokenizer = trainWordPiece(documents.flat(), { size: SET_UP.vocabulary });
    const pack = (of: string[][]) =>
      packSentences(tokenizeDocuments(tokenizer, of), { maxLength: SET_UP.length, tokenizer });
    const [samples, unread] = [pack(documents), pack(held)];
    const masked = maskedLm({ tokenizer });
    const { batchSize, rate, epochs } = SET_UP;
    const steps = context.few(Math.ceil((epochs * samples.length) / batchSize), 3);
    const lossOf = (arm: "static" | "dynamic") =>
      context.step(`${arm}-seed-${seed}`, async () => {
        using engine = await context.engine();
        using loaded = freshModel(
          engine,
          freshConfig("bert", { ...SIZES, vocabSize: tokenizer.size }),
          "masked-lm",
          seed,
        );
        const once = samples.map((sample, i) => masked.corrupt(sample, seedOf(seed).fork(i)));
        const still = { ...masked, corrupt: (sample: (typeof once)[number]) => sample };
        const [objective, shown] = arm === "static" ? [still, once] : [masked, samples];
        const training = await learn(engine, loaded, single(objective), () => shown, { steps, rate, batchSize, seed });
        return { training, held: maskedHeldOut(loaded.model, unread, { tokenizer }, 1, SET_UP.rounds).loss };
      });
    const [once, each] = [await lossOf("static"), await lossOf("dynamic")];
    return {
      static: once.held,
      dynamic: each.held,
      difference: once.held - each.held,
      static_training: once.training,
      dynamic_training: each.training,
      steps,
    };
  },
  judge(results) {
    const difference = over(results, "difference");
    return {
      holds: difference.mean >= 0.1 && aboveZero(difference),
      ours: `held-out loss ${over(results, "static").mean.toFixed(3)} static, ${over(results, "dynamic").mean.toFixed(3)} dynamic, difference ${shown(difference, 3)} nats (training ${over(results, "static_training").mean.toFixed(2)} and ${over(results, "dynamic_training").mean.toFixed(2)})`,
    };
  },
};
