/**
 * The allocator of one engine's linear memory: free lists by size class, and a growing end.
 *
 * Calls ask for the same sizes again, so most requests are met from a free list. Size classes are powers of two divided by four, so a block wastes at most a fifth of
 * itself; weights, which stay, waste no more than a cache line. Batches of other lengths ask for other sizes: before the
 * memory grows, neighboring free blocks are joined and divided again, so that it grows for a step that needs more than
 * any before it, not for one that needs it in other pieces.
 * (Pre-training on sequences of 20 to 64 tokens: 40 MB instead of 82; joining takes 0.1 ms of a step's 60.) A training step
 * begins with all free blocks joined, so that its tensors lie side by side, whatever the step before has left.
 */
import { shown } from "../errors.js";
import { DisposedError, OutOfMemoryError } from "./errors.js";

const PAGE = 65536;
/** Every block begins at a multiple of this: one cache line, and enough for every vector load. */
export const ALIGNMENT = 64;

/** The size that a request of `bytes` is rounded up to. Example: 1 -> 64, 65 -> 128, 1025 -> 1280. */
export function sizeClass(bytes: number): number {
  if (bytes <= 4 * ALIGNMENT) return aligned(bytes);
  let power = 4 * ALIGNMENT;
  while (power * 2 < bytes) power *= 2;
  const step = power / 4;
  return Math.ceil(bytes / step) * step;
}

/** `bytes` rounded up to whole cache lines. */
const aligned = (bytes: number): number => Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;

/**
 * The least growth of a memory of this size, so that many small requests do not cause many growths: 2 MiB, less in
 * a small memory and a thirty-second of a large one. Weights are reserved at once and need none of it.
 */
const leastGrowth = (bytes: number): number => Math.min(bytes / 8, Math.max(2 ** 21, bytes / 32));

export class Allocator {
  /** Free blocks by size class, last freed first: the block most likely still in the cache. */
  readonly #free = new Map<number, number[]>();
  readonly #live = new Map<number, number>();
  /** Joined free blocks by address: [begin, end). */
  #holes: (readonly [number, number])[] = [];
  #end: number;
  #liveBytes = 0;

  /**
   * @param memory the linear memory to hand out
   * @param base first byte that is not the module's own data
   * @param maximumBytes the memory never grows beyond this
   */
  constructor(
    readonly memory: WebAssembly.Memory,
    base: number,
    readonly maximumBytes: number,
  ) {
    this.#end = Math.ceil(base / ALIGNMENT) * ALIGNMENT;
  }

  /** Bytes in blocks that were handed out and not released. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /**
   * The address of a new block of at least `bytes` bytes; its content is whatever was there before.
   *
   * @param lasting for memory that is kept for long: rounded up to a cache line, not to a size class
   */
  alloc(bytes: number, lasting = false): number {
    const size = lasting ? aligned(bytes) : sizeClass(bytes);
    const address = this.#free.get(size)?.pop() ?? this.#place(size) ?? this.join().#place(size) ?? this.#extend(size);
    this.#live.set(address, size);
    this.#liveBytes += size;
    return address;
  }

  /** Grow the memory at once so that blocks of `bytes` bytes in total will fit. */
  reserve(bytes: number): void {
    const lists = [...this.#free].reduce((sum, [size, addresses]) => sum + size * addresses.length, 0);
    const holes = this.#holes.reduce((sum, [begin, end]) => sum + end - begin, 0);
    const free = lists + holes + this.memory.buffer.byteLength - this.#end;
    if (bytes > free) this.#grow(bytes - free, bytes);
  }

  release(address: number): void {
    const size = this.#live.get(address);
    if (size === undefined)
      throw new DisposedError(`memory at ${shown(address)} was already freed, or never allocated`);
    this.#live.delete(address);
    this.#liveBytes -= size;
    const list = this.#free.get(size);
    if (list) list.push(address);
    else this.#free.set(size, [address]);
  }

  /** Take `size` bytes from the first hole that is large enough, or after the last block. */
  #place(size: number): number | undefined {
    const at = this.#holes.findIndex(([begin, end]) => end - begin >= size);
    if (at >= 0) {
      const [begin, end] = this.#holes[at]!;
      if (end - begin === size) this.#holes.splice(at, 1);
      else this.#holes[at] = [begin + size, end];
      return begin;
    }
    return this.#end + size <= this.memory.buffer.byteLength ? this.#extend(size) : undefined;
  }

  /** Turn all free blocks into holes, adjacent ones joined; free memory after the last block in use joins the end. */
  join(): this {
    const free = [...this.#free].flatMap(([size, addresses]) =>
      addresses.map((address) => [address, address + size] as const),
    );
    this.#free.clear();
    const joined: [number, number][] = [];
    for (const [begin, end] of [...free, ...this.#holes].sort(([a], [b]) => a - b)) {
      const last = joined.at(-1);
      if (last?.[1] === begin) last[1] = end;
      else joined.push([begin, end]);
    }
    if (joined.at(-1)?.[1] === this.#end) [this.#end] = joined.pop()!;
    this.#holes = joined;
    return this;
  }

  /** Take `size` bytes at the end of the memory, growing it first; on failure nothing has changed. */
  #extend(size: number): number {
    const address = this.#end;
    const missing = address + size - this.memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing, size);
    this.#end = address + size;
    return address;
  }

  #grow(missing: number, size: number): void {
    const now = this.memory.buffer.byteLength;
    const room = Math.max(0, Math.floor((this.maximumBytes - now) / PAGE));
    const least = Math.ceil(missing / PAGE);
    const wanted = Math.min(room, Math.max(least, Math.ceil(leastGrowth(now) / PAGE)));
    const available = room * PAGE + now - this.#end;
    if (least > room) throw new OutOfMemoryError(size, available);
    for (const pages of wanted > least ? [wanted, least] : [least]) {
      try {
        this.memory.grow(pages);
        return;
      } catch {
        // The system refused: try the least that would do, then say so.
      }
    }
    throw new OutOfMemoryError(size, now - this.#end);
  }
}
