/**
 * The peak of this core: multiply-adds on registers, without any memory. Shares of it say how well a workload is
 * computed.
 */
import hex from "../../build/yardstick.wasm?hex";
import { bytesOf } from "../engine/source.js";

const CHAINS = [8, 12, 16, 20] as const;
/** Multiply-adds of each chain in a turn of the loop, as scripts/yardstick.mjs writes it. */
const UNROLL = 4;
/** A multiplication and an addition in each of four lanes. */
const OPERATIONS = 8;
/** Of one chain: at 40 GF, 5 million multiply-adds in a millisecond. */
const TURNS = 1.25e6;

type Loop = (turns: number, x: number, y: number) => number;

/**
 * A function that measures the peak now, in billions of operations a second: the best of four loops of a millisecond each.
 * Null where bytes may not be compiled, or the clock does not advance while a program computes: in edge workers.
 */
export async function yardstick(): Promise<(() => number) | null> {
  let instance: WebAssembly.Instance;
  try {
    instance = (await WebAssembly.instantiate(bytesOf(hex), {})).instance;
  } catch {
    return null;
  }
  const loops = CHAINS.map((chains) => ({ chains, run: instance.exports[`peak${chains}`] as Loop }));
  for (const { run } of loops) for (let i = 0; i < 20; i++) run(20_000, 0.5, 1);
  const peak = (): number => {
    const rates = loops.map(({ chains, run }) => {
      const turns = Math.round(TURNS / chains);
      const started = performance.now();
      run(turns, 0.5, 1);
      return (turns * UNROLL * chains * OPERATIONS) / (performance.now() - started) / 1e6;
    });
    return Math.max(...rates);
  };
  return Number.isFinite(peak()) ? peak : null;
}
