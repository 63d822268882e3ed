/** What aligns two languages in one model: English and a fake copy of it. */
import { type Claim, over } from "./harness/claim.js";
import { type Condition, FAKE, fakeSentences, trainedOn } from "./shared/fake-english.js";

const [EARLY, LATE] = [1500, 4000];

/** Conditions, the steps after which each is measured, and the names of the measurements. */
const CONDITIONS: readonly {
  readonly condition: Condition;
  readonly at: readonly number[];
  readonly names: readonly string[];
}[] = [
  { condition: {}, at: [0, EARLY, LATE], names: ["untrained", "original", "original_late"] },
  { condition: { positions: true }, at: [EARLY], names: ["positions"] },
  { condition: { positions: true, special: true, noRandom: true }, at: [EARLY], names: ["all_three"] },
  { condition: { inverted: true }, at: [EARLY], names: ["inverted"] },
];

export const fakeEnglish: Claim = {
  name: "fake-english",
  claim:
    "a small model aligns English with a fake copy that shares no words; with separate positions, special tokens and random words, or in reversed order, it does not",
  source: "Dufter & Schütze 2020, arXiv:2005.00396",
  published:
    "score 0.70; separate positions 0.30; all three separate 0.12; inverted order 0.01; untrained 0.00 (12 layers, 100 epochs)",
  bar: "original at least 0.15 at step 1,500 and 0.40 at step 4,000, where retrieval is at least 0.70 in the upper layer and above layer 0, and translation is better in layer 0; inverted and all three at most 0.02 with training losses within 0.3 of the original's; untrained at most 0.04; separate positions in between",
  setUp: { ...FAKE, early: EARLY, late: LATE },
  seeds: [1, 2, 3],
  needs: ["pretraining-english"],
  minutes: 40,
  async run(context, seed) {
    const sentences = await fakeSentences(context);
    const figures: Record<string, number> = {};
    for (const { condition, at, names } of CONDITIONS) {
      const reached = await context.step(`${names.at(-1)}-seed-${seed}`, () =>
        trainedOn(context, sentences, condition, { at, seed }),
      );
      for (const [i, name] of names.entries()) {
        const { score, loss, retrieval, translation } = reached[i]!;
        figures[name] = score;
        figures[`${name}_loss`] = loss;
        for (const layer of [0, 1]) {
          figures[`${name}_retrieval_${layer}`] = retrieval[layer]!;
          figures[`${name}_translation_${layer}`] = translation[layer]!;
        }
      }
    }
    return { ...figures, candidates: sentences.held.length };
  },
  judge(results) {
    const of = (name: string) => over(results, name).mean;
    const near = (name: string) => Math.abs(of(`${name}_loss`) - of("original_loss")) <= 0.3;
    const apart = ["inverted", "all_three"].every((name) => of(name) <= 0.02 && near(name));
    const upper = of("original_late_retrieval_1");
    const late =
      upper >= 0.7 &&
      upper > of("original_late_retrieval_0") &&
      of("original_late_translation_0") > of("original_late_translation_1");
    const between = of("positions") < of("original") && of("positions") > Math.max(of("inverted"), of("all_three"));
    const aligned = of("original") >= 0.15 && of("original_late") >= 0.4;
    const names = CONDITIONS.flatMap((one) => one.names);
    return {
      holds: aligned && late && apart && of("untrained") <= 0.04 && between,
      ours: names.map((name) => `${name.replace("_", " ")} ${of(name).toFixed(3)}`).join(", "),
    };
  },
};
