/**
 * Modules of sentence-transformers around pooling: weighted layers before it; Dense, LayerNorm and Normalize after it
 * (LaBSE, distiluse, acge). Their weights are in folders of their own.
 */
import type { Engine } from "../../engine/engine.js";
import { shown } from "../../errors.js";
import { type LayerwiseEncoder, weightedLayers } from "../../heads/layer-states.js";
import { normal } from "../../nn/init.js";
import { biasFreeLinear, type Layer, linear, norm } from "../../nn/layers.js";
import { WeightsError } from "../../nn/planned.js";
import { type StoredTensors, Weights } from "../../nn/weights.js";
import type { EncoderBody } from "../../objectives/objective.js";
import type { Activation } from "../../tensor/ops/activation.js";
import { add } from "../../tensor/ops/elementwise.js";
import { normalizeRows } from "../../tensor/ops/reduce.js";
import { ModelFileError } from "../files/files.js";
import type { ModelFolder } from "../files/model-folder.js";
import { openOne } from "../safetensors/stored.js";
import { bodyOf, type SentenceModule } from "./modules.js";

/** The modules applied to hidden states, and to pooled vectors. Disposing frees the memory of their weights. */
export interface LoadedModules extends Disposable {
  /** the encoder whose hidden states are pooled */
  readonly before: (model: EncoderBody & LayerwiseEncoder) => EncoderBody;
  /** x (rows, width) -> (rows, another width) */
  readonly behind: Layer;
  /** of the vectors that a module makes; absent where it changes nothing about it */
  readonly width?: number;
}

const NONE: LoadedModules = { before: (model) => model, behind: (x) => x, [Symbol.dispose]: () => {} };

/**
 * Load the modules of a folder's settings.
 *
 * @param width of pooled vectors
 * @throws {ModelFileError | WeightsError} naming file and field
 */
export async function loadModules(
  engine: Engine,
  folder: ModelFolder,
  modules: readonly SentenceModule[],
  width: number,
): Promise<LoadedModules> {
  const made: LoadedModules[] = [];
  let vectors = width;
  try {
    for (const module of modules) {
      const one = await loadModule(engine, folder, module, vectors);
      made.push(one);
      vectors = one.width ?? vectors;
    }
  } catch (error) {
    for (const one of made) one[Symbol.dispose]();
    throw error;
  }
  return {
    before: (model) => made.reduce<EncoderBody & LayerwiseEncoder>((inner, one) => one.before(inner), model),
    behind: (x) => made.reduce((vectors, one) => one.behind(vectors), x),
    [Symbol.dispose]() {
      for (const one of made) one[Symbol.dispose]();
    },
  };
}

async function loadModule(
  engine: Engine,
  folder: ModelFolder,
  { kind, path }: SentenceModule,
  width: number,
): Promise<LoadedModules> {
  const inner = folder.at(path);
  // The table is the model itself.
  if (kind === "StaticEmbedding") return NONE;
  if (kind === "WeightedLayerPooling") return weightedLayerPooling(folder, inner);
  const config = await inner.fields("config.json");
  const name = `${inner.path}config.json`;
  requireVectors(config, name);
  if (kind === "Normalize") return { ...NONE, behind: normalizeRows };
  const field = kind === "Dense" ? "in_features" : "dimension";
  const size = sizeOf(config, field, name);
  if (size !== width)
    throw new ModelFileError(
      `${name}: ${field} is ${size}, but the vectors that come to this module have ${width} dimensions; do modules.json and the folders of the modules belong together?`,
    );
  const build = kind === "Dense" ? denseOf(config, name) : layerNormOf(size);
  const { layer, weights } = await filledLayer(engine, inner, build);
  const made = kind === "Dense" ? sizeOf(config, "out_features", name) : size;
  return { ...NONE, behind: layer, width: made, [Symbol.dispose]: () => weights[Symbol.dispose]() };
}

/** These modules can change hidden states too; here they change vectors. */
function requireVectors(config: Readonly<Record<string, unknown>>, name: string): void {
  for (const field of ["module_input_name", "module_output_name"]) {
    const value = config[field] ?? "sentence_embedding";
    if (value !== "sentence_embedding")
      throw new ModelFileError(`${name}: ${field} ${shown(value)} is not supported; expected "sentence_embedding"`);
  }
}

/** Activations by the names of their classes in torch.nn. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Identity: "none",
  Tanh: "tanh",
  Sigmoid: "sigmoid",
  ReLU: "relu",
  GELU: "gelu",
  SiLU: "silu",
};

function activationOf(config: Readonly<Record<string, unknown>>, name: string): Activation {
  const given = config["activation_function"] ?? "torch.nn.modules.activation.Tanh";
  const kind = typeof given === "string" && given.startsWith("torch.nn.") ? given.split(".").at(-1)! : "";
  if (Object.hasOwn(ACTIVATIONS, kind)) return ACTIVATIONS[kind]!;
  throw new ModelFileError(
    `${name}: activation_function ${shown(given)} is not supported; expected one of torch.nn's ${Object.keys(ACTIVATIONS).join(", ")}`,
  );
}

function sizeOf(config: Readonly<Record<string, unknown>>, field: string, name: string): number {
  const size = config[field];
  if (typeof size === "number" && Number.isInteger(size) && size > 0 && size <= 2 ** 20) return size;
  throw new ModelFileError(`${name}: ${field} must be a whole number from 1 to ${2 ** 20}, got ${shown(size)}`);
}

/** y = activation(x Wᵀ + b), and x (or a linear map of it) added where the module is residual. */
function denseOf(config: Readonly<Record<string, unknown>>, name: string): (w: Weights) => Layer {
  const [inner, out] = [sizeOf(config, "in_features", name), sizeOf(config, "out_features", name)];
  const activation = activationOf(config, name);
  return (w) => {
    const layer = linear(w.at("linear"), inner, out, normal(0.02), activation, config["bias"] !== false);
    if (config["use_residual"] !== true) return layer;
    const residual =
      inner === out ? (x: Parameters<Layer>[0]) => x : biasFreeLinear(w.at("residual"), inner, out, normal(0.02));
    return (x) => add(layer(x), residual(x));
  };
}

/** PyTorch's default epsilon. */
const EPSILON = 1e-5;

const layerNormOf =
  (size: number) =>
  (w: Weights): Layer =>
    norm(w.at("norm"), size, EPSILON);

/** A module's layer with the weights of its folder. */
async function filledLayer(
  engine: Engine,
  inner: ModelFolder,
  build: (w: Weights) => Layer,
): Promise<{ layer: Layer; weights: Weights }> {
  return withWeights(inner, async (stored) => {
    const plan = Weights.plan(engine, build, { stored });
    const missing = [...plan.keys()].filter((name) => !stored.shape(name));
    const unexpected = [...stored.names()].filter((name) => !plan.has(name));
    if (missing.length + unexpected.length > 0)
      throw new WeightsError(
        `${inner.path}model.safetensors: missing ${missing.join(", ") || "nothing"}, not known ${unexpected.join(", ") || "nothing"}`,
        missing,
        unexpected,
      );
    const weights = new Weights(engine, { stored });
    try {
      await weights.fill(plan);
      const layer = build(weights);
      weights.freeze(() => true);
      return { layer, weights };
    } catch (error) {
      weights[Symbol.dispose]();
      throw error;
    }
  });
}

async function withWeights<T>(inner: ModelFolder, work: (stored: StoredTensors) => Promise<T>): Promise<T> {
  const opened = await openOne(inner, "model.safetensors");
  if (!opened)
    throw new ModelFileError(
      `${inner.path}model.safetensors, which modules.json asks for, is missing; weights in other formats (.bin) are not read`,
    );
  try {
    return await work(opened.tensors);
  } finally {
    await opened.file.close?.();
  }
}

/** As in the library, layers are weighted only where the model's configuration asks for all of them. */
async function weightedLayerPooling(folder: ModelFolder, inner: ModelFolder): Promise<LoadedModules> {
  const body = await (await bodyOf(folder)).fields("config.json");
  if (body["output_hidden_states"] !== true) return NONE;
  const start = (await inner.fields("config.json"))["layer_start"] ?? 4;
  if (typeof start !== "number" || !Number.isInteger(start) || start < 0)
    throw new ModelFileError(`${inner.path}config.json: layer_start must be a whole number, got ${shown(start)}`);
  const weights = await withWeights(inner, async (stored) => {
    const [length = 0] = stored.shape("layer_weights") ?? [];
    const values = new Float32Array(length);
    if (length > 0) await stored.fill("layer_weights", (chunk, first) => values.set(chunk, first));
    return values;
  });
  return { ...NONE, before: (model) => weightedLayers(model, start, weights) };
}
