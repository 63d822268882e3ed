/** Putting models on the shelf: from a folder, from files that were dropped, or by name. */
import type { Files } from "cloze";
import { type FolderFiles, shelve } from "../store.js";

/** Files of a folder that a model may need. */
const NEEDED = /\.(json|safetensors|txt|model|jinja)$/;

async function shelveFiles(name: string, files: FolderFiles): Promise<void> {
  const { describeFolder, memoryFiles } = await import("cloze");
  const { task, tensors, problems } = await describeFolder(memoryFiles(files));
  if (task === null && problems.length > 0) throw new Error(problems.join("; "));
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((size, axis) => size * axis, 1), 0);
  const made = Date.now();
  await shelve(
    { id: `${made}-${name}`, name, task: task ?? "feature-extraction", parameters, hash: null, made },
    files,
  );
}

/** A file with its path, the folder's own name first. */
interface Found {
  readonly path: string;
  readonly file: File;
}

/** Files and folders that were dropped; they can be asked for only while the event is handled. */
export const entriesOf = (dropped: DataTransfer | null): FileSystemEntry[] =>
  [...(dropped?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);

/** All entries of a folder: a browser gives them in parts. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (part.length === 0) return found;
    found.push(...part);
  }
}

/** All files that were dropped, those in folders too. */
export async function droppedFiles(entries: readonly FileSystemEntry[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of entries) {
    if (entry.isDirectory) found.push(...(await droppedFiles(await entriesIn(entry as FileSystemDirectoryEntry))));
    else {
      const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
      found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    }
  }
  return found;
}

/** Files that were chosen, alone or with their folder. */
export const chosenFiles = (files: readonly File[]): Found[] =>
  files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** A model folder of the reader's machine, or the files in it. */
export async function importFiles(found: readonly Found[]): Promise<void> {
  const config = found.find(({ path }) => /(^|^[^/]+\/)config\.json$/.test(path));
  if (!config) throw new Error("config.json is missing: choose the folder of a model");
  const folder = config.path.slice(0, -"config.json".length);
  const files: [string, Uint8Array][] = [];
  for (const { path, file } of found)
    if (path.startsWith(folder) && NEEDED.test(path))
      files.push([path.slice(folder.length), new Uint8Array(await file.arrayBuffer())]);
  await shelveFiles(folder.slice(0, -1) || "model", files);
}

async function readAll(files: Files, names: readonly string[]): Promise<FolderFiles> {
  const read: [string, Uint8Array][] = [];
  for (const name of names) {
    const bytes = await files.read(name);
    if (bytes) read.push([name, bytes]);
  }
  return read;
}

/** Files by which a published model is known. */
const PUBLISHED = [
  ...["config.json", "generation_config.json", "model.safetensors", "model.safetensors.index.json"],
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt"],
  ...["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"],
];

/** The files of weights in several parts, which their index names. */
function partsOf(files: FolderFiles): string[] {
  const [, index] = files.find(([name]) => name === "model.safetensors.index.json") ?? [];
  if (!index) return [];
  const { weight_map: map = {} } = JSON.parse(new TextDecoder().decode(index)) as { weight_map?: object };
  return [...new Set(Object.values(map) as string[])];
}

interface NamedOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
  /** base URL of a mirror; null: the Hugging Face hub */
  readonly mirror: string | null;
}

async function filesNamed(name: string, { signal, onProgress, mirror }: NamedOptions): Promise<Files> {
  if (/^https?:/.test(name)) return (await import("cloze/web")).webFolder(name, { signal });
  const { hub } = await import("cloze/hub");
  return hub(name, {
    signal,
    onProgress: ({ loaded, size }) => onProgress(size > 0 ? loaded / size : 0),
    ...(mirror !== null && { endpoint: mirror }),
  });
}

/** A published model by its name, or a folder by its URL. */
export async function importNamed(name: string, options: NamedOptions): Promise<void> {
  const files = await filesNamed(name, options);
  const read = await readAll(files, PUBLISHED);
  await shelveFiles(name.replace(/\/$/, "").replace(/^https?:.*\//, ""), [
    ...read,
    ...(await readAll(files, partsOf(read))),
  ]);
}
