/** The argument of functions that open a model: files, or a string that says where they are. */
import { aString, checkArgument, either, withMethods } from "../../options.js";
import type { Files } from "./files.js";
import { lazyFiles } from "./lazy-files.js";
import { causeOf, ModelFolder } from "./model-folder.js";

/**
 * A model: its files, or a text that says where they are: a folder that exists (in Node, Deno and Bun), a URL, or the name
 * that it is published by, such as "sentence-transformers/all-MiniLM-L6-v2".
 */
export type ModelSource = Files | string;

interface SourceOptions {
  readonly revision?: string;
  readonly signal?: AbortSignal;
}

export const aModelSource = /* @__PURE__ */ (() =>
  either(
    { ...aString, expected: "a folder or a name" },
    withMethods("the files of a model: folder(path) of cloze/node, memoryFiles(entries), or read(name)", "read"),
  ))();

/**
 * Open a model, of which nothing is read yet.
 *
 * @param where the function that was called, for the message
 * @param options of a model that is named: its revision, and a signal that stops its download
 * @throws {ArgumentError} when `source` is neither files nor a string
 */
export function openSource(source: ModelSource, where: string, options?: SourceOptions): ModelFolder {
  if (source instanceof ModelFolder) return source;
  checkArgument(where, "files", source, aModelSource, causeOf(source));
  if (typeof source !== "string") return new ModelFolder(source);
  return new ModelFolder(
    lazyFiles(async () => {
      // By its name: each runtime and bundler takes the file for its kind of storage, and only when a model is named.
      const { modelFiles } = await import("cloze/hub");
      const { revision, signal } = options ?? {};
      return modelFiles(source, { ...(revision !== undefined && { revision }), ...(signal && { signal }) });
    }),
  );
}
