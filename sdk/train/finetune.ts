/**
 * Fine-tuning: the published recipe around the training loop. Devlin et al. 2019, appendix A.3: AdamW with decay 0.01,
 * 10 % warm-up, linear decay to 0, gradients clipped at 1; the weights of the epoch that is best on the development
 * part are kept.
 */
import type { Pretrained } from "../io/pretrained.js";
import type { Purpose } from "../models/family.js";
import type { Weights } from "../nn/weights.js";
import { adamW, type Optimizer } from "./optimizer.js";
import { linearRate } from "./schedule.js";
import type { Metrics, Task, TaskSettings } from "./tasks/task.js";
import { type Position, type Step, train } from "./train.js";

export interface FinetuneOptions<Example, P extends Purpose> {
  readonly loaded: Pretrained<P>;
  readonly task: Task<Example, P>;
  readonly settings: TaskSettings;
  readonly train: readonly Example[];
  /** the part by which the best epoch is chosen; none: the last epoch is kept */
  readonly dev?: readonly Example[];
  readonly epochs: number;
  /** highest learning rate */
  readonly rate: number;
  readonly rows: number;
  readonly seed: number;
  /** end after so many epochs without a better figure on the development part */
  readonly patience?: number;
  readonly optimizer?: Optimizer;
  readonly from?: Position;
  readonly signal?: AbortSignal;
}

/** What happens while fine-tuning: steps, and the figures after each epoch. */
export type FinetuneEvent = { readonly kind: "step"; readonly step: Step; readonly total: number } | { readonly kind: "epoch"; readonly epoch: number; readonly metrics: Metrics; readonly best: boolean };

/** A copy of all weights, to go back to. */
export function snapshot(weights: Weights): () => void {
  const copies = [...weights.entries()].map(([, parameter]) => ({ parameter, values: parameter.toArray() }));
  return () => {
    for (const { parameter, values } of copies) {
      parameter.data.set(values);
      parameter.storage.version++;
    }
  };
}

/** How many steps so many epochs are. */
export function stepsOfEpochs(samples: number, rows: number, epochs: number): number {
  return Math.ceil(samples / rows) * epochs;
}

/**
 * Fine-tune, yielding every step and the figures of every epoch; at the end the model has the weights that were best.
 *
 * @example
 * for await (const event of finetune({ loaded, task: classifyTask("classify"), settings, train, dev, epochs: 3, rate: 1e-4, rows: 16, seed: 1 }))
 *   if (event.kind === "epoch") console.log(event.metrics.accuracy);
 */
export async function* finetune<Example, P extends Purpose>(options: FinetuneOptions<Example, P>): AsyncGenerator<FinetuneEvent> {
  const { loaded, task, settings, dev, epochs, rows, patience = Number.POSITIVE_INFINITY } = options;
  const samples = task.samples(options.train, settings);
  const total = stepsOfEpochs(samples.length, rows, epochs);
  const own = options.optimizer ? null : adamW(loaded.weights, { decay: 0.01 });
  const optimizer = options.optimizer ?? own!;
  let best = Number.NEGATIVE_INFINITY;
  let since = 0;
  let goBack: (() => void) | null = null;
  try {
    const run = train({
      ...options,
      engine: loaded.engine,
      model: loaded.model,
      objective: task.objective,
      samples: () => samples,
      optimizer,
      rate: linearRate(options.rate, Math.ceil(total / 10), total),
      clip: 1,
    });
    for await (const step of run) {
      yield { kind: "step", step, total };
      // The position after an epoch's last batch is the start of the next epoch.
      if (step.served !== 0 || !dev) continue;
      const metrics = task.evaluate(loaded.model, dev, settings);
      const figure = metrics[task.headline]!;
      const better = figure > best;
      if (better) [best, since, goBack] = [figure, 0, snapshot(loaded.weights)];
      else since++;
      yield { kind: "epoch", epoch: step.epoch, metrics, best: better };
      if (since >= patience) break;
    }
    goBack?.();
  } finally {
    own?.[Symbol.dispose]();
  }
}
