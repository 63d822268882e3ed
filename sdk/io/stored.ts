/** The weights of a model folder under the names that the model asks for. */
import type { EncoderFamily } from "../models/family.js";
import { type StoredTensors, WeightsError } from "../nn/weights.js";
import { type Files, ModelFileError, readJson, requireSafeName } from "./files.js";
import { readSafetensors } from "./safetensors.js";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** The tensors of model.safetensors, or of all shards that its index names. */
export async function openWeights(files: Files): Promise<StoredTensors> {
  const single = await files.read(SINGLE);
  if (single) return readSafetensors(single);
  const index = (await readJson(files, INDEX)) as { weight_map?: unknown } | undefined;
  if (!index)
    throw new ModelFileError(
      `neither ${SINGLE} nor ${INDEX} is there; weights in other formats (.bin, .h5, .onnx) are not read`,
    );
  return openShards(files, index.weight_map);
}

async function openShards(files: Files, map: unknown): Promise<StoredTensors> {
  if (typeof map !== "object" || map === null) throw new ModelFileError(`${INDEX} has no weight_map`);
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string") throw new ModelFileError(`${INDEX}: the shard of ${name} must be a file name`);
    shardOf.set(name, requireSafeName(shard));
  }
  const shards = new Map<string, StoredTensors>();
  for (const shard of new Set(shardOf.values())) {
    const bytes = await files.read(shard);
    if (!bytes) throw new ModelFileError(`${shard}, which ${INDEX} names, is missing`);
    shards.set(shard, readSafetensors(bytes));
  }
  const holder = (name: string) => shards.get(shardOf.get(name) ?? "");
  requireComplete(shards, shardOf);
  return {
    names: () => shardOf.keys(),
    shape: (name) => holder(name)?.shape(name),
    read(name, target) {
      const shard = holder(name);
      if (!shard) throw new WeightsError(`${INDEX} does not name ${name}`);
      shard.read(name, target);
    },
  };
}

/** The index and its shards must say the same: every tensor in the shard that the index names, and no other. */
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

/**
 * The same tensors under the names used here: old names translated, buffers left out, tied weights taken from whichever
 * of their names the file has (the parameter's own before the others).
 *
 * @throws {WeightsError} when two names of the file mean one parameter
 */
export function renamed<C>(stored: StoredTensors, family: EncoderFamily<C>, config: C): StoredTensors {
  const places = new Map<string, string>();
  const tied = family.tied(config);
  const later: [string, string][] = [];
  for (const name of stored.names()) {
    const canonical = family.canonicalName(name);
    if (canonical === null) continue;
    const other = places.get(canonical);
    if (Object.hasOwn(tied, canonical)) later.push([tied[canonical]!, name]);
    else if (other === undefined) places.set(canonical, name);
    else
      throw new WeightsError(
        `the weights have ${other} and ${name}, which are the same parameter ${canonical}; which one counts?`,
      );
  }
  for (const [parameter, name] of later) if (!places.has(parameter)) places.set(parameter, name);
  const placeOf = (name: string): string => {
    const place = places.get(name);
    if (place === undefined) throw new WeightsError(`the weights have no ${name}`);
    return place;
  };
  return {
    names: () => places.keys(),
    shape: (name) => (places.has(name) ? stored.shape(placeOf(name)) : undefined),
    read: (name, target) => stored.read(placeOf(name), target),
  };
}
