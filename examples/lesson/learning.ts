/** What lessons train with. */
import {
  adamW,
  type Engine,
  type FinetuneOptions,
  finetune,
  linearSchedule,
  type Metrics,
  type ModelTask,
  type Objective,
  train,
  type Weights,
} from "cloze";
import type { Sample } from "cloze/data";

/** Sizes of the lessons' models: a narrow network needs larger random weights than the published 0.02. */
export const SIZES = {
  numHiddenLayers: 2,
  hiddenSize: 96,
  numAttentionHeads: 3,
  maxPositionEmbeddings: 64,
  dropout: 0,
  initializerRange: 0.08,
};

/** Train, and say the loss five times on the way. */
export async function learn<M>(
  engine: Engine,
  { model, weights }: { readonly model: M; readonly weights: Weights },
  objective: Objective<M>,
  samples: (epoch: number) => readonly Sample[],
  { steps, rate = 2e-3, rows = 16 }: { readonly steps: number; readonly rate?: number; readonly rows?: number },
): Promise<void> {
  using optimizer = adamW(weights);
  const schedule = linearSchedule(rate, steps / 10, steps);
  const run = train({
    engine,
    model,
    objective,
    samples,
    optimizer,
    learningRate: schedule,
    batchSize: rows,
    seed: 1,
    steps,
  });
  for await (const { step, parts } of run) {
    if (step % Math.ceil(steps / 5) !== 0) continue;
    const losses = Object.entries(parts).map(([name, loss]) => `${name} ${loss.toFixed(3)}`);
    console.log(`step ${step}: ${losses.join(", ")}`);
  }
}

/** Fine-tune, and give the figures on the test part. */
export async function adaptTo<Example, P extends ModelTask>(
  options: Omit<FinetuneOptions<Example, P>, "seed" | "batchSize">,
  test: readonly Example[],
): Promise<Metrics> {
  for await (const _ of finetune({ ...options, batchSize: 16, seed: 1 }));
  return options.task.evaluate(options.loaded.model, test, options.settings);
}

/** 0.7312 -> "73.1 %" */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
