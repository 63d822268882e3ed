/**
 * BERT in double precision, from its definition (Devlin et al. 2019, section 3; Vaswani et al. 2017, section 3.2):
 * one loop after the other, one sequence after the other. What the package computes is compared with this.
 */
import type { Sample } from "../../sdk/data/sample.js";
import { erf } from "./special.js";

/** Parameters by their published names. */
export type Parameters = ReadonlyMap<string, ArrayLike<number>>;
/** One vector a token. */
export type Rows = readonly Float64Array[];

export interface Sizes {
  readonly layers: number;
  readonly heads: number;
  readonly eps: number;
}

export class Reference {
  constructor(
    private readonly parameters: Parameters,
    private readonly sizes: Sizes,
  ) {}

  /** Last hidden states of one sequence. */
  encode({ ids, segments }: Sample): Rows {
    const table = (name: string) => this.get(`bert.embeddings.${name}_embeddings.weight`);
    const [word, position, segment] = [table("word"), table("position"), table("token_type")];
    const width = this.get("bert.embeddings.LayerNorm.weight").length;
    let x: Rows = Array.from(ids, (id, t) =>
      Float64Array.from(
        { length: width },
        (_, d) => word[id * width + d]! + position[t * width + d]! + segment[segments[t]! * width + d]!,
      ),
    );
    x = this.norm(x, "bert.embeddings.LayerNorm");
    for (let layer = 0; layer < this.sizes.layers; layer++) x = this.layer(x, `bert.encoder.layer.${layer}`);
    return x;
  }

  /** y = x Wᵀ + b */
  linear(x: Rows, name: string): Rows {
    return project(x, this.get(`${name}.weight`), this.get(`${name}.bias`));
  }

  norm(x: Rows, name: string): Rows {
    const [gamma, beta] = [this.get(`${name}.weight`), this.get(`${name}.bias`)];
    return x.map((row) => {
      const mean = row.reduce((sum, v) => sum + v, 0) / row.length;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length;
      return row.map((v, d) => ((v - mean) / Math.sqrt(variance + this.sizes.eps)) * gamma[d]! + beta[d]!);
    });
  }

  /** Scores of the whole vocabulary at the tokens `index`. */
  tokenScores(x: Rows, index: readonly number[]): Rows {
    const dense = this.linear(
      index.map((t) => x[t]!),
      "cls.predictions.transform.dense",
    ).map(gelu);
    const tied = this.get("bert.embeddings.word_embeddings.weight");
    return project(this.norm(dense, "cls.predictions.transform.LayerNorm"), tied, this.get("cls.predictions.bias"));
  }

  pool(x: Rows): Rows {
    return this.linear([x[0]!], "bert.pooler.dense").map((row) => row.map(Math.tanh));
  }

  private get(name: string): ArrayLike<number> {
    const values = this.parameters.get(name);
    if (!values) throw new Error(`the model has no ${name}`);
    return values;
  }

  private layer(x: Rows, name: string): Rows {
    const attended = this.linear(this.attend(x, `${name}.attention.self`), `${name}.attention.output.dense`);
    const middle = this.norm(sum(x, attended), `${name}.attention.output.LayerNorm`);
    const wide = this.linear(middle, `${name}.intermediate.dense`).map(gelu);
    return this.norm(sum(middle, this.linear(wide, `${name}.output.dense`)), `${name}.output.LayerNorm`);
  }

  private attend(x: Rows, name: string): Rows {
    const [query, key, value] = ["query", "key", "value"].map((part) => this.linear(x, `${name}.${part}`)) as [
      Rows,
      Rows,
      Rows,
    ];
    const width = x[0]!.length;
    const size = width / this.sizes.heads;
    const out = x.map(() => new Float64Array(width));
    for (let from = 0; from < width; from += size) {
      for (const [t, q] of query.entries()) {
        const scores = key.map((k) => dot(q, k, from, from + size) / Math.sqrt(size));
        const weights = scores.map((s) => Math.exp(s - Math.max(...scores)));
        const total = weights.reduce((a, b) => a + b, 0);
        for (let d = from; d < from + size; d++)
          out[t]![d] = weights.reduce((acc, w, u) => acc + (w / total) * value[u]![d]!, 0);
      }
    }
    return out;
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>, begin: number, end: number): number {
  let result = 0;
  for (let i = begin; i < end; i++) result += a[i]! * b[i]!;
  return result;
}

function project(x: Rows, weight: ArrayLike<number>, bias: ArrayLike<number>): Rows {
  return x.map((row) =>
    Float64Array.from(bias, (b, o) => {
      let result = b;
      for (let i = 0; i < row.length; i++) result += row[i]! * weight[o * row.length + i]!;
      return result;
    }),
  );
}

const sum = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((v, d) => v + b[t]![d]!));

const gelu = (row: Float64Array): Float64Array => row.map((v) => (v / 2) * (1 + erf(v / Math.SQRT2)));

/** -log softmax(scores)[label] */
export function cost(scores: ArrayLike<number>, label: number): number {
  const all = Array.from(scores);
  const largest = Math.max(...all);
  return largest + Math.log(all.reduce((total, s) => total + Math.exp(s - largest), 0)) - all[label]!;
}
