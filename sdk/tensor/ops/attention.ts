/** Attention over ragged batches: every sequence attends to its own keys, so no mask exists and nothing is padded. */

import { AttentionPlan, PANEL, UNLIMITED } from "../../engine/abi.js";
import { launch, launchWithScratch } from "../../engine/launch.js";
import { planBytes, type Values, writePlan } from "../../engine/plan.js";
import { ArgumentError, checkArgument, given, withFields } from "../../options.js";
import { expectInts, expectOneEngine, expectShape } from "../check.js";
import { type DropoutKey, gradOf, gradTarget, isTraced, nextDropout, record } from "../tape.js";
import { empty, intTensor, type Tensor } from "../tensor.js";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Number of heads; it divides the width of query, key and value. */
  readonly heads: number;
  /** (sequences + 1) Query tokens [starts[i], starts[i + 1]) are sequence i. */
  readonly starts: Int32Array;
  /** The same for key and value; by default those of the queries. */
  readonly keyStarts?: Int32Array;
  /** Factor applied to q·k; defaults to 1 / √(head width). */
  readonly scale?: number;
  /** No query sees a later key; the last query is aligned with the last key. */
  readonly causal?: boolean;
  /** Keys visible on each side of a query; defaults to all. */
  readonly window?: number;
  /** Added to scale · q kᵀ: (queries, keys) for each head of each sequence, one after the other. */
  readonly bias?: Tensor;
  /** Dropout probability. */
  readonly dropout?: number;
  /** Called with the probabilities before dropout: (queries, keys) for each head of each sequence, one after the other. */
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
 * @throws {ArgumentError} when starts do not divide the tokens, or a setting is out of range
 *
 * @example
 * // Two sequences of 3 and 2 tokens, 12 heads:
 * const mixed = attention(q, k, v, { heads: 12, starts: Int32Array.of(0, 3, 5) });
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { engine } = query;
  const call = callOf(query, key, value, options);
  const bias = biasOf(options.bias, call);
  const out = empty(engine, query.shape);
  const kept = isTraced(query, key, value, bias) || options.probabilities ? empty(engine, [call.keptElements]) : null;
  const operands = { out, query, key, value, bias, kept };
  const plan = planOf(call, operands, NO_GRADIENTS);
  const bytes = engine.kernels.attentionScratchBytes(call.longest, call.dim);
  launchWithScratch(engine, "attention", call.units, bytes, plan.address);
  if (!kept) return out;
  if (options.probabilities) {
    const p = empty(engine, [call.denseElements]);
    launch(engine, "attentionProbabilities", call.units, p.address, plan.address);
    options.probabilities(p);
  }
  return record(out, [query, key, value, bias], (dout) => addGradients(operands, dout, call));
}

/** The bias, checked. */
function biasOf(bias: Tensor | undefined, { denseElements }: Call): Tensor | null {
  if (!bias) return null;
  expectShape("attention", "bias", bias, [denseElements], "It has an element for each query, key and head.");
  return bias;
}

interface Operands {
  readonly out: Tensor;
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly bias: Tensor | null;
  /** the probabilities, where they are kept */
  readonly kept: Tensor | null;
}

function addGradients(operands: Operands, dout: Tensor, call: Call): void {
  const { query, key, value, bias } = operands;
  const { engine } = query;
  // If q, k and v share storage, zero the gradient first: the kernel accumulates into it in several passes.
  const inputs = [query, key, value];
  if (new Set(inputs.map((t) => t.variable)).size < inputs.length) for (const t of inputs) if (t.traced) gradOf(t);
  const [dquery, addQuery] = target(query);
  const [dkey, addKey] = target(key);
  const [dvalue, addValue] = target(value);
  const dbias = bias?.traced ? gradOf(bias).address : 0;
  const gradients = { dout: dout.address, dquery, addQuery, dkey, addKey, dvalue, addValue, dbias };
  const plan = planOf(call, operands, gradients);
  const bytes = engine.kernels.attentionBackwardScratchBytes(call.longest, call.dim);
  launchWithScratch(engine, "attentionBackward", call.units, bytes, plan.address);
}

/** Address of the gradient of `t` (0 for none), and whether the kernel adds to it. */
function target(t: Tensor): [address: number, add: number] {
  if (!t.traced) return [0, 0];
  const { grad, add } = gradTarget(t);
  return [grad.address, Number(add)];
}

/** The fields that the backward pass alone reads. */
type Gradients = Pick<
  Values<typeof AttentionPlan>,
  "dout" | "dquery" | "addQuery" | "dkey" | "addKey" | "dvalue" | "addValue" | "dbias"
>;

// biome-ignore format: one line
const NO_GRADIENTS: Gradients = { dout: 0, dquery: 0, addQuery: 0, dkey: 0, addKey: 0, dvalue: 0, addValue: 0, dbias: 0 };

/** The record that the kernels read. */
function planOf(call: Call, { out, query, key, value, bias, kept }: Operands, gradients: Gradients): Tensor {
  const { engine } = query;
  const plan = empty(engine, [planBytes(AttentionPlan) / 4], "i32");
  const { heads, dim, scale, before, after, drop, table } = call;
  const row = (table.shape[1] ?? 0) * 4;
  writePlan(engine, plan.address, AttentionPlan, {
    out: out.address,
    probabilities: kept?.address ?? 0,
    query: query.address,
    key: key.address,
    value: value.address,
    bias: bias?.address ?? 0,
    starts: table.address,
    keyStarts: table.address + row,
    offsets: table.address + 2 * row,
    biasOffsets: table.address + 3 * row,
    heads,
    dim,
    scale,
    before,
    after,
    threshold: drop.threshold,
    keepScale: drop.keepScale,
    ...drop.key,
    ...gradients,
  });
  return plan;
}

/** What follows from the options and the shapes. */
interface Call {
  readonly heads: number;
  /** width of a head */
  readonly dim: number;
  readonly scale: number;
  /** keys that a query sees before and after its own place */
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

function callOf(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Call {
  checkArgument("attention", "options", options, withFields("an object with heads and starts", "heads", "starts"));
  const { heads, starts, keyStarts = starts, causal = false, window = UNLIMITED } = options;
  expectInts("attention", "starts", starts);
  expectInts("attention", "keyStarts", keyStarts);
  expectShape("attention", "query", query, ["tokens", "width"]);
  const width = query.shape[1] ?? 0;
  expectShape("attention", "key", key, ["key tokens", width], "It is as wide as query.");
  expectShape("attention", "value", value, [key.shape[0] ?? 0, width], "It has the shape of key.");
  expectOneEngine("attention", query, key, value);
  if (!(Number.isInteger(heads) && heads > 0 && width % heads === 0)) {
    throw new ArgumentError(`attention: heads must divide the width ${width}, got ${given(heads)}`);
  }
  if (!(Number.isInteger(window) && window >= 0))
    throw new ArgumentError(`attention: window must be a number of keys from 0 on, got ${given(window)}`);
  expectStarts("starts", starts, query.shape[0] ?? 0);
  expectStarts("keyStarts", keyStarts, key.shape[0] ?? 0);
  const dim = width / heads;
  const scale = options.scale ?? 1 / Math.sqrt(dim);
  if (!(typeof scale === "number" && scale > 0 && Number.isFinite(scale)))
    throw new ArgumentError(`attention: scale must be a positive number, got ${given(scale)}`);
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
    throw new ArgumentError(
      `attention: starts has ${starts.length - 1} sequences, keyStarts has ${keyStarts.length - 1}`,
    );
  }
  const sequences = starts.length - 1;
  const table = new Int32Array(4 * starts.length);
  let [kept, dense, longest] = [0, 0, 0];
  for (let i = 0; i < sequences; i++) {
    const queries = starts[i + 1]! - starts[i]!;
    const keys = keyStarts[i + 1]! - keyStarts[i]!;
    if (queries > 0 && keys === 0)
      throw new ArgumentError(`attention: sequence ${i} has ${queries} queries and no key to attend to`);
    if (aligned && keys < queries) {
      throw new ArgumentError(
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
    throw new ArgumentError(
      `attention: ${argument} must ascend from 0 to the ${tokens} tokens, got [${starts.subarray(0, 8)}${last > 7 ? ", …" : ""}]`,
    );
  }
}

/** What dropout takes: random 32 bits below the threshold, named by the key. */
interface Drop {
  readonly threshold: number;
  readonly keepScale: number;
  readonly key: DropoutKey;
}

function dropOf(share: number): Drop {
  if (!(typeof share === "number" && share >= 0 && share < 1))
    throw new ArgumentError(`attention: dropout must be a share from 0 up to but not 1, got ${given(share)}`);
  const key = share > 0 ? nextDropout() : null;
  if (!key) return { threshold: 0, keepScale: 1, key: { seed: 0, step: 0, stream: 0 } };
  return { threshold: Math.floor(share * 2 ** 32), keepScale: 1 / (1 - share), key };
}
