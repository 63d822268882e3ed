/** The weights of a model folder under the names that the model asks for. */
import type { EncoderFamily } from "../../models/family/family.js";
import { WeightsError } from "../../nn/planned.js";
import type { StoredTensors } from "../../nn/weights.js";
import { ModelFileError, type RangedFile, requireSafeName } from "../files/files.js";
import type { ModelFolder } from "../files/model-folder.js";
import type { TypedTensors } from "./quantized.js";
import { openSafetensors, SafetensorsError, type SafetensorsFile } from "./safetensors.js";
import type { IsOwn } from "./untied.js";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** Open weights: their headers are read, their values are not. */
export interface OpenWeights extends TypedTensors {
  /** Files and their parsed headers, in reading order. */
  readonly files: ReadonlyMap<string, SafetensorsFile & { readonly size: number }>;
  /** Release the files; values cannot be read afterwards. */
  close(): Promise<void>;
}

/**
 * The tensors of model.safetensors, or of all shards that its index names.
 *
 * @throws {ModelFileError | SafetensorsError | WeightsError} saying which file is wrong
 */
export async function openWeights(folder: ModelFolder, name = SINGLE): Promise<OpenWeights> {
  const single = await openOne(folder, name);
  if (single) return { ...single.tensors, files: filesOf([single]), close: () => closeAll([single]) };
  const index = await folder.json(INDEX);
  if (index === undefined) throw await missingWeights(folder);
  return openShards(folder, (index as { weight_map?: unknown } | null)?.weight_map);
}

/** Weights in other formats, by their usual names. */
const OTHER_FORMATS = [
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "tf_model.h5",
  "flax_model.msgpack",
  "onnx/model.onnx",
  "model.onnx",
];

/** The error for a folder without readable weights: it names the weights that are there instead. */
async function missingWeights(folder: ModelFolder): Promise<ModelFileError> {
  const opened = await Promise.all(OTHER_FORMATS.map(async (name) => [name, await folder.open(name)] as const));
  const there = opened.flatMap(([name, file]) => (file ? [name] : []));
  await Promise.all(opened.map(([, file]) => file?.close?.()));
  const missing = `${folder.path}${SINGLE} is missing`;
  if (there.length === 0) return new ModelFileError(`${missing}, and so is ${INDEX}`);
  return new ModelFileError(`${missing}; ${there.join(" and ")} cannot be read; save_pretrained() writes safetensors`);
}

/** One file of weights. */
interface Opened {
  readonly name: string;
  readonly file: RangedFile;
  readonly tensors: SafetensorsFile;
}

/**
 * Open a safetensors file of a folder.
 *
 * @returns undefined when there is no such file
 * @throws {SafetensorsError} that begins with the file's name
 */
export async function openOne(folder: ModelFolder, name: string): Promise<Opened | undefined> {
  const file = await folder.open(name);
  if (!file) return undefined;
  try {
    return { name, file, tensors: await openSafetensors(file) };
  } catch (error) {
    await file.close?.();
    if (error instanceof SafetensorsError) throw new SafetensorsError(`${folder.path}${name}: ${error.message}`);
    throw error;
  }
}

async function closeAll(opened: readonly Opened[]): Promise<void> {
  await Promise.all(opened.map(({ file }) => file.close?.()));
}

function filesOf(opened: readonly Opened[]): OpenWeights["files"] {
  return new Map(opened.map(({ name, file, tensors }) => [name, { ...tensors, size: file.size }]));
}

/** The shard of every tensor, by the index. */
function shardsByName(map: unknown): Map<string, string> {
  if (typeof map !== "object" || map === null) throw new ModelFileError(`${INDEX} has no weight_map`);
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      if (typeof shard !== "string") throw new ModelFileError(`${INDEX}: the shard of ${name} must be a file name`);
      return [name, requireSafeName(shard)];
    }),
  );
}

async function openShards(folder: ModelFolder, map: unknown): Promise<OpenWeights> {
  const shardOf = shardsByName(map);
  const names = [...new Set(shardOf.values())].sort();
  const settled = await Promise.allSettled(names.map((name) => openOne(folder, name)));
  const opened = settled.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  try {
    for (const [i, one] of settled.entries()) {
      if (one.status === "rejected") throw one.reason;
      if (!one.value) throw new ModelFileError(`${names[i]}, which ${INDEX} names, is missing`);
    }
    const shards = new Map(opened.map(({ name, tensors }) => [name, tensors]));
    requireComplete(shards, shardOf);
    const holder = (name: string) => shards.get(shardOf.get(name) ?? "");
    return {
      files: filesOf(opened),
      names: () => opened.flatMap(({ tensors }) => [...tensors.names()]),
      shape: (name) => holder(name)?.shape(name),
      dtype: (name) => holder(name)?.dtype(name) ?? "",
      async fill(name, ...sinks) {
        const shard = holder(name);
        if (!shard) throw new WeightsError(`${INDEX} does not name ${name}`);
        await shard.fill(name, ...sinks);
      },
      close: () => closeAll(opened),
    };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** Index and shards must agree: every tensor is in the shard that the index names, and in no other. */
function requireComplete(shards: ReadonlyMap<string, StoredTensors>, shardOf: ReadonlyMap<string, string>): void {
  for (const [name, shard] of shardOf) {
    if (!shards.get(shard)!.shape(name))
      throw new WeightsError(`${name}: ${INDEX} says that ${shard} holds it, but it does not`);
  }
  for (const [shard, tensors] of shards) {
    for (const name of tensors.names()) {
      if (shardOf.get(name) !== shard) throw new WeightsError(`${shard} holds ${name}, but ${INDEX} does not say so`);
    }
  }
}

/** The name in today's files of a tensor of any family; null for buffers of early versions: position_ids, token_type_ids. */
function presentName(stored: string): string | null {
  if (/embeddings\.\w+_ids$/.test(stored)) return null;
  return stored.replace(/(?<=LayerNorm\.)gamma$/, "weight").replace(/(?<=LayerNorm\.)beta$/, "bias");
}

/**
 * The same tensors under the names used here: old names translated, buffers left out, tied weights taken from any
 * of their names the file has (the parameter's own before the others).
 *
 * @param isOwn whether a tied weight that the file has besides its parameter is one of its own; by default none is
 * @throws {WeightsError} when two names of the file mean one parameter
 */
export async function renamed<C>(
  stored: StoredTensors,
  family: EncoderFamily<C>,
  config: C,
  isOwn?: IsOwn,
): Promise<StoredTensors> {
  const places = new Map<string, string>();
  const tied = family.tied(config);
  const later: [string, string][] = [];
  for (const name of stored.names()) {
    const present = presentName(name);
    const canonical = present && family.canonicalName(present);
    if (canonical === null) continue;
    const other = places.get(canonical);
    if (Object.hasOwn(tied, canonical)) later.push([canonical, name]);
    else if (other === undefined) places.set(canonical, name);
    else throw new WeightsError(`the weights have ${other} and ${name}, which are the same parameter ${canonical}`);
  }
  for (const [canonical, own] of later) {
    const parameter = tied[canonical]!;
    const shared = places.get(parameter);
    if (shared === undefined) places.set(parameter, own);
    else if (await isOwn?.(canonical, own, shared)) places.set(canonical, own);
  }
  return {
    names: () => places.keys(),
    shape: (name) => (places.has(name) ? stored.shape(places.get(name)!) : undefined),
    async fill(name, ...sinks) {
      const place = places.get(name);
      if (place === undefined) throw new WeightsError(`the weights have no ${name}`);
      await stored.fill(place, ...sinks);
    },
  };
}
