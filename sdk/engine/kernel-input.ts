/**
 * The kernels as a caller hands them over. An import of the package's `.wasm` files is a compiled module in one tool, an
 * address in another, and bytes in a third: all of them are accepted.
 */
import { InputError } from "../errors.js";
import type { Rule } from "../options.js";
import { hasNodeModules, runtimeModule } from "./runtime.js";
import { compileKernels } from "./source.js";

/** A compiled module, its address or path, its bytes, or the response of a server. */
export type KernelInput = WebAssembly.Module | string | URL | Uint8Array | ArrayBuffer | Response;

/** Values of other realms have other classes. */
const classOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

const isBytes = (value: unknown): value is Uint8Array<ArrayBuffer> | ArrayBuffer =>
  ["Uint8Array", "ArrayBuffer"].includes(classOf(value));

export const aKernelModule: Rule = {
  expected: "a WebAssembly.Module, or the address or the bytes of cloze/kernels.strict.wasm",
  accepts: (value) =>
    (typeof value === "string" && value !== "") ||
    ["WebAssembly.Module", "URL", "Response"].includes(classOf(value)) ||
    isBytes(value),
};

/**
 * The compiled module of an input.
 *
 * @throws {UnsupportedBuildError} where bytes may not be compiled; {@link InputError} when the address has no module
 */
export async function moduleOf(input: KernelInput): Promise<WebAssembly.Module> {
  if (classOf(input) === "WebAssembly.Module") return input as WebAssembly.Module;
  if (isBytes(input)) return compileKernels(input);
  if (classOf(input) === "Response") return compileKernels(await bytesOf(input as Response, "the response"));
  const address = String(input);
  if (hasNodeModules() && !/^(https?|data|blob):/.test(address)) return compileKernels(await onDisk(address));
  return compileKernels(await bytesOf(await fetch(address), address));
}

async function bytesOf(response: Response, from: string): Promise<ArrayBuffer> {
  if (response.ok) return response.arrayBuffer();
  throw new InputError(`Engine.create: the kernels were not found: ${from} answered ${response.status}`);
}

/** Bun and bundlers for servers give the path of a file, or its URL. */
async function onDisk(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile } = (await runtimeModule("fs/promises")) as {
    readFile(path: string | URL): Promise<Uint8Array<ArrayBuffer>>;
  };
  return readFile(address.startsWith("file:") ? new URL(address) : address);
}
