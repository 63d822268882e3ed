/**
 * modules.json of sentence-transformers: the modules of a folder's model, in order. Reimers & Gurevych
 * 2019 (arXiv:1908.10084); the files are those of the library of that name.
 */
import { shown } from "../../errors.js";
import { fieldsOf, ModelFileError } from "../files/files.js";
import type { ModelFolder } from "../files/model-folder.js";

/** A module: its class by the last part of its name, and the folder that holds its files ("" for the model's own). */
export interface SentenceModule {
  readonly kind: string;
  readonly path: string;
}

/**
 * The modules of a folder; null where it has no modules.json.
 *
 * @throws {ModelFileError} for a class of another library: that is remote code
 */
export async function readModules(folder: ModelFolder): Promise<readonly SentenceModule[] | null> {
  const json = await folder.json("modules.json");
  if (json === undefined) return null;
  if (!Array.isArray(json)) throw new ModelFileError(`modules.json must be a list, got ${shown(json)}`);
  return json.map((entry, place) => {
    const { type, path = "" } = fieldsOf(entry);
    if (typeof type !== "string" || typeof path !== "string")
      throw new ModelFileError(`modules.json: module ${place} must have a type and a path, got ${shown(entry)}`);
    if (type.includes(".") && !type.startsWith("sentence_transformers."))
      throw new ModelFileError(
        `modules.json: module ${place} is ${shown(type)}, code that comes with the model; only modules of sentence_transformers are supported`,
      );
    return { kind: type.slice(type.lastIndexOf(".") + 1), path };
  });
}

/**
 * The folder that config.json, weights and tokenizer are in: the model's own, or where it has none the one that modules.json
 * names for its transformer, such as 0_Transformer.
 */
export async function bodyOf(folder: ModelFolder): Promise<ModelFolder> {
  if ((await folder.read("config.json")) !== undefined) return folder;
  const [first] = (await readModules(folder)) ?? [];
  return first ? folder.at(first.path) : folder;
}
