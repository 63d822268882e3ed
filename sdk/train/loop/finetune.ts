/**
 * Fine-tuning: the published recipe around the training loop. Devlin et al. 2019, appendix A.3: AdamW with decay 0.01,
 * 10 % warm-up, linear decay to 0, gradients clipped at 1; the weights of the epoch that is best on the development
 * part are kept.
 */
import type { Pretrained } from "../../io/pretrained.js";
import type { ModelTask } from "../../models/family.js";
import { adamW, type Optimizer } from "../optim/optimizer.js";
import { linearSchedule } from "../optim/schedule.js";
import type { Metrics, Task, TaskSettings } from "../tasks/task.js";
import { BestWeights } from "./best-weights.js";
import { type Position, type Step, train } from "./train.js";

export interface FinetuneOptions<Example, P extends ModelTask> {
  readonly loaded: Pretrained<P>;
  readonly task: Task<Example, P>;
  readonly settings: TaskSettings;
  readonly train: readonly Example[];
  /** the part by which the best epoch is chosen; none: the last epoch is kept */
  readonly dev?: readonly Example[];
  readonly epochs: number;
  /** highest learning rate */
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
  /** end after so many epochs without a better figure on the development part */
  readonly patience?: number;
  /** given by a caller who saves checkpoints: what a run goes on with, beside the weights */
  readonly optimizer?: Optimizer;
  readonly best?: BestWeights;
  readonly from?: Position;
  readonly signal?: AbortSignal;
}

/** What happens while fine-tuning: steps, and the figures after each epoch. */
export type FinetuneEvent =
  | { readonly kind: "step"; readonly step: Step; readonly total: number }
  | { readonly kind: "epoch"; readonly epoch: number; readonly metrics: Metrics; readonly best: boolean };

/** How many steps so many epochs are. */
export function stepsOfEpochs(samples: number, rows: number, epochs: number): number {
  return Math.ceil(samples / rows) * epochs;
}

/**
 * Fine-tune, yielding every step and the figures of every epoch; at the end the model has the weights that were best.
 *
 * @example
 * for await (const event of finetune({ loaded: classifier, task: classifyTask("classify"), settings, train: examples, dev: examples, epochs: 3, learningRate: 1e-4, batchSize: 16, seed: 1 }))
 *   if (event.kind === "epoch") console.log(event.metrics);
 */
export async function* finetune<Example, P extends ModelTask>(
  options: FinetuneOptions<Example, P>,
): AsyncGenerator<FinetuneEvent> {
  const { loaded, task, settings, dev, epochs, batchSize, from, patience = Number.POSITIVE_INFINITY } = options;
  const samples = task.samples(options.train, settings);
  const total = stepsOfEpochs(samples.length, batchSize, epochs);
  const best = options.best ?? new BestWeights(loaded.weights);
  const own = options.optimizer ? null : adamW(loaded.weights, { weightDecay: 0.01 });
  /** Figures of the epoch that has just ended. */
  const figures = (epoch: number): FinetuneEvent[] => {
    if (!dev) return [];
    const metrics = task.evaluate(loaded.model, dev, settings);
    return [{ kind: "epoch", epoch, metrics, best: best.offer(metrics[task.headline]!) }];
  };
  try {
    // A run that was interrupted between the last step of an epoch and its figures makes up for them.
    if (from && from.served === 0 && best.state.seen < from.epoch) yield* figures(from.epoch);
    const run = train({
      ...options,
      engine: loaded.engine,
      model: loaded.model,
      objective: task.objective,
      samples: () => samples,
      optimizer: options.optimizer ?? own!,
      learningRate: linearSchedule(options.learningRate, Math.ceil(total / 10), total),
      maxGradNorm: 1,
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
