/**
 * Training in stages: other samples, another objective from some step on, under one optimizer and one schedule.
 *
 * BERT itself learned from short sequences for nine tenths of its steps and from long ones for the rest (Devlin et al.
 * 2019, appendix A.2). For small models the short stage is what makes learning begin at all: which places to look at is
 * learned from how often each pair of places is seen.
 */

import type { Sample } from "../../data/sample.js";
import type { Weights } from "../../nn/weights.js";
import type { Objective } from "../../objectives/objective.js";
import { ArgumentError } from "../../options.js";
import { type Position, type Step, type TrainOptions, train } from "./train.js";

export interface Stage<M> {
  /** the step with which the stage ends */
  readonly until: number;
  readonly objective: Objective<M>;
  /** the samples of an epoch; the same for the same epoch */
  readonly samples: (epoch: number) => readonly Sample[];
  /** what is done once, before the stage's first step */
  readonly enter?: () => void;
}

export type StagedOptions<M> = Omit<TrainOptions<M>, "objective" | "samples" | "steps" | "epochs">;

/**
 * Run the stages one after another, yielding every step. A run goes on from any position, with the same bits: which stage
 * it is in follows from the step alone, and every stage begins a new epoch.
 *
 * @example
 * for await (const step of trainInStages([short, long], { engine, model, optimizer, learningRate, batchSize: 2, seed: 1 }))
 *   console.log(step.step, step.loss);
 */
export async function* trainInStages<M>(stages: readonly Stage<M>[], options: StagedOptions<M>): AsyncGenerator<Step> {
  let from: Position = options.from ?? { step: 0, epoch: 0, served: 0 };
  let begin = 0;
  for (const { until, objective, samples, enter } of stages) {
    if (until < begin)
      throw new ArgumentError(`trainInStages: a stage ends with step ${until}, before it begins (${begin})`);
    if (from.step < until) {
      // A run that goes on in the middle of a stage has entered it before.
      if (from.step === begin) {
        enter?.();
        if (begin > 0) from = { step: begin, epoch: from.epoch + 1, served: 0 };
      }
      for await (const step of train({ ...options, objective, samples, steps: until, from })) {
        yield step;
        from = { step: step.step, epoch: step.epoch, served: step.served };
      }
    }
    begin = until;
  }
}

/**
 * Give places that no sequence has reached yet the embeddings of those that were learned, over and over: a model that
 * knows 32 places then reads longer sequences at once, and only has to tell the copies apart. Beltagy et al. 2020
 * ("Longformer", arXiv:2004.05150, section 5) extend RoBERTa in this way.
 *
 * @param learned how many places have been learned
 * @example
 * repeatPositions(weights, 32); // place 32 begins as place 0, 33 as 1, …
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
