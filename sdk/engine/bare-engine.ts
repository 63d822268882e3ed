/**
 * An engine over kernels that the caller brings: one instance of the compute module with a linear memory of its own, and one
 * more for each of its workers. engine.ts adds the kernels that are inside the package. They are two classes so that a bundle
 * can have the one without the other: a static method cannot be dropped from a class.
 *
 * The module is stateless: it works on addresses that the host passes. Disposing an engine ends its workers and gives all
 * of its memory back to the system; a WebAssembly memory cannot shrink otherwise.
 */
import { InputError, shown } from "../errors.js";
import { DisposedError } from "./errors.js";
import type { __AdaptedExports } from "./kernels.js";
import { ALIGNMENT, Allocator } from "./memory.js";
import { cores, ThreadPool } from "./pool.js";
import { CONTROL_BYTES, functionsOf } from "./region.js";
import type { Build, KernelSource } from "./source.js";
import { chooseTile, chooseTileLater, type ProductCounter } from "./tile.js";

// WebKit has no Symbol.dispose yet; the lowered `using` looks for the same symbol. A class names its method when it is
// defined, so the symbol must exist before the first disposable class: this one, or a scope.
(Symbol as { dispose?: symbol }).dispose ??= Symbol.for("Symbol.dispose");

/** @internal The module's functions, described in assembly/. */
export type Kernels = Omit<typeof __AdaptedExports, "memory">;

const GIBIBYTE = 2 ** 30;
/** Bytes of a page of WebAssembly memory. */
const PAGE = 65536;
/** A shared memory that cannot grow to 16 MiB is of little use. */
const LEAST_SHARED_PAGES = 256;

/** Settings of an engine whose kernels are chosen already. */
export interface BareEngineOptions {
  /** The memory never grows beyond this; at most (and by default) 4 GiB. */
  readonly maximumBytes?: number;
  /**
   * Threads that share the work of each kernel; 1 by default, at most the cores of the machine. The bits do not depend on
   * it. Where there are no workers or no shared memory (a page that is not cross-origin isolated) the engine has one
   * thread: see {@link BareEngine.threads}.
   */
  readonly threads?: number;
  /** The URL of the package's `cloze/worker.js`, for pages whose content security policy forbids workers from `blob:`. */
  readonly worker?: string | URL;
}

interface Made {
  readonly build: Build;
  readonly kernels: Kernels;
  readonly allocator: Allocator;
  readonly pool: ThreadPool | null;
  readonly countProduct?: ProductCounter;
}

/** An engine without kernels of its own: {@link Engine} without {@link Engine.create}. */
export class BareEngine implements Disposable {
  #kernels: Kernels | null;
  #allocator: Allocator | null;
  #pool: ThreadPool | null;
  /** Threads that share the work of each kernel: those of the options, or fewer if no more are available. */
  readonly threads: number;

  readonly build: Build;

  /** @internal Called before every product of an engine of one thread: see tile.ts. */
  readonly countProduct: ProductCounter | undefined;

  // The first signature hides the parts of an engine from users' types.
  protected constructor(made: object);
  protected constructor({ build, kernels, allocator, pool, countProduct }: Made) {
    this.build = build;
    this.countProduct = countProduct;
    this.#kernels = kernels;
    this.#allocator = allocator;
    this.#pool = pool;
    this.threads = pool?.threads ?? 1;
    if (pool) forgotten().register(this, pool, pool);
  }

  /**
   * An engine over the kernels of a source.
   *
   * @param sharable whether the source has kernels for shared memory; without them the engine has one thread
   * @internal
   */
  static async over(source: KernelSource, options: BareEngineOptions, sharable = true): Promise<BareEngine> {
    const maximumBytes = Math.min(options.maximumBytes ?? 4 * GIBIBYTE, 4 * GIBIBYTE - PAGE);
    const wanted = sharable ? (options.threads ?? 1) : 1;
    const threads = wanted === 1 ? 1 : Math.min(wanted, await cores());
    const shared = threads > 1 ? await sharing(source, options, maximumBytes, threads) : null;
    return new this(shared ?? (await alone(source, maximumBytes)));
  }

  /** @internal */
  get kernels(): Kernels {
    return this.#kernels ?? disposed();
  }

  /** @internal Run a kernel in chunks on all threads: see launch.ts. */
  runRegion(kernel: keyof Kernels, args: readonly number[], units: number, chunk: number, scratch: number): void {
    (this.#pool ?? disposed()).run(kernel, { args, units, chunk, scratch });
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

  /** Grow the memory at once so that blocks of `bytes` bytes in total will fit. */
  reserve(bytes: number): void {
    requireBytes("reserve", bytes);
    (this.#allocator ?? disposed()).reserve(bytes);
  }

  /** Give a block back. After the engine itself was disposed this does nothing: the memory is gone as a whole. */
  release(address: number): void {
    this.#allocator?.release(address);
  }

  /** @internal Join neighboring free blocks: the next ones are then laid side by side. */
  joinFree(): void {
    (this.#allocator ?? disposed()).join();
  }

  /** End the workers and give all of the memory back. Using the engine or anything on it afterwards throws DisposedError. */
  dispose(): void {
    if (this.#pool) {
      forgotten().unregister(this.#pool);
      this.#pool.end();
    }
    this.#pool = null;
    this.#kernels = null;
    this.#allocator = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The parts of an engine of one thread. */
async function alone(source: KernelSource, maximumBytes: number): Promise<Made> {
  const module = await source(false);
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { exports, build } = await instantiated(module, memory);
  const allocator = new Allocator(memory, exports.heapBase(), maximumBytes);
  const countProduct = chooseTileLater(module, exports, allocator);
  return { build, kernels: exports, allocator, pool: null, countProduct };
}

/** The parts of an engine with workers, or null if no worker answers. */
async function sharing(
  source: KernelSource,
  options: BareEngineOptions,
  maximumBytes: number,
  threads: number,
): Promise<Made | null> {
  const memory = sharedMemory(maximumBytes);
  if (!memory) return null;
  const module = await source(true);
  const { instance, exports, build } = await instantiated(module, memory);
  const control = Math.ceil(exports.heapBase() / ALIGNMENT) * ALIGNMENT;
  const kernels = functionsOf(instance);
  const allocator = new Allocator(memory, control + CONTROL_BYTES, maximumBytes);
  const tile = chooseTile(module, exports, allocator);
  const pool = await ThreadPool.start({ module, memory, control, tile, kernels }, threads - 1, options.worker);
  return pool && { build, kernels: exports, allocator, pool };
}

let registry: FinalizationRegistry<ThreadPool> | undefined;

/** Ends the workers of an engine that was not disposed before it became garbage. */
function forgotten(): FinalizationRegistry<ThreadPool> {
  registry ??= new FinalizationRegistry((pool) => pool.end());
  return registry;
}

async function instantiated(module: WebAssembly.Module, memory: WebAssembly.Memory) {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as unknown as Kernels;
  const build: Build = exports.isRelaxed() ? "relaxed" : "strict";
  return { instance, exports, build };
}

/**
 * A memory that workers can share, or null where the runtime has none. It reserves address space for its maximum, of which
 * phones have little: there it is smaller.
 */
function sharedMemory(maximumBytes: number): WebAssembly.Memory | null {
  let pages = Math.floor(maximumBytes / PAGE);
  do {
    try {
      return new WebAssembly.Memory({ initial: 2, maximum: pages, shared: true });
    } catch {
      // Shared memory is unavailable, or not in this size.
      pages = Math.floor(pages / 2);
    }
  } while (pages >= LEAST_SHARED_PAGES);
  return null;
}

function requireBytes(method: string, bytes: number): void {
  if (!(Number.isSafeInteger(bytes) && bytes >= 0))
    throw new InputError(`${method}: bytes must be a whole number of at least 0, got ${shown(bytes)}`);
}

function disposed(): never {
  throw new DisposedError("this engine was disposed; create another with Engine.create()");
}
