/** Weights of classes by how often they occur. */
import type { ClassWeights } from "../../heads/class-weights.js";
import type { LabelSet } from "../../heads/labels.js";
import type { ModelTask } from "../../models/family/family.js";
import { ArgumentError } from "../../options.js";
import type { Task } from "./task.js";

/**
 * Every class weighs as much as every other: n / (classes · items of the class), as scikit-learn's "balanced" has it. A class
 * that does not occur weighs 1.
 *
 * @param task one whose items have one class each: classification or tagging
 * @example
 * // 90 "ham" and 10 "spam" have the weights 0.556 and 5.
 * const weights = balancedClassWeights(classifyTask("classify"), examples, settings.labels);
 */
export function balancedClassWeights<Example, P extends ModelTask>(
  task: Task<Example, P>,
  train: readonly Example[],
  labels: LabelSet,
): ClassWeights {
  if (!task.weighted || !task.classes)
    throw new ArgumentError(`classWeights: the task ${task.name} has none; classify, pair and tag do`);
  const counts = new Array<number>(labels.size).fill(0);
  for (const example of train) for (const { label } of task.classes(example)) counts[labels.id(label)]!++;
  const total = counts.reduce((sum, n) => sum + n, 0);
  const present = counts.filter((n) => n > 0).length;
  return counts.map((n) => (n === 0 ? 1 : total / (present * n)));
}
