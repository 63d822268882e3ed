/**
 * How each kernel's range may be divided, and how much work it is.
 *
 * Units are outputs that one owner computes, so bits do not depend on the division; where a kernel reads its range in
 * steps, chunks begin at multiples of them.
 */
import { AttentionPlan, CachedAttentionPlan, type RangeKernel, type ScratchKernel } from "./abi.js";
import { fieldIndex } from "./plan.js";

/**
 * Work of a whole range, in operations of a matrix product that take as long.
 *
 * @param words the engine's memory, for kernels whose arguments point to the numbers that decide
 * @param args those of the kernel in its own order
 */
type Work = (units: number, words: Uint32Array, ...args: number[]) => number;

/** The unit count that chunks begin at multiples of, and the work of all units. */
type Split = readonly [multiple: number, work: Work];

/** Of elements: whole cache lines, and the blocks in which random numbers are drawn. */
const ELEMENTS = 64;
/**
 * Of columns of which every row is read: runs of 512 bytes, which the prefetcher follows. Such a kernel reads as fast as
 * the memory allows; two threads are not faster on half a million elements (2048 x 256: 0.10 ms, and 0.13 divided).
 */
const COLUMNS = 128;

/** The places [starts[0], starts[n]) of n sequences. */
const tokensOf = (words: Uint32Array, starts: number, n: number): number => words[(starts >> 2) + n]!;

/** Of one head: the products of queries and keys, and of their probabilities and values, `products` in all. */
function attentionWork(units: number, words: Uint32Array, planned: number, products: number): number {
  const field = (name: keyof typeof AttentionPlan) => words[(planned >> 2) + fieldIndex(AttentionPlan, name)]!;
  const rows = units / field("heads");
  const queries = tokensOf(words, field("starts"), rows);
  const keys = tokensOf(words, field("keyStarts"), rows) / rows;
  // A score is also scaled, exponentiated and normalized.
  return field("heads") * queries * keys * (2 * products * field("dim") + 32);
}

/** Of few queries and many keys, which are read from memory once. */
function cachedAttentionWork(units: number, words: Uint32Array, planned: number): number {
  const field = (name: keyof typeof CachedAttentionPlan) =>
    words[(planned >> 2) + fieldIndex(CachedAttentionPlan, name)]!;
  const heads = field("heads");
  let work = 0;
  for (let row = 0; row < units / heads; row++) {
    const queries = tokensOf(words, field("starts"), row + 1) - tokensOf(words, field("starts"), row);
    const keys = words[(field("lengths") >> 2) + row]!;
    work += heads * keys * (queries * (4 * field("dim") + 32) + 16 * field("dim"));
  }
  return work;
}

/** Σ over sequences of (queries times keys), assuming equal lengths. */
function pairsOf(words: Uint32Array, starts: number, keyStarts: number, rows: number): number {
  return (tokensOf(words, starts, rows) * tokensOf(words, keyStarts, rows)) / Math.max(1, rows);
}

export const SPLITS: Readonly<Record<RangeKernel | ScratchKernel, Split>> = {
  // Products
  // Of few rows, reading the panels takes as long as some four rows.
  gemm: [2, (_n, _w, _c, _ldc, _a, _lda, _b, rows, columns, inner) => 2 * (rows + 4) * columns * inner],
  gemmTransposed: [1, (_n, _w, _c, _ldc, _a, _lda, _b, rows, columns, inner) => 2 * rows * columns * inner],
  gemmQ8: [1, (_n, _w, _c, _q, _b, _panel, rows, columns, inner) => rows * columns * inner],
  gemmExpanded: [1, (n, _w, _c, _a, _b, _panel, rows, _columns, inner) => 32 * n * (rows + 8) * inner],
  quantizeRows: [1, (n, _w, _q, _x, _rows, inner) => 24 * n * inner],
  packF16: [1, (n, _w, _b, _panel, _from, _ldf, inner) => 512 * n * inner],
  packQ8: [1, (n, _w, _b, _panel, _from, _ldf, inner) => 512 * n * inner],
  packQ4: [1, (n, _w, _b, _panel, _from, _ldf, inner) => 512 * n * inner],
  expand: [1, (n, _w, _to, _b, _panel, inner) => 256 * n * inner],
  packColumns: [1, (n, _w, _b, _from, _ldf, inner) => 256 * n * inner],
  packRows: [4, (n, _w, _b, _rows, _from, _ldf, inner) => 256 * n * inner],
  unpackColumns: [1, (n, _w, _to, _ldt, _b, inner) => 256 * n * inner],
  unpackRows: [1, (n, _w, _to, _ldt, _b, inner) => 256 * n * inner],
  columnSums: [COLUMNS, (n, _w, _sums, _x, rows) => n * rows],

  // Attention: two products forward, five backward
  attention: [1, (n, words, plan) => attentionWork(n, words, plan, 2)],
  attentionBackward: [1, (n, words, plan) => attentionWork(n, words, plan, 5)],
  attentionProbabilities: [1, (n, words, _out, plan) => attentionWork(n, words, plan, 0)],
  cachedAttention: [1, cachedAttentionWork],
  appendKeys: [
    1,
    (n, words, _b, _p, _l, starts, _k, _v, heads, dim) => 64 * tokensOf(words, starts, n / heads) * heads * dim,
  ],
  relativeBias: [
    1,
    (n, words, _b, _t, _k, _z, _d, starts, keyStarts, _o, rows) => 16 * n * pairsOf(words, starts, keyStarts, rows),
  ],
  relativeBiasBackward: [
    1,
    (n, words, _b, _t, _k, _z, _d, starts, keyStarts, _o, rows) => 16 * n * pairsOf(words, starts, keyStarts, rows),
  ],
  gatherDistances: [1, (n, words, _b, _c, _columns, _e, _z, starts) => 64 * pairsOf(words, starts, starts, n)],
  gatherDistancesBackward: [1, (n, words, _b, _c, _columns, _e, _z, starts) => 64 * pairsOf(words, starts, starts, n)],
  rotate: [1, (n, _w, _y, _x, _t, _p, heads, dim) => 16 * n * heads * dim],

  // Elements
  add: [ELEMENTS, (n) => 16 * n],
  addScaled: [ELEMENTS, (n) => 16 * n],
  multiply: [ELEMENTS, (n) => 16 * n],
  multiplyAdd: [ELEMENTS, (n) => 20 * n],
  scale: [ELEMENTS, (n) => 12 * n],
  subtract: [ELEMENTS, (n) => 16 * n],
  activate: [ELEMENTS, (n) => 64 * n],
  activateForTraining: [ELEMENTS, (n) => 96 * n],
  erfAll: [ELEMENTS, (n) => 64 * n],
  expAll: [ELEMENTS, (n) => 64 * n],
  logAll: [ELEMENTS, (n) => 64 * n],
  dropout: [ELEMENTS, (n) => 64 * n],
  fillNormal: [ELEMENTS, (n) => 128 * n],
  fillTruncatedNormal: [ELEMENTS, (n) => 128 * n],
  fillUniform: [ELEMENTS, (n) => 64 * n],
  randomBits: [ELEMENTS, (n) => 64 * n],
  adamW: [ELEMENTS, (n) => 48 * n],
  lambDirection: [ELEMENTS, (n) => 48 * n],
  descend: [ELEMENTS, (n) => 20 * n],
  binaryCrossEntropy: [ELEMENTS, (n) => 64 * n],
  binaryCrossEntropyBackward: [ELEMENTS, (n) => 64 * n],
  squaredError: [ELEMENTS, (n) => 16 * n],
  squaredErrorBackward: [ELEMENTS, (n) => 16 * n],

  // Rows
  takeColumns: [1, (n, _w, _y, _x, _stride, _first, width) => 32 * n * width],
  takeColumnsBackward: [1, (n, _w, _dx, _dy, _stride, _first, width) => 32 * n * width],
  gather: [1, (n, _w, _y, _t, _i, width) => 12 * n * width],
  gatherAdd: [1, (n, _w, _y, _t, _i, width) => 16 * n * width],
  gatherPanels: [1, (n, _w, _y, _b, _i, width) => 40 * n * width],
  gatherF16: [1, (n, _w, _y, _b, _panel, _i, width) => 64 * n * width],
  gatherQ8: [1, (n, _w, _y, _b, _panel, _i, width) => 48 * n * width],
  gatherBackward: [COLUMNS, (n, _w, _dt, _dy, _i, rows) => n * rows],
  layerNorm: [1, (n, _w, _y, _m, _r, _x, _g, _b, width) => 24 * n * width],
  layerNormBackwardInput: [1, (n, _w, _dx, _dy, _x, _g, _m, _r, width) => 40 * n * width],
  normBackwardParameters: [COLUMNS, (n, _w, _dg, _db, _dy, _x, _m, _r, rows) => n * rows],
  rmsNorm: [1, (n, _w, _y, _r, _x, _g, width) => 20 * n * width],
  rmsNormBackwardInput: [1, (n, _w, _dx, _dy, _x, _g, _r, width) => 32 * n * width],
  normalizeRows: [1, (n, _w, _y, _l, _x, width) => 24 * n * width],
  normalizeRowsBackward: [1, (n, _w, _dx, _dy, _y, _l, width) => 32 * n * width],
  segmentMax: [1, (n, words, _y, _p, _x, starts, width) => 32 * tokensOf(words, starts, n) * width],
  segmentMaxBackward: [1, (n, _w, _dx, _dy, _p, width) => 32 * n * width],
  segmentMean: [1, (n, words, _y, _x, starts, width) => 12 * tokensOf(words, starts, n) * width],
  segmentMeanBackward: [1, (n, words, _dx, _dy, starts, width) => 12 * tokensOf(words, starts, n) * width],
  crossEntropy: [1, (n, _w, _l, _k, _s, _labels, classes) => 48 * n * classes],
  crossEntropyBackward: [1, (n, _w, _ds, _k, _s, _labels, classes) => 40 * n * classes],
  raggedCrossEntropy: [1, (n, words, _l, _k, _s, starts) => 48 * tokensOf(words, starts, n)],
  raggedCrossEntropyBackward: [1, (n, words, _ds, _k, _s, starts) => 40 * tokensOf(words, starts, n)],
  divergence: [1, (n, _w, _l, _k, _x, _y, classes) => 96 * n * classes],
  divergenceBackward: [1, (n, _w, _dx, _k, _x, _y, classes) => 80 * n * classes],
};
