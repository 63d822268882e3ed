/** Rules for the options of a training run; an unknown option is refused by name. */
import {
  aBoolean,
  aFunction,
  aNumber,
  anything,
  checkOptions,
  either,
  numberBetween,
  type Rule,
  wholeNumber,
} from "../../options.js";

/** Names of other libraries, and shorter ones. */
const ELSEWHERE = {
  lr: "the learning rate is learningRate",
  rate: "the learning rate is learningRate",
  rows: "the number of sequences in a batch is batchSize",
  batch: "the number of sequences in a batch is batchSize",
  per_device_train_batch_size: "the number of sequences in a batch is batchSize",
  clip: "the largest norm of the gradient is maxGradNorm",
  accumulate: "the number of batches in a step is gradientAccumulationSteps",
  num_train_epochs: "the number of epochs is epochs",
  max_steps: "the number of steps is steps",
  weightDecay: "weight decay is an option of the optimizer",
  weight_decay: "weight decay is an option of the optimizer",
} as const;

/** Rules of the options that every training loop has. */
const shared = (): Readonly<Record<string, Rule>> => ({
  learningRate: either(aNumber, aFunction),
  batchSize: wholeNumber(1),
  seed: wholeNumber(0),
  epochs: wholeNumber(1),
  gradientAccumulationSteps: wholeNumber(1),
  maxGradNorm: numberBetween(0, Number.POSITIVE_INFINITY),
  recompute: aBoolean,
  from: anything,
  signal: anything,
});

/**
 * Require options to be those of a training loop.
 *
 * @param own rules of the options that this loop adds
 * @throws {ArgumentError} for an unknown option and for a value of another kind
 */
export function checkTraining(where: string, options: object, own: Readonly<Record<string, Rule>>): void {
  checkOptions(where, options, { ...shared(), ...own }, ELSEWHERE);
}
