/** Losses: from scores and labels to one number. */

import { IGNORE } from "../../engine/abi.js";
import { launch } from "../../engine/launch.js";
import { ArgumentError, anArray, checkArgument, given, withFields } from "../../options.js";
import { expectInts, expectOneEngine, expectShape } from "../check.js";
import { gradTarget, record } from "../tape.js";
import { empty, intTensor, type Tensor, tensor } from "../tensor.js";

/** Labels with this value take no part in a loss: tokens that were not masked, pieces of a word after its first. */
export { IGNORE };

/** The divisor of a sum of losses; by default the number of labels that count. */
const anOptionsObject = /* @__PURE__ */ withFields("an object of options");

/** An option of all losses: the number that the sum is divided by. */
export interface Divided {
  /** The count over all micro-batches of a step, when several backward passes make up one. */
  readonly divisor?: number;
}

/**
 * A share of the target that other classes get (Szegedy et al. 2015, arXiv:1512.00567, section 7), in two definitions:
 * `others` spreads it over the other classes (fairseq), `all` over all of them (PyTorch).
 */
export interface Smoothing {
  readonly amount: number;
  readonly over: "others" | "all";
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends Divided {
  readonly smoothing?: Smoothing;
}

/**
 * Mean cross-entropy between scores and the right class: -log softmax(logits)[label].
 *
 * @param logits (rows, classes): unnormalized scores
 * @param labels (rows): the right class in [0, classes), or {@link IGNORE}
 * @returns [] : nats per counted row; 0 when every label is IGNORE, and then no gradient flows
 * @throws {ArgumentError} for a label that is not a class
 *
 * @example
 * crossEntropy(tensor(engine, [0, 0], [1, 2]), Int32Array.of(1)).item(); // 0.693: log 2
 */
export function crossEntropy(logits: Tensor, labels: Int32Array, options: CrossEntropyOptions = {}): Tensor {
  checkArgument("crossEntropy", "options", options, anOptionsObject);
  expectShape("crossEntropy", "logits", logits, ["rows", "classes"]);
  const [rows = 0, classes = 0] = logits.shape;
  expectCount("crossEntropy", "labels", labels, rows);
  const divisor = divisorOf(
    "crossEntropy",
    countLabels("crossEntropy", labels, () => classes),
    options.divisor,
  );
  const [share, rest] = targetOf(options.smoothing, classes);

  const { engine } = logits;
  const right = intTensor(engine, labels);
  const [losses, kept] = [empty(engine, [rows]), empty(engine, [rows, 2])];
  // biome-ignore format: in the order of the kernel's own list
  launch(
    engine, "crossEntropy", rows,
    losses.address, kept.address, logits.address, right.address, classes, share, rest,
  );
  return record(meanOf(losses, divisor), [logits], (dy) => {
    const { grad, add } = gradTarget(logits);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "crossEntropyBackward", rows,
      grad.address, kept.address, logits.address, right.address, classes, share, rest, dy.item() / divisor, Number(add),
    );
  });
}

/**
 * Mean cross-entropy over the tokens of each sequence: which of its own tokens is the right one?
 *
 * @param scores (tokens) or (tokens, 1)
 * @param starts (rows + 1): tokens [starts[i], starts[i + 1]) are sequence i
 * @param labels (rows): the place of the right token within its sequence, or {@link IGNORE}
 * @returns [] : nats per counted row; 0 when every label is IGNORE
 * @throws {ArgumentError} for a label outside of its sequence
 * @example
 * raggedCrossEntropy(tensor(engine, [0, 0, 0]), Int32Array.of(0, 2, 3), Int32Array.of(1, 0)).item(); // 0.347: (ln 2 + 0) / 2
 */
export function raggedCrossEntropy(
  scores: Tensor,
  starts: Int32Array,
  labels: Int32Array,
  options: Divided = {},
): Tensor {
  const op = "raggedCrossEntropy";
  const tokens = scores.shape[0] ?? 0;
  expectShape(op, "scores", scores, scores.shape.length === 1 ? ["tokens"] : ["tokens", 1]);
  const rows = starts.length - 1;
  if (starts[0] !== 0 || starts[rows] !== tokens || starts.some((start, i) => i > 0 && start < starts[i - 1]!))
    throw new ArgumentError(
      `${op}: starts must ascend from 0 to the ${tokens} tokens, got [${starts.subarray(0, 8)}…]`,
    );
  expectCount(op, "labels", labels, rows);
  const count = countLabels(op, labels, (i) => starts[i + 1]! - starts[i]!);
  const divisor = divisorOf(op, count, options.divisor);

  const { engine } = scores;
  const [right, bounds] = [intTensor(engine, labels), intTensor(engine, starts)];
  const [losses, kept] = [empty(engine, [rows]), empty(engine, [rows, 2])];
  // biome-ignore format: in the order of the kernel's own list
  launch(
    engine, "raggedCrossEntropy", rows,
    losses.address, kept.address, scores.address, bounds.address, right.address,
  );
  return record(meanOf(losses, divisor), [scores], (dy) => {
    const { grad, add } = gradTarget(scores);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "raggedCrossEntropyBackward", rows,
      grad.address, kept.address, scores.address, bounds.address, right.address, dy.item() / divisor, Number(add),
    );
  });
}

/**
 * Mean binary cross-entropy: is the answer yes, with probability sigmoid(score)?
 *
 * @param scores any shape
 * @param labels one for each score: 0, 1 or {@link IGNORE}
 * @returns [] : nats per counted score; 0 when every label is IGNORE
 */
export function binaryCrossEntropy(scores: Tensor, labels: Int32Array, options: Divided = {}): Tensor {
  expectCount("binaryCrossEntropy", "labels", labels, scores.size);
  const divisor = divisorOf(
    "binaryCrossEntropy",
    countLabels("binaryCrossEntropy", labels, () => 2),
    options.divisor,
  );
  const { engine, size } = scores;
  const right = intTensor(engine, labels);
  const losses = empty(engine, [size]);
  launch(engine, "binaryCrossEntropy", size, losses.address, scores.address, right.address);
  return record(meanOf(losses, divisor), [scores], (dy) => {
    const { grad, add } = gradTarget(scores);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "binaryCrossEntropyBackward", size,
      grad.address, scores.address, right.address, dy.item() / divisor, Number(add),
    );
  });
}

/** Options of {@link divergence}. */
export interface DivergenceOptions extends Divided {
  /** temperature: divides both scores; above 1, smaller probabilities count for more */
  readonly temperature?: number;
}

/**
 * Mean Kullback-Leibler divergence of softmax(logits / T) from softmax(targets / T): cross-entropy with soft targets minus
 * their entropy, which does not depend on the student. Hinton, Vinyals & Dean 2015 (arXiv:1503.02531), section 2.
 *
 * @param logits (rows, classes)
 * @param targets (rows, classes) the teacher's scores; no gradient flows to them
 * @returns [] : nats per row; 0 where both distributions are the same
 *
 * @example
 * klDivergence(tensor(engine, [0, 0], [1, 2]), tensor(engine, [9, 0], [1, 2])).item(); // 0.69: log 2, nearly
 */
export function klDivergence(logits: Tensor, targets: Tensor, options: DivergenceOptions = {}): Tensor {
  checkArgument("klDivergence", "options", options, anOptionsObject);
  const { temperature = 1 } = options;
  expectShape("klDivergence", "logits", logits, ["rows", "classes"]);
  expectShape("klDivergence", "targets", targets, logits.shape, "Do teacher and student have the same classes?");
  expectOneEngine("klDivergence", logits, targets);
  if (!(typeof temperature === "number" && temperature > 0 && Number.isFinite(temperature)))
    throw new ArgumentError(`klDivergence: temperature must be a number above 0, got ${given(temperature)}`);
  const [rows = 0, classes = 0] = logits.shape;
  const divisor = divisorOf("klDivergence", rows, options.divisor);

  const { engine } = logits;
  const inverse = 1 / temperature;
  const [losses, kept] = [empty(engine, [rows]), empty(engine, [rows, 4])];
  launch(engine, "divergence", rows, losses.address, kept.address, logits.address, targets.address, classes, inverse);
  return record(meanOf(losses, divisor), [logits], (dy) => {
    const { grad, add } = gradTarget(logits);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "divergenceBackward", rows,
      grad.address, kept.address, logits.address, targets.address, classes, inverse, (inverse * dy.item()) / divisor, Number(add),
    );
  });
}

/**
 * Mean of (prediction - target)².
 *
 * @param predictions any shape
 * @param targets one for each prediction
 * @returns []
 * @throws {ArgumentError} for a target that is not a finite number
 * @example
 * meanSquaredError(tensor(engine, [1, 3], [2]), Float32Array.of(1, 1)).item(); // 2
 */
export function meanSquaredError(predictions: Tensor, targets: Float32Array, options: Divided = {}): Tensor {
  checkArgument("meanSquaredError", "options", options, anOptionsObject);
  const { engine, size } = predictions;
  expectCount("meanSquaredError", "targets", targets, size);
  const wrong = targets.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new ArgumentError(`meanSquaredError: target ${wrong} must be a finite number, got ${targets[wrong]}`);
  const divisor = divisorOf("meanSquaredError", size, options.divisor);
  const right = tensor(engine, targets);
  const losses = empty(engine, [size]);
  launch(engine, "squaredError", size, losses.address, predictions.address, right.address);
  return record(meanOf(losses, divisor), [predictions], (dy) => {
    const { grad, add } = gradTarget(predictions);
    // biome-ignore format: in the order of the kernel's own list
    launch(
      engine, "squaredErrorBackward", size,
      grad.address, predictions.address, right.address, dy.item() / divisor, Number(add),
    );
  });
}

/** Weights of the target distribution: `rest` for every class, and `share` more for the label. */
function targetOf(smoothing: Smoothing | undefined, classes: number): [share: number, rest: number] {
  if (!smoothing || smoothing.amount === 0) return [1, 0];
  const { amount, over } = smoothing;
  if (!(amount > 0 && amount < 1))
    throw new ArgumentError(`crossEntropy: smoothing must be a share from 0 up to but not 1, got ${given(amount)}`);
  const spread = over === "others" ? classes - 1 : classes;
  if (spread < 1) throw new ArgumentError("crossEntropy: smoothing over other classes needs at least two classes");
  const rest = amount / spread;
  return over === "others" ? [1 - amount - rest, rest] : [1 - amount, rest];
}

/** How many labels count; each must be in [0, limit(row)). */
function countLabels(op: string, labels: Int32Array, limit: (row: number) => number): number {
  expectInts(op, "labels", labels);
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === IGNORE) continue;
    if (label < 0 || label >= limit(i))
      throw new ArgumentError(
        `${op}: label ${i} is ${label}, but row ${i} has ${limit(i)} classes (${IGNORE} leaves a row out)`,
      );
    count++;
  }
  return count;
}

function divisorOf(op: string, count: number, divisor = count): number {
  if (!(typeof divisor === "number" && divisor >= 0 && Number.isFinite(divisor)))
    throw new ArgumentError(`${op}: divisor must be a number of labels, got ${given(divisor)}`);
  if (divisor === 0 && count > 0) throw new ArgumentError(`${op}: divisor is 0, but ${count} labels count`);
  // Nothing counts: the sum is 0 whatever it is divided by.
  return divisor || 1;
}

function expectCount(op: string, argument: string, values: ArrayLike<number>, count: number): void {
  checkArgument(op, argument, values, anArray);
  if (values.length !== count)
    throw new ArgumentError(
      `${op}: ${argument} must have ${count} entries, one for each score row, got ${values.length}`,
    );
}

/** The sum of losses over the divisor, as a scalar. */
function meanOf(losses: Tensor, divisor: number): Tensor {
  const { engine } = losses;
  const mean = empty(engine, []);
  mean.data[0] = engine.kernels.lossSum(losses.address, losses.size) / divisor;
  return mean;
}
