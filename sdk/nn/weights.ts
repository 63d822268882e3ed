/**
 * The parameters of a model by their published names: fresh, loaded, tied and saved in one place.
 *
 * A layer asks for its parameters by path (candle's VarBuilder). When a checkpoint is open the stored values come back,
 * otherwise freshly initialised ones; the same name asked twice is the same tensor, which is all that tying needs.
 */

import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { unscoped } from "../tensor/scope.js";
import { empty, type Shape, Storage, Tensor } from "../tensor/tensor.js";
import type { Init } from "./init.js";

/** Tensors of a file, under the names that the model will ask for. */
export interface StoredTensors {
  /** in the order in which the values are stored */
  names(): Iterable<string>;
  /** undefined when there is no such tensor */
  shape(name: string): Shape | undefined;
  /**
   * Hand over a tensor's values, converted to f32, in row-major order and in chunks. A chunk begins and ends at a multiple
   * of 16 rows (16 × the product of all dimensions but the first; only the last may be shorter). Tensors are filled one
   * at a time.
   *
   * @param sink takes a chunk and the index of its first element; the chunk's memory is reused after it returns
   */
  fill(name: string, sink: (values: Float32Array, first: number) => void): Promise<void>;
}

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

/** Where a linear layer of a model is, and what it maps. */
export interface LinearPlace {
  readonly inner: number;
  readonly out: number;
  /** whether its weight is stored (inner, out), as GPT-2's are */
  readonly turned: boolean;
}

/** What is added to a linear layer's output: x (rows, inner) -> (rows, out); null for nothing at this time. */
export type Branch = (x: Tensor) => Tensor | null;

/**
 * Weights that stand on those of another model: an adapter's. What they do not own is the other model's, not a copy, so
 * that several of them share one body.
 */
export interface Overlay {
  readonly base: Weights;
  owns(name: string): boolean;
  /** The branch beside the linear layer that asks from `w`; null for layers that stay as they are. */
  branch(w: Weights, place: LinearPlace): Branch | null;
}

/** No model comes near so many tensors; a configuration that asks for more is damaged. */
const MOST_TENSORS = 100_000;

/** Requests that are noted instead of met: all tensors stand on one storage without elements. */
interface Plan {
  readonly shapes: Map<string, Shape>;
  readonly storage: Storage;
}

interface Root {
  readonly engine: Engine;
  readonly seed: number;
  readonly stored: StoredTensors | null;
  readonly copied: (name: string) => Tensor | undefined;
  /** Parameters with their stored values that no layer has asked for yet. */
  readonly filled: Map<string, Tensor>;
  readonly parameters: Map<string, Tensor>;
  /** Names that the stored weights did not have and that were initialised instead. */
  readonly fresh: Set<string>;
  readonly plan: Plan | null;
  readonly over: Overlay | null;
  readonly shared: ReadonlyMap<string, Tensor>;
}

/** What weights are made of, where they are not all fresh. */
export interface WeightsSources {
  /** a file's tensors, which {@link Weights.fill} reads */
  readonly stored?: StoredTensors;
  /** parameters of another model whose values are copied */
  readonly copied?: (name: string) => Tensor | undefined;
  /** another model's weights, which these stand on */
  readonly over?: Overlay;
  /** parameters that belong to another model and are this one's too: both learn them, the other gives their memory back */
  readonly shared?: ReadonlyMap<string, Tensor>;
}

/**
 * @example
 * const weights = new Weights(engine, { seed: 1 });
 * const w = weights.at("encoder.layer.0");
 * const weight = w.get("output.dense.weight", [128, 512], normal(0.02)); // "encoder.layer.0.output.dense.weight"
 */
export class Weights implements Disposable {
  /** the overlay whose change these weights hold at this time; read and set by it */
  merged: Overlay | null = null;
  readonly #root: Root;
  readonly #path: string;

  constructor(
    engine: Engine,
    options: (WeightsSources & { readonly seed?: number; readonly plan?: Plan }) | Weights,
    path = "",
  ) {
    this.#path = path;
    if (options instanceof Weights) this.#root = options.#root;
    else {
      const {
        seed = 1,
        stored = null,
        copied = () => undefined,
        plan = null,
        over = null,
        shared = new Map(),
      } = options;
      const made = { filled: new Map(), parameters: new Map(), fresh: new Set<string>() };
      this.#root = { engine, seed, stored, copied, ...made, plan, over, shared };
    }
  }

  /**
   * What a model would ask for, by name and shape, without making any of it: so a file can be checked against a
   * configuration before memory is taken. The model that `build` makes cannot be used.
   *
   * @example
   * Weights.plan(engine, (w) => w.at("classifier").get("weight", [3, 128], normal(0.02)));
   * // Map { "classifier.weight" => [3, 128] }
   */
  static plan(
    engine: Engine,
    build: (w: Weights) => unknown,
    sources: WeightsSources = {},
  ): ReadonlyMap<string, Shape> {
    const plan = { shapes: new Map<string, Shape>(), storage: new Storage(engine, 0) };
    try {
      build(new Weights(engine, { plan, ...sources }));
      return plan.shapes;
    } finally {
      plan.storage[Symbol.dispose]();
    }
  }

  get engine(): Engine {
    return this.#root.engine;
  }

  /** Where these weights are seen from: "" for all of them. */
  get path(): string {
    return this.#path;
  }

  /** The same weights, seen from `path` downwards. */
  at(path: string): Weights {
    return new Weights(this.engine, this, this.#join(path));
  }

  /** Whether a checkpoint is open that has this name. */
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
   * Stream the stored values of what a model will ask for into place, in the order of the file. This is done between
   * {@link Weights.plan} and the building of the model.
   *
   * @throws {WeightsError} when a stored tensor has another shape than the plan
   */
  async fill(plan: ReadonlyMap<string, Shape>): Promise<void> {
    const { engine, stored, filled } = this.#root;
    if (!stored) return;
    for (const name of stored.names()) {
      const shape = plan.get(name);
      if (shape === undefined) continue;
      expectStoredShape(name, stored.shape(name)!, shape);
      const parameter = unscoped(() => empty(engine, shape));
      filled.set(name, parameter);
      await stored.fill(name, (values, first) => parameter.data.set(values, first));
    }
  }

  /** What is to be added to the output of the linear layer at this place; null where nothing is. */
  branch(place: LinearPlace): Branch | null {
    return this.#root.over?.branch(this, place) ?? null;
  }

  /**
   * The parameter of that name.
   *
   * @throws {WeightsError} when the stored tensor, or an earlier request, has another shape
   */
  get(name: string, shape: Shape, init: Init): Tensor {
    const full = this.#join(name);
    const { engine, parameters, filled, copied, fresh, seed, plan, over, shared } = this.#root;
    if (over && !over.owns(full)) return over.base.get(full, shape, init);
    if (plan) return noted(plan, full, shape);
    const known = parameters.get(full) ?? shared.get(full);
    if (known) {
      expectSameRequest(full, known.shape, shape);
      parameters.set(full, known);
      return known;
    }
    const inFile = this.#storedShape(full);
    if (inFile) expectStoredShape(full, inFile, shape);
    const copy = copied(full);
    if (inFile && !copy && !filled.has(full)) throw new Error(`${full} is asked for before Weights.fill has read it`);
    const parameter = filled.get(full) ?? unscoped(() => empty(engine, shape));
    filled.delete(full);
    parameter.storage.traced = true;
    parameters.set(full, parameter);
    if (copy) parameter.data.set(copy.data);
    else if (!inFile) {
      fresh.add(full);
      init(parameter, { seed, stream: nameHash(full) });
    }
    return parameter;
  }

  /** Names and parameters in the order in which the model asked for them. */
  entries(): IterableIterator<[string, Tensor]> {
    return this.#root.parameters.entries();
  }

  /** Names that were initialised because the stored weights did not have them. */
  get fresh(): ReadonlySet<string> {
    return this.#root.fresh;
  }

  /** How many numbers the model has learned. */
  get count(): number {
    let count = 0;
    for (const parameter of this.#root.parameters.values()) count += parameter.size;
    return count;
  }

  /** Keep parameters whose name `match` accepts as they are: no gradient, no update. */
  freeze(match: (name: string) => boolean): void {
    for (const [name, parameter] of this.entries()) if (match(name)) parameter.storage.traced = false;
  }

  [Symbol.dispose](): void {
    const { parameters, filled, shared } = this.#root;
    for (const [name, parameter] of parameters) if (!shared.has(name)) parameter.storage[Symbol.dispose]();
    for (const parameter of filled.values()) parameter.storage[Symbol.dispose]();
    parameters.clear();
    filled.clear();
  }

  #join(name: string): string {
    return this.#path === "" ? name : name === "" ? this.#path : `${this.#path}.${name}`;
  }
}

/** Note a request; the tensor that comes back has a shape and nothing else. */
function noted({ shapes, storage }: Plan, name: string, shape: Shape): Tensor {
  const known = shapes.get(name);
  if (known) expectSameRequest(name, known, shape);
  else if (shapes.size >= MOST_TENSORS) {
    throw new WeightsError(`the model asks for more than ${MOST_TENSORS} tensors. Is config.json damaged?`);
  }
  shapes.set(name, shape);
  return new Tensor(storage, shape);
}

function expectStoredShape(name: string, stored: Shape, shape: Shape): void {
  if (!sameShape(stored, shape))
    throw new WeightsError(
      `${name}: the file has [${stored}], the model needs [${shape}]. Do config.json and the weights belong together?`,
    );
}

function expectSameRequest(name: string, known: Shape, shape: Shape): void {
  if (!sameShape(known, shape))
    throw new WeightsError(`${name}: asked for as [${shape}], but it was made as [${known}]`);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/** FNV-1a: a parameter's random numbers depend on its name, not on when it was made. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
