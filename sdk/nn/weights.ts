/**
 * The parameters of a model by their published names: fresh, loaded, tied and saved in one place.
 *
 * A layer asks for its parameters by path (candle's VarBuilder). Where a file is open it gets the stored values, otherwise
 * freshly initialized ones. The same name asked for twice is the same parameter, which is how weights are tied.
 */
import type { Engine } from "../engine/engine.js";
import type { WeightDtype } from "../tensor/compact-panels.js";
import type { Matrix, Orientation, Parameter } from "../tensor/matrix.js";
import { Scope, unscoped } from "../tensor/scope.js";
import { empty, type Shape, Storage, Tensor } from "../tensor/tensor.js";
import type { Init } from "./init.js";
import type { Branch, LinearPlace, Overlay } from "./overlay.js";
import {
  expectSameRequest,
  expectStoredShape,
  made,
  type Notes,
  noted,
  type Plan,
  type Planned,
  plannedBytes,
  plannedOf,
} from "./planned.js";

/** Tensors of a file, under the names that the model will ask for. */
export interface StoredTensors {
  /** in the order in which the values are stored */
  names(): Iterable<string>;
  /** undefined when there is no such tensor */
  shape(name: string): Shape | undefined;
  /**
   * Hand over a tensor's values, converted to f32, in row-major order and in chunks. A chunk begins and ends at a multiple
   * of 128 rows (128 × the product of all dimensions but the first; only the last may be shorter). Tensors are filled one
   * at a time.
   *
   * @param sink takes a chunk and the index of its first element; the chunk's memory is reused after it returns
   * @param place takes chunks instead, where the values can be written to their place without a copy in between: gives
   *   `write` the memory of `count` values from element `first` on
   */
  fill(
    name: string,
    sink: (values: Float32Array, first: number) => void,
    place?: (write: (target: Float32Array) => void, count: number, first: number) => void,
  ): Promise<void>;
}

interface Root {
  readonly engine: Engine;
  readonly seed: number;
  readonly dtype: WeightDtype;
  readonly stored: StoredTensors | null;
  readonly copied: (name: string) => Parameter | undefined;
  /** Parameters with their stored values that no layer has asked for yet. */
  readonly filled: Map<string, Parameter>;
  readonly parameters: Map<string, Parameter>;
  /** Names that the stored weights did not have and that were initialized. */
  readonly fresh: Set<string>;
  readonly notes: Notes | null;
  readonly over: Overlay<Weights> | null;
  readonly shared: ReadonlyMap<string, Parameter>;
}

/** The source of weights that are not all fresh. */
export interface WeightsSources {
  /** how matrices are kept in memory; f32 by default, and the only type that can be trained */
  readonly dtype?: WeightDtype;
  /** a file's tensors, which {@link Weights.fill} reads */
  readonly stored?: StoredTensors;
  /** parameters of another model whose values are copied */
  readonly copied?: (name: string) => Parameter | undefined;
  /** an adapter over another model's weights */
  readonly over?: Overlay<Weights>;
  /** parameters shared with another model: both train them, and the other frees their memory */
  readonly shared?: ReadonlyMap<string, Parameter>;
}

/**
 * The parameters of a model by their published names: a layer asks for each, and gets a stored or a new one.
 *
 * @example
 * const weights = new Weights(engine, { seed: 1 });
 * const w = weights.at("encoder.layer.0.output.dense");
 * const weight = w.matrix("weight", [128, 512], normal(0.02)); // "encoder.layer.0.output.dense.weight"
 * const bias = w.get("bias", [128], constant(0));
 */
export class Weights implements Disposable {
  /** the overlay whose change these weights hold at this time; read and set by it */
  merged: Overlay<Weights> | null = null;
  readonly #root: Root;
  readonly #path: string;

  constructor(
    engine: Engine,
    options: (WeightsSources & { readonly seed?: number; readonly notes?: Notes }) | Weights,
    path = "",
  ) {
    this.#path = path;
    if (options instanceof Weights) this.#root = options.#root;
    else {
      const {
        seed = 1,
        dtype = "f32",
        stored = null,
        copied = () => undefined,
        notes = null,
        over = null,
        shared = new Map(),
      } = options;
      const made = { filled: new Map(), parameters: new Map(), fresh: new Set<string>() };
      this.#root = { engine, seed, dtype, stored, copied, ...made, notes, over, shared };
    }
  }

  /**
   * The parameters that a model would ask for, without creating them: a file can be checked against a configuration
   * before memory is taken. The model that `build` makes cannot be used.
   *
   * @example
   * const plan = Weights.plan(engine, (w) => w.at("classifier").matrix("weight", [3, 128], normal(0.02)));
   * plan.get("classifier.weight")!.shape; // [3, 128]
   */
  static plan(engine: Engine, build: (w: Weights) => unknown, sources: WeightsSources = {}): Plan {
    const notes = { requests: new Map<string, Planned>(), storage: new Storage(engine, 0) };
    try {
      build(new Weights(engine, { notes, ...sources }));
      return notes.requests;
    } finally {
      notes.storage[Symbol.dispose]();
    }
  }

  /** The parameters of several models as one set, in this order: for an optimizer. Each still belongs to its model. */
  static of(engine: Engine, shared: ReadonlyMap<string, Parameter>): Weights {
    const weights = new Weights(engine, { shared });
    for (const [name, parameter] of shared) weights.#root.parameters.set(name, parameter);
    return weights;
  }

  get engine(): Engine {
    return this.#root.engine;
  }

  /** The place that names are relative to: "" for that of all weights. */
  get path(): string {
    return this.#path;
  }

  /** The same weights, with names relative to `path`. */
  at(path: string): Weights {
    return new Weights(this.engine, this, this.#join(path));
  }

  /** Whether the stored weights have this name. */
  has(name: string): boolean {
    const full = this.#join(name);
    const { over } = this.#root;
    return over && !over.owns(full) ? over.base.has(full) : this.#storedShape(full) !== undefined;
  }

  #storedShape(full: string): Shape | undefined {
    const { stored, copied } = this.#root;
    return stored?.shape(full) ?? copied(full)?.shape;
  }

  /**
   * Stream the stored values of all planned weights into place, in the order of the file: matrices that a product
   * reads into panels, everything else by row. This is done between {@link Weights.plan} and the building of the model.
   *
   * @throws {WeightsError} when a stored tensor has another shape than the plan
   */
  async fill(plan: Plan): Promise<void> {
    const { engine, stored, filled, dtype } = this.#root;
    if (!stored) return;
    const names = [...stored.names()].filter((name) => plan.has(name));
    for (const name of names) expectStoredShape(name, stored.shape(name)!, plan.get(name)!.shape);
    engine.reserve(names.reduce((bytes, name) => bytes + plannedBytes(engine, plan.get(name)!, dtype), 0));
    for (const name of names) {
      const planned = plan.get(name)!;
      const parameter = unscoped(() => made(engine, planned, dtype, planned.isMultiplied ? "panels" : "rows"));
      filled.set(name, parameter);
      await stored.fill(
        name,
        (values, first) => parameter.receive(values, first),
        (write, count, first) => parameter.receiveFrom(write, count, first),
      );
    }
  }

  /** The term to add to the output of the linear layer at this place; null for none. */
  branch(place: LinearPlace): Branch | null {
    return this.#root.over?.branch(this, place) ?? null;
  }

  /**
   * A parameter that is not the right-hand side of a product: a bias, a norm's scale, a table of positions.
   *
   * @throws {WeightsError} when the stored tensor, or an earlier request, has another shape
   */
  get(name: string, shape: Shape, init: Init): Tensor {
    return this.#parameter(name, { shape, orientation: null, isMultiplied: false, isTable: false }, init) as Tensor;
  }

  /**
   * The weight of a linear layer, as {@link affine} takes it.
   *
   * @param shape (out, inner), or (inner, out) with orientation `inner-out`
   * @throws {WeightsError} as {@link get}
   */
  matrix(name: string, shape: Shape, init: Init, orientation: Orientation = "out-inner"): Matrix {
    return this.#parameter(name, { shape, orientation, isMultiplied: true, isTable: false }, init) as Matrix;
  }

  /**
   * A table of embeddings, (entries, width). A linear layer may have it as its weight: tied embeddings.
   *
   * @throws {WeightsError} as {@link get}
   */
  table(name: string, shape: Shape, init: Init): Matrix {
    return this.#parameter(
      name,
      { shape, orientation: "out-inner", isMultiplied: false, isTable: true },
      init,
    ) as Matrix;
  }

  #parameter(name: string, request: Planned, init: Init): Parameter {
    const full = this.#join(name);
    const { engine, parameters, filled, copied, fresh, seed, dtype, notes, over, shared } = this.#root;
    if (over && !over.owns(full)) return over.base.#parameter(full, request, init);
    if (notes) return noted(notes, engine, full, request);
    const known = parameters.get(full) ?? shared.get(full);
    if (known) {
      expectSameRequest(full, plannedOf(known), request);
      parameters.set(full, known);
      return known;
    }
    const inFile = this.#storedShape(full);
    if (inFile) expectStoredShape(full, inFile, request.shape);
    const copy = copied(full);
    if (inFile && !copy && !filled.has(full)) throw new Error(`${full} is asked for before Weights.fill has read it`);
    const parameter = filled.get(full) ?? unscoped(() => made(engine, request, dtype, "rows"));
    filled.delete(full);
    parameter.variable.traced = true;
    parameters.set(full, parameter);
    if (copy) parameter.assign(copy.toArray());
    else if (!inFile) {
      fresh.add(full);
      initialize(parameter, init, { seed, stream: nameHash(full) });
    }
    return parameter;
  }

  /** Names and parameters in the order in which the model asked for them. */
  entries(): IterableIterator<[string, Parameter]> {
    return this.#root.parameters.entries();
  }

  /** Names that were initialized because the stored weights did not have them. */
  get fresh(): ReadonlySet<string> {
    return this.#root.fresh;
  }

  /** The number of parameters of the model. */
  get count(): number {
    let count = 0;
    for (const parameter of this.#root.parameters.values()) count += parameter.size;
    return count;
  }

  /** Keep parameters whose name `match` accepts as they are: no gradient, no update. */
  freeze(match: (name: string) => boolean): void {
    for (const [name, parameter] of this.entries()) if (match(name)) parameter.variable.traced = false;
  }

  [Symbol.dispose](): void {
    const { parameters, filled, shared } = this.#root;
    for (const [name, parameter] of parameters) if (!shared.has(name)) parameter.variable[Symbol.dispose]();
    for (const parameter of filled.values()) parameter.variable[Symbol.dispose]();
    parameters.clear();
    filled.clear();
  }

  #join(name: string): string {
    return this.#path === "" ? name : name === "" ? this.#path : `${this.#path}.${name}`;
  }
}

function initialize(parameter: Parameter, init: Init, key: { readonly seed: number; readonly stream: number }): void {
  if (parameter instanceof Tensor) {
    init(parameter, key);
    return;
  }
  using _ = new Scope();
  const values = empty(parameter.engine, parameter.shape);
  init(values, key);
  parameter.assign(values.toArray());
}

/** FNV-1a: a parameter's random numbers depend on its name, not on when it was made. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
