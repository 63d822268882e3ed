/** Next-sentence prediction is easy and teaches nothing about order; sentence-order prediction teaches both. */
import { loadModel, loadTokenizer, nextSentencePrediction, sentenceOrderPrediction, single } from "cloze";
import { nextSentencePairs, type Sample, seed as seedOf, sentenceOrderPairs, tokenizeDocuments } from "cloze/data";
import { pairAccuracy } from "cloze/metrics";
import { folder } from "cloze/node";
import { type Claim, over, shown } from "./harness/claim.js";
import type { Context } from "./harness/context.js";
import { novelDocuments } from "./shared/files.js";
import { learn } from "./shared/learning.js";

const SET_UP = { pairs: 20_000, tested: 2000, length: 64, epochs: 1, batchSize: 16, rate: 1e-4, novels: 24 };
const KINDS = {
  nsp: { make: nextSentencePairs, objective: nextSentencePrediction },
  sop: { make: sentenceOrderPairs, objective: sentenceOrderPrediction },
};
type Kind = keyof typeof KINDS;

/** Pairs of both kinds from novels. The last sixth is held out. */
async function pairsOf(context: Context, seed: number): Promise<Record<Kind, { train: Sample[]; test: Sample[] }>> {
  const tokenizer = await loadTokenizer(folder(context.settings.model));
  const documents = await novelDocuments(context.data("pretraining-english/novels"), context.few(SET_UP.novels, 1));
  const cut = Math.floor((5 * documents.length) / 6);
  const make = (kind: Kind, part: string[][], count: number, key: number): Sample[] => {
    const tokenized = tokenizeDocuments(tokenizer, part);
    const pairs: Sample[] = [];
    // Every pass draws other pairs.
    for (let pass = 0; pairs.length < count; pass++)
      pairs.push(...KINDS[kind].make(tokenized, { maxLength: SET_UP.length, tokenizer }, seedOf(seed).fork(key, pass)));
    return pairs.slice(0, count);
  };
  const of = (kind: Kind) => ({
    train: make(kind, documents.slice(0, cut), context.few(SET_UP.pairs, 64), 1),
    test: make(kind, documents.slice(cut), context.few(SET_UP.tested, 64), 2),
  });
  return { nsp: of("nsp"), sop: of("sop") };
}

export const sentenceOrder: Claim = {
  name: "sentence-order",
  claim: "next-sentence prediction is easy and teaches nothing about order; sentence-order prediction teaches both",
  source: "Lan et al. 2020, arXiv:1909.11942, table 5",
  published: "trained on NSP: NSP 90.5 %, SOP 52.0 %; trained on SOP: NSP 78.9 %, SOP 86.5 %",
  bar: "NSP on NSP at least 80 %, on SOP 45 to 55 %; SOP on SOP at least 60 %, on NSP above 55 %",
  setUp: { ...SET_UP, data: "English novels; weights from masked language modelling alone" },
  seeds: [1, 2, 3],
  needs: ["model", "pretraining-english"],
  minutes: 40,
  async run(context, seed) {
    const pairs = await pairsOf(context, seed);
    const figures: Record<string, number> = {};
    for (const kind of ["nsp", "sop"] as const) {
      const scores = await context.step(`trained-on-${kind}-seed-${seed}`, async () => {
        using engine = await context.engine();
        using loaded = await loadModel(engine, folder(context.settings.model), {
          task: "next-sentence-prediction",
          seed,
        });
        const { train } = pairs[kind];
        const { batchSize, rate, epochs } = SET_UP;
        const steps = Math.ceil((epochs * train.length) / batchSize);
        await learn(engine, loaded, single(KINDS[kind].objective()), () => train, { steps, rate, batchSize, seed });
        return {
          nsp: 100 * pairAccuracy(loaded.model, pairs.nsp.test),
          sop: 100 * pairAccuracy(loaded.model, pairs.sop.test),
        };
      });
      figures[`${kind}_on_nsp`] = scores.nsp;
      figures[`${kind}_on_sop`] = scores.sop;
    }
    return { ...figures, test_pairs: pairs.nsp.test.length };
  },
  judge(results) {
    const of = (name: string) => over(results, name);
    return {
      holds:
        of("nsp_on_nsp").mean >= 80 &&
        Math.abs(of("nsp_on_sop").mean - 50) <= 5 &&
        of("sop_on_sop").mean >= 60 &&
        of("sop_on_nsp").mean > 55,
      ours: `trained on NSP: NSP ${shown(of("nsp_on_nsp"))} %, SOP ${shown(of("nsp_on_sop"))} %; trained on SOP: NSP ${shown(of("sop_on_nsp"))} %, SOP ${shown(of("sop_on_sop"))} %`,
    };
  },
};
