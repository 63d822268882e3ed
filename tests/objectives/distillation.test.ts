import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import type { Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { cosineLoss, distilClassification, distilMaskedLm } from "../../sdk/objectives/distillation.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { backward } from "../../sdk/tensor/tape.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { chosenLayers, studentOf } from "../../sdk/train/fresh/student.js";
import { train } from "../../sdk/train/loop/train.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { constantSchedule } from "../../sdk/train/optim/schedule.js";
import { engines } from "../helpers/engines.js";
import { near } from "../helpers/near.js";
import { disturb } from "../helpers/parameters.js";
import { samples, smallBert, tokenizer } from "../helpers/small-bert.js";
import { numericGradient, parameter } from "../helpers/training.js";
import { wave } from "../helpers/wave.js";

const test = suite("distillation");
const [engine] = engines as [Engine];
const NO_DROPOUT = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };

/** Σ p (log p - log q) of one row of scores, divided by T, in double precision. */
function divergence(own: ArrayLike<number>, wanted: ArrayLike<number>, temperature: number): number {
  const logs = (from: ArrayLike<number>) => {
    const d = Array.from(from, (v) => v / temperature);
    const sum = d.reduce((s, v) => s + Math.exp(v), 0);
    return d.map((v) => v - Math.log(sum));
  };
  const [q, p] = [logs(own), logs(wanted)];
  return p.reduce((sum, v, i) => sum + Math.exp(v) * (v - q[i]!), 0);
}

const rowsOf = (values: Float32Array, width: number): Float32Array[] =>
  Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));

/** 1 - cosine of two rows. */
function apart(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += x[i]! * y[i]!;
    xx += x[i]! ** 2;
    yy += y[i]! ** 2;
  }
  return 1 - xy / Math.sqrt(xx * yy);
}

/** A teacher whose answers differ from those of fresh weights. */
async function taughtBy(extra: object = {}): Promise<Pretrained<"masked-lm">> {
  const teacher = await smallBert(engine, "masked-lm", null, extra);
  disturb(teacher.weights, 0.3);
  return teacher;
}

test("the published DistilBERT's choice of layers; ends are kept, one layer is the first", () => {
  assert.equal(chosenLayers(12, 6), [0, 2, 4, 7, 9, 11]);
  assert.equal(chosenLayers(4, 2), [0, 3]);
  assert.equal(chosenLayers(3, 1), [0]);
  assert.equal(chosenLayers(2, 2), [0, 1]);
  assert.throws(() => chosenLayers(2, 3), /1 to 2, got 3/);
});

test("a student has the teacher's embeddings, head and chosen layers, in memory of its own", async () => {
  using teacher = await taughtBy({ num_hidden_layers: 3 });
  using student = studentOf(teacher, 2);
  assert.is(student.config["num_hidden_layers"], 2);
  assert.equal(student.fresh, []);
  const own = new Map(teacher.weights.entries());
  for (const [name, t] of student.weights.entries()) {
    const from = own.get(name.replace("layer.1.", "layer.2."))!;
    assert.equal(t.toArray(), from.toArray(), name);
    assert.is.not(t.variable, from.variable);
  }
  using same = studentOf(teacher, 3);
  using _ = new Scope();
  const batch = collate(samples());
  assert.equal([...same.model.encode(batch).data], [...teacher.model.encode(batch).data]);
});

test("the loss of hidden states is the definition's, and so is its gradient", () => {
  using _ = new Scope();
  const [rows, width] = [5, 7];
  const [x0, y0] = [wave(rows * width, 1), wave(rows * width, 2)];
  const definition = (x: ArrayLike<number>) =>
    rowsOf(y0, width).reduce((s, row, i) => s + apart(Array.from(x).slice(i * width, (i + 1) * width), row), 0) / rows;
  const x = parameter(engine, x0, [rows, width]);
  const loss = backward(() => cosineLoss(x, tensor(engine, y0, [rows, width]), rows));
  // Sums of 7 products of at most 1, then of 5 cosines, in f32.
  near([loss.item()], [definition(x0)], { atol: 1e-6 });
  near(x.grad!.data, numericGradient(definition, x0), { atol: 2e-6 });
});

const corrupted = (objective: { corrupt: ReturnType<typeof distilMaskedLm>["corrupt"] }): Batch =>
  collate(samples().map((sample, i) => objective.corrupt(sample, seed(1).fork(i))));

for (const at of ["every", "labelled"] as const)
  test(`masked LM: the parts are the definition's, the teacher's scores are used at ${at} token`, async () => {
    using teacher = await taughtBy();
    using student = studentOf(teacher, 1);
    const [temperature, weights] = [2, { soft: 5, hard: 2, cosine: 1 }];
    const objective = distilMaskedLm(teacher.model, { tokenizer, maskingRate: 0.3 }, { at });
    assert.equal(objective.names, ["soft", "hard", "cosine"]);
    const batch = corrupted(objective);
    const right = batch.labels.tokens!;
    const places = [...right.keys()].filter((i) => at === "every" || right[i]! >= 0);
    const asked = [...right].filter((label) => label >= 0).length;
    assert.equal(objective.counts(batch), [places.length, asked, batch.ids.length]);
    using _ = new Scope();
    const answers = [student, teacher].map(({ model }) => {
      const hidden = model.encode(batch);
      const scores = model.tokenScores(hidden, Int32Array.from(places));
      return { hidden: rowsOf(hidden.toArray(), 16), scores: rowsOf(scores.toArray(), tokenizer.size) };
    }) as [Answers, Answers];
    const [own, wanted] = answers;
    const soft = own.scores.reduce((s, row, i) => s + divergence(row, wanted.scores[i]!, temperature), 0);
    const hard = own.scores.reduce((s, row, i) => {
      const label = right[places[i]!]!;
      return label < 0 ? s : s + Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[label]!;
    }, 0);
    const cosine = own.hidden.reduce((s, row, i) => s + apart(row, wanted.hidden[i]!), 0);
    const got = objective.losses(student.model, batch, objective.counts(batch)).map((loss) => loss.item());
    const want = [
      (weights.soft * temperature ** 2 * soft) / places.length,
      (weights.hard * hard) / asked,
      (weights.cosine * cosine) / batch.ids.length,
    ];
    near(got, want, { rtol: 1e-5, atol: 1e-5 });
    // Two halves of the batch, divided by the counts of the whole, add up to it.
    const halves = [samples().slice(0, 2), samples().slice(2)].map((half, part) =>
      collate(half.map((sample, i) => objective.corrupt(sample, seed(1).fork(2 * part + i)))),
    );
    const sums = halves.map((half) => objective.losses(student.model, half, objective.counts(batch)));
    near(
      got.map((_value, i) => sums[0]![i]!.item() + sums[1]![i]!.item()),
      got,
      { rtol: 1e-5, atol: 1e-6 },
    );
  });

interface Answers {
  readonly hidden: Float32Array[];
  readonly scores: Float32Array[];
}

test("a teacher runs without dropout and gets no gradient", async () => {
  using teacher = await taughtBy();
  using student = await smallBert(engine, "masked-lm", null, NO_DROPOUT);
  const objective = distilMaskedLm(teacher.model, { tokenizer });
  const batch = corrupted(objective);
  const losses = [1, 2].map((step) => {
    using _ = new Scope();
    const loss = () => objective.losses(student.model, batch, objective.counts(batch))[0]!;
    return backward(loss, { seed: 1, step }).item();
  });
  assert.is(losses[0], losses[1]);
  assert.ok([...teacher.weights.entries()].every(([, t]) => t.grad === null));
});

test("a student learns its teacher's predictions", async () => {
  using teacher = await taughtBy(NO_DROPOUT);
  using student = studentOf(teacher, 1);
  using optimizer = adamW(student.weights, { weightDecay: 0 });
  const objective = distilMaskedLm(teacher.model, { tokenizer }, { weights: { soft: 1, hard: 0, cosine: 0 } });
  const losses: number[] = [];
  const run = train({
    engine,
    model: student.model,
    objective,
    samples: () => samples(),
    optimizer,
    learningRate: constantSchedule(1e-2),
    batchSize: 4,
    seed: 1,
    steps: 120,
  });
  for await (const { loss } of run) losses.push(loss);
  const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  assert.ok(mean(losses.slice(-10)) < 0.1 * mean(losses.slice(0, 5)), `${losses[0]} -> ${losses.at(-1)}`);
});

test("classes: half of the loss is the teacher's, half the labels'; without labels the teacher's alone", async () => {
  const labels = new LabelSet(["a", "b", "c"]);
  using teacher = await smallBert(engine, "sequence-classification", labels, { initializer_range: 0.5 });
  using student = await smallBert(engine, "sequence-classification", labels, { initializer_range: 0.4 });
  const rows = samples().map((sample, i) => ({ ...sample, labels: { row: i % 3 } }));
  const objective = distilClassification(teacher.model);
  assert.equal(objective.names, ["soft", "hard"]);
  using _ = new Scope();
  const batch = collate(rows);
  const [own, wanted] = [student, teacher].map(({ model }) =>
    rowsOf(model.sequenceScores(model.encode(batch), batch).toArray(), 3),
  ) as [Float32Array[], Float32Array[]];
  const soft = own.reduce((s, row, i) => s + divergence(row, wanted[i]!, 2), 0) / 4;
  const hard = own.reduce((s, row, i) => s + Math.log(row.reduce((t, v) => t + Math.exp(v), 0)) - row[i % 3]!, 0) / 4;
  const got = objective.losses(student.model, batch, objective.counts(batch)).map((loss) => loss.item());
  near(got, [0.5 * 4 * soft, 0.5 * hard], { rtol: 1e-5, atol: 1e-6 });
  const bare = collate(samples());
  assert.throws(() => objective.losses(student.model, bare, [4, 0]), /the batch has no labels/);
  const alone = distilClassification(teacher.model, { weights: { soft: 1, hard: 0, cosine: 0 } });
  near([alone.losses(student.model, bare, alone.counts(bare))[0]!.item()], [4 * soft], { rtol: 1e-5 });
  assert.throws(
    () => distilClassification(teacher.model, { weights: { soft: 0, hard: 0, cosine: 0 } }),
    /every weight/,
  );
});

test("no memory leaks", async () => {
  using teacher = await taughtBy();
  const step = () => {
    using student = studentOf(teacher, 1);
    const objective = distilMaskedLm(teacher.model, { tokenizer });
    const batch = corrupted(objective);
    using _ = new Scope();
    backward(() => objective.losses(student.model, batch, objective.counts(batch))[0]!);
  };
  step();
  const { liveBytes } = engine;
  step();
  assert.is(engine.liveBytes, liveBytes);
});

test.run();
