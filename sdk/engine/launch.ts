/**
 * The one place that runs kernels over a range.
 *
 * A kernel does units [begin, end) of n: rows, heads, elements, panels of columns. Units are independent, and what one of
 * them computes has the same bits under any division of the range. So a range may be divided among the workers of an
 * engine, which is decided here and nowhere else. Kernels are synchronous calls: docs/decisions/001-synchronous-kernels.md.
 */
import type { RangeKernel, ScratchKernel } from "./abi.js";
import type { Engine, Kernels } from "./engine.js";
import { withScratch } from "./scratch.js";

/** A kernel's parameters before `begin, end`. */
type RangeArguments<K extends RangeKernel> =
  Parameters<Kernels[K]> extends [...infer Own extends number[], number, number] ? Own : never;

/** A kernel's parameters before `scratch, begin, end`. */
type ScratchArguments<K extends ScratchKernel> =
  Parameters<Kernels[K]> extends [...infer Own extends number[], number, number, number] ? Own : never;

type Kernel = (...args: number[]) => void;

/**
 * Run a kernel over units [0, n).
 *
 * @param args the kernel's parameters in its own order, without `begin, end`
 *
 * @example
 * launch(engine, "add", x.size, y.address, x.address, x.address); // y = x + x
 */
export function launch<K extends RangeKernel>(engine: Engine, kernel: K, n: number, ...args: RangeArguments<K>): void {
  run(engine, kernel, args, n);
}

/**
 * The same for a kernel that needs working memory.
 *
 * @param bytes of working memory for each worker
 * @param args the kernel's parameters in its own order, without `scratch, begin, end`
 */
export function launchWithScratch<K extends ScratchKernel>(
  engine: Engine,
  kernel: K,
  n: number,
  bytes: number,
  ...args: ScratchArguments<K>
): void {
  withScratch(engine, bytes, (scratch) => {
    args.push(scratch);
    run(engine, kernel, args, n);
  });
}

function run(engine: Engine, kernel: RangeKernel | ScratchKernel, args: number[], n: number): void {
  const call = engine.kernels[kernel] as Kernel;
  args.push(0, n);
  call(...args);
}
