/** Engines and operators. */
import * as cloze from "../../../sdk/index.js";
import * as tensors from "../../../sdk/tensor.js";
import { sharedEngine } from "../mutant.js";
import { type Call, call } from "./call.js";

const engine = await sharedEngine();
const x = () => tensors.tensor(engine, [1, 2, 3, 4, 5, 6], [2, 3]);
const y = () => tensors.tensor(engine, [1, 1, 1, 1, 1, 1], [2, 3]);
const scores = () => tensors.tensor(engine, [1, 2, 3, 4], [2, 2]);
const starts = () => Int32Array.of(0, 1, 2);
const wide = () => tensors.tensor(engine, new Float32Array(16).fill(0.5), [2, 8]);
export const TENSOR_CALLS: Readonly<Record<string, Call>> = {
  "Engine.create": call(
    async (...args: Parameters<typeof cloze.Engine.create>) => (await cloze.Engine.create(...args)).dispose(),
    () => [{ build: "strict", maximumBytes: 2 ** 20 }],
  ),
  "engine.alloc": call(
    (bytes: number) => engine.release(engine.alloc(bytes)),
    () => [64],
  ),
  "engine.reserve": call(
    (bytes: number) => engine.reserve(bytes),
    () => [64],
  ),
  "engine.release": call(
    (address: number) => engine.release(address),
    () => [-1],
  ),
  tensor: call(
    (values: number[], shape: number[]) => tensors.tensor(engine, values, shape),
    () => [
      [1, 2],
      [2, 1],
    ],
  ),
  intTensor: call(
    (values: number[], shape: number[]) => tensors.intTensor(engine, values, shape),
    () => [
      [1, 2],
      [2, 1],
    ],
  ),
  zeros: call(
    (shape: number[], dtype: "f32") => tensors.zeros(engine, shape, dtype),
    () => [[2, 2], "f32"],
  ),
  matrix: call(
    (values: number[], shape: number[], orientation: never) =>
      tensors.matrix(engine, values, shape, orientation)[Symbol.dispose](),
    () => [[1, 2, 3, 4], [2, 2], "out-by-in"],
  ),
  reshape: call(
    (shape: number[]) => tensors.reshape(x(), shape),
    () => [[3, 2]],
  ),
  rows: call(
    (begin: number, end: number) => tensors.rows(x(), begin, end),
    () => [0, 1],
  ),
  columns: call(
    (begin: number, end: number) => tensors.columns(x(), begin, end),
    () => [0, 1],
  ),
  scale: call(
    (factor: number) => tensors.scale(x(), factor),
    () => [2],
  ),
  add: call(
    (b: never) => tensors.add(x(), b),
    () => [y()],
  ),
  multiply: call(
    (b: never) => tensors.multiply(x(), b),
    () => [y()],
  ),
  matmul: call(
    (options: never) => tensors.matmul(x(), y(), options),
    () => [{ transposeB: true }],
  ),
  activate: call(
    (kind: never) => tensors.activate(x(), kind),
    () => ["gelu"],
  ),
  layerNorm: call(
    (eps: number) => tensors.layerNorm(x(), tensors.tensor(engine, [1, 1, 1]), null, eps),
    () => [1e-5],
  ),
  dropout: call(
    (p: number) => tensors.dropout(x(), p),
    () => [0.1],
  ),
  gatherRows: call(
    (index: Int32Array) => tensors.gatherRows(x(), index),
    () => [Int32Array.of(0, 1)],
  ),
  segmentMean: call(
    (s: Int32Array) => tensors.segmentMean(x(), s),
    () => [starts()],
  ),
  segmentMax: call(
    (s: Int32Array) => tensors.segmentMax(x(), s),
    () => [starts()],
  ),
  crossEntropy: call(
    (labels: Int32Array, options: object) => tensors.crossEntropy(scores(), labels, options),
    () => [Int32Array.of(0, 1), { divisor: 2, smoothing: { amount: 0.1, over: "all" } }],
  ),
  meanSquaredError: call(
    (targets: Float32Array, options: object) =>
      tensors.meanSquaredError(tensors.tensor(engine, [1, 2], [2, 1]), targets, options),
    () => [Float32Array.of(1, 2), { divisor: 2 }],
  ),
  klDivergence: call(
    (options: object) => tensors.klDivergence(scores(), scores(), options),
    () => [{ temperature: 2, divisor: 2 }],
  ),
  attention: call(
    (options: never) => tensors.attention(wide(), wide(), wide(), options),
    () => [{ heads: 2, starts: starts(), scale: 0.5, causal: true, window: 3 }],
  ),
  pool: call(
    (s: Int32Array, pooling: never) => tensors.pool(x(), s, pooling),
    () => [starts(), { mode: "mean", normalize: true }],
  ),
  assign: call(
    (values: number[]) => x().assign(values),
    () => [[1, 2, 3, 4, 5, 6]],
  ),
};
