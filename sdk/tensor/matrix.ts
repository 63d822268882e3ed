/** Weights: the right-hand side of products, in the layouts in which they exist. */

import type { Engine } from "../engine/engine.js";
import { withScratch } from "../engine/scratch.js";
import { InputError } from "../errors.js";
import { ArgumentError, checkArgument } from "../options.js";
import {
  type CompactDtype,
  compactBytes,
  compactPanel,
  packCompact,
  unpackCompact,
  type WeightDtype,
} from "./compact-panels.js";
import { type Packed, pack, packPart, panelBytes, unpack } from "./panels.js";
import { Scope } from "./scope.js";
import { isTaping } from "./tape.js";
import {
  aShape,
  BYTES,
  type Differentiable,
  expectLength,
  type Shape,
  Storage,
  Tensor,
  type Variable,
} from "./tensor.js";

/** Which axis of a stored weight is which: PyTorch's linear layers are (out, inner), GPT-2's are (inner, out). */
export type Orientation = "out-inner" | "inner-out";

/** The two products of a linear layer with W (out, inner): y = x Wᵀ, and dx = dy W. */
export type Direction = "forward" | "backward";

/** A matrix as the kernel of a product reads it. How it is kept decides which kernel that is. */
export type Panels =
  | { readonly dtype: "f32"; readonly address: number }
  /** with the bytes of a panel */
  | { readonly dtype: CompactDtype; readonly address: number; readonly panel: number };

/** Where a table's entries are read from. */
export type Entries = { readonly layout: "rows" | "panels"; readonly address: number } | CompactEntries;

/** A table's entries in fewer bits than f32. */
export interface CompactEntries {
  readonly layout: "f16" | "q8";
  readonly address: number;
  readonly panel: number;
}

/** A weight is kept in a type that inference alone can use. */
export class CompactWeightError extends InputError {
  override name = "CompactWeightError";
}

/** Panels in memory, and whether they are those of the values that were written last. */
interface Copy {
  readonly storage: Storage;
  current: boolean;
}

/** Elements that are taken from the host at a time. */
const CHUNK = 65_536;
/** Chunks are multiples of this many rows: whole panels, and if rows are inputs, whole blocks that share a scale. */
const ROWS = { panels: 16, blocks: 128 };

/**
 * A weight, in one layout or several. Inference keeps it once, in panels. Training also has it by row, which the
 * optimizer writes, and packs it again after each step. A missing layout is made from an existing one.
 *
 * Values are written through {@link assign}, {@link receive} and {@link overwrite} alone. Each of them invalidates the
 * layouts made from the old values. For the same reason there is no view of the values: `toArray` is a copy.
 *
 * @example
 * const w = matrix(engine, [3, 4, 5, 6], [2, 2]);
 * affine(tensor(engine, [1, 2], [1, 2]), w, null).data; // [11, 17]
 * w.assign([0, 0, 0, 1]);
 * affine(tensor(engine, [1, 2], [1, 2]), w, null).data; // [0, 2]
 */
export class Matrix implements Differentiable, Variable {
  readonly size: number;
  readonly bytes: number;
  readonly offset = 0;
  gradient: Storage | null = null;
  traced = false;
  /** The values by row. If present, they are current, and panels are made from them. */
  #rows: Storage | null = null;
  /** Where there are no rows, the forward panels are there and current. */
  readonly #panels: Record<Direction, Copy | null> = { forward: null, backward: null };
  readonly #first: "rows" | "panels";

  /**
   * @param shape as it is stored
   * @param first the layout in which the first values are kept
   * @param dtype how they are kept; in fewer bits than f32 in panels alone, for inference
   */
  constructor(
    readonly engine: Engine,
    readonly shape: Shape,
    readonly orientation: Orientation = "out-inner",
    first: "rows" | "panels" = "rows",
    readonly dtype: WeightDtype = "f32",
  ) {
    checkArgument("matrix", "shape", shape, aShape);
    const [rows = 0, columns = 0] = shape;
    this.size = rows * columns;
    this.bytes = this.size * BYTES.f32;
    this.#first = dtype === "f32" ? first : "panels";
    Scope.current?.own(this);
  }

  /** Width of x in y = x Wᵀ. */
  get inner(): number {
    return this.shape[this.orientation === "out-inner" ? 1 : 0] ?? 0;
  }

  /** Width of y in y = x Wᵀ. */
  get out(): number {
    return this.shape[this.orientation === "out-inner" ? 0 : 1] ?? 0;
  }

  get variable(): Variable {
    return this;
  }

  /** The gradient as a tensor of the shape of the weight; null before any has arrived. */
  get grad(): Tensor | null {
    return this.gradient && new Tensor(this.gradient, this.shape);
  }

  /** A copy of the values by row. */
  toArray(): Float32Array {
    const { engine, dtype } = this;
    if (dtype !== "f32") return unpackCompact(engine, dtype, this.#written().address, this.#packed("forward"));
    return this.readRows((rows) => new Float32Array(this.engine.memory.buffer, rows, this.size).slice());
  }

  /** Write all values, by row. */
  assign(values: ArrayLike<number>): void {
    expectLength("assign", this, values);
    const width = this.shape[1] ?? 0;
    const { blocks } = ROWS;
    const step = Math.max(blocks, Math.floor(CHUNK / Math.max(1, width) / blocks) * blocks) * width;
    const all = values instanceof Float32Array ? values : Float32Array.from(values);
    for (let first = 0; first < all.length; first += step) this.receive(all.subarray(first, first + step), first);
  }

  /**
   * Write some of the values, by row.
   *
   * @param values those of whole rows: a multiple of 16 of them, or those up to the last; of 128 where rows are inputs and
   *   kept in fewer bits than f32
   * @param first index of the first value: where a row begins whose number is such a multiple
   */
  receive(values: Float32Array, first: number): void {
    // A view of the engine's memory would be lost when the memory grows.
    const own = values.buffer === this.engine.memory.buffer ? values.slice() : values;
    this.receiveFrom((target) => target.set(own), own.length, first);
  }

  /** @internal {@link receive} for `length` values that `write` puts into the engine's memory, from which they are packed. */
  receiveFrom(write: (target: Float32Array) => void, length: number, first: number): void {
    const { engine } = this;
    const [row, count] = this.#rowsOf(length, first);
    if (this.#rows || (this.#first === "rows" && !this.#panels.forward)) {
      this.overwrite((rows) => write(new Float32Array(engine.memory.buffer, rows + first * BYTES.f32, length)));
      return;
    }
    const { storage } = this.#copyOf("forward");
    withScratch(engine, length * BYTES.f32, (scratch) => {
      write(new Float32Array(engine.memory.buffer, scratch, length));
      const of = this.#packed("forward");
      if (this.dtype === "f32") packPart(engine, storage.address, scratch, of, row, count);
      else packCompact(engine, this.dtype, storage.address, scratch, of, row, count);
    });
    this.#panels.forward!.current = true;
    this.#outdate("backward");
  }

  /** Write with a kernel, which is given the address of the values by row. */
  overwrite(write: (rows: number) => void): void {
    this.expectTrainable();
    write(this.#ownRows().address);
    this.#outdate("forward");
    this.#outdate("backward");
  }

  /** The panels of one of the products; they are made where they are missing or out of date. */
  panels(direction: Direction): Panels {
    const { engine, dtype } = this;
    if (dtype !== "f32") {
      if (direction === "backward") this.expectTrainable();
      return { dtype, address: this.#written().address, panel: compactPanel(engine, dtype, this.inner) };
    }
    const copy = this.#copyOf(direction);
    if (!copy.current) {
      this.readRows((rows) => pack(this.engine, copy.storage.address, rows, this.#packed(direction)));
      copy.current = true;
      if (direction === "forward" && !this.#isLearning()) this.#keepForward();
    }
    return { dtype: "f32", address: copy.storage.address };
  }

  /** Where the rows of an (entries, width) table are read from. */
  entries(): Entries {
    const { engine, dtype } = this;
    if (dtype === "q4") throw new Error("a table of embeddings is not kept in 4 bits");
    if (dtype !== "f32")
      return { layout: dtype, address: this.#written().address, panel: compactPanel(engine, dtype, this.inner) };
    if (this.#rows) return { layout: "rows", address: this.#rows.address };
    return { layout: "panels", address: this.panels("forward").address };
  }

  /**
   * Require a type that can be trained.
   *
   * @throws {CompactWeightError} where the weight is kept in fewer bits than f32
   */
  expectTrainable(): void {
    if (this.dtype === "f32") return;
    throw new CompactWeightError(
      `a weight [${this.shape}] is kept as ${this.dtype}, for inference alone; to train the model, load it with dtype "f32"`,
    );
  }

  /** @internal Free the layouts that are out of date, and so hold nothing; returns which. */
  vacate(): Direction[] {
    const stale = (["forward", "backward"] as const).filter((direction) => this.#panels[direction]?.current === false);
    for (const direction of stale) this.#drop(direction);
    return stale;
  }

  /** Keep no more than inference needs: one layout, and no gradient. Further training makes the others again. */
  settle(): void {
    this.gradient?.[Symbol.dispose]();
    this.gradient = null;
    const { forward } = this.#panels;
    if (!forward || forward.storage.isDisposed || this.dtype !== "f32") return;
    this.panels("forward");
    this.#keepForward();
  }

  [Symbol.dispose](): void {
    for (const storage of [this.#rows, this.#panels.forward?.storage, this.#panels.backward?.storage, this.gradient])
      storage?.[Symbol.dispose]();
    this.gradient = null;
  }

  /** Whether an optimizer is going to want the values by row. */
  #isLearning(): boolean {
    return this.gradient !== null || (this.traced && isTaping());
  }

  #packed(direction: Direction): Packed {
    const { inner, out, orientation } = this;
    const isTransposed = orientation === "out-inner";
    return direction === "forward"
      ? { inner, columns: out, transposed: isTransposed }
      : { inner: out, columns: inner, transposed: !isTransposed };
  }

  #copyOf(direction: Direction): Copy {
    const copy = this.#panels[direction];
    if (copy) return copy;
    const { engine, dtype } = this;
    const of = this.#packed(direction);
    const bytes = dtype === "f32" ? panelBytes(of) : compactBytes(engine, dtype, of);
    const storage = new Storage(engine, bytes, true);
    return (this.#panels[direction] = { storage, current: false });
  }

  #drop(direction: Direction): void {
    this.#panels[direction]?.storage[Symbol.dispose]();
    this.#panels[direction] = null;
  }

  #outdate(direction: Direction): void {
    const copy = this.#panels[direction];
    if (copy) copy.current = false;
  }

  /** The block of the values by row, made where it is missing. */
  #ownRows(): Storage {
    if (this.#rows) return this.#rows;
    const rows = new Storage(this.engine, this.bytes, true);
    const { forward } = this.#panels;
    if (forward) unpack(this.engine, rows.address, forward.storage.address, this.#packed("forward"));
    return (this.#rows = rows);
  }

  /** The only panels of a weight in fewer bits than f32. */
  #written(): Storage {
    const { forward } = this.#panels;
    if (!forward) throw new ArgumentError(`matrix [${this.shape}] is read before anything was written`);
    return forward.storage;
  }

  /** @internal What `read` makes of the values by row, at an address that is valid until it returns. */
  readRows<T>(read: (rows: number) => T): T {
    if (this.#rows) return read(this.#rows.address);
    const { address } = this.#written();
    return withScratch(this.engine, this.bytes, (rows) => {
      unpack(this.engine, rows, address, this.#packed("forward"));
      return read(rows);
    });
  }

  #keepForward(): void {
    this.#rows?.[Symbol.dispose]();
    this.#rows = null;
    this.#drop("backward");
  }

  /** The rows that `length` values from `first` on are. */
  #rowsOf(length: number, first: number): [row: number, count: number] {
    const [rows = 0, width = 0] = this.shape;
    const [row, count] = width === 0 ? [0, 0] : [first / width, length / width];
    const unit = this.dtype !== "f32" && this.orientation === "inner-out" ? ROWS.blocks : ROWS.panels;
    const isWhole = Number.isInteger(count) && (count % unit === 0 || row + count === rows);
    if (!(Number.isInteger(row) && row % unit === 0 && isWhole && row + count <= rows))
      throw new ArgumentError(
        `receive: expected a multiple of ${unit} rows of [${this.shape}], got ${length} values from ${first} on`,
      );
    return [row, count];
  }
}

/**
 * A matrix with the given values, owned by the open scope (or by the caller, when none is open).
 *
 * @throws {ArgumentError} if the shape has another number of elements
 * @example
 * matrix(engine, [1, 2, 3, 4, 5, 6], [2, 3]).toArray().length; // 6
 */
export function matrix(
  engine: Engine,
  values: ArrayLike<number>,
  shape: Shape,
  orientation: Orientation = "out-inner",
): Matrix {
  const made = new Matrix(engine, shape, orientation);
  made.assign(values);
  return made;
}

/** A parameter of a model. Both are read as a whole with `toArray` and written with `assign`. */
export type Parameter = Tensor | Matrix;

/**
 * What `read` makes of a parameter's values by row, without a copy: the view is valid until `read` returns, or allocates on the
 * engine.
 *
 * @example
 * withValues(matrix(engine, [1, 2], [1, 2]), (values) => values[1]); // 2
 */
export function withValues<T>(parameter: Parameter, read: (values: Float32Array) => T): T {
  if (!(parameter instanceof Matrix)) return read(parameter.data);
  if (parameter.dtype !== "f32") return read(parameter.toArray());
  const { engine, size } = parameter;
  return parameter.readRows((rows) => read(new Float32Array(engine.memory.buffer, rows, size)));
}
