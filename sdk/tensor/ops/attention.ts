/** Attention over ragged batches: every sequence attends to its own keys, so no mask exists and nothing is padded. */
import { expectOneEngine, expectShape } from "../check.js";
import { withScratch } from "../scratch.js";
import { type DropoutKey, gradOf, gradTarget, isTraced, nextDropout, record } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

/** At this many keys before and after, every query sees every key: as in assembly/attention.ts. */
const UNLIMITED = 0x3fffffff;
/** Kept probabilities have rows of whole panels. */
const PANEL = 16;

export interface AttentionOptions {
  /** The width of query, key and value is divided among so many heads. */
  readonly heads: number;
  /** (sequences + 1) Query tokens [starts[i], starts[i + 1]) are sequence i. */
  readonly starts: Int32Array;
  /** The same for key and value; by default those of the queries. */
  readonly keyStarts?: Int32Array;
  /** What the products q·k are multiplied with; by default 1 / sqrt(width of a head). */
  readonly scale?: number;
  /** Each query sees no key behind its own place; its last query is at the place of its last key. */
  readonly causal?: boolean;
  /** Each query sees so many keys before and behind its own place; by default all. */
  readonly window?: number;
  /** Added to scale · q kᵀ: (queries, keys) for each head of each sequence in turn, without gaps. */
  readonly bias?: Tensor;
  /** Share of the probabilities that training takes away. */
  readonly dropout?: number;
  /** Is given the probabilities, before dropout: (queries, keys) for each head of each sequence in turn. */
  readonly probabilities?: (p: Tensor) => void;
}

/**
 * softmax(scale · q kᵀ + bias) v for each sequence and head.
 *
 * @param query (query tokens, heads * dim)
 * @param key (key tokens, heads * dim)
 * @param value (key tokens, heads * dim)
 * @returns (query tokens, heads * dim)
 * @throws {ShapeError} when the shapes do not belong together
 * @throws {RangeError} when starts do not divide the tokens, or a setting is out of range
 *
 * @example
 * // Two sequences of 3 and 2 tokens, 12 heads:
 * const mixed = attention(q, k, v, { heads: 12, starts: Int32Array.of(0, 3, 5) });
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const plan = planOf(query, key, value, options);
  const { engine } = query;
  const { kernels } = engine;
  const { heads, dim, scale, before, after, drop } = plan;
  const [starts, keyStarts, offsets, dense] = tables(plan);
  const bias = biasOf(options.bias, plan);
  const out = empty(engine, query.shape);
  const kept = isTraced(query, key, value, bias) || options.probabilities ? empty(engine, [plan.keptElements]) : null;
  withScratch(engine, kernels.attentionScratchBytes(plan.longest, dim), (scratch) => {
    // biome-ignore format: in the order of the kernel's own list
    kernels.attention(
      out.address, kept?.address ?? 0, query.address, key.address, value.address, bias?.address ?? 0, dense,
      starts, keyStarts, offsets, heads, dim, scale, before, after,
      drop.threshold, drop.keepScale, drop.key.seed, drop.key.step, drop.key.stream,
      scratch, 0, plan.units,
    );
  });
  if (!kept) return out;
  options.probabilities?.(withoutGaps(kept, plan));
  return record(out, [query, key, value, bias], (dout) => addGradients({ query, key, value, bias }, kept, dout, plan));
}

/** The bias, checked. */
function biasOf(bias: Tensor | undefined, { denseElements }: Plan): Tensor | null {
  if (!bias) return null;
  expectShape("attention", "bias", bias, [denseElements], "It has an element for each query, key and head.");
  return bias;
}

interface Inputs {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly bias: Tensor | null;
}

function addGradients({ query, key, value, bias }: Inputs, kept: Tensor, dout: Tensor, plan: Plan): void {
  const { engine } = query;
  const { kernels } = engine;
  const { heads, dim, scale, before, after, drop } = plan;
  const [starts, keyStarts, offsets, dense] = tables(plan);
  const dbias = bias?.traced ? gradOf(bias).address : 0;
  withScratch(engine, kernels.attentionBackwardScratchBytes(plan.longest, dim), (scratch) => {
    // Where one tensor stands for several, its gradient begins with zeros, for the kernel adds to it in no simple order.
    const inputs = [query, key, value];
    if (new Set(inputs.map((t) => t.storage)).size < inputs.length) for (const t of inputs) if (t.traced) gradOf(t);
    const [dq, addQuery] = target(query);
    const [dk, addKey] = target(key);
    const [dv, addValue] = target(value);
    // biome-ignore format: in the order of the kernel's own list
    kernels.attentionBackward(
      dq, addQuery, dk, addKey, dv, addValue, dbias, dense,
      dout.address, kept.address, query.address, key.address, value.address,
      starts, keyStarts, offsets, heads, dim, scale, before, after,
      Number(drop.threshold > 0), drop.keepScale, scratch, 0, plan.units,
    );
  });
}

/** Where the gradient of `t` goes (0 where none is wanted), and whether it is added to what is there. */
function target(t: Tensor): [address: number, add: number] {
  if (!t.traced) return [0, 0];
  const { grad, add } = gradTarget(t);
  return [grad.address, Number(add)];
}

/** What a call needs to know, as the kernels take it. */
interface Plan {
  readonly heads: number;
  /** width of a head */
  readonly dim: number;
  readonly scale: number;
  readonly before: number;
  readonly after: number;
  readonly drop: Drop;
  /** heads of all sequences */
  readonly units: number;
  /** keys of the longest sequence */
  readonly longest: number;
  /** (4, sequences + 1): query starts, key starts, first element of each sequence's probabilities, and the same without gaps. */
  readonly table: Tensor;
  readonly keptElements: number;
  readonly denseElements: number;
}

function planOf(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Plan {
  const { heads, starts, keyStarts = starts, causal = false, window = UNLIMITED } = options;
  expectShape("attention", "query", query, ["tokens", "width"]);
  const width = query.shape[1] ?? 0;
  expectShape("attention", "key", key, ["key tokens", width], "It is as wide as query.");
  expectShape("attention", "value", value, [key.shape[0] ?? 0, width], "It has the shape of key.");
  expectOneEngine("attention", query, key, value);
  if (!(Number.isInteger(heads) && heads > 0 && width % heads === 0)) {
    throw new RangeError(`attention: heads must divide the width ${width}, got ${heads}`);
  }
  if (!(Number.isInteger(window) && window >= 0))
    throw new RangeError(`attention: window must be a number of keys from 0 on, got ${window}`);
  expectStarts("starts", starts, query.shape[0] ?? 0);
  expectStarts("keyStarts", keyStarts, key.shape[0] ?? 0);
  const dim = width / heads;
  const scale = options.scale ?? 1 / Math.sqrt(dim);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new RangeError(`attention: scale must be a positive number, got ${scale}`);
  return {
    heads,
    dim,
    scale,
    before: window,
    after: causal ? 0 : window,
    drop: dropOf(options.dropout ?? 0),
    units: (starts.length - 1) * heads,
    ...lengths(query, heads, starts, keyStarts, causal || window < UNLIMITED),
  };
}

/** Lengths of all sequences, and where their probabilities begin. */
function lengths(query: Tensor, heads: number, starts: Int32Array, keyStarts: Int32Array, aligned: boolean) {
  if (keyStarts.length !== starts.length) {
    throw new RangeError(`attention: starts has ${starts.length - 1} sequences, keyStarts has ${keyStarts.length - 1}`);
  }
  const sequences = starts.length - 1;
  const table = new Int32Array(4 * starts.length);
  let [kept, dense, longest] = [0, 0, 0];
  for (let i = 0; i < sequences; i++) {
    const queries = starts[i + 1]! - starts[i]!;
    const keys = keyStarts[i + 1]! - keyStarts[i]!;
    if (queries > 0 && keys === 0)
      throw new RangeError(`attention: sequence ${i} has ${queries} queries and no key to attend to`);
    if (aligned && keys < queries) {
      throw new RangeError(
        `attention: sequence ${i} has ${queries} queries and ${keys} keys; causal and windowed attention need a key at each query's place`,
      );
    }
    table[2 * starts.length + i] = kept;
    table[3 * starts.length + i] = dense;
    kept += heads * queries * Math.ceil(keys / PANEL) * PANEL;
    dense += heads * queries * keys;
    longest = Math.max(longest, keys);
  }
  table.set(starts, 0);
  table.set(keyStarts, starts.length);
  return {
    table: intTensor(query.engine, table, [4, starts.length]),
    keptElements: kept,
    denseElements: dense,
    longest,
  };
}

function expectStarts(argument: string, starts: Int32Array, tokens: number): void {
  const last = starts.length - 1;
  if (
    last < 0 ||
    starts[0] !== 0 ||
    starts[last] !== tokens ||
    starts.some((start, i) => i > 0 && start < starts[i - 1]!)
  ) {
    throw new RangeError(
      `attention: ${argument} must ascend from 0 to the ${tokens} tokens, got [${starts.subarray(0, 8)}${last > 7 ? ", …" : ""}]`,
    );
  }
}

/** Addresses of the rows of a plan's table. */
function tables({ table }: Plan): [starts: number, keyStarts: number, offsets: number, targets: number] {
  const { address } = table;
  const bytes = (table.shape[1] ?? 0) * 4;
  return [address, address + bytes, address + 2 * bytes, address + 3 * bytes];
}

/** What dropout takes: random 32 bits below the threshold, named by the key. */
interface Drop {
  readonly threshold: number;
  readonly keepScale: number;
  readonly key: DropoutKey;
}

function dropOf(share: number): Drop {
  if (!(share >= 0 && share < 1))
    throw new RangeError(`attention: dropout must be a share from 0 up to but not 1, got ${share}`);
  const key = share > 0 ? nextDropout() : null;
  if (!key) return { threshold: 0, keepScale: 1, key: { seed: 0, step: 0, stream: 0 } };
  return { threshold: Math.floor(share * 2 ** 32), keepScale: 1 / (1 - share), key };
}

/** The kept probabilities as callers want them: ragged, without the gaps between rows and without the marks of dropout. */
function withoutGaps(kept: Tensor, plan: Plan): Tensor {
  const { engine } = kept;
  const [starts, keyStarts, offsets, targets] = tables(plan);
  const p = empty(engine, [plan.denseElements]);
  engine.kernels.attentionProbabilities(
    p.address,
    targets,
    kept.address,
    offsets,
    starts,
    keyStarts,
    plan.heads,
    0,
    plan.units,
  );
  return p;
}
