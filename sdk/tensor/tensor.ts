/** Tensors: a shape over a piece of an engine's memory. */

import type { Engine } from "../engine/engine.js";
import { DisposedError } from "../engine/errors.js";
import { ArgumentError, anArray, checkArgument, given, listOf, oneOf, wholeNumber } from "../options.js";
import { Scope } from "./scope.js";

/** The length of each axis; `[]` for a scalar. */
export type Shape = readonly number[];
/** The element type of a tensor. */
export type Dtype = "f32" | "i32";

/** Bytes of an element. */
export const BYTES: Readonly<Record<Dtype, number>> = { f32: 4, i32: 4 };

/** The owner of a gradient: a block of memory that several tensors may view, or a weight in its layouts. */
export interface Variable extends Disposable {
  readonly engine: Engine;
  /** of its values by row, in f32 */
  readonly bytes: number;
  /** The gradient, by row; made when the first one arrives. */
  gradient: Storage | null;
  /** Whether a gradient is wanted: parameters, and everything computed from them while a tape is open. */
  traced: boolean;
}

/** The variables that ops differentiate by: tensors and matrices. */
export interface Differentiable {
  readonly engine: Engine;
  readonly shape: Shape;
  readonly size: number;
  readonly variable: Variable;
  readonly traced: boolean;
  /** first element within the variable */
  readonly offset: number;
}

/**
 * A block of an engine's memory and the gradient that belongs to it.
 * Several tensors may look at one storage: views and reshaped tensors. Their gradients add up in one place.
 */
export class Storage implements Variable {
  gradient: Storage | null = null;
  traced = false;
  #address: number;

  /** @param lasting for memory kept as long as a model: rounded up less than that of temporaries */
  constructor(
    readonly engine: Engine,
    readonly bytes: number,
    lasting = false,
  ) {
    this.#address = engine.alloc(bytes, lasting);
  }

  get isDisposed(): boolean {
    return this.#address < 0 || this.engine.isDisposed;
  }

  /** First byte of the block. */
  get address(): number {
    if (this.isDisposed) throw new DisposedError("this tensor was freed: it, its scope or its engine was disposed");
    return this.#address;
  }

  [Symbol.dispose](): void {
    if (this.#address < 0) return;
    this.engine.release(this.#address);
    this.#address = -1;
    this.gradient?.[Symbol.dispose]();
    this.gradient = null;
  }
}

/**
 * A shape over a storage, in row-major order.
 *
 * @example
 * using scope = new Scope();
 * const x = tensor(engine, [1, 2, 3, 4, 5, 6], [2, 3]);
 * x.data; // Float32Array [1, 2, 3, 4, 5, 6]: a view, valid until the next tensor is made
 */
export class Tensor implements Differentiable {
  readonly size: number;

  /** @param offset first element within the storage */
  constructor(
    readonly storage: Storage,
    readonly shape: Shape,
    readonly dtype: Dtype = "f32",
    readonly offset = 0,
  ) {
    this.size = elementCount(shape);
  }

  get engine(): Engine {
    return this.storage.engine;
  }

  /** Address of the first element, for kernels. */
  get address(): number {
    return this.storage.address + this.offset * BYTES[this.dtype];
  }

  get variable(): Variable {
    return this.storage;
  }

  get traced(): boolean {
    return this.storage.traced;
  }

  /** The gradient as a tensor of the same shape; null before any has arrived. */
  get grad(): Tensor | null {
    const { gradient } = this.storage;
    return gradient && new Tensor(gradient, this.shape, "f32", this.offset);
  }

  /** The values in place. The view is valid until the next allocation on the engine; copy it to keep it. */
  get data(): Float32Array {
    if (this.dtype !== "f32") throw new ArgumentError(`data: the tensor holds ${this.dtype}; read it through ints`);
    return new Float32Array(this.engine.memory.buffer, this.address, this.size);
  }

  /** The values of an i32 tensor in place, valid as long as {@link data}. */
  get ints(): Int32Array {
    if (this.dtype !== "i32") throw new ArgumentError(`ints: the tensor holds ${this.dtype}; read it through data`);
    return new Int32Array(this.engine.memory.buffer, this.address, this.size);
  }

  /** The only value of a tensor of one element. */
  item(): number {
    if (this.size !== 1)
      throw new ArgumentError(
        `item: the tensor has ${this.size} values, of shape [${this.shape}]; item() reads the only one`,
      );
    return this.data[0]!;
  }

  /** A copy of the values that stays. */
  toArray(): Float32Array {
    return this.data.slice();
  }

  /** Write all values. */
  assign(values: ArrayLike<number>): void {
    expectLength("assign", this, values);
    this.data.set(values);
  }

  /** Write values in row-major order from element `first` on. */
  receive(values: Float32Array, first: number): void {
    this.data.set(values, first);
  }

  /** @internal The same for `count` values that `write` puts in their place. */
  receiveFrom(write: (target: Float32Array) => void, count: number, first: number): void {
    write(this.data.subarray(first, first + count));
  }

  /** Free the gradient; the next backward pass makes another. */
  settle(): void {
    this.storage.gradient?.[Symbol.dispose]();
    this.storage.gradient = null;
  }

  /** Write with a kernel. */
  overwrite(write: (address: number) => void): void {
    write(this.address);
  }
}

/** Shapes of at most as many elements as an engine's memory holds. */
export const aShape = /* @__PURE__ */ listOf(/* @__PURE__ */ wholeNumber(0, 4_294_967_296));

const aDtype = /* @__PURE__ */ oneOf("f32", "i32");

export function elementCount(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Require a value for each element. */
export function expectLength(op: string, t: { shape: Shape; size: number }, values: ArrayLike<number>): void {
  checkArgument(op, "values", values, anArray);
  if (values.length !== t.size)
    throw new ArgumentError(`${op}: shape [${t.shape}] has ${t.size} elements, got ${values.length} values`);
}

/** A new tensor with arbitrary content, owned by the open scope (or by the caller, when none is open). */
export function empty(engine: Engine, shape: Shape, dtype: Dtype = "f32"): Tensor {
  checkArgument("a new tensor", "shape", shape, aShape);
  checkArgument("a new tensor", "dtype", dtype, aDtype);
  const storage = new Storage(engine, elementCount(shape) * BYTES[dtype]);
  Scope.current?.own(storage);
  return new Tensor(storage, shape, dtype);
}

/** A new f32 tensor with arbitrary content that no scope owns, for values that are kept as long as a model. */
export function emptyLasting(engine: Engine, shape: Shape): Tensor {
  return new Tensor(new Storage(engine, elementCount(shape) * BYTES.f32, true), shape);
}

/**
 * A new tensor of zeros.
 *
 * @example
 * zeros(engine, [2, 2]).toArray(); // [0, 0, 0, 0]
 */
export function zeros(engine: Engine, shape: Shape, dtype: Dtype = "f32"): Tensor {
  const t = empty(engine, shape, dtype);
  new Uint8Array(engine.memory.buffer, t.address, t.size * BYTES[dtype]).fill(0);
  return t;
}

/**
 * A new f32 tensor with the given values.
 *
 * @throws {ArgumentError} if the shape has another number of elements
 * @example
 * tensor(engine, [1, 2, 3, 4], [2, 2]).shape; // [2, 2]
 */
export function tensor(engine: Engine, values: ArrayLike<number>, shape: Shape = [values.length]): Tensor {
  const t = empty(engine, shape);
  expectLength("tensor", t, values);
  t.data.set(values);
  return t;
}

/**
 * A new i32 tensor with the given values: ids, positions, counts.
 *
 * @throws {ArgumentError} if the shape has another number of elements
 * @example
 * intTensor(engine, [5, 7]).dtype; // "i32"
 */
export function intTensor(engine: Engine, values: ArrayLike<number>, shape: Shape = [values.length]): Tensor {
  const t = empty(engine, shape, "i32");
  expectLength("intTensor", t, values);
  t.ints.set(values);
  return t;
}

/**
 * The same values under another shape; the same storage, so the same gradient.
 *
 * @throws {ArgumentError} if the shape has another number of elements
 * @example
 * reshape(tensor(engine, [1, 2, 3, 4]), [2, 2]).shape; // [2, 2]
 */
export function reshape(t: Tensor, shape: Shape): Tensor {
  checkArgument("reshape", "shape", shape, aShape);
  if (elementCount(shape) !== t.size)
    throw new ArgumentError(
      `reshape: [${t.shape}] has ${t.size} elements, [${shape}] would have ${elementCount(shape)}`,
    );
  return new Tensor(t.storage, shape, t.dtype, t.offset);
}

/**
 * Rows [begin, end) of the first axis, in place: a view with the same storage, so the same gradient.
 *
 * @throws {ArgumentError} if the range is beyond the rows
 * @example
 * rows(tensor(engine, [1, 2, 3, 4], [2, 2]), 1, 2).toArray(); // [3, 4]
 */
export function rows(t: Tensor, begin: number, end: number): Tensor {
  const length = t.shape[0] ?? 0;
  const aRow = wholeNumber(0);
  if (!(aRow.accepts(begin) && aRow.accepts(end) && begin <= end && end <= length))
    throw new ArgumentError(`rows: [${given(begin)}, ${given(end)}) is not within the ${length} rows of [${t.shape}]`);
  const width = elementCount(t.shape.slice(1));
  return new Tensor(t.storage, [end - begin, ...t.shape.slice(1)], t.dtype, t.offset + begin * width);
}
