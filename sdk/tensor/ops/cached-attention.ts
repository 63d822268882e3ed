/** Attention of new tokens to keys and values that are kept from call to call. For inference: no gradient is recorded. */
import { CachedAttentionPlan, UNLIMITED } from "../../engine/abi.js";
import { launchWithScratch } from "../../engine/launch.js";
import { planBytes, writePlan } from "../../engine/plan.js";
import { expectOneEngine, expectShape } from "../check.js";
import type { KeyBlocks } from "../key-blocks.js";
import { isTraced } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

/** Options of {@link cachedAttention}. */
export interface CachedAttentionOptions {
  /** (rows + 1) Query tokens [starts[i], starts[i + 1]) attend to the keys of row i. */
  readonly starts: Int32Array;
  /** Factor applied to q·k; defaults to 1 / √(head width). */
  readonly scale?: number;
  /** No query sees a later key; the last query is aligned with the last key. */
  readonly causal?: boolean;
  /** Added to scale · q kᵀ: (queries, keys) for each head of each row, one after the other. */
  readonly bias?: Tensor;
  /** Called with the probabilities: (queries, keys) for each head of each row, one after the other. */
  readonly probabilities?: (p: Tensor) => void;
}

/**
 * softmax(scale · q kᵀ + bias) v for each row and head: the bits of `attention` with all keys and values at once, rounded first
 * if they are kept in f16.
 *
 * @param query (query tokens, heads * dim)
 * @returns (query tokens, heads * dim)
 * @throws {ShapeError} when the shapes do not belong together
 * @throws {RangeError} when starts do not fit the kept rows
 *
 * @example
 * kept.append(key, value, starts);
 * const mixed = cachedAttention(query, kept, { starts, causal: true });
 */
export function cachedAttention(query: Tensor, kept: KeyBlocks, options: CachedAttentionOptions): Tensor {
  const { engine } = query;
  const { heads, dim, lengths } = kept;
  const { starts, bias = null, scale = 1 / Math.sqrt(dim), causal = false } = options;
  expectOneEngine("cachedAttention", query, kept, bias);
  expectShape(
    "cachedAttention",
    "query",
    query,
    [starts.at(-1) ?? 0, heads * dim],
    "It has a row for each query token.",
  );
  if (isTraced(query, bias))
    throw new TypeError("cachedAttention: there is no gradient; train on whole sequences, without a cache");
  const offsets = denseOffsets(starts, kept, causal);
  const elements = offsets.at(-1)!;
  if (bias) expectShape("cachedAttention", "bias", bias, [elements], "It has an element for each query, key and head.");
  const out = empty(engine, query.shape);
  const probabilities = options.probabilities ? empty(engine, [elements]) : null;
  const plan = empty(engine, [planBytes(CachedAttentionPlan) / 4], "i32");
  const [biasOffsets, queryStarts, keys] = [offsets, starts, lengths].map(
    (values) => intTensor(engine, values).address,
  );
  const table = kept.table();
  writePlan(engine, plan.address, CachedAttentionPlan, {
    out: out.address,
    probabilities: probabilities?.address ?? 0,
    query: query.address,
    bias: bias?.address ?? 0,
    biasOffsets: biasOffsets!,
    starts: queryStarts!,
    lengths: keys!,
    blocks: table.address,
    blocksPerRow: table.perRow,
    heads,
    dim,
    scale,
    after: causal ? 0 : UNLIMITED,
    half: kept.dtype === "f16" ? 1 : 0,
  });
  const bytes = engine.kernels.cachedAttentionScratchBytes(Math.max(0, ...lengths), dim);
  launchWithScratch(engine, "cachedAttention", lengths.length * heads, bytes, plan.address);
  if (probabilities) options.probabilities!(probabilities);
  return out;
}

/** The first element of each row's (heads, queries, keys), and their number. */
function denseOffsets(starts: Int32Array, { heads, lengths }: KeyBlocks, causal: boolean): Int32Array {
  if (starts.length !== lengths.length + 1)
    throw new RangeError(`cachedAttention: starts has ${starts.length - 1} rows, ${lengths.length} are kept`);
  const offsets = new Int32Array(starts.length);
  for (const [row, keys] of lengths.entries()) {
    const queries = starts[row + 1]! - starts[row]!;
    if (queries > 0 && (keys === 0 || (causal && keys < queries)))
      throw new RangeError(`cachedAttention: row ${row} has ${queries} queries and ${keys} keys; append theirs first`);
    offsets[row + 1] = offsets[row]! + heads * queries * keys;
  }
  return offsets;
}
