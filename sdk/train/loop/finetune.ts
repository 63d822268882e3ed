/**
 * Fine-tuning: the published recipe around the training loop. Devlin et al. 2019, appendix A.3: AdamW with weight decay 0.01,
 * 10 % warm-up, linear decay to 0, gradients clipped at norm 1. The weights of the best epoch on the development set are
 * kept.
 */

import type { ClassWeights } from "../../heads/class-weights.js";
import type { Pretrained } from "../../io/pretrained/pretrained.js";
import type { Model } from "../../models/family/build.js";
import type { ModelTask } from "../../models/family/family.js";
import type { Objective } from "../../objectives/objective.js";
import {
  ArgumentError,
  anything,
  checkArguments,
  either,
  listOf,
  numberBetween,
  numbers,
  oneOf,
  wholeNumber,
  withFields,
} from "../../options.js";
import { adamW } from "../optim/adamw.js";
import type { Optimizer } from "../optim/optimizer.js";
import { linearSchedule, type Schedule } from "../optim/schedule.js";
import { balancedClassWeights } from "../tasks/class-weights.js";
import type { Metrics, Task, TaskSettings } from "../tasks/task.js";
import { BestWeights } from "./best-weights.js";
import { finetuneDefaults } from "./finetune-defaults.js";
import { type Position, type Step, train } from "./train.js";
import { checkTraining } from "./training-options.js";

/** Options of {@link finetune}. */
export interface FinetuneOptions<Example, P extends ModelTask> {
  readonly loaded: Pretrained<P>;
  readonly task: Task<Example, P>;
  readonly settings: TaskSettings;
  readonly train: readonly Example[];
  /** development set, which selects the best epoch; without it the last epoch is kept */
  readonly dev?: readonly Example[];
  /** options left out follow from the model and the number of examples: see {@link finetuneDefaults} */
  readonly epochs?: number;
  /** peak of a linear schedule, or any other schedule */
  readonly learningRate?: number | Schedule;
  /** steps of warm-up, if the learning rate is a number; a tenth of all */
  readonly warmupSteps?: number;
  readonly gradientAccumulationSteps?: number;
  /** largest norm of the gradient; 1 */
  readonly maxGradNorm?: number;
  /** compute layers again in the backward pass instead of keeping their activations; see `train` */
  readonly recompute?: boolean;
  readonly batchSize?: number;
  readonly seed: number;
  /** stop early after this many epochs without improvement on the development set; where epochs are given, never by default */
  readonly patience?: number;
  /** in the order of the labels; `balanced`: inversely to how often a class occurs in `train` */
  readonly classWeights?: ClassWeights | "balanced";
  /** state of a resumed run other than the weights, from callers that save checkpoints */
  readonly optimizer?: Optimizer;
  readonly best?: BestWeights;
  readonly from?: Position;
  readonly signal?: AbortSignal;
}

/** Events of fine-tuning: every step, and the metrics after each epoch. */
export type FinetuneEvent =
  | { readonly kind: "step"; readonly step: Step; readonly total: number }
  | { readonly kind: "epoch"; readonly epoch: number; readonly metrics: Metrics; readonly best: boolean };

/**
 * Number of steps in `epochs` epochs; an epoch ends with a step.
 *
 * @example
 * stepsOfEpochs(100, 16, 3); // 21
 */
export function stepsOfEpochs(
  samples: number,
  batchSize: number,
  epochs: number,
  gradientAccumulationSteps = 1,
): number {
  const aCount = wholeNumber(1);
  checkArguments(
    "stepsOfEpochs",
    { samples, batchSize, epochs, gradientAccumulationSteps },
    {
      samples: wholeNumber(0),
      batchSize: aCount,
      epochs: numberBetween(0, Number.MAX_SAFE_INTEGER),
      gradientAccumulationSteps: aCount,
    },
  );
  return Math.ceil(samples / (batchSize * gradientAccumulationSteps)) * epochs;
}

/** The task's objective, with weights of classes where they are asked for. */
function objectiveOf<Example, P extends ModelTask>({
  task,
  train: examples,
  settings: { labels },
  classWeights,
}: FinetuneOptions<Example, P>): Objective<Model<P>> {
  if (classWeights === undefined) return task.objective;
  if (!task.weighted || !labels)
    throw new ArgumentError(`finetune: classWeights are for the tasks classify, pair and tag, not for ${task.name}`);
  const weights = classWeights === "balanced" ? balancedClassWeights(task, examples, labels) : classWeights;
  if (weights.length !== labels.size || weights.some((weight) => !(weight >= 0 && Number.isFinite(weight))))
    throw new ArgumentError(
      `finetune: classWeights must be a number of at least 0 for each of ${labels.names.join(", ")}, got ${weights.join(", ")}`,
    );
  return task.weighted(weights);
}

/**
 * Fine-tune, yielding every step and the metrics of every epoch. At the end the model has the weights of the best epoch.
 * A step blocks its thread, and so does an evaluation.
 *
 * @example
 * for await (const event of finetune({ loaded: classifier, task: classifyTask("classify"), settings, train: examples, dev: examples, seed: 1 }))
 *   if (event.kind === "epoch") console.log(event.metrics);
 */
export async function* finetune<Example, P extends ModelTask>(
  options: FinetuneOptions<Example, P>,
): AsyncGenerator<FinetuneEvent> {
  checkTraining("finetune", options, {
    loaded: withFields("a model, such as loadModel(engine, files) gives", "model", "weights"),
    task: withFields("a task, such as classifyTask()", "samples", "objective"),
    settings: withFields("an object with tokenizer, labels and maxLength", "tokenizer", "maxLength"),
    train: listOf(anything, 1),
    dev: listOf(anything),
    warmupSteps: wholeNumber(0),
    patience: wholeNumber(1),
    classWeights: either(oneOf("balanced"), numbers),
    optimizer: anything,
    best: anything,
  });
  const { loaded, task, settings, dev, from } = options;
  const samples = task.samples(options.train, settings);
  const defaults = finetuneDefaults(loaded, options.train.length, options.batchSize);
  const { learningRate = defaults.learningRate, batchSize = defaults.batchSize, epochs = defaults.epochs } = options;
  const patience = options.patience ?? (options.epochs === undefined ? defaults.patience : Number.POSITIVE_INFINITY);
  const { warmupSteps, gradientAccumulationSteps = 1, maxGradNorm = 1 } = options;
  const total = stepsOfEpochs(samples.length, batchSize, epochs, gradientAccumulationSteps);
  const best = options.best ?? new BestWeights(loaded.weights);
  const own = options.optimizer ? null : adamW(loaded.weights, { weightDecay: 0.01 });
  /** Metrics of the epoch that has just ended. */
  const figures = (epoch: number): FinetuneEvent[] => {
    if (!dev) return [];
    const metrics = task.evaluate(loaded.model, dev, settings);
    return [{ kind: "epoch", epoch, metrics, best: best.offer(metrics[task.headline]!) }];
  };
  try {
    // A run interrupted between the last step of an epoch and its evaluation evaluates now.
    if (from && from.served === 0 && best.state.seen < from.epoch) yield* figures(from.epoch);
    const run = train({
      seed: options.seed,
      gradientAccumulationSteps,
      ...(from && { from }),
      ...(options.signal && { signal: options.signal }),
      engine: loaded.engine,
      model: loaded.model,
      objective: objectiveOf(options),
      samples: () => samples,
      optimizer: options.optimizer ?? own!,
      learningRate:
        typeof learningRate === "number"
          ? linearSchedule(learningRate, warmupSteps ?? Math.ceil(total / 10), total)
          : learningRate,
      epochs,
      batchSize,
      maxGradNorm,
      recompute: options.recompute ?? false,
    });
    if (best.state.since < patience) {
      for await (const step of run) {
        yield { kind: "step", step, total };
        // The position after an epoch's last batch is the start of the next epoch.
        if (step.served !== 0) continue;
        yield* figures(step.epoch);
        if (best.state.since >= patience) break;
      }
    }
    best.restore();
  } finally {
    own?.[Symbol.dispose]();
  }
}
