/** nanoGPT's small configuration on tiny Shakespeare, and its curve against letter n-grams. */
import { countedLevels } from "../../examples/lesson/characters.js";
import { type Claim, over, shown } from "./harness/claim.js";
import { letterLosses, shakespeare } from "./shared/letters.js";

const STEPS = 2000;
/** Validation loss during training, measured with an independent program. */
const CURVE: readonly (readonly [step: number, loss: number])[] = [
  [250, 2.446],
  [500, 2.286],
  [750, 2.174],
  [1000, 2.096],
  [1250, 2.0],
  [1500, 1.959],
  [1750, 1.92],
];

export const characterGpt: Claim = {
  name: "character-gpt",
  claim:
    "a GPT with 0.8 M parameters learns tiny Shakespeare letter by letter in 2,000 steps and passes the loss of each n-gram on the way",
  source: "karpathy/nanoGPT, README; the curve from an independent program",
  published:
    "validation loss 1.88 after 2,000 iterations (estimated on 20 batches); 1.90 on the whole validation split",
  bar: "initial loss 4.17 to 4.30; final loss on the whole validation split 1.87 to 1.93; below the unigram loss at step 100, at most 0.05 above the bigram loss at 250 and the trigram loss at 1,250; each point of the curve within 0.05",
  setUp: {
    layers: 4,
    width: 128,
    heads: 4,
    block: 64,
    batch: 12,
    steps: STEPS,
    rate: "1e-3 to 1e-4, cosine, 100 of warm-up",
  },
  seeds: [1, 2, 3],
  needs: ["tiny-shakespeare"],
  minutes: 15,
  async run(context, seed) {
    const letters = shakespeare(context);
    const [unigram, bigram, trigram] = countedLevels(letters.training, letters.ids, letters.letters.length);
    const losses = await letterLosses(context, letters, {
      steps: STEPS,
      seed,
      at: [100, ...CURVE.map(([step]) => step)],
    });
    const at = Object.fromEntries(CURVE.map(([step]) => [`loss_${step}`, losses.get(step)!]));
    return {
      loss_0: losses.get(0)!,
      loss_100: losses.get(100)!,
      ...at,
      loss: losses.get(STEPS)!,
      unigram: unigram!,
      bigram: bigram!,
      trigram: trigram!,
    };
  },
  judge(results) {
    const of = (name: string) => over(results, name).mean;
    const loss = over(results, "loss");
    const along = CURVE.every(([step, expected]) => Math.abs(of(`loss_${step}`) - expected) <= 0.05);
    const passes =
      of("loss_100") < of("unigram") && of("loss_250") < of("bigram") + 0.05 && of("loss_1250") < of("trigram") + 0.05;
    return {
      holds: of("loss_0") >= 4.17 && of("loss_0") <= 4.3 && loss.mean >= 1.87 && loss.mean <= 1.93 && along && passes,
      ours: `${shown(loss, 3)} nats on the whole validation split; ${of("loss_0").toFixed(2)} before the first step, ${of("loss_100").toFixed(2)}, ${of("loss_250").toFixed(2)}, ${of("loss_1250").toFixed(2)} after 100, 250, 1,250`,
    };
  },
};
