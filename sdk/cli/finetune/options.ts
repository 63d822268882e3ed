/** The options of one fine-tuning run, and which of them exclude each other. */
import type { AdaptingOptions } from "../shared/adapter-options.js";
import type { ModelOptions } from "../shared/engine-options.js";
import type { TrainingOptions } from "../shared/training-options.js";
import { UsageError } from "../shared/usage.js";

export interface FinetuneOptions extends ModelOptions, TrainingOptions, AdaptingOptions {
  readonly task: string;
  readonly model?: string;
  readonly scratch?: string;
  readonly teacher?: string;
  readonly train: string;
  readonly dev?: string;
  readonly test?: string;
  readonly columns?: string;
  readonly examples?: number;
  readonly epochs?: number;
  readonly maxLength?: number;
  readonly patience?: number;
  readonly classWeights?: "balanced";
}

export function requireUsage({ task, train, model, scratch, lora, teacher, classWeights }: FinetuneOptions): void {
  if (task === undefined || train === undefined)
    throw new UsageError("--task and --train: say what to learn, and from which file");
  if ((model === undefined) === (scratch === undefined))
    throw new UsageError(
      "give either --model DIR (start from its weights) or --scratch DIR (its architecture, random weights)",
    );
  if (classWeights !== undefined && teacher !== undefined)
    throw new UsageError("--class-weights and --teacher exclude each other: a teacher's probabilities have no weights");
  if (classWeights !== undefined && !["classify", "pair", "tag"].includes(task))
    throw new UsageError(`--class-weights is for --task classify, pair and tag, not for ${task}`);
  if (lora === undefined) return;
  if (scratch !== undefined)
    throw new UsageError("--lora and --scratch exclude each other: an adapter needs trained weights; give --model");
}
