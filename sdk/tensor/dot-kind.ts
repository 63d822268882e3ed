/**
 * Which kind of dot product the 8-bit matrix product uses on this machine.
 *
 * All kinds compute the same integers (assembly/product/gemm-q8.ts), so the choice changes no bit. Which is fastest
 * depends on the processor and on how the runtime lowers relaxed SIMD, and no API tells; so it is measured, once for each
 * engine.
 */
import { PAIRS, QUADS, WORDS } from "../engine/abi.js";
import type { Engine } from "../engine/engine.js";
import { fastest } from "../engine/probe.js";

/** A product that is large enough for a timer and small enough for the first cache. */
const ROWS = 8;
const INNER = 128;
const COLUMNS = 64;
const chosen = new WeakMap<Engine, number>();

/** The kind for this engine: that of the strict build, or the fastest of the relaxed build. */
export function dotKind(engine: Engine): number {
  const known = chosen.get(engine);
  if (known !== undefined) return known;
  const kind = engine.build === "strict" ? WORDS : probed(engine, [PAIRS, QUADS, WORDS]);
  chosen.set(engine, kind);
  return kind;
}

function probed(engine: Engine, kinds: readonly number[]): number {
  const { kernels } = engine;
  const count = COLUMNS / 16;
  const panel = kernels.q8PanelBytes(INNER);
  const sizes = [kernels.quantizedBytes(ROWS, INNER, WORDS), count * panel, ROWS * COLUMNS * 4];
  const [q = 0, panels = 0, y = 0, scratch = 0] = [...sizes, kernels.gemmQ8ScratchBytes()].map((n) => engine.alloc(n));
  // The contents of the memory do not matter: integer operands of any value take the same time, and the scales are zero.
  new Uint8Array(engine.memory.buffer, q, sizes[0]).fill(0);
  new Uint8Array(engine.memory.buffer, panels, sizes[1]).fill(1);
  const ways = kinds.map((kind) => () => {
    kernels.gemmQ8(y, q, panels, panel, ROWS, COLUMNS, INNER, kind, 0, 0, 0, scratch, 0, count);
  });
  const kind = kinds[fastest(ways)]!;
  for (const address of [q, panels, y, scratch]) engine.release(address);
  return kind;
}
