/**
 * Fine-tuning: the published recipe around the training loop. Devlin et al. 2019, appendix A.3: AdamW with weight decay 0.01,
 * 10 % warm-up, linear decay to 0, gradients clipped at norm 1. The weights of the best epoch on the development set are
 * kept.
 */

import type { Pretrained } from "../../io/pretrained/pretrained.js";
import type { ModelTask } from "../../models/family/family.js";
import { anything, checkArguments, listOf, numberBetween, wholeNumber, withFields } from "../../options.js";
import { adamW, type Optimizer } from "../optim/optimizer.js";
import { linearSchedule, type Schedule } from "../optim/schedule.js";
import type { Metrics, Task, TaskSettings } from "../tasks/task.js";
import { BestWeights } from "./best-weights.js";
import { type Position, type Step, train } from "./train.js";
import { checkTraining } from "./training-options.js";

export interface FinetuneOptions<Example, P extends ModelTask> {
  readonly loaded: Pretrained<P>;
  readonly task: Task<Example, P>;
  readonly settings: TaskSettings;
  readonly train: readonly Example[];
  /** development set, which selects the best epoch; without it the last epoch is kept */
  readonly dev?: readonly Example[];
  readonly epochs: number;
  /** peak of a linear schedule, or any other schedule */
  readonly learningRate: number | Schedule;
  /** steps of warm-up, where the learning rate is a number; a tenth of all */
  readonly warmupSteps?: number;
  readonly gradientAccumulationSteps?: number;
  /** largest norm of the gradient; 1 */
  readonly maxGradNorm?: number;
  readonly batchSize: number;
  readonly seed: number;
  /** stop early after this many epochs without improvement on the development set */
  readonly patience?: number;
  /** state of a resumed run beside the weights, given by callers that save checkpoints */
  readonly optimizer?: Optimizer;
  readonly best?: BestWeights;
  readonly from?: Position;
  readonly signal?: AbortSignal;
}

/** Events of fine-tuning: every step, and the metrics after each epoch. */
export type FinetuneEvent =
  | { readonly kind: "step"; readonly step: Step; readonly total: number }
  | { readonly kind: "epoch"; readonly epoch: number; readonly metrics: Metrics; readonly best: boolean };

/** Number of steps in `epochs` epochs; an epoch ends with a step. */
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

/**
 * Fine-tune, yielding every step and the metrics of every epoch. At the end the model has the weights of the best epoch.
 * A step blocks its thread, and so does an evaluation.
 *
 * @example
 * for await (const event of finetune({ loaded: classifier, task: classifyTask("classify"), settings, train: examples, dev: examples, epochs: 3, learningRate: 1e-4, batchSize: 16, seed: 1 }))
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
    optimizer: anything,
    best: anything,
  });
  const { loaded, task, settings, dev, epochs, batchSize, from, patience = Number.POSITIVE_INFINITY } = options;
  const samples = task.samples(options.train, settings);
  const { learningRate, warmupSteps, gradientAccumulationSteps = 1, maxGradNorm = 1 } = options;
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
      objective: task.objective,
      samples: () => samples,
      optimizer: options.optimizer ?? own!,
      learningRate:
        typeof learningRate === "number"
          ? linearSchedule(learningRate, warmupSteps ?? Math.ceil(total / 10), total)
          : learningRate,
      epochs,
      batchSize,
      maxGradNorm,
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
