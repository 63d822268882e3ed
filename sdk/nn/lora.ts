/**
 * LoRA: low-rank adapters beside the linear layers of a model whose own weights are frozen. Hu et al. 2021, "LoRA:
 * Low-Rank Adaptation of Large Language Models" (arXiv:2106.09685), section 4.1; names, initialization and the choice of
 * layers as in Hugging Face's PEFT.
 *
 *   y = W x + b + (alpha / r) B A x,   A (r, inner) random, B (out, r) zero at first
 */
import { ArgumentError } from "../options.js";
import { Matrix } from "../tensor/matrix.js";
import { affine } from "../tensor/ops/affine.js";
import { dropout } from "../tensor/ops/dropout.js";
import { scale } from "../tensor/ops/elementwise.js";
import { matmul } from "../tensor/ops/matmul.js";
import { Scope } from "../tensor/scope.js";
import { isTraced } from "../tensor/tape.js";
import { type Tensor, tensor } from "../tensor/tensor.js";
import { constant, uniform } from "./init.js";
import type { Branch, LinearPlace, Overlay } from "./overlay.js";
import { WeightsError } from "./planned.js";
import type { Weights } from "./weights.js";

/** Names that an expression fits as a whole: a RegExp, or a pattern of adapter_config.json. */
export interface LayerPattern {
  /** as it is written */
  readonly source: string;
  test(name: string): boolean;
}

/** A value for the layers whose names an expression fits. */
export interface PatternValue {
  readonly pattern: LayerPattern;
  readonly value: number;
}

/** Layers by their numbers, such as the 3 of bert.encoder.layer.3.output. */
export interface LayerNumbers {
  readonly numbers: readonly number[];
  /** patterns of the name before the number; empty for any two parts, such as encoder.layer */
  readonly lists: readonly LayerPattern[];
}

/** The settings of an adapter, by their names in PEFT's adapter_config.json. */
export interface LoraSettings {
  /** rank of the change: columns of B */
  readonly r: number;
  /** the change is multiplied by alpha / r */
  readonly alpha: number;
  /** dropout probability of the branch's input */
  readonly dropout: number;
  /** alpha / √r instead of alpha / r: Kalajdzievski 2023 (arXiv:2312.03732) */
  readonly rankStabilized: boolean;
  /** layers by the last parts of their published names, or by an expression that fits the whole of them */
  readonly targets: readonly string[] | LayerPattern;
  /** modules by the end of their names that are learned whole and saved with the adapter: a new head */
  readonly modulesToSave: readonly string[];
  /** another rank for some layers; the first expression that fits counts */
  readonly ranks?: readonly PatternValue[];
  /** another alpha for some layers; the first expression that fits counts */
  readonly alphas?: readonly PatternValue[];
  /** of layers that `targets` names by the last parts of their names, those with these numbers alone */
  readonly layers?: LayerNumbers;
  /** layers that are not adapted although `targets` names them */
  readonly excluded?: readonly string[] | LayerPattern;
}

/** A layer with a branch. */
interface Adapted extends LinearPlace {
  readonly a: Matrix;
  readonly b: Matrix;
  /** the change is multiplied by it */
  readonly scaling: number;
}

/** Whether the name of a layer ends with one of the targets, at a dot. */
export function isTarget(module: string, targets: LoraSettings["targets"]): boolean {
  if (targets instanceof RegExp) return new RegExp(`^(?:${targets.source})$`, targets.flags).test(module);
  if ("test" in targets) return targets.test(module);
  return targets.some((target) => module === target || module.endsWith(`.${target}`));
}

/** The number of a layer; null where its name has none. PEFT takes the first. */
function layerNumber(module: string, { lists }: LayerNumbers): number | null {
  const parts = module.split(".");
  for (const [i, part] of parts.entries()) {
    if (!/^\d+$/.test(part) || i === parts.length - 1) continue;
    const before = parts.slice(0, i).join(".");
    if (lists.length === 0 ? i >= 2 : lists.some((list) => list.test(before))) return Number(part);
  }
  return null;
}

/** Whether a layer gets a branch. As in PEFT, numbers of layers are about targets that are ends of names. */
export function isAdapted(module: string, { targets, layers, excluded = [] }: LoraSettings): boolean {
  if (isTarget(module, excluded) || !isTarget(module, targets)) return false;
  if (!layers || "source" in targets || targets.includes(module)) return true;
  const number = layerNumber(module, layers);
  return number !== null && layers.numbers.includes(number);
}

/** The name of a parameter, and of every module around it, from the inside out. */
function* around(name: string): Generator<string> {
  for (let end = name.lastIndexOf("."); end > 0; end = name.lastIndexOf(".", end - 1)) yield name.slice(0, end);
}

function requireSettings({ r, alpha }: LoraSettings): void {
  if (!Number.isSafeInteger(r) || r < 1)
    throw new ArgumentError(`lora: the rank must be a whole number of at least 1, got ${r}`);
  if (!Number.isFinite(alpha)) throw new ArgumentError(`lora: alpha must be a number, got ${alpha}`);
}

/** The branches of one adapter, and the weights it owns. */
export class Lora implements Overlay<Weights> {
  readonly layers = new Map<string, Adapted>();
  /** the values that merging replaced */
  #kept: ReadonlyMap<string, Float32Array> | null = null;

  /** @param published the name that PEFT knows a module by, where it is not the one used here */
  constructor(
    readonly base: Weights,
    readonly settings: LoraSettings,
    readonly published: (module: string) => string = (module) => module,
  ) {
    requireSettings(settings);
  }

  /** Rank and scaling of a layer. */
  #sizeOf(module: string): { r: number; scaling: number } {
    const { rankStabilized, ranks, alphas } = this.settings;
    const own = (values: readonly PatternValue[] = []) => values.find(({ pattern }) => pattern.test(module))?.value;
    const [r, alpha] = [own(ranks) ?? this.settings.r, own(alphas) ?? this.settings.alpha];
    return { r, scaling: alpha / (rankStabilized ? Math.sqrt(r) : r) };
  }

  /** Whether a parameter belongs to a module that is learned whole. As in PEFT a name may begin inside of a part. */
  isSaved(name: string): boolean {
    return this.settings.modulesToSave.some((end) =>
      [...around(name)].some((module) => this.published(module).endsWith(end)),
    );
  }

  owns(name: string): boolean {
    return /\.lora_[AB]\.weight$/.test(name) || this.isSaved(name);
  }

  branch(w: Weights, place: LinearPlace): Branch | null {
    const module = this.published(w.path);
    if (this.isSaved(`${w.path}.weight`) || !isAdapted(module, this.settings)) return null;
    const { dropout: rate } = this.settings;
    const { r, scaling } = this.#sizeOf(module);
    const { inner, out } = place;
    // PyTorch's kaiming_uniform with a = sqrt(5): the bound is 1 / sqrt(inner).
    const a = w.at("lora_A").matrix("weight", [r, inner], uniform(1 / Math.sqrt(inner)));
    const b = w.at("lora_B").matrix("weight", [out, r], constant(0));
    this.layers.set(w.path, { ...place, a, b, scaling });
    return (x) => {
      if (this.#isInside(a)) return null;
      return scale(affine(affine(dropout(x, rate), a, null), b, null), scaling);
    };
  }

  /** Whether the model's own weights hold the change already. */
  get isMerged(): boolean {
    return this.#kept !== null;
  }

  #isInside(a: Matrix): boolean {
    const { merged } = this.base;
    if (merged === null) return false;
    if (merged !== this)
      throw new WeightsError(
        "lora: another adapter is merged into the model's weights; unmerge it before using this one",
      );
    if (isTraced(a))
      throw new WeightsError("lora: the adapter is merged into the model's weights; unmerge it to train it");
    return true;
  }

  /**
   * Add the change to the model's own weights, which then score as the adapted model does, at no cost of their own.
   *
   * @param own the adapter's weights, which modules that were learned whole are taken from
   * @throws {WeightsError} when an adapter is merged already
   */
  merge(own: Weights): void {
    const { base } = this;
    if (base.merged) throw new WeightsError("lora: an adapter is merged into the model's weights already");
    const kept = new Map<string, Float32Array>();
    const changed = new Map(base.entries());
    const change = (name: string, values: (old: Float32Array) => Float32Array): void => {
      const parameter = changed.get(name);
      if (!parameter) throw new WeightsError(`lora: the model has no ${name}`);
      if (parameter instanceof Matrix) parameter.expectTrainable();
      const old = parameter.toArray();
      const next = values(old);
      kept.set(name, old);
      parameter.assign(next);
    };
    for (const [path, layer] of this.layers) change(`${path}.weight`, (old) => this.#added(old, layer));
    for (const [name, t] of own.entries()) if (this.isSaved(name)) change(name, () => t.toArray());
    this.#kept = kept;
    base.merged = this;
  }

  /** Put the model's own weights back, to the bit. Nothing happens when this adapter is not merged. */
  unmerge(): void {
    if (!this.#kept) return;
    for (const [name, parameter] of this.base.entries()) {
      const old = this.#kept.get(name);
      if (!old) continue;
      parameter.assign(old);
    }
    this.#kept = null;
    this.base.merged = null;
  }

  /** W + (alpha / r) B A, in the layout of W. */
  #added(weight: Float32Array, { inner, out, transposed, a, b, scaling }: Adapted): Float32Array {
    using _ = new Scope();
    const valuesOf = (t: Matrix): Tensor => tensor(t.engine, t.toArray(), t.shape);
    const change = matmul(valuesOf(b), valuesOf(a)).data; // (out, inner)
    const sum = new Float32Array(weight.length);
    for (let row = 0; row < out; row++) {
      for (let column = 0; column < inner; column++) {
        const at = transposed ? column * out + row : row * inner + column;
        sum[at] = weight[at]! + scaling * change[row * inner + column]!;
      }
    }
    return sum;
  }
}
