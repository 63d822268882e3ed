/** Pre-training of a small model: AdamW, a tenth of the steps for warmup, then linear decay. */
import { adamW, type Engine, linearSchedule, type Objective, train, type Weights } from "cloze";
import type { Sample } from "cloze/data";

export interface Schedule {
  readonly steps: number;
  readonly rate: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** Train. @returns the mean loss over the last twentieth of the steps */
export async function learn<M>(
  engine: Engine,
  { model, weights }: { readonly model: M; readonly weights: Weights },
  objective: Objective<M>,
  samples: (epoch: number) => readonly Sample[],
  { steps, rate, batchSize, seed }: Schedule,
): Promise<number> {
  using optimizer = adamW(weights, { weightDecay: 0.01 });
  const run = train({
    ...{ engine, model, objective, samples, optimizer, batchSize, seed, steps },
    learningRate: linearSchedule(rate, Math.ceil(steps / 10), steps),
    maxGradNorm: 1,
  });
  const tail = Math.max(1, Math.floor(steps / 20));
  let sum = 0;
  for await (const { step, loss } of run) if (step > steps - tail) sum += loss / tail;
  return sum;
}
