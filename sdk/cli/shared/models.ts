/**
 * Models of the command line: a folder, or a published model by its name. Options and arguments that take one are
 * recognized by their placeholder, `<model>` or `<tokenizer>`, and have the path of its folder when the command runs.
 */
import type { DownloadProgress, HubOptions } from "cloze/hub";
import { exists, type Found, findModel } from "cloze/node";
import type { Command } from "commander";
import { type Progress, progress, say } from "./output.js";

const MEGABYTE = 1e6;

/** Shows the progress of a download, once there is something to wait for. */
export function downloadBar(name: string): { report(step: DownloadProgress): void; stop(): void } {
  let bar: Progress | null = null;
  return {
    report({ file, fileLoaded, fileSize, loaded, size }) {
      if (fileLoaded < fileSize) bar ??= progress(`download ${name}`, Math.ceil(size / MEGABYTE));
      bar?.update(Math.floor(loaded / MEGABYTE), `MB, ${file}`);
    },
    stop: () => bar?.stop(),
  };
}

/** The folder of a model, which is downloaded if it is a name and not in the cache. */
export async function modelFolder(folderOrName: string, options: HubOptions = {}): Promise<string> {
  const bar = downloadBar(folderOrName);
  let found: Found;
  try {
    found = await findModel(folderOrName, { ...options, onProgress: bar.report });
  } finally {
    bar.stop();
  }
  if (found.unreachable !== null) say(`${found.unreachable}; ${folderOrName} is used as it is in the cache`);
  return found.path;
}

/** Paths of files, which are not names of models. */
const isFile = (text: string): boolean => text === "-" || /\.(json|txt|model|safetensors|gz)$/.test(text);

/** A path as it is, or the folder of the model that it names. */
export async function pathOrModel(text: string, options: HubOptions = {}): Promise<string> {
  return isFile(text) || (await exists(text)) ? text : modelFolder(text, options);
}

/** The value of an option or argument with the folder of the model that it names. */
async function located(placeholder: string, value: unknown, options: HubOptions): Promise<unknown> {
  if (typeof value !== "string") return value;
  if (placeholder === "<model>") return modelFolder(value, options);
  return pathOrModel(value, { ...options, only: "tokenizer" });
}

/** Before a command runs: find the models that it is given. */
export async function findModels(command: Command): Promise<void> {
  const { revision } = command.opts<{ revision?: string }>();
  const options: HubOptions = { ...(revision !== undefined && { revision }) };
  for (const option of command.options) {
    const [placeholder] = /<(model|tokenizer)>/.exec(option.flags) ?? [];
    const name = option.attributeName();
    const given: unknown = command.getOptionValue(name);
    if (!placeholder || given === undefined) continue;
    // An option that was not given stays so: a resumed run takes it from its checkpoint.
    const source = command.getOptionValueSource(name);
    command.setOptionValueWithSource(name, await located(placeholder, given, options), source);
  }
}
