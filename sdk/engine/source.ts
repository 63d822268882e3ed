/**
 * Where the kernels' bytes come from, and which build a runtime can run.
 *
 * The modules are a few dozen kilobytes, so they travel inside the JavaScript, as hexadecimal digits: the same code works in
 * Node, browsers, Deno, Bun and every bundler. Edge workers compile no bytes: there the package's entry for the runtime brings
 * compiled modules, or the caller hands one to `Engine.create`.
 */
import { UnsupportedBuildError } from "./errors.js";
import { nodeVersion } from "./runtime.js";

/** A build of the kernels: the same bits everywhere, or fused multiply-add where the runtime has it. */
export type Build = "strict" | "relaxed";

/**
 * (module (func (result v128) (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0)))) without names:
 * valid only where relaxed SIMD is.
 */
const RELAXED_PROBE = /* @__PURE__ */ Uint8Array.from([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  ...[65, 0, 253, 17, 65, 0, 253, 17, 65, 0, 253, 17, 253, 133, 2, 11],
]);

/** (module (func (result v128) (i32x4.splat (i32.const 0)))): valid only where SIMD is. */
const SIMD_PROBE = /* @__PURE__ */ Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 17, 11,
]);

/** Whether this runtime compiles relaxed SIMD without a flag (Node from 22 on: in Node 20 its arithmetic is wrong). */
export function supportsRelaxed(): boolean {
  if (nodeVersion() < 22) return false;
  return WebAssembly.validate(RELAXED_PROBE);
}

/** The build to run: `auto` is relaxed where its arithmetic is right, strict elsewhere. */
export function chooseBuild(wanted: Build | "auto"): Build {
  requireSimd();
  if (wanted === "auto") return supportsRelaxed() ? "relaxed" : "strict";
  if (wanted === "relaxed" && !supportsRelaxed()) {
    throw new UnsupportedBuildError(
      "the relaxed build needs relaxed SIMD (Node from 22 on); use the strict build here",
    );
  }
  return wanted;
}

/**
 * Compiled kernels from one place.
 *
 * @param shared whether the memory that they import is shared
 */
export type KernelSource = (shared: boolean) => Promise<WebAssembly.Module>;

const compiled = /* @__PURE__ */ new Map<string, Promise<WebAssembly.Module>>();

const strictDigits = async (): Promise<string> => (await import("../../build/kernels.strict.wasm?hex")).default;
const relaxedDigits = async (): Promise<string> => (await import("../../build/kernels.relaxed.wasm?hex")).default;

/** The strict build inside the package; compiled once in a process, however many engines run it. */
export const strictKernels: KernelSource = (shared) => once("strict", shared, strictDigits);

/** The relaxed build inside the package. */
export const relaxedKernels: KernelSource = (shared) => once("relaxed", shared, relaxedDigits);

/** A build inside the package as hexadecimal digits. */
export const kernelDigits = (build: Build): Promise<string> => (build === "strict" ? strictDigits() : relaxedDigits());

let lentDigits: typeof kernelDigits | undefined;

/** Take the digits from elsewhere: the package's own program of workers has no kernels inside. */
export function borrowKernels(digits: typeof kernelDigits): void {
  lentDigits = digits;
}

/** Modules that came with the export condition of a runtime that compiles none itself: workerd.js and edge-light.js in dist/. */
const modules: { [build in Build]?: WebAssembly.Module | undefined } = {};

/** Give the modules of this runtime. Only the package's entries for edge workers call this. */
export function provideKernels(given: { readonly [build in Build]?: WebAssembly.Module | undefined }): void {
  Object.assign(modules, given);
}

/** The module that came with this runtime's condition, if there is one. It cannot have shared memory. */
export const provided = (build: Build): WebAssembly.Module | undefined => modules[build];

/** The compiled kernels of a build: those of the runtime's condition, or those inside the package. */
export function kernelModule(build: Build, shared: boolean): Promise<WebAssembly.Module> {
  const module = provided(build);
  if (module) return Promise.resolve(module);
  return build === "strict" ? strictKernels(shared) : relaxedKernels(shared);
}

function once(build: Build, shared: boolean, read: () => Promise<string>): Promise<WebAssembly.Module> {
  const key = `${build} ${shared}`;
  let module = compiled.get(key);
  if (!module) {
    module = (lentDigits?.(build) ?? read()).then((hex) =>
      compileKernels(bytesOf(shared ? withSharedMemory(hex) : hex)),
    );
    compiled.set(key, module);
    // A failure is not cached: the policy may change, and the next call should report the error again.
    module.catch(() => compiled.delete(key));
  }
  return module;
}

/** @throws {UnsupportedBuildError} naming the feature that this runtime lacks, and the remedy */
export async function compileKernels(bytes: BufferSource): Promise<WebAssembly.Module> {
  requireSimd();
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new UnsupportedBuildError(`the kernels could not be compiled: ${remedy()}`, { cause });
  }
}

function requireSimd(): void {
  if (!WebAssembly.validate(SIMD_PROBE))
    throw new UnsupportedBuildError("this runtime has no WebAssembly SIMD, which every build of the kernels needs");
}

/** The decoders that runtimes have: the standard's, and Node's older one. */
interface HexDecoders {
  readonly Uint8Array: { fromHex?(hex: string): Uint8Array<ArrayBuffer> };
  readonly Buffer?: { from(hex: string, encoding: "hex"): Uint8Array<ArrayBuffer> };
}

/** Bytes from hexadecimal digits. Every start of a process waits for this, so a decoder of the runtime is preferred. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const { Uint8Array: array, Buffer: buffer } = globalThis as unknown as HexDecoders;
  const decoded = array.fromHex?.(hex) ?? buffer?.from(hex, "hex");
  return decoded ?? Uint8Array.from(hex.match(/../g)!, (digits) => Number.parseInt(digits, 16));
}

/** "env", "memory" as the module's import section has them, and that it is a memory (2). */
const MEMORY = "03656e76066d656d6f727902";

/**
 * The module that AssemblyScript's `--sharedMemory` makes, in hexadecimal digits. The code is the same, only the import of
 * the memory differs: it has at least 1 page (0, 1), or is shared and has 1 to 65536 pages (3, 1, 128 128 4). The section
 * (2) has one import, and is three bytes longer then.
 */
export function withSharedMemory(hex: string): string {
  const shared = hex.replace(`020f01${MEMORY}0001`, `021201${MEMORY}0301808004`);
  if (shared === hex) throw new Error("the kernels do not import their memory as expected");
  return shared;
}

/** The line that is missing here. */
function remedy(): string {
  const add = (path: string) =>
    `add the line import module from "cloze/${path}"; and pass it on: Engine.create({ module })`;
  const edge = (path: string) =>
    `this runtime compiles no bytes, and its import condition was not applied; ${add(path)}`;
  const { EdgeRuntime, document, navigator } = globalThis as Record<string, unknown> & { navigator?: Navigator };
  if (navigator?.userAgent === "Cloudflare-Workers") return edge("kernels.strict.wasm");
  if (EdgeRuntime !== undefined) return edge("kernels.strict.wasm?module");
  if (document !== undefined)
    return "the page's content security policy forbids it. Add 'wasm-unsafe-eval' to its script-src; 'unsafe-eval' is not needed";
  return `does this place forbid it? In a page, add 'wasm-unsafe-eval' to its script-src; in an edge worker, ${add("kernels.strict.wasm")}`;
}
