import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { distilEmbedding } from "../../sdk/heads/embedding-distillation.js";
import { pool } from "../../sdk/heads/pooling.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { train } from "../../sdk/train/loop/train.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { disturb } from "../helpers/parameters.js";
import { samples, smallBert } from "../helpers/small-bert.js";
import { wave } from "../helpers/wave.js";

const test = suite("distillation of embeddings");
const [engine] = engines as [Engine];
const pooling = { mode: "mean", normalize: true } as const;
const WIDE = { hidden_size: 24, num_attention_heads: 2 };

/** Texts that are their own targets, the second one read by the teacher in another way. */
const texts = () => samples().map((sample, i) => ({ ...sample, target: samples()[i === 1 ? 0 : i]! }));

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let d = 0; d < a.length; d++) {
    ab += a[d]! * b[d]!;
    aa += a[d]! ** 2;
    bb += b[d]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

const teacherOf = async (extra: object = {}) => {
  const teacher = await smallBert(engine, "feature-extraction", null, extra);
  disturb(teacher.weights, 0.3);
  return teacher;
};

test("the loss is the mean of 1 - cosine with the projected vectors of the targets", async () => {
  using teacher = await teacherOf(WIDE);
  using student = await smallBert(engine, "feature-extraction");
  using _ = new Scope();
  const width = 16;
  const matrix = wave(24 * width, 3);
  const batch = collate(texts());
  const vectors = (model: typeof student.model, of: typeof batch) =>
    pool(model.encode(of), of.starts, pooling).toArray();
  const own = vectors(student.model, batch);
  const wanted = vectors(teacher.model, batch.target!);
  let sum = 0;
  for (let row = 0; row < batch.rows; row++) {
    const taught = Array.from({ length: width }, (_value, d) =>
      Array.from({ length: 24 }, (_other, k) => wanted[row * 24 + k]! * matrix[k * width + d]!).reduce(
        (a, b) => a + b,
        0,
      ),
    );
    sum += 1 - cosine(own.subarray(row * width, (row + 1) * width), taught);
  }
  const objective = distilEmbedding({
    teacher: teacher.model,
    pooling,
    projection: tensor(engine, matrix, [24, width]),
  });
  assert.equal(objective.counts(batch), [batch.rows]);
  const [loss] = objective.losses(student.model, batch, [batch.rows]);
  // Sums of 24 products and of 16 squares of numbers below 1, in f32.
  near([loss!.item()], [sum / batch.rows], { atol: 2e-6 });
});

test("a student learns the teacher's vectors, and the teacher stays as it is", async () => {
  using teacher = await teacherOf();
  using student = await smallBert(engine, "feature-extraction");
  using optimizer = adamW(student.weights);
  const before = [...teacher.weights.entries()].map(([, t]) => t.toArray());
  const losses: number[] = [];
  for await (const { loss } of train({
    ...{
      engine,
      model: student.model,
      optimizer,
      samples: texts,
      learningRate: 3e-3,
      batchSize: 8,
      seed: 1,
      steps: 60,
    },
    objective: distilEmbedding({ teacher: teacher.model, pooling }),
  }))
    losses.push(loss);
  assert.ok(losses.at(-1)! < 0.2 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
  assert.equal(
    [...teacher.weights.entries()].map(([, t]) => t.toArray()),
    before,
  );
});

test("texts without a target, and widths that differ, are refused by name", async () => {
  using teacher = await teacherOf(WIDE);
  using student = await smallBert(engine, "feature-extraction");
  using _ = new Scope();
  const objective = distilEmbedding({ teacher: teacher.model, pooling });
  assert.throws(() => objective.losses(student.model, collate(samples()), [1]), /the samples have no target/);
  assert.throws(
    () => objective.losses(student.model, collate(texts()), [1]),
    /have 16 dimensions, the teacher's 24; give a projection \[24, 16\]/,
  );
});

test.run();
