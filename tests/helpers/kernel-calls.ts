/** A call of every kernel of a range, by address. */
import {
  AttentionPlan,
  BLOCK_KEYS,
  CachedAttentionPlan,
  DROPOUT_SCRATCH,
  PANEL,
  type RangeKernel,
  type ScratchKernel,
  UNLIMITED,
} from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { launch, launchWithScratch } from "../../sdk/engine/launch.js";
import { planBytes, writePlan } from "../../sdk/engine/plan.js";
import type { Blocks } from "./blocks.js";
import { COMPACT_CALLS } from "./compact-calls.js";

/** A size that no step divides, of matrices whose kernels are worth dividing. */
const [ROWS, WIDTH] = [333, 261];
/** Elements, ending in the middle of a vector. */
const ELEMENTS = 200_003;
/** Sequences of different lengths. */
const LENGTHS = [61, 7, 230, 1, 90, 44];

/** 0, then the sums of the sizes up to each. */
function ends(sizes: readonly number[]): number[] {
  const all = [0];
  for (const size of sizes) all.push(all.at(-1)! + size);
  return all;
}

const STARTS = ends(LENGTHS);
const TOKENS = STARTS.at(-1)!;
const [HEADS, DIM] = [3, 20];

function attentionArguments(m: Blocks): number {
  const width = HEADS * DIM;
  const kept = LENGTHS.map((n) => HEADS * n * Math.ceil(n / PANEL) * PANEL);
  const dense = LENGTHS.map((n) => HEADS * n * n);
  const plan = m.engine.alloc(planBytes(AttentionPlan));
  const starts = m.integers(STARTS);
  const tokens = () => m.floats(TOKENS * width);
  writePlan(m.engine, plan, AttentionPlan, {
    ...{ out: tokens(), query: tokens(), key: tokens(), value: tokens(), dout: tokens() },
    ...{ probabilities: m.floats(ends(kept).at(-1)!), offsets: m.integers(ends(kept)) },
    ...{
      bias: m.floats(ends(dense).at(-1)!),
      dbias: m.floats(ends(dense).at(-1)!),
      biasOffsets: m.integers(ends(dense)),
    },
    ...{ starts, keyStarts: starts, heads: HEADS, dim: DIM, scale: 0.25, before: UNLIMITED, after: 0 },
    ...{ threshold: 2 ** 30, keepScale: 4 / 3, seed: 1, step: 2, stream: 3 },
    ...{ dquery: tokens(), dkey: tokens(), dvalue: tokens(), addQuery: 1, addKey: 0, addValue: 1 },
  });
  return plan;
}

/** Blocks of kept keys and values: room for `longest` keys of each of the LENGTHS; the table of their addresses. */
function keyBlocks(m: Blocks, longest: number): { readonly table: number; readonly perRow: number } {
  const perRow = Math.ceil(longest / BLOCK_KEYS);
  const elements = m.engine.kernels.keyBlockBytes(HEADS, DIM) / 4;
  const addresses = Array.from({ length: LENGTHS.length * perRow }, () => m.floats(elements));
  return { table: m.addresses(addresses), perRow };
}

/** Bias by distance: buckets of the distances of LENGTHS, tables and the places of each sequence. */
function distances(m: Blocks) {
  const longest = Math.max(...LENGTHS);
  const offsets = ends(LENGTHS.map((n) => HEADS * n * n));
  return {
    zero: longest - 1,
    count: 2 * longest - 1,
    bias: m.floats(offsets.at(-1)!),
    buckets: m.indices(2 * longest - 1, 32),
    starts: m.integers(STARTS),
    offsets: m.integers(offsets),
  };
}

type Calls = Readonly<Record<RangeKernel | ScratchKernel, (engine: Engine, m: Blocks) => void>>;

const elementwise =
  (kernel: "add" | "subtract" | "multiply" | "multiplyAdd") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), m.floats(ELEMENTS));

const scaled =
  (kernel: "scale" | "addScaled") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), 0.3);

const function_ =
  (kernel: "erfAll" | "expAll" | "logAll") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS, true));

const filled =
  (kernel: "fillNormal" | "fillTruncatedNormal") =>
  (engine: Engine, m: Blocks): void =>
    launch(engine, kernel, ELEMENTS, m.floats(ELEMENTS), 0.02, 7, 9);

/** Every kernel of a range, with work enough to be divided. */
export const CALLS: Calls = {
  gemm: (engine, m) => {
    const panels = Math.ceil(WIDTH / PANEL);
    const [c, a, b] = [m.floats(ROWS * WIDTH), m.floats(ROWS * 400), m.floats(panels * PANEL * 400)];
    const bytes = engine.kernels.gemmScratchBytes();
    launchWithScratch(engine, "gemm", panels, bytes, c, WIDTH, a, 400, b, ROWS, WIDTH, 400, m.floats(WIDTH), 1, 1);
  },
  gemmTransposed: (engine, m) => {
    const [c, a] = [m.floats(ROWS * WIDTH), m.floats(400 * ROWS)];
    const b = m.floats(Math.ceil(WIDTH / PANEL) * PANEL * 400);
    const bytes = engine.kernels.gemmScratchBytes();
    const units = Math.ceil(WIDTH / PANEL);
    launchWithScratch(engine, "gemmTransposed", units, bytes, c, WIDTH, a, ROWS, b, ROWS, WIDTH, 400, 1);
  },
  ...COMPACT_CALLS,
  packColumns: (engine, m) => {
    const panels = Math.ceil(ROWS / PANEL);
    launch(engine, "packColumns", panels, m.floats(panels * PANEL * WIDTH), m.floats(ROWS * WIDTH), WIDTH, WIDTH, ROWS);
  },
  packRows: (engine, m) => {
    const panels = Math.ceil(WIDTH / PANEL);
    const [to, from] = [m.floats(panels * PANEL * ROWS), m.floats(ROWS * WIDTH)];
    launch(engine, "packRows", panels, to, ROWS, from, WIDTH, ROWS, WIDTH);
  },
  unpackColumns: (engine, m) => {
    const panels = Math.ceil(ROWS / PANEL);
    launch(
      engine,
      "unpackColumns",
      panels,
      m.floats(ROWS * WIDTH),
      WIDTH,
      m.floats(panels * PANEL * WIDTH),
      WIDTH,
      ROWS,
    );
  },
  unpackRows: (engine, m) => {
    const panels = Math.ceil(WIDTH / PANEL);
    launch(engine, "unpackRows", panels, m.floats(ROWS * WIDTH), WIDTH, m.floats(panels * PANEL * ROWS), ROWS, WIDTH);
  },
  columnSums: (engine, m) =>
    launch(engine, "columnSums", 2 * WIDTH, m.floats(2 * WIDTH), m.floats(2 * ROWS * WIDTH), ROWS, 2 * WIDTH, 1),

  attention: (engine, m) => {
    const bytes = engine.kernels.attentionScratchBytes(Math.max(...LENGTHS), DIM);
    launchWithScratch(engine, "attention", LENGTHS.length * HEADS, bytes, attentionArguments(m));
  },
  attentionBackward: (engine, m) => {
    const bytes = engine.kernels.attentionBackwardScratchBytes(Math.max(...LENGTHS), DIM);
    launchWithScratch(engine, "attentionBackward", LENGTHS.length * HEADS, bytes, attentionArguments(m));
  },
  attentionProbabilities: (engine, m) => {
    const out = m.floats(LENGTHS.reduce((sum, n) => sum + HEADS * n * n, 0));
    launch(engine, "attentionProbabilities", LENGTHS.length * HEADS, out, attentionArguments(m));
  },
  cachedAttention: (engine, m) => {
    const queries = 5;
    const keys = LENGTHS.map((length) => length + queries);
    const { table, perRow } = keyBlocks(m, Math.max(...keys));
    const tokens = () => m.floats(LENGTHS.length * queries * HEADS * DIM);
    const dense = ends(keys.map((length) => HEADS * queries * length));
    const plan = m.engine.alloc(planBytes(CachedAttentionPlan));
    writePlan(m.engine, plan, CachedAttentionPlan, {
      ...{ out: tokens(), query: tokens(), heads: HEADS, dim: DIM, scale: 0.25, after: 0 },
      ...{ bias: m.floats(dense.at(-1)!), probabilities: m.floats(dense.at(-1)!), biasOffsets: m.integers(dense) },
      ...{ starts: m.integers(ends(LENGTHS.map(() => queries))), lengths: m.integers(keys) },
      ...{ blocks: table, blocksPerRow: perRow },
    });
    const bytes = engine.kernels.cachedAttentionScratchBytes(Math.max(...keys), DIM);
    launchWithScratch(engine, "cachedAttention", LENGTHS.length * HEADS, bytes, plan);
  },
  appendKeys: (engine, m) => {
    const kept = 7;
    const { table, perRow } = keyBlocks(m, kept + Math.max(...LENGTHS));
    const lengths = m.integers(LENGTHS.map(() => kept));
    const [key, value] = [m.floats(TOKENS * HEADS * DIM), m.floats(TOKENS * HEADS * DIM)];
    // biome-ignore format: in the order of the kernel's own list
    launch(engine, "appendKeys", LENGTHS.length * HEADS, table, perRow, lengths, m.integers(STARTS), key, value, HEADS, DIM);
  },
  relativeBias: (engine, m) => {
    const { bias, buckets, zero, count, starts, offsets } = distances(m);
    const table = m.floats(32 * HEADS);
    const rows = LENGTHS.length;
    // biome-ignore format: in the order of the kernel's own list
    launchWithScratch(engine, "relativeBias", HEADS, count * 4, bias, table, buckets, zero, count, starts, starts, offsets, rows, HEADS);
  },
  relativeBiasBackward: (engine, m) => {
    const { bias, buckets, zero, count, starts, offsets } = distances(m);
    const dtable = m.floats(32 * HEADS);
    const rows = LENGTHS.length;
    // biome-ignore format: in the order of the kernel's own list
    launchWithScratch(engine, "relativeBiasBackward", HEADS, count * 4, dtable, bias, buckets, zero, count, starts, starts, offsets, rows, HEADS);
  },
  gatherDistances: (engine, m) => {
    const { bias, buckets, zero, starts, offsets } = distances(m);
    const content = m.floats(TOKENS * 32);
    launch(engine, "gatherDistances", LENGTHS.length, bias, content, 32, buckets, zero, starts, offsets, 1, 0.5, 1);
  },
  gatherDistancesBackward: (engine, m) => {
    const { bias, buckets, zero, starts, offsets } = distances(m);
    const dcontent = m.floats(TOKENS * 32);
    launch(
      engine,
      "gatherDistancesBackward",
      LENGTHS.length,
      dcontent,
      bias,
      32,
      buckets,
      zero,
      starts,
      offsets,
      1,
      0.5,
      0,
    );
  },
  rotate: (engine, m) => {
    const [y, x, table] = [m.floats(ROWS * 256), m.floats(ROWS * 256), m.floats(50 * 64)];
    launch(engine, "rotate", ROWS, y, x, table, m.indices(ROWS, 50), 4, 64, -1);
  },

  add: elementwise("add"),
  subtract: elementwise("subtract"),
  multiply: elementwise("multiply"),
  multiplyAdd: elementwise("multiplyAdd"),
  scale: scaled("scale"),
  addScaled: scaled("addScaled"),
  erfAll: function_("erfAll"),
  expAll: function_("expAll"),
  logAll: function_("logAll"),
  activate: (engine, m) => launch(engine, "activate", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), 1),
  activateForTraining: (engine, m) =>
    launch(engine, "activateForTraining", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), m.floats(ELEMENTS), 2),
  dropout: (engine, m) => {
    const [y, x] = [m.floats(ELEMENTS), m.floats(ELEMENTS)];
    launchWithScratch(engine, "dropout", ELEMENTS, DROPOUT_SCRATCH, y, x, 6554, 1.1, 3, 4, 5, 1);
  },
  fillNormal: filled("fillNormal"),
  fillTruncatedNormal: filled("fillTruncatedNormal"),
  fillUniform: (engine, m) => launch(engine, "fillUniform", ELEMENTS, m.floats(ELEMENTS), -2, 3, 7, 9),
  randomBits: (engine, m) => launch(engine, "randomBits", ELEMENTS, m.floats(ELEMENTS), 7, 8, 9),
  adamW: (engine, m) => {
    const [w, g, first, second] = [
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS, true),
    ];
    launch(engine, "adamW", ELEMENTS, w, g, first, second, 0.5, 1e-4, 0.1, 0.999, 0.001, 1e-3, 0.9, 1e-8);
  },
  lambDirection: (engine, m) => {
    const [g, w, first, second] = [
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS, true),
    ];
    launch(engine, "lambDirection", ELEMENTS, g, w, first, second, 0.5, 0.01, 0.1, 0.999, 0.001, 1e-6);
  },
  descend: (engine, m) => launch(engine, "descend", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), 0.01),
  binaryCrossEntropy: (engine, m) => {
    const [losses, scores, labels] = [m.floats(ELEMENTS), m.floats(ELEMENTS), m.indices(ELEMENTS, 2)];
    launch(engine, "binaryCrossEntropy", ELEMENTS, losses, scores, labels);
  },
  binaryCrossEntropyBackward: (engine, m) => {
    const [dscores, scores, labels] = [m.floats(ELEMENTS), m.floats(ELEMENTS), m.indices(ELEMENTS, 2)];
    launch(engine, "binaryCrossEntropyBackward", ELEMENTS, dscores, scores, labels, 0.5, 1);
  },
  squaredError: (engine, m) =>
    launch(engine, "squaredError", ELEMENTS, m.floats(ELEMENTS), m.floats(ELEMENTS), m.floats(ELEMENTS)),
  squaredErrorBackward: (engine, m) =>
    launch(
      engine,
      "squaredErrorBackward",
      ELEMENTS,
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      m.floats(ELEMENTS),
      0.5,
      1,
    ),

  takeColumns: (engine, m) =>
    launch(engine, "takeColumns", ROWS, m.floats(ROWS * 150), m.floats(ROWS * WIDTH), WIDTH, 30, 150),
  takeColumnsBackward: (engine, m) =>
    launch(engine, "takeColumnsBackward", ROWS, m.floats(ROWS * WIDTH), m.floats(ROWS * 150), WIDTH, 30, 150),
  gather: (engine, m) =>
    launch(
      engine,
      "gather",
      2 * ROWS,
      m.floats(2 * ROWS * WIDTH),
      m.floats(50 * WIDTH),
      m.indices(2 * ROWS, 50),
      WIDTH,
    ),
  gatherAdd: (engine, m) =>
    launch(engine, "gatherAdd", ROWS, m.floats(ROWS * WIDTH), m.floats(50 * WIDTH), m.indices(ROWS, 50), WIDTH),
  gatherPanels: (engine, m) =>
    launch(engine, "gatherPanels", ROWS, m.floats(ROWS * WIDTH), m.floats(64 * WIDTH), m.indices(ROWS, 50), WIDTH, 0),
  gatherBackward: (engine, m) => {
    const [dtable, dy, index] = [m.floats(50 * WIDTH), m.floats(ROWS * WIDTH), m.indices(ROWS, 50)];
    launch(engine, "gatherBackward", WIDTH, dtable, dy, index, ROWS, WIDTH);
  },
  layerNorm: (engine, m) => {
    const [y, x, gamma, beta] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(WIDTH), m.floats(WIDTH)];
    launch(engine, "layerNorm", ROWS, y, m.floats(ROWS), m.floats(ROWS), x, gamma, beta, WIDTH, 1e-12);
  },
  layerNormBackwardInput: (engine, m) => {
    const [dx, dy, x] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    const [gamma, mean, rstd] = [m.floats(WIDTH), m.floats(ROWS), m.floats(ROWS, true)];
    launch(engine, "layerNormBackwardInput", ROWS, dx, dy, x, gamma, mean, rstd, WIDTH, 1);
  },
  normBackwardParameters: (engine, m) => {
    const [dgamma, dbeta, dy, x] = [m.floats(WIDTH), m.floats(WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(
      engine,
      "normBackwardParameters",
      WIDTH,
      dgamma,
      dbeta,
      dy,
      x,
      m.floats(ROWS),
      m.floats(ROWS, true),
      ROWS,
      WIDTH,
    );
  },
  rmsNorm: (engine, m) => {
    const [y, x, gamma] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(WIDTH)];
    launch(engine, "rmsNorm", ROWS, y, m.floats(ROWS), x, gamma, WIDTH, 1e-6);
  },
  rmsNormBackwardInput: (engine, m) => {
    const [dx, dy, x] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(engine, "rmsNormBackwardInput", ROWS, dx, dy, x, m.floats(WIDTH), m.floats(ROWS, true), WIDTH, 0);
  },
  normalizeRows: (engine, m) =>
    launch(engine, "normalizeRows", ROWS, m.floats(ROWS * WIDTH), m.floats(ROWS), m.floats(ROWS * WIDTH), WIDTH),
  normalizeRowsBackward: (engine, m) => {
    const [dx, dy, y] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(engine, "normalizeRowsBackward", ROWS, dx, dy, y, m.floats(ROWS, true), WIDTH, 1);
  },
  segmentMax: (engine, m) => {
    const [y, place] = [m.floats(LENGTHS.length * WIDTH), m.floats(LENGTHS.length * WIDTH)];
    launch(engine, "segmentMax", LENGTHS.length, y, place, m.floats(TOKENS * WIDTH), m.integers(STARTS), WIDTH);
  },
  segmentMaxBackward: (engine, m) => {
    // Each of ROWS sequences of one token.
    const place = m.integers(Array.from({ length: ROWS * WIDTH }, (_, i) => Math.floor(i / WIDTH)));
    launch(engine, "segmentMaxBackward", ROWS, m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), place, WIDTH);
  },
  segmentMean: (engine, m) =>
    launch(
      engine,
      "segmentMean",
      LENGTHS.length,
      m.floats(LENGTHS.length * WIDTH),
      m.floats(TOKENS * WIDTH),
      m.integers(STARTS),
      WIDTH,
    ),
  segmentMeanBackward: (engine, m) => {
    const [dx, dy] = [m.floats(TOKENS * WIDTH), m.floats(LENGTHS.length * WIDTH)];
    launch(engine, "segmentMeanBackward", LENGTHS.length, dx, dy, m.integers(STARTS), WIDTH, 1);
  },
  crossEntropy: (engine, m) => {
    const [losses, kept, scores] = [m.floats(ROWS), m.floats(2 * ROWS), m.floats(ROWS * WIDTH)];
    launch(engine, "crossEntropy", ROWS, losses, kept, scores, m.indices(ROWS, WIDTH), WIDTH, 0.9, 0.1 / WIDTH);
  },
  crossEntropyBackward: (engine, m) => {
    const [dscores, kept, scores] = [m.floats(ROWS * WIDTH), m.floats(2 * ROWS, true), m.floats(ROWS * WIDTH)];
    launch(engine, "crossEntropyBackward", ROWS, dscores, kept, scores, m.indices(ROWS, WIDTH), WIDTH, 1, 0, 0.5, 1);
  },
  raggedCrossEntropy: (engine, m) => {
    const starts = m.integers(Array.from({ length: ROWS + 1 }, (_, i) => i * WIDTH));
    const [losses, kept, scores] = [m.floats(ROWS), m.floats(2 * ROWS), m.floats(ROWS * WIDTH)];
    launch(engine, "raggedCrossEntropy", ROWS, losses, kept, scores, starts, m.indices(ROWS, WIDTH));
  },
  raggedCrossEntropyBackward: (engine, m) => {
    const starts = m.integers(Array.from({ length: ROWS + 1 }, (_, i) => i * WIDTH));
    const [dscores, kept, scores] = [m.floats(ROWS * WIDTH), m.floats(2 * ROWS, true), m.floats(ROWS * WIDTH)];
    launch(engine, "raggedCrossEntropyBackward", ROWS, dscores, kept, scores, starts, m.indices(ROWS, WIDTH), 0.5, 0);
  },
  divergence: (engine, m) => {
    const [losses, kept, x, y] = [m.floats(ROWS), m.floats(4 * ROWS), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    launch(engine, "divergence", ROWS, losses, kept, x, y, WIDTH, 0.5);
  },
  divergenceBackward: (engine, m) => {
    const [dx, x, y] = [m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH), m.floats(ROWS * WIDTH)];
    const kept = m.floats(4 * ROWS, true);
    launch(engine, "divergenceBackward", ROWS, dx, kept, x, y, WIDTH, 0.5, 0.25, 1);
  },
};
