/**
 * The one place that runs kernels over a range.
 *
 * A kernel does units [begin, end) of n: rows, heads, elements, panels of columns. Units are independent, and their
 * results have the same bits under any division of the range. So a range may be divided among the threads of an
 * engine, which is decided here and nowhere else. Kernels are synchronous calls: docs/decisions/001-synchronous-kernels.md.
 */
import type { RangeKernel, ScratchKernel } from "./abi.js";
import type { Engine, Kernels } from "./engine.js";
import { ALIGNMENT } from "./memory.js";
import type { Kernel } from "./region.js";
import { withScratch } from "./scratch.js";
import { SPLITS } from "./split.js";

/** A kernel's parameters before `begin, end`. */
type RangeArguments<K extends RangeKernel> =
  Parameters<Kernels[K]> extends [...infer Own extends number[], number, number] ? Own : never;

/** A kernel's parameters before `scratch, begin, end`. */
type ScratchArguments<K extends ScratchKernel> =
  Parameters<Kernels[K]> extends [...infer Own extends number[], number, number, number] ? Own : never;

/**
 * Work, in operations of a matrix product, below which a range stays on one thread: some 25 µs. Waking a worker
 * takes 5 to 15 µs.
 */
const LEAST_WORK = 2 ** 20;
/** Chunks for each thread, so that others can take over from a delayed one. */
const CHUNKS_PER_THREAD = 4;
/** Least work of a chunk. Taking one costs 0.2 µs. */
const LEAST_CHUNK = 2 ** 16;

/**
 * Run a kernel over units [0, n).
 *
 * @param args the kernel's parameters in its own order, without `begin, end`
 *
 * @example
 * launch(engine, "add", x.size, y.address, x.address, x.address); // y = x + x
 */
export function launch<K extends RangeKernel>(engine: Engine, kernel: K, n: number, ...args: RangeArguments<K>): void {
  run(engine, kernel, args, n, chunkOf(engine, kernel, n, args), -1);
}

/**
 * The same for a kernel that needs working memory.
 *
 * @param bytes of working memory for each thread
 * @param args the kernel's parameters in its own order, without `scratch, begin, end`
 */
export function launchWithScratch<K extends ScratchKernel>(
  engine: Engine,
  kernel: K,
  n: number,
  bytes: number,
  ...args: ScratchArguments<K>
): void {
  const chunk = chunkOf(engine, kernel, n, args);
  const each = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  withScratch(engine, chunk < n ? each * engine.threads : bytes, (scratch) => {
    args.push(scratch);
    run(engine, kernel, args, n, chunk, each);
  });
}

/** Units of a chunk; all where the range is not divided. */
function chunkOf(engine: Engine, kernel: RangeKernel | ScratchKernel, n: number, args: readonly number[]): number {
  const { threads } = engine;
  if (threads === 1) return n;
  const [multiple, workOf] = SPLITS[kernel];
  const work = workOf(n, new Uint32Array(engine.memory.buffer), ...args);
  if (!(work >= LEAST_WORK)) return n;
  const chunks = Math.min(CHUNKS_PER_THREAD * threads, work / LEAST_CHUNK);
  return Math.ceil(n / chunks / multiple) * multiple;
}

/** @param scratch bytes of working memory of each thread, whose address is the last argument; -1 for none */
function run(
  engine: Engine,
  kernel: RangeKernel | ScratchKernel,
  args: number[],
  n: number,
  chunk: number,
  scratch: number,
): void {
  if (chunk < n) engine.runRegion(kernel, args, n, chunk, scratch);
  else {
    const call = engine.kernels[kernel] as Kernel;
    args.push(0, n);
    call(...args);
  }
}
