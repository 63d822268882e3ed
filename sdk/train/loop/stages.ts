/**
 * Training in stages: the samples or the objective change at given steps, under one optimizer and one schedule.
 *
 * BERT was trained on short sequences for nine tenths of its steps and on long ones for the rest (Devlin et al. 2019,
 * appendix A.2). Small models depend on the short stage: attention learns where to look from the number of times that
 * each pair of positions occurs.
 */

import type { Weights } from "../../nn/weights.js";
import type { Objective } from "../../objectives/objective.js";
import { ArgumentError } from "../../options.js";
import type { EpochSamples } from "./epoch-samples.js";
import { type Position, type Step, type TrainOptions, train } from "./train.js";

/** A stage of {@link trainInStages}: an objective and samples up to a step. */
export interface Stage<M> {
  /** the step after which the stage ends */
  readonly until: number;
  readonly objective: Objective<M>;
  /** the samples of an epoch, the same for the same epoch; a list or a stream */
  readonly samples: (epoch: number) => EpochSamples;
  /** sequences per batch, instead of the run's */
  readonly batchSize?: number;
  /** called once, before the first step of the stage */
  readonly enter?: () => void;
}

/** Options of {@link trainInStages} that hold for all stages. */
export type StagedOptions<M> = Omit<TrainOptions<M>, "objective" | "samples" | "steps" | "epochs">;

/**
 * Run the stages one after another, yielding every step. A run can be resumed at any position with the same bits: its stage
 * follows from the step alone, and every stage starts a new epoch.
 *
 * @example
 * for await (const step of trainInStages([short, long], { engine, model, optimizer, learningRate, batchSize: 2, seed: 1 }))
 *   console.log(step.step, step.loss);
 */
export async function* trainInStages<M>(stages: readonly Stage<M>[], options: StagedOptions<M>): AsyncGenerator<Step> {
  let from: Position = options.from ?? { step: 0, epoch: 0, served: 0 };
  let begin = 0;
  let elapsed = 0;
  for (const { until, objective, samples, enter, batchSize = options.batchSize } of stages) {
    if (until < begin)
      throw new ArgumentError(`trainInStages: a stage ends with step ${until}, before it begins (${begin})`);
    if (from.step < until) {
      // A run that is resumed in the middle of a stage has entered it before.
      if (from.step === begin) {
        enter?.();
        if (begin > 0) from = { step: begin, epoch: from.epoch + 1, served: 0 };
      }
      const before = elapsed;
      for await (const step of train({ ...options, objective, samples, batchSize, steps: until, from })) {
        elapsed = before + step.seconds;
        yield { ...step, seconds: elapsed };
        from = { step: step.step, epoch: step.epoch, served: step.served };
      }
    }
    begin = until;
  }
}

/**
 * Initialize the embeddings of untrained positions with repeated copies of the trained ones, so that a model trained on short
 * sequences can read longer ones at once. Beltagy et al. 2020 ("Longformer", arXiv:2004.05150, section 5) extend RoBERTa in
 * this way.
 *
 * @param learned number of trained positions
 * @example
 * repeatPositions(weights, 32); // position 32 starts as a copy of 0, 33 of 1, …
 */
export function repeatPositions(weights: Weights, learned: number): void {
  for (const [name, table] of weights.entries()) {
    if (!name.endsWith("position_embeddings.weight")) continue;
    const values = table.toArray();
    const width = table.shape[1]!;
    for (let i = learned * width; i < values.length; i++) values[i] = values[i - learned * width]!;
    table.assign(values);
  }
}
