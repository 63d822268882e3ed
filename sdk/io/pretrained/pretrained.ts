/** Model folders as Hugging Face publishes them, read: config.json and model.safetensors. */
import type { Engine } from "../../engine/engine.js";
import { shown } from "../../errors.js";
import { LabelSet } from "../../heads/labels.js";
import { staticEmbedding } from "../../models/encoders/static-embedding.js";
import { familyOf } from "../../models/families.js";
import { buildModel, type Model } from "../../models/family/build.js";
import { ConfigError, number, type Section, section } from "../../models/family/config.js";
import type { EncoderFamily, ModelTask } from "../../models/family/family.js";
import { type Plan, sameShape, WeightsError } from "../../nn/planned.js";
import { type StoredTensors, Weights } from "../../nn/weights.js";
import { aBoolean, aNull, checkOptions, either, oneOf, type Rule, wholeNumber, withMethods } from "../../options.js";
import { type TurnOptions, turnRules } from "../../tensor/turns.js";
import { type Files, ModelFileError } from "../files/files.js";
import { type ModelFolder, openFolder } from "../files/model-folder.js";
import { type ModelSource, openSource } from "../files/model-source.js";
import { dequantized, quantizationOf } from "../safetensors/quantized.js";
import { type OpenWeights, openWeights, renamed } from "../safetensors/stored.js";
import { isUntied } from "../safetensors/untied.js";
import { bodyOf } from "../sentence-transformers/modules.js";
import { isStatic, staticConfig, staticTensors } from "../sentence-transformers/static-embedding.js";
import { Loading } from "./loading.js";
import { aWeightDtype, type WeightDtypeName, weightDtype } from "./weight-dtype.js";

/** The family that a config.json names. */
export type FamilyTable = (config: unknown) => EncoderFamily<unknown>;

/** A model with all that belongs to it. Disposing it gives its weights' memory back. */
export interface Pretrained<P extends ModelTask = ModelTask> extends Disposable {
  readonly engine: Engine;
  readonly family: EncoderFamily<unknown>;
  readonly task: P;
  /** config.json as it is */
  readonly config: Section;
  readonly model: Model<P>;
  readonly weights: Weights;
  /** the names of the classes; null for models without */
  readonly labels: LabelSet | null;
  /** head parameters that were not in the file and begin at random: a new task */
  readonly fresh: readonly string[];
  /** heads of other tasks that the file has and this model does not use */
  readonly leftOver: readonly string[];
}

/** Options of {@link loadModel}. Loading yields to other tasks; progress counts bytes of weights. */
export interface LoadOptions<P extends ModelTask> extends TurnOptions {
  /** task of the model; default: from `architectures` in config.json */
  readonly task?: P;
  /** the classes of a new task; those of config.json where not given */
  readonly labels?: LabelSet | null;
  /** of fresh heads, and of everything with `scratch` */
  readonly seed?: number;
  /** do not read the weights: the same architecture with random ones */
  readonly scratch?: boolean;
  /**
   * How the matrices are kept and computed with: `f32`, `f16`, `q8` (8 bits) or `q4` (4 bits); `float32`, `int8` and the
   * like mean the same. By default as the folder was quantized, else `f32`, which is the only type that can be trained.
   */
  readonly dtype?: WeightDtypeName;
}

const TASKS: Readonly<Record<ModelTask, true>> = {
  "feature-extraction": true,
  pretraining: true,
  "masked-lm": true,
  "next-sentence-prediction": true,
  "sequence-classification": true,
  "token-classification": true,
  "question-answering": true,
  "replaced-token-detection": true,
  "causal-lm": true,
  "seq2seq-lm": true,
};

const LOAD_OPTIONS: Readonly<Record<keyof LoadOptions<ModelTask>, Rule>> = /* @__PURE__ */ (() => ({
  task: oneOf(...Object.keys(TASKS)),
  labels: either(withMethods("a LabelSet", "id", "name"), aNull),
  seed: wholeNumber(0),
  scratch: aBoolean,
  dtype: aWeightDtype(),
  ...turnRules(),
}))();

/** The task that a configuration's `architectures` name; feature extraction without any. */
export function taskOf(family: EncoderFamily<unknown>, config: Section): ModelTask {
  const { architectures } = config;
  const named = Array.isArray(architectures) ? (architectures[0] as unknown) : undefined;
  if (named === undefined) return "feature-extraction";
  const found = Object.entries(family.architectures).find(([, name]) => name === named);
  if (!found)
    throw new ConfigError(
      `config.json: architecture ${shown(named)} is not supported; ${family.type} has ${Object.values(family.architectures).join(", ")}`,
    );
  return found[0] as ModelTask;
}

const needsLabels = (task: ModelTask): boolean => task === "sequence-classification" || task === "token-classification";

/** More classes than any published model has; a configuration that asks for more is damaged. */
const MOST_LABELS = 1_000_000;

/** id2label of config.json, or LABEL_0 … where only their number is given (two where neither is). */
function labelsOf(config: Section): LabelSet {
  const { id2label } = config;
  const multiLabel = config["problem_type"] === "multi_label_classification";
  if (id2label === undefined || id2label === null) {
    const count = number(config, "num_labels", 2);
    if (count > MOST_LABELS) throw new ConfigError(`config.json: num_labels ${count} is more than ${MOST_LABELS}`);
    return new LabelSet(
      Array.from({ length: count }, (_, id) => `LABEL_${id}`),
      { multiLabel },
    );
  }
  const names = new Map(Object.entries(section(id2label, "id2label")));
  return new LabelSet(
    Array.from({ length: names.size }, (_, id) => {
      const name = names.get(String(id));
      if (typeof name !== "string" && typeof name !== "number" && typeof name !== "boolean")
        throw new ConfigError(
          `config.json: id2label must name the ${names.size} classes 0 to ${names.size - 1}, but ${id} is ${shown(name)}`,
        );
      return String(name);
    }),
    { unique: false, multiLabel },
  );
}

/** The classes of a model: those given, or those of config.json; null for purposes without. */
export function classesOf(config: Section, task: ModelTask, given: LabelSet | null | undefined): LabelSet | null {
  if (!needsLabels(task)) return null;
  if (given !== undefined) return given;
  return labelsOf(config);
}

/**
 * Load a model: its files, its folder, or the name that it is published by.
 *
 * @throws {ModelFileError | ConfigError | WeightsError | SafetensorsError} saying which file, tensor or field is wrong
 * @example
 * const { model } = await loadModel(engine, folder("all-MiniLM-L6-v2"));
 */
export async function loadModel<P extends ModelTask = ModelTask>(
  engine: Engine,
  files: ModelSource,
  options: LoadOptions<P> = {},
): Promise<Pretrained<P>> {
  return loadModelOf(familyOf, engine, openSource(files, "loadModel"), options, isUntied);
}

/**
 * {@link loadModel} over a table of families.
 *
 * @param isOwn whether a weight that config.json ties is one of its own; by default none is
 */
export async function loadModelOf<P extends ModelTask = ModelTask>(
  familyOf: FamilyTable,
  engine: Engine,
  files: Files,
  options: LoadOptions<P> = {},
  isOwn?: typeof isUntied,
): Promise<Pretrained<P>> {
  checkOptions("loadModel", options, LOAD_OPTIONS);
  const loading = new Loading(options);
  const root = openFolder(files, "loadModel").watched((file) => loading.watch(file));
  const folder = await bodyOf(root);
  options.signal?.throwIfAborted();
  if (options.scratch) {
    const { made, build, dtype } = planned(engine, familyOf(await configOf(folder)), await configOf(folder), options);
    return assembled(made, build, new Weights(engine, { seed: options.seed ?? 1, dtype }), []);
  }
  // Configuration and weights are opened side by side; the configuration's own error is thrown first.
  const opening = openWeights(folder);
  const closed = opening.then(
    (opened) => opened,
    () => null,
  );
  try {
    const { config, family, tensors } = await described(familyOf, root, folder, opening);
    const { made, build, read, dtype } = planned(engine, family, config, options);
    const file = await tensors;
    const stored = await renamed(file, family, read, isOwn?.(file, family, made.task));
    // Compare everything before allocating: a wrong configuration must not take more memory than its file has.
    const plan = Weights.plan(engine, build, { stored });
    const leftOver = compare(stored, plan, made);
    const weights = new Weights(engine, { seed: options.seed ?? 1, stored, dtype });
    await filled(weights, plan);
    loading.end();
    return assembled(made, build, weights, leftOver);
  } finally {
    await (await closed)?.close();
  }
}

/** Configuration, family and tensors of a folder. A table of static embeddings is its own configuration. */
async function described(familyOf: FamilyTable, root: ModelFolder, folder: ModelFolder, opening: Promise<OpenWeights>) {
  if (await isStatic(root, await folder.json("config.json"))) {
    const tensors = await staticTensors(await opening);
    return { config: staticConfig(tensors), family: staticEmbedding as EncoderFamily<unknown>, tensors };
  }
  const config = await configOf(folder);
  const quantization = quantizationOf(config);
  const family = familyOf(config);
  return { config, family, tensors: quantization ? dequantized(await opening) : opening };
}

/** The model that a configuration describes. */
function planned<P extends ModelTask>(
  engine: Engine,
  family: EncoderFamily<unknown>,
  config: Section,
  options: LoadOptions<P>,
) {
  const read = family.read(config);
  const task = options.task ?? (taskOf(family, config) as P);
  const labels = classesOf(config, task, options.labels);
  const build = (w: Weights) => buildModel(family, w, read, task, labels?.size ?? 1);
  const dtype = options.dtype === undefined ? (quantizationOf(config) ?? "f32") : weightDtype(options.dtype);
  return { made: { engine, family, task, config, labels }, build, read, dtype };
}

/** Fill weights; when that fails they are disposed. */
export async function filled(weights: Weights, plan: Plan): Promise<void> {
  try {
    await weights.fill(plan);
  } catch (error) {
    weights[Symbol.dispose]();
    throw error;
  }
}

/** The model over its weights, which are disposed when it cannot be built. */
function assembled<P extends ModelTask>(
  made: Pick<Pretrained<P>, "engine" | "family" | "task" | "config" | "labels">,
  build: (w: Weights) => Model<P>,
  weights: Weights,
  leftOver: readonly string[],
): Pretrained<P> {
  try {
    const model = build(weights);
    const fresh = [...weights.fresh];
    return { ...made, model, weights, fresh, leftOver, [Symbol.dispose]: () => weights[Symbol.dispose]() };
  } catch (error) {
    weights[Symbol.dispose]();
    throw error;
  }
}

/** config.json, which every model folder has. */
async function configOf(folder: ModelFolder): Promise<Section> {
  const json = await folder.json("config.json");
  if (json === undefined) throw new ModelFileError("config.json is missing: is this a model folder?");
  return section(json);
}

/**
 * Everything but heads must be in the file, in the shape that the model needs, and the body has no other parameters.
 *
 * @returns heads of other tasks, which the model does not use
 * @throws {WeightsError} with all names that are missing or unexpected
 */
function compare(stored: StoredTensors, asked: Plan, { family, task }: Pick<Pretrained, "family" | "task">): string[] {
  const leftOver = [...stored.names()].filter((name) => !asked.has(name));
  // Tensors without the body's prefix cannot change the body: they are heads of classes not known here.
  const isBody = (name: string) =>
    !family.isHead(name) &&
    (family.prefix === "" || name.startsWith(`${family.prefix}.`)) &&
    !(task === "feature-extraction" && family.isOfDecoder?.(name));
  const unexpected = leftOver.filter(isBody);
  const missing = [...asked.keys()].filter((name) => !stored.shape(name) && !family.isHead(name));
  if (missing.length + unexpected.length > 0) {
    throw new WeightsError(
      `${listed("missing from the weights", missing)}${listed("not known to the model", unexpected)}Do config.json and the weights belong together?`,
      missing,
      unexpected,
    );
  }
  for (const [name, { shape }] of asked) {
    const inFile = stored.shape(name);
    if (!inFile || sameShape(inFile, shape)) continue;
    const cause = family.isHead(name)
      ? "Does the file have another number of classes?"
      : "Do config.json and the weights belong together?";
    throw new WeightsError(`${name}: the file has [${inFile}], the model needs [${shape}]. ${cause}`);
  }
  return leftOver;
}

/** Names shown in a message; the error itself carries all of them. */
const SHOWN = 20;

function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  return `${names.length} ${what}: ${names.slice(0, SHOWN).join(", ")}${more}. `;
}
