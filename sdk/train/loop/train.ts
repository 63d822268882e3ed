/**
 * The training loop, as an async generator: the caller iterates over it, and logging, evaluation, checkpoints and early
 * stopping are plain code in that loop.
 */

import { type Batch, collate, type Sample } from "../../data/sample.js";
import { BareEngine } from "../../engine/bare-engine.js";
import type { Engine } from "../../engine/engine.js";
import type { Objective } from "../../objectives/objective.js";
import { ArgumentError, aFunction, anything, wholeNumber, withFields, withMethods } from "../../options.js";
import { add } from "../../tensor/ops/elementwise.js";
import { Scope } from "../../tensor/scope.js";
import { backward } from "../../tensor/tape.js";
import { clearGradients, clipScale, gatherMemory, gradientNorm, type Optimizer } from "../optim/optimizer.js";
import type { Schedule } from "../optim/schedule.js";
import { type EpochSamples, epochSamples } from "./epoch-samples.js";
import { checkTraining } from "./training-options.js";

/** A step whose loss or gradient is not finite. No weight was changed by it. */
export class TrainingError extends Error {
  override name = "TrainingError";
}

/** The position of a run, from which it can be resumed. */
export interface Position {
  /** steps taken */
  readonly step: number;
  readonly epoch: number;
  /** samples of the epoch already used */
  readonly served: number;
}

/** Options of {@link train}. */
export interface TrainOptions<M> {
  readonly engine: Engine;
  readonly model: M;
  readonly objective: Objective<M>;
  /**
   * The samples of an epoch, the same for the same epoch: a list, a promise of one, or a stream that is read during
   * training.
   */
  readonly samples: (epoch: number) => EpochSamples;
  /** samples that are held to shuffle a stream; 10,000 */
  readonly shuffleBuffer?: number;
  readonly optimizer: Optimizer;
  /** a schedule, or one learning rate for all steps */
  readonly learningRate: number | Schedule;
  /** sequences per batch */
  readonly batchSize: number;
  readonly seed: number;
  /** the run ends after this many steps or epochs, whichever comes first; at least one must be given */
  readonly steps?: number;
  readonly epochs?: number;
  /** batches per step */
  readonly gradientAccumulationSteps?: number;
  /** largest global norm of the gradient; 1, and 0 turns clipping off */
  readonly maxGradNorm?: number;
  /**
   * Compute every layer again in the backward pass instead of keeping its activations: the same bits in far less memory, for
   * a third more work. Default false.
   */
  readonly recompute?: boolean;
  /** position of the interrupted run to resume */
  readonly from?: Position;
  readonly signal?: AbortSignal;
  /** milliseconds; used only to report speed */
  readonly clock?: () => number;
}

/** A training step, as {@link train} yields it. */
export interface Step extends Position {
  readonly loss: number;
  /** the loss by its parts */
  readonly parts: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** tokens of this step */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
}

/** The batches of each step: `batchSize` samples each; the last batch of an epoch may be smaller. */
async function* stepsOf<M>(
  options: TrainOptions<M>,
  from: Position,
): AsyncGenerator<{ batches: Batch[]; after: Omit<Position, "step"> }> {
  const { batchSize, gradientAccumulationSteps = 1, epochs = Number.POSITIVE_INFINITY } = options;
  for (let epoch = from.epoch, served = from.served; epoch < epochs; epoch++, served = 0) {
    const samples = epochSamples(options, epoch, served);
    // One sample ahead: whether an epoch has ended is known with its last step.
    let next = await samples.next();
    const batchOf = async (): Promise<Batch> => {
      const rows: Sample[] = [];
      for (; rows.length < batchSize && !next.done; next = await samples.next()) rows.push(next.value);
      served += rows.length;
      return collate(rows);
    };
    while (!next.done) {
      const batches: Batch[] = [];
      while (batches.length < gradientAccumulationSteps && !next.done) batches.push(await batchOf());
      yield { batches, after: next.done ? { epoch: epoch + 1, served: 0 } : { epoch, served } };
    }
  }
}

/** Forward and backward over the batches of one step; their gradients add up. */
function accumulateGradients<M>(options: TrainOptions<M>, batches: readonly Batch[], step: number): number[] {
  const { model, objective } = options;
  const counts = objective.names.map((_, part) =>
    batches.reduce((sum, batch) => sum + objective.counts(batch)[part]!, 0),
  );
  const sums = objective.names.map(() => 0);
  for (const [micro, batch] of batches.entries()) {
    // A batch without targets has no loss.
    if (objective.counts(batch).every((count) => count === 0)) continue;
    using _ = new Scope();
    let parts: number[] = [];
    backward(
      () => {
        const losses = objective.losses(model, batch, counts);
        parts = losses.map((loss) => loss.item());
        refuseNaN(objective.names, parts, step);
        return losses.reduce(add);
      },
      { seed: options.seed, step: step * (options.gradientAccumulationSteps ?? 1) + micro },
      1,
      options.recompute,
    );
    for (const [part, loss] of parts.entries()) sums[part]! += loss;
  }
  return sums;
}

function refuseNaN(names: readonly string[], losses: readonly number[], step: number): void {
  const part = losses.findIndex((loss) => !Number.isFinite(loss));
  if (part < 0) return;
  throw new TrainingError(
    `step ${step}: the ${names[part]} loss is ${losses[part]}. Lower the learning rate, warm up longer, or check the weights; no weight was changed in this step`,
  );
}

/** One step: gradients of its batches, then the update. When it fails, weights and gradients are as before. */
function trainingStep<M>(
  options: TrainOptions<M>,
  batches: readonly Batch[],
  step: number,
): { losses: number[]; rate: number; norm: number } {
  const { optimizer, maxGradNorm = 1 } = options;
  const { learningRate } = options;
  const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
  if (!Number.isFinite(rate))
    throw new TrainingError(`step ${step}: the learning rate is ${rate}; does the schedule divide by zero?`);
  try {
    const losses = accumulateGradients(options, batches, step);
    const norm = gradientNorm(optimizer);
    if (!Number.isFinite(norm))
      throw new TrainingError(
        `step ${step}: the gradient's norm is ${norm}. Lower the learning rate or warm up longer; no weight was changed in this step`,
      );
    optimizer.step(rate, clipScale(norm, maxGradNorm));
    return { losses, rate, norm };
  } catch (error) {
    clearGradients(optimizer);
    throw error;
  }
}

/** Milliseconds of work after which the loop yields to timers and other events, so that an abort can arrive. */
const YIELD_INTERVAL = 100;

/**
 * Train, yielding after every step. A step blocks its thread.
 *
 * @example
 * for await (const { step, loss } of train({ engine, model, objective, samples: () => samples, optimizer, learningRate, batchSize: 16, seed: 1, steps: 1000 }))
 *   if (step % 100 === 0) console.log(step, loss);
 * @throws {TrainingError} when a loss or gradient is not finite; the weights are then those of the previous step
 */
export async function* train<M>(options: TrainOptions<M>): AsyncGenerator<Step> {
  checkTraining("train", options, {
    engine: { expected: "an Engine, made by Engine.create()", accepts: (value) => value instanceof BareEngine },
    model: anything,
    objective: withFields("an objective, such as single(maskedLm({ tokenizer }))", "losses"),
    samples: aFunction,
    shuffleBuffer: wholeNumber(1),
    optimizer: withMethods("an optimizer, such as adamW(weights)", "step"),
    steps: wholeNumber(0),
    clock: aFunction,
  });
  const { engine, objective, signal, clock = () => performance.now() } = options;
  const last = options.steps ?? Number.POSITIVE_INFINITY;
  if (last === Number.POSITIVE_INFINITY && options.epochs === undefined)
    throw new ArgumentError("train: give steps or epochs, so that the run ends");
  const from = options.from ?? { step: 0, epoch: 0, served: 0 };
  const started = clock();
  let { step } = from;
  let yielded = started;
  if (step >= last) return;
  for await (const { batches, after } of stepsOf(options, from)) {
    signal?.throwIfAborted();
    const begun = clock();
    // Batches differ in size: what the last one left free is laid out anew.
    engine.joinFree();
    const { losses, rate, norm } = trainingStep(options, batches, step);
    if (step === from.step) gatherMemory(engine, options.optimizer);
    step++;
    const tokens = batches.reduce((sum, { ids }) => sum + ids.length, 0);
    yield {
      ...after,
      step,
      loss: losses.reduce((sum, loss) => sum + loss, 0),
      parts: Object.fromEntries(objective.names.map((name, i) => [name, losses[i]!])),
      learningRate: rate,
      gradientNorm: norm,
      tokens,
      tokensPerSecond: (1000 * tokens) / Math.max(1e-3, clock() - begun),
      seconds: (clock() - started) / 1000,
    };
    if (step >= last) return;
    if (clock() - yielded > YIELD_INTERVAL) {
      await new Promise((resume) => setTimeout(resume, 0));
      yielded = clock();
    }
  }
}
