/**
 * Which of several ways to compute the same bits is the fastest here. That depends on the processor and on how the runtime
 * compiles SIMD, and no API tells; so it is measured, once for each engine, in a few milliseconds.
 */

/** Time in which a runtime's second compiler replaces the code of its first; it mostly takes a third of it. */
const WARM_MILLISECONDS = 3;
/** Of one sample, and how many samples of a way there are; the best counts. */
const SAMPLE_MILLISECONDS = 0.3;
const SAMPLES = 5;
/** The first way is the usual one: another must be faster by more than the noise of a sample. */
const CLEARLY = 0.9;
/** Calls between two looks at the clock. */
const CALLS = 8;
/** Calls within which a working clock has advanced. Edge workers stop theirs while they compute. */
const PATIENCE = 512;

/**
 * The number of the fastest way; the first if none is clearly faster, or the clock does not advance.
 *
 * @param ways calls of some microseconds each, the usual one first
 */
export function fastest(ways: readonly (() => void)[]): number {
  for (const way of ways) if (timeOf(way, WARM_MILLISECONDS) === null) return 0;
  const best = ways.map(() => Number.POSITIVE_INFINITY);
  for (let sample = 0; sample < SAMPLES; sample++)
    for (const [i, way] of ways.entries()) best[i] = Math.min(best[i]!, timeOf(way, SAMPLE_MILLISECONDS) ?? best[i]!);
  const least = Math.min(...best);
  return least < CLEARLY * best[0]! ? best.indexOf(least) : 0;
}

/** Milliseconds of a call, over as many calls as take `milliseconds`; null where the clock does not move. */
function timeOf(way: () => void, milliseconds: number): number | null {
  const started = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    for (let i = 0; i < CALLS; i++) way();
    calls += CALLS;
    elapsed = performance.now() - started;
    if (elapsed === 0 && calls >= PATIENCE) return null;
  } while (elapsed < milliseconds);
  return elapsed / calls;
}
