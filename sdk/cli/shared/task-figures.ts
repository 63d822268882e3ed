/** Figures of a task beside its baseline, and a warning where they are not above it. */
import type { Metrics } from "cloze";
import type { AnyTask } from "cloze/data";
import { say } from "./output.js";

/** Figures under names such as test_accuracy. */
export const named = (part: string, figures: Metrics): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${part}_${name}`, value]));

/**
 * Warn, on standard error, where the task's headline figure is not above the baseline's. A figure that is not a number is
 * not above anything.
 *
 * @param file which examples were scored
 * @returns whether it is above
 */
export function warnBelowBaseline(task: AnyTask, metrics: Metrics, baseline: Metrics, file: string): boolean {
  const { headline, baselineName } = task;
  const [own, bar] = [metrics[headline]!, baseline[headline]!];
  if (own > bar) return true;
  say(
    `warning: on ${file} the model's ${headline} (${own.toFixed(4)}) is not above that of ${baselineName} (${bar.toFixed(4)}); train longer, try another --learning-rate, or give it more examples`,
  );
  return false;
}
