/** Loss against size: character models of several widths, at the same number of steps. */
import { type Claim, over } from "./harness/claim.js";
import { letterLosses, shakespeare } from "./shared/letters.js";

/** Steps of the published run of the widest model. */
const STEPS = 2000;
const WIDTHS = [32, 64, 128] as const;
/** Parameters without embeddings: 12 width² in each of four layers. */
const parametersOf = (width: number): number => 4 * 12 * width * width;

/** Slope of the least-squares line. */
function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return covariance / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}

export const characterWidth: Claim = {
  name: "character-width",
  claim: "at the same number of steps, the loss falls with model size, roughly as a power law",
  source: "Kaplan et al. 2020, arXiv:2001.08361 (direction only; the exponents cannot be tested at this scale)",
  published: "loss falls as a power law in the number of parameters",
  bar: "strictly lower at each of the widths 32, 64, 128 with every seed; slope of log loss against log parameters -0.15 to -0.05",
  setUp: { steps: STEPS, widths: WIDTHS, data: "tiny Shakespeare" },
  seeds: [1, 2, 3],
  needs: ["tiny-shakespeare"],
  minutes: 20,
  async run(context, seed) {
    const letters = shakespeare(context);
    const losses: number[] = [];
    for (const width of WIDTHS)
      losses.push(
        await context.step(
          `width-${width}-seed-${seed}`,
          async () => (await letterLosses(context, letters, { steps: STEPS, seed, width })).get(STEPS)!,
        ),
      );
    return {
      ...Object.fromEntries(WIDTHS.map((width, i) => [`loss_${width}`, losses[i]!])),
      falls: losses.every((loss, i) => i === 0 || loss < losses[i - 1]!) ? 1 : 0,
      slope: slope(
        WIDTHS.map((width) => Math.log(parametersOf(width))),
        losses.map(Math.log),
      ),
    };
  },
  judge(results) {
    const { mean } = over(results, "slope");
    return {
      holds: over(results, "falls").mean === 1 && mean >= -0.15 && mean <= -0.05,
      ours: `${WIDTHS.map((width) => over(results, `loss_${width}`).mean.toFixed(3)).join(", ")} nats; slope ${mean.toFixed(3)}`,
    };
  },
};
