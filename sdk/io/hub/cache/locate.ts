/** Resolve a string where a model is expected: a folder that exists, a URL, or a name. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { shown } from "../../../errors.js";
import { type Files, ModelFileError } from "../../files/files.js";
import { exists, folder } from "../../files/folder.js";
import { lazyFiles } from "../../files/lazy-files.js";
import { isUrl, webFolder } from "../../web/web-folder.js";
import { webModel } from "../../web/web-model.js";
import { HubError } from "../errors.js";
import { isModelName, requireModelName } from "../names.js";
import { checkHubOptions, type HubOptions } from "../options.js";
import { type Downloaded, downloadModel } from "./download.js";

/** Texts that can be meant as paths alone. */
const isPath = (text: string): boolean => /^([./~]|[A-Za-z]:)|\\|\/$/.test(text);

/**
 * The folder that a text names, if it exists; otherwise it is the name of a model. A folder comes first, so that nothing
 * published can take its place.
 *
 * @throws {ModelFileError} for the path of a folder that does not exist, or of a file
 * @throws {HubError} for a text that is neither a path nor a name
 */
async function localFolder(text: string): Promise<string | null> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no system has them in paths that are meant
  if (text === "" || /[\0-\x1f]/.test(text))
    throw new HubError(`${shown(text)} is neither a folder nor a model's name`);
  if (await exists(text)) {
    if ((await stat(text)).isDirectory()) return text;
    throw new ModelFileError(`${text} is a file; a model is a folder, or a name such as "organization/model"`);
  }
  if (isPath(text)) throw new ModelFileError(`the folder ${resolve(text)} does not exist; is the path right?`);
  if (!isModelName(text))
    throw new HubError(`${shown(text)} is neither a folder that exists nor the name of a model ("organization/model")`);
  return null;
}

/** Say that the text could have been meant as a folder, or as the package of a model that is installed here. */
async function orNoFolder<T>(text: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const installed = `node_modules/${text}`;
    const meant = (await exists(`${installed}/config.json`)) ? `; the installed package is ${installed}` : "";
    throw new HubError(`${error.message}. There is no folder ${resolve(text)} either${meant}`, { cause: error });
  }
}

/** A model on the disk, and why a newer one could not be looked for. */
export type Found = Pick<Downloaded, "path" | "unreachable">;

/**
 * The folder of a model on the disk: one that exists, or that of a published model, which is downloaded unless the cache
 * has it.
 *
 * @throws {ModelFileError | HubError | DownloadError} saying why there is none
 * @example
 * const { path } = await findModel("sentence-transformers/all-MiniLM-L6-v2");
 */
export async function findModel(folderOrName: string, options: HubOptions = {}): Promise<Found> {
  checkHubOptions("findModel", options);
  const local = await localFolder(folderOrName);
  if (local !== null) return { path: local, unreachable: null };
  return orNoFolder(folderOrName, downloadModel(folderOrName, options));
}

/**
 * The files of a published model. It is downloaded when the first file is read, unless the cache has it.
 *
 * @throws {HubError} for a text that is not a name
 * @example
 * const embed = await featureExtraction(hub("sentence-transformers/all-MiniLM-L6-v2", { revision: "main" }));
 */
export function hub(name: string, options: HubOptions = {}): Files {
  checkHubOptions("hub", options);
  requireModelName(name);
  const { cache } = options;
  if (cache !== undefined && typeof cache !== "string") return webModel(name, options);
  return lazyFiles(async () => folder((await downloadModel(name, options)).path));
}

/**
 * The files that a string names where a model is expected: a folder that exists, else the base URL of files, else the
 * name of a published model.
 *
 * @example
 * const tokenizer = await loadTokenizer(modelFiles("bert-base-uncased", { only: "tokenizer" }));
 */
export function modelFiles(model: string, options: HubOptions = {}): Files {
  checkHubOptions("modelFiles", options);
  if (isUrl(model)) return webFolder(model, options);
  return lazyFiles(async () => folder((await findModel(model, options)).path));
}
