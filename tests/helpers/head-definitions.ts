/** Heads in double precision, from their definitions, to compare the package with. */
import type { Batch } from "../../sdk/data/sample.js";
import { cost } from "./reference-model.js";
import { erf } from "./special.js";

/** Parameters by their published names. */
export type Parameters = Pick<ReadonlyMap<string, ArrayLike<number>>, "get">;
export type Row = readonly number[];

/** One step of a head: from some vectors to others. */
export type Step = (parameters: Parameters, x: readonly Row[], batch: Batch) => readonly Row[];

export const chain =
  (...steps: readonly Step[]): Step =>
  (parameters, x, batch) =>
    steps.reduce((rows, step) => step(parameters, rows, batch), x);

function values(parameters: Parameters, name: string): ArrayLike<number> {
  const found = parameters.get(name);
  if (!found) throw new Error(`the model has no ${name}`);
  return found;
}

/** y = x Wᵀ + b, with W stored (out, inner); of a name without a bias none is added. */
export const product =
  (weight: string, bias?: string): Step =>
  (parameters, x) => {
    const w = values(parameters, weight);
    const b = bias === undefined ? null : values(parameters, bias);
    const inner = x[0]!.length;
    return x.map((row) =>
      Array.from({ length: w.length / inner }, (_, o) =>
        row.reduce((sum, v, i) => sum + v * w[o * inner + i]!, b ? b[o]! : 0),
      ),
    );
  };

export const linear = (name: string): Step => product(`${name}.weight`, `${name}.bias`);

/** Layer normalization; `bias` says whether something is added in the end. */
export const norm =
  (name: string, eps: number, bias = true): Step =>
  (parameters, x) => {
    const gamma = values(parameters, `${name}.weight`);
    const beta = bias ? values(parameters, `${name}.bias`) : null;
    return x.map((row) => {
      const mean = row.reduce((sum, v) => sum + v, 0) / row.length;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length;
      return row.map((v, d) => ((v - mean) / Math.sqrt(variance + eps)) * gamma[d]! + (beta ? beta[d]! : 0));
    });
  };

const each =
  (f: (v: number) => number): Step =>
  (_, x) =>
    x.map((row) => row.map(f));
export const tanh = each(Math.tanh);
export const relu = each((v) => Math.max(0, v));
export const gelu = each((v) => (v / 2) * (1 + erf(v / Math.SQRT2)));
/** GELU by tanh: Hendrycks & Gimpel 2016, section 2. */
export const geluTanh = each((v) => (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));
export const scaled = (factor: number): Step => each((v) => v * factor);

/** The vectors of each sequence as one. */
const byRow =
  (pick: (rows: readonly Row[]) => Row): Step =>
  (_, x, { rows, starts }) =>
    Array.from({ length: rows }, (__, row) => pick(x.slice(starts[row]!, starts[row + 1]!)));
export const first = byRow((rows) => rows[0]!);
export const last = byRow((rows) => rows.at(-1)!);
export const mean = byRow((rows) => rows[0]!.map((_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / rows.length));

/** The sum of an objective's losses over its targets, from the scores of a head. */
export type Cost = (scores: readonly Row[], batch: Batch) => number;

/** Cross-entropy of the tokens with a label. */
export const tokenCost: Cost = (scores, { labels }) =>
  scores.reduce((sum, row, i) => sum + (labels.tokens![i]! < 0 ? 0 : cost(row, labels.tokens![i]!)), 0);
export const pairCost: Cost = (scores, { labels }) =>
  scores.reduce((sum, row, i) => sum + cost(row, labels.pair![i]!), 0);
export const rowCost: Cost = (scores, { labels }) =>
  scores.reduce((sum, row, i) => sum + cost(row, labels.row![i]!), 0);
export const valueCost: Cost = (scores, { labels }) =>
  scores.reduce((sum, [score], i) => sum + (score! - labels.value![i]!) ** 2, 0);
/** -log of the probability of each token's label: sigmoid of its score for 1, the rest for 0. */
export const detectCost: Cost = (scores, { labels }) =>
  scores.reduce((sum, [score], i) => sum + Math.log(1 + Math.exp(labels.tokens![i] === 1 ? -score! : score!)), 0);
/** The mean of the cross-entropies of both ends, each over the tokens of its sequence. */
export const spanCost: Cost = (scores, { starts, labels }) => {
  const end = (column: number, ends: Int32Array) =>
    Array.from(ends).reduce((sum, label, row) => {
      const own = scores.slice(starts[row]!, starts[row + 1]!).map((both) => both[column]!);
      return sum + cost(own, label);
    }, 0);
  return (end(0, labels.span!.first) + end(1, labels.span!.last)) / 2;
};
