/** Options that every training command has; each has the field's name and a short one. */
import { resolve } from "node:path";
import { exists, requirePlace } from "cloze/node";
import type { Command } from "commander";
import { checkpointNamed, checkpointOf } from "./checkpoints.js";
import { namedInputs, requireInputsKept } from "./run-inputs.js";
import { notNegative, place, positive, UsageError, wholeNumber } from "./usage.js";

export interface TrainingOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly learningRate?: number;
  readonly batchSize: number;
  readonly gradientAccumulationSteps: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
  readonly warmupSteps?: number;
  readonly recompute?: boolean;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly resume?: string;
}

/** Defaults that differ between commands. */
export interface TrainingDefaults {
  readonly batchSize: number;
  readonly maxGradNorm: number;
  /** the warm-up's share of all steps, in words */
  readonly warmup: string;
  readonly learningRate: string;
}

export function withTrainingOptions(command: Command, defaults: TrainingDefaults): Command {
  return command
    .option("--out <folder>", "the model folder to write", place)
    .option("--force", "replace an existing folder or checkpoint")
    .option("--rate, --learning-rate <x>", `peak learning rate; ${defaults.learningRate}`, positive)
    .option("--rows, --batch-size <n>", "sequences per batch", wholeNumber(1), defaults.batchSize)
    .option("--accumulate, --gradient-accumulation-steps <n>", "batches per step", wholeNumber(1), 1)
    .option("--decay, --weight-decay <x>", "weight decay of matrices (AdamW)", notNegative, 0.01)
    .option("--clip, --max-grad-norm <x>", "largest gradient norm; 0: no clipping", notNegative, defaults.maxGradNorm)
    .option("--warmup, --warmup-steps <n>", `steps of linear warm-up; ${defaults.warmup} of all`, wholeNumber(0))
    .option("--recompute", "compute layers again in the backward pass: less memory, a third more work, the same bits")
    .option("--seed <n>", "seed of all random numbers", wholeNumber(0), 1)
    .option("--checkpoint-every <n>", "steps between checkpoints", wholeNumber(1), 500)
    .option("--resume <folder>", "continue the interrupted run of this output folder; no other option is needed");
}

/** Settings that a resumed run must share. */
export function trainingSettings(options: TrainingOptions): Readonly<Record<string, number>> {
  const { batchSize, gradientAccumulationSteps, weightDecay, maxGradNorm, seed } = options;
  return {
    "batch-size": batchSize,
    "gradient-accumulation-steps": gradientAccumulationSteps,
    "weight-decay": weightDecay,
    "max-grad-norm": maxGradNorm,
    seed,
  };
}

export function requireOutput({ out }: { readonly out?: string }): void {
  if (!out) throw new UsageError("--out: name the model folder to write");
}

/**
 * Refuse a place that cannot be written or holds the run's data, and, without --force, to overwrite a folder or an interrupted run.
 *
 * @param files the texts of the command
 */
export async function requireFreeOutput(options: TrainingOptions, files: readonly string[] = []): Promise<void> {
  requireOutput(options);
  const { out, force = false, resume } = options;
  await requirePlace(out, force);
  await requireInputsKept(out, namedInputs(files, options));
  const checkpoint = checkpointOf(out);
  const own = resume !== undefined && resolve(checkpointNamed(resume)) === resolve(checkpoint);
  if (!force && !own && (await exists(checkpoint)))
    throw new UsageError(
      `${checkpoint} holds an interrupted run; continue it with --resume ${out}, or start over with --force`,
    );
}
