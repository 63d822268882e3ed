/**
 * Which kind of dot product the 8-bit matrix product uses on this machine.
 *
 * All kinds compute the same integers (assembly/gemm-q8.ts), so the choice changes no bit. What is fastest depends on the
 * processor and on how the runtime lowers relaxed SIMD, and cannot be asked for; so it is measured, once for each engine.
 */
import { PAIRS, QUADS, WORDS } from "../engine/abi.js";
import type { Engine } from "../engine/engine.js";

/** A product that is large enough for a timer and small enough for the first cache. */
const ROWS = 8;
const INNER = 128;
const COLUMNS = 64;
/** Time in which a runtime's second compiler replaces the code of its first. */
const WARM_MILLISECONDS = 1.5;
/** Of one sample, and how many samples of a kind there are; the best counts. */
const SAMPLE_MILLISECONDS = 0.3;
const SAMPLES = 3;

const chosen = new WeakMap<Engine, number>();

/** The kind for this engine: that of the strict build, or the fastest of the relaxed build. */
export function dotKind(engine: Engine): number {
  const known = chosen.get(engine);
  if (known !== undefined) return known;
  const kind = engine.build === "strict" ? WORDS : fastest(engine, [PAIRS, QUADS, WORDS]);
  chosen.set(engine, kind);
  return kind;
}

function fastest(engine: Engine, kinds: readonly number[]): number {
  const { kernels } = engine;
  const count = COLUMNS / 16;
  const panel = kernels.q8PanelBytes(INNER);
  const sizes = [kernels.quantizedBytes(ROWS, INNER, WORDS), count * panel, ROWS * COLUMNS * 4];
  const [q = 0, panels = 0, y = 0, scratch = 0] = [...sizes, kernels.gemmQ8ScratchBytes()].map((n) => engine.alloc(n));
  // What the memory holds is no matter: operands of any value take the same time, and the scales are zero.
  new Uint8Array(engine.memory.buffer, q, sizes[0]).fill(0);
  new Uint8Array(engine.memory.buffer, panels, sizes[1]).fill(1);
  const run = (kind: number) =>
    kernels.gemmQ8(y, q, panels, panel, ROWS, COLUMNS, INNER, kind, 0, 0, 0, scratch, 0, count);
  for (const kind of kinds) rate(() => run(kind), WARM_MILLISECONDS);
  const best = kinds.map(() => Number.POSITIVE_INFINITY);
  for (let sample = 0; sample < SAMPLES; sample++)
    for (const [i, kind] of kinds.entries())
      best[i] = Math.min(
        best[i]!,
        rate(() => run(kind), SAMPLE_MILLISECONDS),
      );
  for (const address of [q, panels, y, scratch]) engine.release(address);
  return kinds[best.indexOf(Math.min(...best))]!;
}

/** Milliseconds of a call, over as many as take `milliseconds`. */
function rate(call: () => void, milliseconds: number): number {
  const started = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    for (let i = 0; i < 8; i++) call();
    calls += 8;
    elapsed = performance.now() - started;
  } while (elapsed < milliseconds);
  return elapsed / calls;
}
