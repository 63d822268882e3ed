/** A call of every kernel of attention and of biases by distance, by address. */
import { AttentionPlan, BLOCK_KEYS, CachedAttentionPlan, PANEL, UNLIMITED } from "../../sdk/engine/abi.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { launch, launchWithScratch } from "../../sdk/engine/launch.js";
import { planBytes, writePlan } from "../../sdk/engine/plan.js";
import type { Blocks } from "./blocks.js";

/** Sequences of different lengths. */
export const LENGTHS = [61, 7, 230, 1, 90, 44];

/** 0, then the sums of the sizes up to each. */
function ends(sizes: readonly number[]): number[] {
  const all = [0];
  for (const size of sizes) all.push(all.at(-1)! + size);
  return all;
}

export const STARTS = ends(LENGTHS);
export const TOKENS = STARTS.at(-1)!;
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
  const elements = m.engine.kernels.keyBlockBytes(HEADS, DIM, 0) / 4;
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

type Call = (engine: Engine, m: Blocks) => void;

export const ATTENTION_CALLS = {
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
      ...{ blocks: table, blocksPerRow: perRow, half: 0 },
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
    launch(engine, "appendKeys", LENGTHS.length * HEADS, table, perRow, lengths, m.integers(STARTS), key, value, HEADS, DIM, 0);
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
} satisfies Readonly<Record<string, Call>>;
