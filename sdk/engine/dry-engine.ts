/**
 * An engine that computes nothing: memory is handed out as a model's own code asks for it, and no kernel runs. Since
 * untouched memory takes no room, gigabytes can be counted in this way on any machine.
 */
import type { RangeKernel, ScratchKernel } from "./abi.js";
import { BareEngine, type Kernels } from "./bare-engine.js";
import { Allocator } from "./memory.js";
import { kernelModule } from "./source.js";
import { SPLITS } from "./split.js";

/** The most that a WebAssembly memory can have: 4 GiB but for a page. */
const MOST_BYTES = 2 ** 32 - 65536;

/** The kernels with those that run over a range left out; the rest says how large scratch and panels are. */
function withoutRanges(kernels: Kernels): Kernels {
  const names = Object.keys(SPLITS) as (RangeKernel | ScratchKernel)[];
  return { ...kernels, ...Object.fromEntries(names.map((name) => [name, () => {}])) };
}

export class DryEngine extends BareEngine {
  override readonly threads: number;

  private constructor(made: object, threads: number) {
    super(made);
    this.threads = threads;
  }

  /** @param threads whose working memory is counted */
  static async create(threads: number): Promise<DryEngine> {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const { exports } = await WebAssembly.instantiate(await kernelModule("strict", false), { env: { memory } });
    const kernels = exports as unknown as Kernels;
    const allocator = new Allocator(memory, kernels.heapBase(), MOST_BYTES);
    return new DryEngine({ build: "strict", kernels: withoutRanges(kernels), allocator, pool: null }, threads);
  }

  override runRegion(): void {}
}
