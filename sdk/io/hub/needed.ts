/** The files of a repository that a model needs; weights in other formats, pictures and notes are left where they are. */
import { fieldsOf } from "../files/files.js";
import { HubError } from "./errors.js";

/** Which files are asked for: all that a model needs, or those of its tokenizer. */
export type Wanted = "model" | "tokenizer";

const TOKENIZER =
  /^(tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt|source\.spm|target\.spm|sentencepiece\.bpe\.model|spiece\.model|spm\.model|tokenizer\.model|config\.json|modules\.json|sentence_[\w-]+_config\.json)$/;

const MODEL = /^(generation_config\.json|config_sentence_transformers\.json|adapter_config\.json)$/;

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const ADAPTER = "adapter_model.safetensors";

/** Weights that cannot be read. */
const FOREIGN = /^(pytorch_model.*\.bin|tf_model\.h5|flax_model\.msgpack|.*\.gguf|adapter_model\.bin)$/;

/**
 * Names of the files that are needed.
 *
 * @param names of all files
 * @param json a file's JSON, which is fetched for this
 * @throws {HubError} when there are no weights that can be read
 */
export async function neededFiles(
  names: ReadonlySet<string>,
  wanted: Wanted,
  json: (name: string) => Promise<unknown>,
): Promise<string[]> {
  const needed: string[] = [];
  for (const folder of ["", ...(await moduleFolders(names, json))]) {
    const inside = [...names].filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length));
    const wants = (name: string): boolean => TOKENIZER.test(name) || (wanted === "model" && MODEL.test(name));
    needed.push(...inside.filter(wants).map((name) => folder + name));
    if (wanted === "model") needed.push(...(await weightsIn(folder, names, json)));
  }
  if (wanted === "model" && !needed.some((name) => name.endsWith(".safetensors"))) throw withoutWeights(names);
  return [...new Set(needed)];
}

/** Folders of modules that modules.json names, with a "/" at their ends. */
async function moduleFolders(names: ReadonlySet<string>, json: (name: string) => Promise<unknown>): Promise<string[]> {
  if (!names.has("modules.json")) return [];
  const modules = await json("modules.json");
  if (!Array.isArray(modules)) return [];
  const paths = modules.map((module) => fieldsOf(module)["path"]).filter((path) => typeof path === "string");
  return paths
    .map((path) => path.replace(/^(\.\/)+|^\.$|\/+$/g, ""))
    .flatMap((path) => (path === "" ? [] : `${path}/`));
}

/** Weights of a folder: one file, or an index with all files that it names; and an adapter's. */
async function weightsIn(
  folder: string,
  names: ReadonlySet<string>,
  json: (name: string) => Promise<unknown>,
): Promise<string[]> {
  const adapter = names.has(folder + ADAPTER) ? [folder + ADAPTER] : [];
  if (names.has(folder + WEIGHTS)) return [folder + WEIGHTS, ...adapter];
  if (!names.has(folder + INDEX)) return adapter;
  const shards = Object.values(fieldsOf(fieldsOf(await json(folder + INDEX))["weight_map"]));
  // Files that the index names and the repository lacks are reported when the weights are opened.
  const there = shards.filter((shard): shard is string => typeof shard === "string" && names.has(folder + shard));
  return [folder + INDEX, ...there.map((shard) => folder + shard), ...adapter];
}

function withoutWeights(names: ReadonlySet<string>): HubError {
  const others = [...names].filter((name) => FOREIGN.test(name)).slice(0, 3);
  const there = others.length > 0 ? `; ${others.join(" and ")} cannot be read` : "";
  return new HubError(`it has no ${WEIGHTS}${there}: weights are read from safetensors alone`);
}
