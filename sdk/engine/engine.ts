/**
 * An engine is one instance of the compute module with a linear memory of its own.
 *
 * The module is stateless: it works on addresses that the host passes. Disposing an engine gives all of its memory back to
 * the system; a WebAssembly memory cannot shrink otherwise.
 */
import { InputError, shown } from "../errors.js";
import { checkOptions, oneOf, wholeNumber } from "../options.js";
import { DisposedError, UnsupportedBuildError } from "./errors.js";
import type { __AdaptedExports } from "./kernels.js";
import { Allocator } from "./memory.js";
import { type Build, chooseBuild, kernelModule } from "./source.js";

/** The module's functions: see assembly/ for what each does. */
export type Kernels = Omit<typeof __AdaptedExports, "memory">;

const GIBIBYTE = 2 ** 30;
/** Bytes of a page of WebAssembly memory. */
const PAGE = 65536;

/** Modules of other realms are modules too. */
const isModule = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object WebAssembly.Module]";

export interface EngineOptions {
  /** `strict` (the default): the same bits on every runtime. `relaxed`: fused multiply-add where the runtime has it. */
  readonly build?: Build | "auto";
  /** A compiled module of the package's `kernels.*.wasm`, for runtimes that may not compile bytes at run time. */
  readonly module?: WebAssembly.Module;
  /** The memory never grows beyond this; at most (and by default) 4 GiB. */
  readonly maximumBytes?: number;
}

/**
 * One instance of the kernels and its memory.
 *
 * @example
 * const engine = await Engine.create({ build: "auto" });
 * // ... load or train models on it ...
 * engine.dispose(); // its memory goes back to the system
 */
export class Engine implements Disposable {
  #kernels: Kernels | null;
  #allocator: Allocator | null;

  private constructor(
    readonly build: Build,
    kernels: Kernels,
    allocator: Allocator,
  ) {
    this.#kernels = kernels;
    this.#allocator = allocator;
  }

  static async create(options: EngineOptions = {}): Promise<Engine> {
    checkOptions("Engine.create", options, {
      build: oneOf("strict", "relaxed", "auto"),
      module: { expected: "a WebAssembly.Module", accepts: isModule },
      maximumBytes: wholeNumber(2 * PAGE),
    });
    const module = options.module ?? (await kernelModule(chooseBuild(options.build ?? "strict")));
    const maximumBytes = Math.min(options.maximumBytes ?? 4 * GIBIBYTE, 4 * GIBIBYTE - PAGE);
    const memory = new WebAssembly.Memory({ initial: 2 });
    // Imported here, beside the kernels: at its top level it touches globals, which every bundle would have to keep.
    const { instantiate } = await import("@assemblyscript/loader");
    const { exports } = await instantiate<Kernels & Record<string, unknown>>(module, { env: { memory } });
    const build = exports.isRelaxed() ? "relaxed" : "strict";
    if (options.build && options.build !== "auto" && options.build !== build) {
      throw new UnsupportedBuildError(`the module is the ${build} build, but build "${options.build}" was asked for`);
    }
    return new Engine(build, exports, new Allocator(memory, exports.heapBase(), maximumBytes));
  }

  /** @internal */
  get kernels(): Kernels {
    return this.#kernels ?? disposed();
  }

  get memory(): WebAssembly.Memory {
    return (this.#allocator ?? disposed()).memory;
  }

  /** Bytes held by tensors and other blocks of this engine; 0 after dispose. */
  get liveBytes(): number {
    return this.#allocator?.liveBytes ?? 0;
  }

  get isDisposed(): boolean {
    return this.#allocator === null;
  }

  /**
   * The address of a new block of `bytes` bytes, 64-byte aligned, with arbitrary content.
   *
   * @param lasting for memory that is kept as long as a model: rounded up to 64 bytes, not to a size class
   * @throws {InputError} when `bytes` is not a whole number of at least 0; nothing has changed then
   */
  alloc(bytes: number, lasting = false): number {
    requireBytes("alloc", bytes);
    return (this.#allocator ?? disposed()).alloc(bytes, lasting);
  }

  /** Grow the memory at once by what `bytes` bytes of blocks to come need beyond what is free. */
  reserve(bytes: number): void {
    requireBytes("reserve", bytes);
    (this.#allocator ?? disposed()).reserve(bytes);
  }

  /** Give a block back. After the engine itself was disposed this does nothing: the memory is gone as a whole. */
  release(address: number): void {
    this.#allocator?.release(address);
  }

  /** Give all of the memory back. Using the engine or anything on it afterwards throws DisposedError. */
  dispose(): void {
    this.#kernels = null;
    this.#allocator = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function requireBytes(method: string, bytes: number): void {
  if (!(Number.isSafeInteger(bytes) && bytes >= 0))
    throw new InputError(`${method}: bytes must be a whole number of at least 0, got ${shown(bytes)}`);
}

function disposed(): never {
  throw new DisposedError("this engine was disposed; create another one with Engine.create()");
}
