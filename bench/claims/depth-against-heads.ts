/** Multilinguality depends on depth, not on attention heads. */
import { type Claim, over } from "./harness/claim.js";
import { FAKE, fakeSentences, trainedOn } from "./shared/fake-english.js";

const STEPS = 2500;
const LAYERS = [1, 2, 4] as const;
const HEADS = [1, 2, 4] as const;

export const depthAgainstHeads: Claim = {
  name: "depth-against-heads",
  claim: "the alignment of two languages depends on the depth of the model, not on its number of attention heads",
  source: "K et al. 2020, arXiv:1912.07840",
  published: "zero-shot XNLI falls with fewer layers, hardly with fewer heads (figures only)",
  bar: "the score rises from 1 to 2 to 4 layers with every seed; the means of 1, 2 and 4 heads differ by less than two standard deviations over seeds",
  setUp: { ...FAKE, steps: STEPS, depths: LAYERS, widths: HEADS },
  seeds: [1, 2, 3],
  needs: ["pretraining-english"],
  minutes: 40,
  async run(context, seed) {
    const sentences = await fakeSentences(context);
    const scoreOf = (layers: number, heads: number) =>
      context.step(`layers-${layers}-heads-${heads}-seed-${seed}`, async () => {
        const [reached] = await trainedOn(context, sentences, { layers, heads }, { at: [STEPS], seed });
        return reached!.score;
      });
    const figures: Record<string, number> = {};
    for (const layers of LAYERS) figures[`layers_${layers}`] = await scoreOf(layers, FAKE.heads);
    for (const heads of HEADS) figures[`heads_${heads}`] = await scoreOf(FAKE.layers, heads);
    const scores = LAYERS.map((layers) => figures[`layers_${layers}`]!);
    return { ...figures, rises: scores.every((score, i) => i === 0 || score > scores[i - 1]!) ? 1 : 0 };
  },
  judge(results) {
    const heads = HEADS.map((count) => over(results, `heads_${count}`));
    const means = heads.map(({ mean }) => mean);
    const spread = Math.max(...heads.map(({ standardDeviation }) => standardDeviation));
    const byDepth = LAYERS.map((count) => `${count} layers ${over(results, `layers_${count}`).mean.toFixed(3)}`);
    const byHeads = HEADS.map((count, i) => `${count} heads ${means[i]!.toFixed(3)}`);
    return {
      holds: over(results, "rises").mean === 1 && Math.max(...means) - Math.min(...means) < 2 * spread,
      ours: `${byDepth.join(", ")}; ${byHeads.join(", ")}; standard deviation up to ${spread.toFixed(3)}`,
    };
  },
};
