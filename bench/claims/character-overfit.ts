/** Little text, many steps: the model overfits. */
import { blockLoss, Letters, letterGpt } from "../../examples/lesson/characters.js";
import { type Claim, over, shown } from "./harness/claim.js";
import { textOf } from "./shared/files.js";

const [CHARACTERS, STEPS] = [20_000, 500];
const EARLY = 200;
/** Passes over the training split (nine tenths): a step reads twelve windows of 64 letters. */
const PASSES = Math.round((STEPS * 12 * 64) / (0.9 * CHARACTERS));

export const characterOverfit: Claim = {
  name: "character-overfit",
  claim: "on 20,000 letters the model overfits: training loss falls far below the validation loss, which rises",
  source: "a check that any correct trainer passes; figures from an independent program",
  published: "training loss below 0.5 after 500 steps, validation loss rising",
  bar: "training loss below 0.5 after 500 steps; validation loss higher than after 200",
  setUp: { characters: CHARACTERS, steps: STEPS, width: 128, early: EARLY },
  seeds: [1, 2, 3],
  needs: ["tiny-shakespeare"],
  minutes: 4,
  explanation:
    "500 steps are 21 passes over the letters, and both losses still fall at the end: too few passes to overfit, not too small a model",
  async run(context, seed) {
    const letters = new Letters(textOf(context.data("tiny-shakespeare/input.txt.gz")).slice(0, CHARACTERS));
    using engine = await context.engine();
    const steps = context.few(STEPS, 4);
    const { model, run } = letterGpt(engine, letters, { steps, seed });
    let [training, early] = [0, Number.NaN];
    for await (const { step, loss } of run) {
      training = step > steps - 20 ? training + loss / Math.min(20, steps) : training;
      if (step === context.few(EARLY, 2)) early = blockLoss(model, letters.blocks);
    }
    return { training, early, late: blockLoss(model, letters.blocks) };
  },
  judge(results) {
    const rise = over(
      results.map(({ early, late }) => ({ rise: late! - early! })),
      "rise",
    );
    return {
      holds: over(results, "training").mean < 0.5 && rise.mean > 0,
      ours: `training loss ${shown(over(results, "training"), 2)} nats (last 20 steps), validation ${over(results, "early").mean.toFixed(2)} after ${EARLY}, ${over(results, "late").mean.toFixed(2)} after ${STEPS}; ${STEPS} steps are ${PASSES} passes over the letters`,
    };
  },
};
