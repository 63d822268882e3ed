/**
 * A parameter as a layer asks for it, before there is memory for it: its shape, the layout and the element type that it will
 * have. {@link Weights} notes such requests as a plan, which is compared with a file before anything is read.
 */
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { compactBytes, type WeightDtype } from "../tensor/compact-panels.js";
import { Matrix, type Orientation, type Parameter } from "../tensor/matrix.js";
import { elementCount, emptyLasting, type Shape, type Storage, Tensor } from "../tensor/tensor.js";

/** Stored weights do not fit the model that asks for them. */
export class WeightsError extends InputError {
  override name = "WeightsError";
  /**
   * @param missing names that the model needs and the weights do not have
   * @param unexpected names in the weights that the model does not know
   */
  constructor(
    message: string,
    readonly missing: readonly string[] = [],
    readonly unexpected: readonly string[] = [],
  ) {
    super(message);
  }
}

/** More tensors than any model has; a configuration that asks for more is damaged. */
const MOST_TENSORS = 100_000;

/** A parameter as layers ask for it. */
export interface Planned {
  readonly shape: Shape;
  /** that of a matrix; null for a tensor */
  readonly orientation: Orientation | null;
  /** whether a product reads the matrix, not a lookup alone */
  readonly isMultiplied: boolean;
  /** whether rows of the matrix are looked up */
  readonly isTable: boolean;
}

/** The parameters that a model asks for, by name. */
export type Plan = ReadonlyMap<string, Planned>;

/** Requests that are noted, not met: every tensor of the model is on one storage without elements. */
export interface Notes {
  readonly requests: Map<string, Planned>;
  readonly storage: Storage;
}

/** Matrices with fewer outputs stay f32: a small classification head costs nothing and is sensitive to rounding. */
const LEAST_OUT = 32;

/**
 * How a parameter is kept where the model's matrices are kept as `dtype`. Tables are kept in 8 bits at least, and so are
 * matrices with an odd number of inputs.
 */
function dtypeOf({ shape, orientation, isTable }: Planned, dtype: WeightDtype): WeightDtype {
  if (orientation === null) return "f32";
  const [out = 0, inner = 0] = orientation === "out-inner" ? shape : shape.toReversed();
  if (out < LEAST_OUT || inner === 0) return "f32";
  return dtype === "q4" && (isTable || inner % 2 === 1) ? "q8" : dtype;
}

/** Bytes that a parameter will take. */
export function plannedBytes(engine: Engine, planned: Planned, dtype: WeightDtype): number {
  const { shape, orientation } = planned;
  const kept = dtypeOf(planned, dtype);
  if (kept === "f32") return elementCount(shape) * 4;
  const [columns = 0, inner = 0] = orientation === "out-inner" ? shape : shape.toReversed();
  return compactBytes(engine, kept, { inner, columns, transposed: orientation === "out-inner" });
}

/** A parameter with arbitrary content. */
export function made(engine: Engine, planned: Planned, dtype: WeightDtype, layout: "rows" | "panels"): Parameter {
  const { shape, orientation } = planned;
  if (orientation) return new Matrix(engine, shape, orientation, layout, dtypeOf(planned, dtype));
  return emptyLasting(engine, shape);
}

/** Record a request; the result has a shape and no values. */
export function noted({ requests, storage }: Notes, engine: Engine, name: string, request: Planned): Parameter {
  const known = requests.get(name);
  if (known) expectSameRequest(name, known, request);
  else if (requests.size >= MOST_TENSORS) {
    throw new WeightsError(`the model asks for more than ${MOST_TENSORS} tensors. Is config.json damaged?`);
  }
  requests.set(name, {
    ...request,
    isMultiplied: request.isMultiplied || (known?.isMultiplied ?? false),
    isTable: request.isTable || (known?.isTable ?? false),
  });
  return request.orientation
    ? new Matrix(engine, request.shape, request.orientation)
    : new Tensor(storage, request.shape);
}

export const plannedOf = (parameter: Parameter): Planned =>
  parameter instanceof Tensor
    ? { shape: parameter.shape, orientation: null, isMultiplied: false, isTable: false }
    : { shape: parameter.shape, orientation: parameter.orientation, isMultiplied: true, isTable: false };

export function expectStoredShape(name: string, stored: Shape, shape: Shape): void {
  if (!sameShape(stored, shape))
    throw new WeightsError(
      `${name}: the file has [${stored}], the model needs [${shape}]. Do config.json and the weights belong together?`,
    );
}

export function expectSameRequest(name: string, known: Planned, request: Planned): void {
  if (!sameShape(known.shape, request.shape))
    throw new WeightsError(`${name}: asked for as [${request.shape}], but it was made as [${known.shape}]`);
  const kind = ({ orientation }: Planned): string => (orientation ? `a matrix (${orientation})` : "a tensor");
  if (known.orientation !== request.orientation)
    throw new WeightsError(`${name}: asked for as ${kind(request)}, but it was made as ${kind(known)}`);
}

/** Whether two shapes have the same lengths. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}
