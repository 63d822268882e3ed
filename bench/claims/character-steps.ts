/** Loss against the number of steps, each run with a schedule of its own length. */
import { type Claim, over } from "./harness/claim.js";
import { letterLosses, shakespeare } from "./shared/letters.js";

const STEPS = [500, 1000, 2000] as const;

export const characterSteps: Claim = {
  name: "character-steps",
  claim: "with the schedule scaled to the run, more steps give a lower loss",
  source: "Hoffmann et al. 2022, arXiv:2203.15556 (schedules must fit the run)",
  published: "direction only",
  bar: "validation loss strictly lower after 500, 1,000 and 2,000 steps, with every seed",
  setUp: { steps: STEPS, data: "tiny Shakespeare" },
  seeds: [1, 2, 3],
  needs: ["tiny-shakespeare"],
  minutes: 25,
  async run(context, seed) {
    const letters = shakespeare(context);
    const losses: number[] = [];
    for (const steps of STEPS)
      losses.push(
        await context.step(
          `steps-${steps}-seed-${seed}`,
          async () => (await letterLosses(context, letters, { steps, seed })).get(steps)!,
        ),
      );
    return {
      ...Object.fromEntries(STEPS.map((steps, i) => [`loss_${steps}`, losses[i]!])),
      falls: losses.every((loss, i) => i === 0 || loss < losses[i - 1]!) ? 1 : 0,
    };
  },
  judge: (results) => ({
    holds: over(results, "falls").mean === 1,
    ours: `${STEPS.map((steps) => over(results, `loss_${steps}`).mean.toFixed(3)).join(", ")} nats`,
  }),
};
