/**
 * A model folder, opened once: each of its small files is requested once, all of them side by side, and model, tokenizer,
 * sentence settings, generation settings and `cloze inspect` share the answers.
 */
import { shown } from "../../errors.js";
import { checkArgument, withMethods } from "../../options.js";
import { type Files, fieldsOf, jsonOf, openFile, type RangedFile, requireSafeName } from "./files.js";

/** Small files that most folders have; the others are requested when one of these says so. */
const COMMON = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "generation_config.json",
  "modules.json",
  "sentence_bert_config.json",
  "config_sentence_transformers.json",
];

/** The files of a folder, each read once. */
export class ModelFolder implements Files {
  readonly #reads: Map<string, Promise<Uint8Array | undefined>>;

  /** @param path of a folder inside the files, with a "/" at its end; "" for all of them */
  constructor(
    readonly files: Files,
    readonly path = "",
    reads = new Map<string, Promise<Uint8Array | undefined>>(),
  ) {
    this.#reads = reads;
  }

  /** A folder inside this one: "0_Transformer", "./1_Pooling", "" or "." for this one. */
  at(path: string): ModelFolder {
    const inner = path.replace(/^(\.\/)+|^\.$|\/+$/g, "");
    return inner === "" ? this : new ModelFolder(this.files, `${this.path}${inner}/`, this.#reads);
  }

  /** A small file, whole. */
  read(file: string): Promise<Uint8Array | undefined> {
    const name = this.path + file;
    const known = this.#reads.get(name);
    if (known) return known;
    const read = (async () => this.files.read(requireSafeName(name)))();
    // A read-ahead may fail before anything awaits it; the first to await it gets the error.
    read.catch(() => {});
    this.#reads.set(name, read);
    return read;
  }

  /** A large file, in parts. It is not kept: each call opens it again. */
  async open(name: string): Promise<RangedFile | undefined> {
    return openFile(this.files, requireSafeName(this.path + name));
  }

  /** The same folder, whose large files `watch` sees as they are opened. */
  watched(watch: (file: RangedFile) => RangedFile): ModelFolder {
    const open = async (name: string): Promise<RangedFile | undefined> => {
      const file = await openFile(this.files, name);
      return file && watch(file);
    };
    return new ModelFolder({ read: (name) => this.files.read(name), open }, this.path, this.#reads);
  }

  /** Request the small files of a model folder side by side, before they are asked for one by one. */
  readAhead(): this {
    for (const name of COMMON) void this.read(name);
    return this;
  }

  /** A file's JSON; undefined for a file that does not exist. */
  async json(name: string): Promise<unknown> {
    const bytes = await this.read(name);
    return bytes && jsonOf(bytes, this.path + name);
  }

  /** The fields of a file's JSON object; none for a file that does not exist. */
  async fields(name: string): Promise<Readonly<Record<string, unknown>>> {
    return fieldsOf(await this.json(name));
  }
}

const FILES = withMethods(
  "the files of a model: folder(path) of cloze/node, memoryFiles(entries), or read(name)",
  "read",
);

/**
 * Open a folder; one that is open already stays the same.
 *
 * @param where the function that was called, for the message
 * @throws {ArgumentError} when `files` are not files but, say, the path of a folder
 */
export function openFolder(files: Files, where = "openFolder"): ModelFolder {
  if (files instanceof ModelFolder) return files;
  checkArgument(where, "files", files, FILES, causeOf(files));
  return new ModelFolder(files);
}

/** The probable mistake. */
export function causeOf(given: unknown): string {
  if (typeof given === "string") return `Pass modelFiles(${shown(given)}) of cloze/hub, for a folder or a name`;
  return given instanceof Promise ? "It is a promise; is an await missing?" : "";
}
