/** Overfitting one batch, which a model does if its loss and gradients match. */
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../sdk/data/sample.js";
import type { Weights } from "../../sdk/nn/weights.js";
import type { Objective } from "../../sdk/objectives/objective.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { adamW } from "../../sdk/train/optim/adamw.js";

interface Learner<Model> {
  readonly model: Model;
  readonly weights: Weights;
}

interface Settings {
  /** the run ends when every part of the loss is below it */
  readonly below?: number;
  /** how many it takes at most */
  readonly steps?: number;
}

/** The parts of the loss of one batch, corrupted once, before the first and the last step. */
export function learn<Model>(
  { model, weights }: Learner<Model>,
  objective: Objective<Model>,
  samples: readonly Sample[],
  { below = 0.05, steps = 400 }: Settings = {},
): { first: number[]; last: number[] } {
  const batch = collate(samples.map((sample, i) => objective.corrupt(sample, seed(2).fork(0, i))));
  const counts = objective.counts(batch);
  assert.ok(
    counts.every((count) => count > 0),
    `targets: ${counts}`,
  );
  using optimizer = adamW(weights, { weightDecay: 0 });
  const curve: number[][] = [];
  for (let step = 0; step < steps; step++) {
    using _ = new Scope();
    const parts = () => {
      const losses = objective.losses(model, batch, counts);
      curve.push(losses.map((loss) => loss.item()));
      return losses.reduce(add);
    };
    backward(parts, { seed: 1, step });
    if (curve.at(-1)!.every((loss) => loss < below)) break;
    optimizer.step(3e-3, 1);
  }
  return { first: curve[0]!, last: curve.at(-1)! };
}

/** Learn eight sequences; every part of the loss must have been far from nothing, and be below 0.05 in the end. */
export function byHeart<Model>(
  learner: Learner<Model>,
  objective: Objective<Model>,
  samples: readonly Sample[],
  settings: Settings = {},
): void {
  assert.is(samples.length, 8);
  const { first, last } = learn(learner, objective, samples, settings);
  const what = `${objective.names}: ${first} -> ${last}`;
  assert.ok(Math.min(...first) > 0.1, what);
  assert.ok(Math.max(...last) < 0.05, what);
}
