/** Adapters on a loaded model: fresh ones to train, and PEFT's files read and written. */

import type { Engine } from "../../engine/engine.js";
import { LabelSet } from "../../heads/labels.js";
import { familyOf } from "../../models/families.js";
import { buildModel } from "../../models/family/build.js";
import { ConfigError } from "../../models/family/config.js";
import type { ModelTask } from "../../models/family/family.js";
import { isTarget, Lora, type LoraSettings } from "../../nn/lora.js";
import { type Plan, sameShape, WeightsError } from "../../nn/planned.js";
import { type StoredTensors, Weights } from "../../nn/weights.js";
import {
  aBoolean,
  aNumber,
  aString,
  checkOptions,
  either,
  listOf,
  numberBetween,
  type Rules,
  wholeNumber,
  withFields,
} from "../../options.js";
import type { Parameter } from "../../tensor/matrix.js";
import { fieldsOf, jsonBytes, ModelFileError, type WritableFiles, writeAll } from "../files/files.js";
import type { ModelFolder } from "../files/model-folder.js";
import { type ModelSource, openSource } from "../files/model-source.js";
import { openOne } from "../safetensors/stored.js";
import { writeSafetensors } from "../safetensors/write-safetensors.js";
import { type AdapterConfig, adapterConfigOf, HEADS, readAdapterConfig } from "./adapter-config.js";
import { classesOf, filled, type LoadOptions, loadModel, type Pretrained, taskOf } from "./pretrained.js";
import { configBytes, hasSegments, type Saved, savedConfig, saveTokenizer, taskFields } from "./save.js";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
const PREFIX = "base_model.model.";

/**
 * A model with an adapter. Its weights are the adapter's own, so that fine-tuning learns those alone; everything else is
 * the other model's. Disposing it leaves that one as it was.
 */
export interface Adapted<P extends ModelTask = ModelTask> extends Pretrained<P> {
  readonly lora: Lora;
}

/** Options of {@link adapt}: PEFT's LoRA settings, all with defaults. */
export type AdaptOptions = Partial<Omit<LoraSettings, "ranks" | "alphas" | "layers" | "excluded">> & {
  readonly seed?: number;
};

/** The layers from which Hu et al. gained most: queries and values, by the names that families give them. */
const QUERIES_AND_VALUES = [
  ["query", "value"],
  ["query_proj", "value_proj"],
  ["q_proj", "v_proj"],
  ["q_lin", "v_lin"],
  ["q", "v"],
  ["c_attn"],
  ["Wqkv"],
] as const;

/** PEFT's name of a module: bare models are saved without the prefix that the body has under a head. */
function publishedName({ task, family }: Pretrained): (module: string) => string {
  const prefix = `${family.prefix}.`;
  if (task !== "feature-extraction" || family.prefix === "") return (module) => module;
  return (module) => (module.startsWith(prefix) ? module.slice(prefix.length) : module);
}

/** The linear layers of a model, by the names used here. */
function linearLayers({ family, weights, config, task, labels }: Pretrained): string[] {
  const found = new Set<string>();
  const over = {
    base: weights,
    owns: () => false,
    branch(w: Weights) {
      found.add(w.path);
      return null;
    },
  };
  buildModel(family, new Weights(weights.engine, { over }), family.read(config), task, labels?.size ?? 1);
  return [...found];
}

function defaultTargets(layers: readonly string[]): readonly string[] {
  const found = QUERIES_AND_VALUES.find((names) =>
    names.every((name) => layers.some((layer) => isTarget(layer, [name]))),
  );
  if (found) return found;
  throw new WeightsError("lora: this model has no layers named as queries and values usually are; name targets");
}

/** The head of the task, and other randomly initialized heads: their values are stored nowhere else. */
function defaultSaved({ task, weights, fresh, family }: Pretrained, published: (module: string) => string): string[] {
  const module = (name: string): string => name.slice(0, name.lastIndexOf("."));
  const modules = Array.from(weights.entries(), ([name]) => module(name));
  const heads = ["classification_head", ...(HEADS[task] ?? [])].filter((head) =>
    modules.some((name) => name === head || name.startsWith(`${head}.`)),
  );
  const rest = fresh
    .filter(family.isHead)
    .map(module)
    .filter((name) => !heads.some((head) => name === head || name.startsWith(`${head}.`)));
  return [...heads, ...new Set(rest.map(published))];
}

/** Parts of the model whose copies the adapter begins with. */
function copiesOf(base: Weights, lora: Lora): (name: string) => Parameter | undefined {
  const saved = new Map([...base.entries()].filter(([name]) => lora.isSaved(name)));
  return (name) => saved.get(name);
}

function requireEveryTarget(layers: readonly string[], { settings, published }: Lora): void {
  const { targets } = settings;
  const fits = (wanted: LoraSettings["targets"]) => layers.some((layer) => isTarget(published(layer), wanted));
  const idle = "source" in targets ? (fits(targets) ? [] : [targets.source]) : targets.filter((t) => !fits([t]));
  if (idle.length === 0) return;
  const ends = [...new Set(layers.map((layer) => layer.slice(layer.lastIndexOf(".") + 1)))];
  throw new WeightsError(`lora: no layer is named ${idle.join(", ")}; this model's layers end with ${ends.join(", ")}`);
}

/** Build the model again over the same weights, with the adapter's branches. */
function assemble<P extends ModelTask>(loaded: Pretrained<P>, lora: Lora, weights: Weights): Adapted<P> {
  const { family, config, task, labels } = loaded;
  loaded.weights.freeze(() => true);
  try {
    const model = buildModel(family, weights, family.read(config), task, labels?.size ?? 1);
    return { ...loaded, model, weights, lora, [Symbol.dispose]: () => weights[Symbol.dispose]() };
  } catch (error) {
    weights[Symbol.dispose]();
    throw error;
  }
}

const ADAPT_OPTIONS = (): Rules<AdaptOptions> => ({
  r: wholeNumber(1, 2 ** 16),
  alpha: aNumber,
  dropout: numberBetween(0, 1),
  rankStabilized: aBoolean,
  seed: wholeNumber(0),
  targets: either(listOf(aString), withFields("a pattern", "source")),
  modulesToSave: listOf(aString),
});

/**
 * A fresh adapter on a model, which scores as before until it is trained. The model's own weights are frozen.
 *
 * @param options rank 8, alpha twice the rank, no dropout, queries and values of every layer, and the task's head
 * @example
 * using adapted = adapt(loaded, { r: 8, targets: ["query", "value"] });
 * for await (const event of finetune({ ...options, loaded: adapted, task })) console.log(event.kind);
 * await saveAdapter(writableFolder("my-adapter"), adapted);
 */
export function adapt<P extends ModelTask>(loaded: Pretrained<P>, options: AdaptOptions = {}): Adapted<P> {
  checkOptions("adapt", options ?? null, ADAPT_OPTIONS());
  const { r = 8, alpha = 2 * r, dropout = 0, rankStabilized = false, seed = 1 } = options;
  const published = publishedName(loaded);
  const layers = linearLayers(loaded);
  const targets = options.targets ?? defaultTargets(layers);
  const modulesToSave = options.modulesToSave ?? defaultSaved(loaded, published);
  const lora = new Lora(loaded.weights, { r, alpha, dropout, rankStabilized, targets, modulesToSave }, published);
  requireEveryTarget(layers, lora);
  const copied = copiesOf(loaded.weights, lora);
  return assemble(loaded, lora, new Weights(loaded.engine, { seed, copied, over: lora }));
}

/** Tensors of an adapter file under the names used here. */
function adapterTensors(file: StoredTensors, { family }: Pretrained): StoredTensors {
  const places = new Map<string, string>();
  for (const stored of file.names()) {
    if (!stored.startsWith(PREFIX))
      throw new WeightsError(`${WEIGHTS}: ${stored} does not begin with ${PREFIX}; is this a file of PEFT?`);
    const name = family.canonicalName(stored.slice(PREFIX.length));
    if (name !== null) places.set(name, stored);
  }
  return {
    names: () => places.keys(),
    shape: (name) => (places.has(name) ? file.shape(places.get(name)!) : undefined),
    fill: (name, ...sinks) => file.fill(places.get(name)!, ...sinks),
  };
}

/** The file must have exactly the tensors that the configuration names, in these shapes. */
function requireFit(loaded: Pretrained, lora: Lora, stored: StoredTensors): Plan {
  const { engine, family, config, task, labels } = loaded;
  const build = (w: Weights) => buildModel(family, w, family.read(config), task, labels?.size ?? 1);
  const asked = Weights.plan(engine, build, { stored, over: lora });
  const missing = [...asked.keys()].filter((name) => !stored.shape(name));
  const unexpected = [...stored.names()].filter((name) => !asked.has(name));
  if (missing.length + unexpected.length > 0)
    throw new WeightsError(
      `${WEIGHTS} does not fit the model: ${missing.length} missing (${missing.slice(0, 5).join(", ")}), ${unexpected.length} not known (${unexpected.slice(0, 5).join(", ")}). Was it trained on a model of another kind or size?`,
      missing,
      unexpected,
    );
  for (const [name, { shape }] of asked)
    if (!sameShape(stored.shape(name)!, shape))
      throw new WeightsError(
        `${name}: ${WEIGHTS} has [${stored.shape(name)}], the model needs [${shape}]. Was it trained on this model?`,
      );
  return asked;
}

async function configOf(folder: ModelFolder): Promise<AdapterConfig> {
  const json = await folder.json(CONFIG);
  if (json === undefined) throw new ModelFileError(`${CONFIG} is missing: is this the folder of an adapter?`);
  try {
    return readAdapterConfig(json);
  } catch (error) {
    // The readers of fields are those of a model's configuration, which they name.
    if (!(error instanceof ConfigError) || error.message.startsWith("adapter_")) throw error;
    throw new ConfigError(`adapter_${error.message}`);
  }
}

/** Work with the adapter's file of weights while it is open. */
async function withTensors<T>(folder: ModelFolder, work: (file: StoredTensors) => T | Promise<T>): Promise<T> {
  const opened = await openOne(folder, WEIGHTS);
  if (!opened) throw new ModelFileError(`${WEIGHTS} is missing; adapters in other formats (.bin) are not read`);
  try {
    return await work(opened.tensors);
  } finally {
    await opened.file.close?.();
  }
}

/**
 * An adapter that Cloze or PEFT saved, on the model that it was trained on. One model may have several: each is a
 * model of its own to call, and the body is in memory once.
 *
 * @throws {ModelFileError | ConfigError | WeightsError} naming the mismatch
 * @example
 * using polite = await loadAdapter(loaded, folder("polite"));
 * using rude = await loadAdapter(loaded, folder("rude"));
 */
export async function loadAdapter<P extends ModelTask>(loaded: Pretrained<P>, files: ModelSource): Promise<Adapted<P>> {
  const folder = openSource(files, "loadAdapter");
  const { settings } = await configOf(folder);
  return withTensors(folder, async (file) => {
    const stored = adapterTensors(file, loaded);
    const lora = new Lora(loaded.weights, settings, publishedName(loaded));
    const plan = requireFit(loaded, lora, stored);
    lora.layers.clear();
    const weights = new Weights(loaded.engine, { stored, over: lora });
    await filled(weights, plan);
    return assemble(loaded, lora, weights);
  });
}

/** The classes of an adapter's head: those that its folder or the model names, or as many as the head has. */
async function labelsFor(base: ModelFolder, adapter: ModelFolder, task: ModelTask): Promise<LabelSet | null> {
  const own = await adapter.json("config.json");
  if (own !== undefined) return classesOf(fieldsOf(own), task, undefined);
  const size = await withTensors(adapter, (file) => {
    const head = [...file.names()].find((name) => /\.(classifier|score|out_proj)\.weight$/.test(name));
    return head === undefined ? undefined : file.shape(head)![0]!;
  });
  const named = classesOf(await base.fields("config.json"), task, undefined);
  const count = size ?? named?.size;
  if (named === null || count === undefined || named.size === count) return named;
  return new LabelSet(Array.from({ length: count }, (_, id) => `LABEL_${id}`));
}

/**
 * A model folder and an adapter's folder, loaded together for the adapter's task. Disposing the result
 * gives back both.
 * @example
 * using adapted = await loadAdapted(engine, folder("bert-base-uncased"), folder("my-adapter"));
 */
export async function loadAdapted<P extends ModelTask = ModelTask>(
  engine: Engine,
  base: ModelSource,
  adapter: ModelSource,
  options: Pick<LoadOptions<P>, "task" | "dtype" | "signal" | "onProgress"> = {},
): Promise<Adapted<P>> {
  const [model, added] = [openSource(base, "loadAdapted"), openSource(adapter, "loadAdapted")];
  const own = await added.json("config.json");
  const config = fieldsOf(own);
  const trained = own === undefined ? (await configOf(added)).task : taskOf(familyOf(config), config);
  const { dtype, signal, onProgress } = options;
  const task = options.task ?? (trained as P | null) ?? undefined;
  const labels = task === undefined ? undefined : await labelsFor(model, added, task);
  const loaded = await loadModel<P>(engine, model, {
    ...(task && { task }),
    ...(labels !== undefined && { labels }),
    ...(dtype !== undefined && { dtype }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  try {
    const adapted = await loadAdapter(loaded, added);
    return {
      ...adapted,
      config: { ...loaded.config, ...taskFields(config) },
      fresh: loaded.fresh.filter((name) => !adapted.lora.isSaved(name)),
      [Symbol.dispose]() {
        adapted[Symbol.dispose]();
        loaded[Symbol.dispose]();
      },
    };
  } catch (error) {
    loaded[Symbol.dispose]();
    throw error;
  }
}

/**
 * Write an adapter as PEFT does: adapter_config.json and adapter_model.safetensors; beside them config.json, which says
 * the task of the adapted model and names its classes. Feature extraction has none.
 *
 * @param base where the model is, or its name, for the reader's sake
 * @param reading the tokenizer, and the longest sequence that the adapter was trained with, to write them too; without them
 * the adapter reads texts as its model does
 * @example
 * using adapted = adapt(tagger);
 * const own = memoryFiles();
 * await saveAdapter(own, adapted, "bert-base-uncased", { tokenizer, maxLength: 64 });
 * own.files.has("adapter_model.safetensors"); // true
 */
export async function saveAdapter(
  files: WritableFiles,
  adapted: Adapted,
  base: string | null = null,
  reading?: Pick<Saved, "tokenizer" | "maxLength">,
): Promise<void> {
  const { lora, task, weights } = adapted;
  const bytes = writeSafetensors(
    Array.from(weights.entries(), ([name, t]) => ({
      name: `${PREFIX}${lora.published(name)}`,
      shape: t.shape,
      values: t.toArray(),
    })),
  );
  const transposed = [...lora.layers.values()].some((layer) => layer.transposed);
  await writeAll(files, async (to) => {
    await to.write(CONFIG, jsonBytes(adapterConfigOf(lora.settings, { task, base, transposed })));
    await to.write(WEIGHTS, bytes);
    // With a config.json, sentence-transformers would take the folder for a whole model.
    if (task !== "feature-extraction") await to.write("config.json", configBytes(savedConfig(adapted)));
    if (reading) await saveTokenizer(to, reading.tokenizer, reading.maxLength, hasSegments(adapted));
  });
}
