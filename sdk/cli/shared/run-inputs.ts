/** The files and folders that a training run reads, by their content: another machine has them under other names. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative, sep } from "node:path";
import { unreadable } from "./input.js";
import { UsageError } from "./usage.js";

/** Options that name a file or folder to read. */
export const INPUT_OPTIONS = [
  "from",
  "config",
  "tokenizer",
  "pairs",
  "dev",
  "test",
  "train",
  "model",
  "scratch",
  "teacher",
];

/** A file or folder that a run read. */
export interface RunInput {
  /** the option that named it, or its place among the files of the command: `files[0]` */
  readonly role: string;
  readonly name: string;
  /** SHA-256 of a file's bytes, or of a folder's names and files; null for standard input */
  readonly sha256: string | null;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

/** The record of the run that made a model. It names threads and versions, on which the model does not depend. */
export const MANIFEST = "run_manifest.json";
/** The files of a model folder that affect training; a README does not. */
const OF_A_MODEL = /\.(json|safetensors|txt|model|jinja)$/;

/** Names relative to `folder`, sorted. */
async function modelFiles(folder: string, within = ""): Promise<string[]> {
  const entries = await readdir(join(folder, within), { withFileTypes: true });
  const names = await Promise.all(
    entries.map(async (entry) => {
      const name = within === "" ? entry.name : `${within}/${entry.name}`;
      if (entry.isDirectory()) return modelFiles(folder, name);
      return OF_A_MODEL.test(name) && name !== MANIFEST ? [name] : [];
    }),
  );
  return names.flat().sort();
}

/**
 * SHA-256 of a file, or of a folder: of a line for each file, its hash and its name.
 *
 * @throws {InputError} naming a path that cannot be read
 */
export async function hashInput(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return await hashFile(path);
    const hash = createHash("sha256");
    for (const name of await modelFiles(path)) hash.update(`${await hashFile(join(path, name))}  ${name}\n`);
    return hash.digest("hex");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The names that a command was given, by role. */
export function namedInputs(files: readonly string[], options: object): Map<string, string> {
  const named = Object.entries(options).filter(
    ([role, name]) => INPUT_OPTIONS.includes(role) && typeof name === "string",
  );
  return new Map([
    ...files.map((name, i): [string, string] => [`files[${i}]`, name]),
    ...(named as [string, string][]),
  ]);
}

/** Inputs of which the new folder holds its own copy. */
const COPIED = ["tokenizer", "config"];

/**
 * Refuse to replace a text that the command reads, or a folder that holds an input: the data would be gone. The model that
 * a run starts from may be that folder itself.
 *
 * @param inputs names by role, as {@link namedInputs} gives them
 * @throws {UsageError} naming the input
 */
export async function requireInputsKept(out: string, inputs: ReadonlyMap<string, string>): Promise<void> {
  const place = await realpath(out).catch(() => null);
  if (place === null) return;
  for (const [role, name] of inputs) {
    // A name of the Hub, and standard input, have no path here.
    const input = COPIED.includes(role) ? null : await realpath(name).catch(() => null);
    if (input === null || (input === place && !role.startsWith("files"))) continue;
    const way = relative(place, input);
    if (way.split(sep)[0] !== ".." && !isAbsolute(way))
      throw new UsageError(
        `--out ${out}: ${inWords(role)} ${way === "" ? "would be replaced" : `${name} is in this folder and would be removed with it`}; choose another place`,
      );
  }
}

/** The inputs of a command with their hashes. */
export async function runInputs(files: readonly string[], options: object): Promise<RunInput[]> {
  const inputs: RunInput[] = [];
  for (const [role, path] of namedInputs(files, options)) {
    if (path === "-") inputs.push({ role, name: "-", sha256: null });
    else inputs.push({ role, name: basename(path), sha256: await hashInput(path) });
  }
  return inputs;
}

/**
 * Where each input of a run is here: files and folders are recognized by their content, whatever their order and names.
 * An input that came from standard input is the one that no other role claims.
 *
 * @throws {UsageError} naming the input that is not among `paths`, or the path that is not an input of the run
 */
export async function locateInputs(
  inputs: readonly RunInput[],
  paths: readonly string[],
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const path of paths) hashes.set(path, await hashInput(path));
  const unclaimed = new Set(paths);
  const found = new Map<string, string>();
  for (const { role, name, sha256 } of inputs) {
    if (sha256 === null) continue;
    const path = paths.find((candidate) => hashes.get(candidate) === sha256);
    if (path === undefined)
      throw new UsageError(
        `${inWords(role)} ${name} with SHA-256 ${sha256} is not among the files given${paths.length ? `: ${paths.map((p) => `${p} has ${hashes.get(p)}`).join(", ")}` : "; name the data of the run after its folder"}`,
      );
    found.set(role, path);
    unclaimed.delete(path);
  }
  for (const { role, sha256 } of inputs) {
    if (sha256 !== null) continue;
    const [path] = unclaimed;
    if (path === undefined)
      throw new UsageError(`${inWords(role)} came from standard input; name a file that holds it`);
    found.set(role, path);
    unclaimed.delete(path);
  }
  for (const path of unclaimed) throw new UsageError(`${path}: the run did not read it; its content has another hash`);
  return found;
}

const inWords = (role: string): string => (role.startsWith("files") ? "the text" : `--${role}`);
