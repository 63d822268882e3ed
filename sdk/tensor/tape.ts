/**
 * The tape: reverse-mode differentiation.
 *
 * An op is its forward kernel and a closure that adds to the gradients of its inputs (Karpathy's micrograd). While a
 * tape is open the closures are noted; walking them in reverse is backpropagation. Without one the same code infers.
 */
import { ArgumentError } from "../options.js";
import { Scope, unscoped } from "./scope.js";
import { BYTES, type Differentiable, empty, type Storage, Tensor, zeros } from "./tensor.js";

/** Adds to the gradients of an op's inputs, given the gradient of its output. */
export type Backward = (dy: Tensor) => void;

interface Entry {
  readonly out: Tensor;
  readonly backward: Backward;
}

/** Names the random numbers of one training step: the same seed and step give the same dropout. */
export interface Randomness {
  /** 32-bit seed of the run. */
  readonly seed: number;
  /** Counts micro-batches from the start of the run. */
  readonly step: number;
}

/** The key of one dropout site: seed, step, and the number of the site in the forward pass. */
export interface DropoutKey extends Randomness {
  readonly stream: number;
}

interface Tape {
  readonly entries: Entry[];
  readonly randomness: Randomness | null;
  /** whether {@link checkpoint} drops values that it can recompute */
  readonly recomputes: boolean;
  streams: number;
}

let tape: Tape | null = null;

/** Note how `out` was made. Without an open tape this does nothing, so inference runs the same code. */
export function record(out: Tensor, inputs: readonly (Differentiable | null)[], backward: Backward): Tensor {
  if (tape && inputs.some((t) => t?.traced)) {
    out.storage.traced = true;
    tape.entries.push({ out, backward });
  }
  return out;
}

/** Whether an op on these inputs must record its backward pass. */
export function isTraced(...inputs: readonly (Differentiable | null)[]): boolean {
  return tape !== null && inputs.some((t) => t?.traced);
}

/** The key of the next dropout site of the forward pass, or null where nothing is dropped: in inference and evaluation. */
export function nextDropout(): DropoutKey | null {
  if (!tape?.randomness) return null;
  return { ...tape.randomness, stream: tape.streams++ };
}

/** Run `f` with a tape of its own, whose dropout sites are counted on from `streams`. */
function onTape<T>({ randomness, recomputes }: Tape, streams: number, f: () => T): { made: T; own: Tape } {
  const outer = tape;
  const own: Tape = { entries: [], randomness, recomputes, streams };
  tape = own;
  try {
    return { made: f(), own };
  } finally {
    tape = outer;
  }
}

/**
 * Apply a part of a model. Where the pass recomputes, only its input and output are kept: the backward pass computes the
 * part again before it undoes it, with the same dropout and so the same bits. Activations then take the memory of one part
 * instead of all, for a third more work. Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost" (arXiv:1604.06174).
 */
export function checkpoint(x: Tensor, part: (x: Tensor) => Tensor): Tensor {
  const outer = tape;
  if (!outer?.recomputes) return part(x);
  const { streams } = outer;
  using scope = new Scope();
  const { made: out, own } = onTape(outer, streams, () => part(x));
  outer.streams = own.streams;
  scope.keep(out);
  if (own.entries.length === 0) return out;
  out.storage.traced = true;
  outer.entries.push({
    out,
    backward() {
      const again = onTape(outer, streams, () => part(x));
      [again.made.storage.gradient, out.storage.gradient] = [out.storage.gradient, null];
      walk(again.own.entries);
    },
  });
  return out;
}

/**
 * Run `f` without recording: no gradient and no dropout, as in inference. A teacher runs this way
 * within its student's forward pass.
 */
export function untaped<T>(f: () => T): T {
  const looking = tape;
  tape = null;
  try {
    return f();
  } finally {
    tape = looking;
  }
}

/** Whether a tape is open: a training step's forward pass is under way. */
export function isTaping(): boolean {
  return tape !== null;
}

/** The gradient of `t` to add to: zeros at first. It has the shape of `t`. */
export function gradOf(t: Differentiable): Tensor {
  const { variable } = t;
  variable.gradient ??= unscoped(() => zeros(variable.engine, [variable.bytes / BYTES.f32])).storage;
  return new Tensor(variable.gradient, t.shape, "f32", t.offset);
}

/**
 * The gradient of `t` for a kernel that can either write or add: where nothing has arrived yet and `t` is the whole
 * variable, the kernel writes, which saves filling with zeros and reading them back.
 */
export function gradTarget(t: Differentiable): { grad: Tensor; add: boolean } {
  const { variable } = t;
  if (variable.gradient === null && isWhole(t)) {
    variable.gradient = unscoped(() => empty(variable.engine, t.shape)).storage;
    return { grad: new Tensor(variable.gradient, t.shape), add: false };
  }
  return { grad: gradOf(t), add: true };
}

/** Whether `t` covers all of its variable. */
const isWhole = (t: Differentiable): boolean => t.size * BYTES.f32 === t.variable.bytes;

/**
 * Turn the gradient of `out`, of which its backward pass is the last reader, into that of `x`, which has none yet.
 *
 * @returns whether it did: then the backward pass changes it in place, which saves a pass over memory and its space
 */
export function handOn(out: Tensor, x: Differentiable): boolean {
  const [from, to] = [out.variable, x.variable];
  if (!isWhole(out) || !isWhole(x) || out.size !== x.size) return false;
  if (!to.traced || to.gradient !== null || from.gradient === null) return false;
  [to.gradient, from.gradient] = [from.gradient, null];
  return true;
}

/**
 * Run `f`, then walk its tape backwards from the scalar that it returns. Gradients add up in `parameter.grad`.
 *
 * @param f the forward pass; returns a tensor of one element
 * @param randomness names the dropout of this step; without it nothing is dropped
 * @param scale the gradient of the result itself: 1, or a fraction of it if several backward passes make up one step
 * @param recomputes whether the layers' activations are computed again instead of kept: see {@link checkpoint}
 * @returns the result of `f`
 *
 * @example
 * using _ = new Scope();
 * const loss = backward(() => crossEntropy(affine(x, weight, null), Int32Array.of(0, 1, 2, 3, 4)), { seed: 1, step: 0 });
 */
export function backward(f: () => Tensor, randomness: Randomness | null = null, scale = 1, recomputes = false): Tensor {
  if (tape) throw new ArgumentError("backward: a tape is already open; passes cannot be nested");
  const opened: Tape = { entries: [], randomness, recomputes, streams: 0 };
  tape = opened;
  let result: Tensor;
  try {
    result = f();
  } finally {
    tape = null;
  }
  if (result.size !== 1)
    throw new ArgumentError(`backward: the function must return one number, got shape [${result.shape}]`);
  if (!result.traced) throw new ArgumentError("backward: the result depends on no parameter; is everything frozen?");
  gradOf(result).data[0]! += scale;
  walk(opened.entries);
  return result;
}

/** Run the entries' backward passes from last to first; each gradient is freed as soon as its op is done. */
function walk(entries: Entry[]): void {
  for (let entry = entries.pop(); entry; entry = entries.pop()) {
    const { gradient } = entry.out.storage;
    // No gradient: the result did not use this value.
    if (!gradient) continue;
    const { out } = entry;
    const scope = new Scope();
    try {
      entry.backward(new Tensor(gradient, out.shape, "f32", out.offset));
    } finally {
      scope[Symbol.dispose]();
    }
    release(out.storage);
  }
}

/** Give an intermediate gradient back. */
function release(storage: Storage): void {
  storage.gradient?.[Symbol.dispose]();
  storage.gradient = null;
}
