/** Loss against size: wider character models at the same number of steps. */
import { type Claim, over } from "./harness/claim.js";
import { letterLosses, shakespeare } from "./shared/letters.js";

/** Those of the published run of the widest. */
const STEPS = 2000;
const WIDTHS = [32, 64, 128] as const;
/** Weights that are multiplied: twelve times the squared width in each of four layers. */
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
  claim: "at the same number of steps a larger model has a lower loss, roughly as a power of its size",
  source: "Kaplan et al. 2020, arXiv:2001.08361 (the direction; their exponents are not testable at this scale)",
  published: "loss falls as a power law of parameters",
  bar: "strictly lower at widths 32, 64, 128 with every seed; slope of log loss against log parameters -0.15 to -0.05",
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
