/** At the same number of steps, more text aligns two languages better. */
import { type Claim, over } from "./harness/claim.js";
import { FAKE, fakeSentences, trainedOn } from "./shared/fake-english.js";

const STEPS = 2500;
const COUNTS = [500, 2000, 8000] as const;

export const alignmentByData: Claim = {
  name: "alignment-by-data",
  claim: "at the same number of steps, two languages align with enough text but hardly with little",
  source: "Liu et al. 2020, arXiv:2010.10938",
  published: "mean reciprocal rank low with 200,000 sentences per language, high with 1,000,000 (figure only)",
  bar: "the score rises from 500 to 2,000 to 8,000 sentences with every seed",
  setUp: { ...FAKE, steps: STEPS, counts: COUNTS },
  seeds: [1, 2, 3],
  needs: ["pretraining-english"],
  minutes: 30,
  async run(context, seed) {
    const scores: number[] = [];
    for (const count of COUNTS)
      scores.push(
        await context.step(`sentences-${count}-seed-${seed}`, async () => {
          const sentences = await fakeSentences(context, count);
          const [reached] = await trainedOn(context, sentences, {}, { at: [STEPS], seed });
          return reached!.score;
        }),
      );
    return {
      ...Object.fromEntries(COUNTS.map((count, i) => [`sentences_${count}`, scores[i]!])),
      rises: scores.every((score, i) => i === 0 || score > scores[i - 1]!) ? 1 : 0,
    };
  },
  judge: (results) => ({
    holds: over(results, "rises").mean === 1,
    ours: COUNTS.map((count) => `${count} sentences ${over(results, `sentences_${count}`).mean.toFixed(3)}`).join(", "),
  }),
};
