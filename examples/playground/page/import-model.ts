/** Putting models on the shelf: from a folder, from files that were dropped, or by name. */
import { describeFolder, type Files, memoryFiles } from "cloze";
import { hub } from "cloze/hub";
import { type FolderFiles, shelve } from "../store.js";

/** Files of a folder that a model may need. */
const NEEDED = /\.(json|safetensors|txt|model|jinja)$/;

async function shelveFiles(name: string, files: FolderFiles): Promise<void> {
  const { task, tensors, problems } = await describeFolder(memoryFiles(files));
  if (task === null && problems.length > 0) throw new Error(problems.join("; "));
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0);
  const made = Date.now();
  await shelve(
    { id: `${made}-${name}`, name, task: task ?? "feature-extraction", parameters, hash: null, made },
    files,
  );
}

/** A folder of the reader's machine, or several files of one. */
export async function importFiles(chosen: readonly File[]): Promise<void> {
  const paths = chosen.map((file) => file.webkitRelativePath || file.name);
  const top = paths[0]?.includes("/") ? paths[0].split("/")[0]! : "model";
  const files: [string, Uint8Array][] = [];
  for (const [i, file] of chosen.entries()) {
    const name = paths[i]!.includes("/") ? paths[i]!.slice(paths[i]!.indexOf("/") + 1) : paths[i]!;
    if (NEEDED.test(name)) files.push([name, new Uint8Array(await file.arrayBuffer())]);
  }
  if (!files.some(([name]) => name === "config.json")) throw new Error("config.json is missing: choose a model folder");
  await shelveFiles(top, files);
}

async function readAll(files: Files, names: readonly string[]): Promise<FolderFiles> {
  const read: [string, Uint8Array][] = [];
  for (const name of names) {
    const bytes = await files.read(name);
    if (bytes) read.push([name, bytes]);
  }
  return read;
}

/** Files by which a published model is known. Weights in several parts are named in their index. */
const PUBLISHED = [
  ...["config.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json"],
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt"],
  ...["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"],
];

/** A published model by its name. */
export async function importNamed(
  name: string,
  options: { readonly signal: AbortSignal; readonly onProgress: (share: number) => void },
): Promise<void> {
  const files = await hub(name, {
    signal: options.signal,
    onProgress: ({ loaded, size }) => options.onProgress(size > 0 ? loaded / size : 0),
  });
  await shelveFiles(name, await readAll(files, PUBLISHED));
}
