/**
 * Objectives that compare vectors or answers: their gradients at the hidden states against central differences of their
 * definitions in double precision. Those that end in a head are in tests/heads/gradients.test.ts.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate, type Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { embeddingObjective } from "../../sdk/heads/embedding.js";
import type { PoolingMode } from "../../sdk/heads/pooling.js";
import { distilClassification, distilMaskedLm } from "../../sdk/objectives/distillation.js";
import type { Objective } from "../../sdk/objectives/objective.js";
import { add } from "../../sdk/tensor/ops/elementwise.js";
import { gatherRows } from "../../sdk/tensor/ops/embedding.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { matmul } from "../../sdk/tensor/ops/matmul.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { cost } from "../helpers/reference-model.js";
import { numericGradient, parameter } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("gradients of objectives");
const [engine] = engines as [Engine];
const WIDTH = 6;
const CLASSES = 5;

/**
 * Chains of at most 10 ops, each a sum of at most 12 products, rounded to 2⁻²⁴: 120 units of the largest element if all went
 * the same way; cosines are multiplied with 20 before their softmax, and their roundings with them.
 */
const SHARE = 120 * 2 ** -24;

function sample(length: number, row: number, target?: Sample): Sample {
  const ids = Int32Array.from({ length }, (_, i) => (i + row) % CLASSES);
  const none = new Uint8Array(length);
  const tokens = ids.map((id, i) => (i % 2 ? id : IGNORE));
  const labels = { tokens, row };
  return { ids, segments: none, special: none, words: ids, labels, ...(target && { target }) };
}
const LENGTHS = [3, 1, 4] as const;
const PAIRS = LENGTHS.map((length, row) => sample(length, row, sample(5 - length, row)));

type Rows = readonly (readonly number[])[];
const rowsOf = (x: ArrayLike<number>, width = WIDTH): Rows =>
  Array.from({ length: x.length / width }, (_, t) => Array.from(x).slice(t * width, (t + 1) * width));
const sum = (values: readonly number[]): number => values.reduce((total, v) => total + v, 0);
const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((v, i) => v * b[i]!));
const cosine = (a: readonly number[], b: readonly number[]): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

/** The pooled value of one column of a sequence. */
const POOLED: Readonly<Record<PoolingMode, (column: readonly number[]) => number>> = {
  mean: (column) => sum(column) / column.length,
  max: (column) => Math.max(...column),
  cls: (column) => column[0]!,
  last: (column) => column.at(-1)!,
  weighted: (column) => sum(column.map((v, i) => v * (i + 1))) / sum(column.map((_, i) => i + 1)),
  "mean-sqrt": (column) => sum(column) / Math.sqrt(column.length),
};

function pooled(x: ArrayLike<number>, { rows, starts }: Batch, mode: PoolingMode): Rows {
  const all = rowsOf(x);
  return Array.from({ length: rows }, (_, row) => {
    const own = all.slice(starts[row]!, starts[row + 1]!);
    return own[0]!.map((__, d) => POOLED[mode](own.map((vector) => vector[d]!)));
  });
}

/** Require loss and gradient of each of some arrays that the loss is made of. */
function compare(
  got: number,
  parts: readonly (readonly [what: string, values: Float32Array, got: Tensor])[],
  definition: (values: readonly ArrayLike<number>[]) => number,
): void {
  const at = parts.map(([, values]) => values);
  near([got], [definition(at)], { rtol: SHARE, atol: SHARE }, "loss");
  for (const [i, [what, values, own]] of parts.entries()) {
    const numeric = numericGradient((moved) => definition(at.map((other, k) => (k === i ? moved : other))), values);
    const largest = Math.max(...numeric.map(Math.abs));
    assert.ok(largest > 1e-3, `${what}: ${largest} is too small to say anything`);
    near(own.grad!.data, numeric, { atol: SHARE * Math.max(largest, 1) + 1e-9 }, what);
  }
}

for (const mode of Object.keys(POOLED) as PoolingMode[])
  for (const scores of [null, [0.9, -0.4, 0.1]] as const)
    test(`embedding, pooled by ${mode}, ${scores ? "a score for each pair" : "partners among the batch"}`, () => {
      using _ = new Scope();
      const batch = collate(
        PAIRS.map((pair, i) => ({ ...pair, labels: { ...pair.labels, ...(scores && { value: scores[i]! }) } })),
      );
      const values = [batch, batch.target!].map(({ ids }, i) => wave(ids.length * WIDTH, i)) as [
        Float32Array,
        Float32Array,
      ];
      const [first, second] = values.map((own) => parameter(engine, own, [own.length / WIDTH, WIDTH])) as [
        Tensor,
        Tensor,
      ];
      const objective = embeddingObjective({ mode, normalize: true });
      const model = { encode: (given: Batch) => (given === batch ? first : second) };
      const got = backward(() => objective.losses(model, batch, [3])[0]!).item();
      compare(
        got,
        [
          ["first", values[0], first],
          ["second", values[1], second],
        ],
        ([a, b]) => {
          const [own, other] = [pooled(a!, batch, mode), pooled(b!, batch.target!, mode)];
          // Henderson et al. 2017, equation 4, over cosines times 20; or squared differences.
          const losses = own.map((vector, i) =>
            scores
              ? (cosine(vector, other[i]!) - batch.labels.value![i]!) ** 2
              : cost(
                  other.map((partner) => 20 * cosine(vector, partner)),
                  i,
                ),
          );
          return sum(losses) / 3;
        },
      );
    });

/** Σ p (log p - log q) at a temperature, times its square: Hinton et al. 2015, section 2. */
function softLoss(own: readonly number[], wanted: readonly number[], temperature: number): number {
  const logs = (scores: readonly number[]) =>
    scores.map(
      (_, i) =>
        -cost(
          scores.map((v) => v / temperature),
          i,
        ),
    );
  const [q, p] = [logs(own), logs(wanted)];
  return temperature ** 2 * sum(p.map((v, i) => Math.exp(v) * (v - q[i]!)));
}

/** A student or teacher whose hidden states and output are given. */
function scorer(hidden: Tensor, output: Tensor) {
  const at = (index: Int32Array) => matmul(gatherRows(hidden, index), output, { transposeB: true });
  return {
    encode: () => hidden,
    tokenScores: (_: Tensor, index: Int32Array) => at(index),
    sequenceScores: (_: Tensor, { starts, rows }: Batch) => at(starts.slice(0, rows)),
  };
}

const product = (x: readonly number[], output: Rows): number[] => output.map((weights) => dot(x, weights));

function compareStudent(
  objectiveOf: (teacher: ReturnType<typeof scorer>) => Objective<ReturnType<typeof scorer>>,
  batch: Batch,
  definition: (student: Rows, taught: Rows, scores: Rows, wanted: Rows) => number,
): void {
  using _ = new Scope();
  const tokens = batch.ids.length;
  const numbers = (rows: number, salt: number) => wave(rows * WIDTH, salt).map((value) => 2 * value);
  const [x, w, y, v] = [numbers(tokens, 7), numbers(CLASSES, 8), numbers(tokens, 9), numbers(CLASSES, 10)] as const;
  const [hidden, output] = [parameter(engine, x, [tokens, WIDTH]), parameter(engine, w, [CLASSES, WIDTH])];
  const teacher = scorer(tensor(engine, y, [tokens, WIDTH]), tensor(engine, v, [CLASSES, WIDTH]));
  const objective = objectiveOf(teacher);
  const got = backward(() => objective.losses(scorer(hidden, output), batch, objective.counts(batch)).reduce(add));
  const [taught, weights] = [rowsOf(y), rowsOf(v)];
  const wanted = taught.map((row) => product(row, weights));
  compare(
    got.item(),
    [
      ["hidden states", x, hidden],
      ["output", w, output],
    ],
    ([own, map]) => {
      const student = rowsOf(own!);
      return definition(
        student,
        taught,
        student.map((row) => product(row, rowsOf(map!))),
        wanted,
      );
    },
  );
}

test("distillation of masked LM: soft targets at every token, labels, and the direction of hidden states", () => {
  const batch = collate(PAIRS.map(({ target: _, ...first }) => first));
  const labels = batch.labels.tokens!;
  const asked = [...labels.keys()].filter((i) => labels[i] !== IGNORE);
  const tokenizer = { size: CLASSES, special: { mask: 0 } };
  compareStudent(
    (teacher) => distilMaskedLm(teacher, { tokenizer }),
    batch,
    (student, taught, scores, wanted) =>
      (5 * sum(scores.map((row, i) => softLoss(row, wanted[i]!, 2)))) / scores.length +
      (2 * sum(asked.map((i) => cost(scores[i]!, labels[i]!)))) / asked.length +
      sum(student.map((row, i) => 1 - cosine(row, taught[i]!))) / student.length,
  );
});

test("distillation of classes: soft targets and labels, half each", () => {
  const batch = collate(PAIRS.map(({ target: _, ...first }) => first));
  const firsts = Array.from(batch.starts.slice(0, batch.rows));
  compareStudent(
    (teacher) => distilClassification(teacher, { temperature: 3, weights: { soft: 0.5, hard: 0.5, cosine: 0 } }),
    batch,
    (_student, _taught, scores, wanted) =>
      sum(firsts.map((i, row) => softLoss(scores[i]!, wanted[i]!, 3) / 2 + cost(scores[i]!, row) / 2)) / 3,
  );
});

test.run();
