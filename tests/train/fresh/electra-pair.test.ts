import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate, labelled } from "../../../sdk/data/sample.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import { memoryFiles } from "../../../sdk/io/files/files.js";
import { loadModel, type Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { ConfigError } from "../../../sdk/models/family/config.js";
import { WeightsError } from "../../../sdk/nn/planned.js";
import { electraPretraining, replaceMasked } from "../../../sdk/objectives/electra.js";
import { add } from "../../../sdk/tensor/ops/elementwise.js";
import { seed } from "../../../sdk/tensor/random.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { backward } from "../../../sdk/tensor/tape.js";
import type { Tensor } from "../../../sdk/tensor/tensor.js";
import { replacedHeldOut } from "../../../sdk/train/evaluate/language-model.js";
import { type ElectraPair, electraConfigs, freshElectra, loadElectra } from "../../../sdk/train/fresh/electra-pair.js";
import { type RunSettings, readCheckpoint, writeCheckpoint } from "../../../sdk/train/loop/checkpoint.js";
import { type Position, train } from "../../../sdk/train/loop/train.js";
import { areaUnderRoc } from "../../../sdk/train/metrics/ranking.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { constantSchedule, linearSchedule } from "../../../sdk/train/optim/schedule.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { LENGTH, samples, tokenizer } from "../../helpers/small-bert.js";

const test = suite("ELECTRA's pair");
const [engine] = engines as [Engine];
const objective = electraPretraining({ tokenizer, maskingRate: 0.3 });

/** Random weights so large that scores differ and every gradient is felt. */
function pairOf({ dropout = 0, deviation = 0.3, on = engine } = {}): ElectraPair {
  const sizes = {
    vocabSize: tokenizer.size,
    numHiddenLayers: 2,
    hiddenSize: 32,
    numAttentionHeads: 4,
    maxPositionEmbeddings: LENGTH,
    dropout,
    initializerRange: deviation,
  };
  return freshElectra(on, electraConfigs({ ...sizes, embeddingSize: 16, generator: 1 / 2 }), 1);
}

const corrupted = (): Batch => collate(samples().map((sample, i) => objective.corrupt(sample, seed(1).fork(i))));

function lossesOf({ model }: ElectraPair, batch: Batch): Tensor[] {
  return objective.losses(model, batch, objective.counts(batch));
}

const names = ({ weights }: Pick<Pretrained, "weights">): string[] => Array.from(weights.entries(), ([name]) => name);

test("configurations are as published: a quarter of the width, as many layers", () => {
  const sizes = {
    vocabSize: 30522,
    numHiddenLayers: 12,
    hiddenSize: 256,
    numAttentionHeads: 4,
    maxPositionEmbeddings: 512,
    dropout: 0.1,
    embeddingSize: 128,
  };
  const { generator, discriminator } = electraConfigs(sizes);
  const fields = ["model_type", "embedding_size", "hidden_size", "num_attention_heads", "intermediate_size"];
  assert.equal(
    fields.map((field) => discriminator[field]),
    ["electra", 128, 256, 4, 1024],
  );
  assert.equal(
    fields.map((field) => generator[field]),
    ["electra", 128, 64, 1, 256],
  );
  assert.is(generator["num_hidden_layers"], 12);
});

test("embeddings are shared, everything else is not, and the optimizer has each once", () => {
  using pair = pairOf();
  const { generator, discriminator, weights } = pair;
  const [own, other] = [new Map(generator.weights.entries()), new Map(discriminator.weights.entries())];
  for (const [name, t] of own) assert.is(t === other.get(name), name.startsWith("electra.embeddings."), name);
  assert.equal(
    [...own.keys()].filter((name) => name.startsWith("electra.embeddings.")),
    ["word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"].map((name) => `electra.embeddings.${name}`),
  ); // biome-ignore format: a list
  using optimizer = adamW(weights);
  assert.is(optimizer.moments.length, own.size + other.size - 5);
  assert.is(new Set(optimizer.moments.map(({ parameter }) => parameter)).size, optimizer.moments.length);
  assert.ok(names(pair).includes("generator.generator_predictions.dense.weight"));
  assert.not(names(pair).includes("generator.electra.embeddings.word_embeddings.weight"));
  // The same name in both does not begin with the same numbers.
  const name = "electra.encoder.layer.0.output.LayerNorm.weight";
  assert.ok(own.has(name) && other.has(name));
  const dense = "electra.encoder.layer.0.attention.self.query.weight";
  assert.not.equal([...own.get(dense)!.toArray().slice(0, 8)], [...other.get(dense)!.toArray().slice(0, 8)]);
});

/** The gradients of the parts `take`, by the names of the pair. */
function gradients(pair: ElectraPair, take: (losses: Tensor[]) => Tensor): Map<string, Float32Array> {
  using _ = new Scope();
  backward(() => take(lossesOf(pair, corrupted())));
  const all = new Map(
    Array.from(pair.weights.entries(), ([name, { grad, size }]) => [name, grad?.toArray() ?? new Float32Array(size)]),
  );
  for (const [, { grad }] of pair.weights.entries()) grad?.data.fill(0);
  return all;
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

test("shared embeddings get the gradients of both, each model's own weights those of its loss alone", () => {
  using pair = pairOf();
  const both = gradients(pair, ([a, b]) => add(a!, b!));
  const [filled, told] = [gradients(pair, ([a]) => a!), gradients(pair, ([, b]) => b!)];
  for (const [name, sum] of both) {
    const [a, b] = [filled.get(name)!, told.get(name)!];
    const size = norm(sum);
    near(sum, a.map((v, i) => v + b[i]!), { rtol: 1e-5, atol: 1e-6 * (1 + norm(a) + norm(b)) }, name); // biome-ignore format: one line
    if (name.startsWith("generator.")) assert.is(norm(b), 0, `${name} gets a gradient through what was drawn`);
    else if (name.startsWith("discriminator.electra.embeddings.")) assert.ok(norm(a) > 0 && norm(b) > 0, name);
    else assert.ok(norm(a) === 0 && size > 0, name);
  }
});

test("the gradient of the shared embeddings is that of differences", () => {
  using pair = pairOf();
  const name = "discriminator.electra.embeddings.word_embeddings.weight";
  const slope = gradients(pair, ([a, b]) => add(a!, b!)).get(name)!;
  const table = new Map(pair.weights.entries()).get(name)!;
  const before = table.toArray();
  const length = norm(slope);
  const drawnBefore = drawnIds(pair);
  const at = (step: number): number => {
    table.assign(before.map((value, i) => value + (step * slope[i]!) / length));
    assert.equal(drawnIds(pair), drawnBefore, "the step changed what is drawn");
    using _ = new Scope();
    return lossesOf(pair, corrupted()).reduce((sum, loss) => sum + loss.item(), 0);
  };
  const step = 1e-3;
  const measured = (at(step) - at(-step)) / (2 * step);
  // Losses near 50 in f32 are right to about 1e-5: an error of 1e-2 of the difference, beside its third-order term.
  near([measured], [length], { rtol: 1e-2, atol: 2e-2 });
});

function drawnIds({ generator: { model } }: ElectraPair): number[] {
  using _ = new Scope();
  const batch = corrupted();
  return [...replaceMasked(batch, model.tokenScores(model.encode(batch), labelled(batch.labels.tokens!))).ids];
}

test("the parts are the definitions: masked LM, and 50 times the mean over all tokens", () => {
  using pair = pairOf();
  const { generator, discriminator } = pair.model;
  const batch = corrupted();
  assert.equal(objective.counts(batch), [labelled(batch.labels.tokens!).length, batch.ids.length]);
  using _ = new Scope();
  const index = labelled(batch.labels.tokens!);
  const scores = generator.tokenScores(generator.encode(batch), index);
  const width = tokenizer.size;
  const values = scores.toArray();
  let filled = 0;
  for (const [row, place] of index.entries()) {
    const own = values.subarray(row * width, (row + 1) * width);
    filled += Math.log(own.reduce((s, v) => s + Math.exp(v), 0)) - own[batch.labels.tokens![place]!]!;
  }
  const replaced = replaceMasked(batch, scores);
  const judged = discriminator.replacedScores(discriminator.encode(replaced)).toArray();
  let told = 0;
  for (const [i, label] of replaced.labels.tokens!.entries())
    told += Math.log1p(Math.exp(judged[i]!)) - label * judged[i]!;
  const got = lossesOf(pair, batch).map((loss) => loss.item());
  near(got, [filled / index.length, (50 * told) / batch.ids.length], { rtol: 1e-5 });
});

test("losses of a row do not depend on the order of its batch", () => {
  using pair = pairOf();
  const rows = samples().map((sample, i) => objective.corrupt(sample, seed(1).fork(i)));
  using _ = new Scope();
  const [forward, reverse] = [rows, [...rows].reverse()].map((order) =>
    lossesOf(pair, collate(order)).map((loss) => loss.item()),
  ) as [number[], number[]];
  near(forward, reverse, { rtol: 1e-6 });
  const alone = rows.map((row) => objective.losses(pair.model, collate([row]), objective.counts(collate(rows))));
  near(
    [0, 1].map((part) => alone.reduce((sum, losses) => sum + losses[part]!.item(), 0)),
    forward,
    { rtol: 1e-6 },
  );
});

test("a sequence without a word is judged, and nothing is filled in", () => {
  using pair = pairOf();
  const empty = collate([objective.corrupt(samples([""])[0]!, seed(1))]);
  using _ = new Scope();
  const losses = backward(() => {
    const [filled, told] = objective.losses(pair.model, empty, [1, 2]);
    assert.is(filled!.item(), 0);
    return add(filled!, told!);
  });
  assert.ok(losses.item() > 0);
});

test("eight sequences are learned by heart: both losses below 0.05", async () => {
  const texts = ["the cat sat", "a dog ran", "the sun is up", "dogs ran on", "cats sat on", "a mat is up", "the dog sat", "cats ran to the sun"]; // biome-ignore format: a list
  using pair = pairOf({ deviation: 0.1 });
  // A fixed corruption: every word can be inferred from the rest of its sequence.
  const fixed = samples(texts).map((sample, i) => objective.corrupt(sample, seed(3).fork(i)));
  using optimizer = adamW(pair.weights, { weightDecay: 0 });
  let parts: Readonly<Record<string, number>> = {};
  const run = train({
    engine,
    model: pair.model,
    objective: { ...objective, corrupt: (sample) => sample },
    samples: () => fixed,
    optimizer,
    learningRate: constantSchedule(3e-3),
    batchSize: 8,
    seed: 1,
    steps: 500,
  });
  for await (const step of run) parts = step.parts;
  const [filled, told] = [parts["generator"]!, parts["discriminator"]! / 50];
  assert.ok(filled < 0.05 && told < 0.05, `generator ${filled}, discriminator ${told}`);
});

const SETTINGS: RunSettings = { command: "test" };

/** Train until a step, from the beginning or a checkpoint; answer the checkpoint then. */
async function trained(on: Engine, until: number, from?: Uint8Array): Promise<Uint8Array> {
  using pair = pairOf({ dropout: 0.1, on });
  using optimizer = adamW(pair.weights);
  let position: Position | undefined = from && readCheckpoint(from, optimizer, SETTINGS);
  const options = { engine: on, model: pair.model, objective, samples: () => samples(), optimizer };
  const rest = {
    learningRate: linearSchedule(1e-3, 2, 10),
    batchSize: 3,
    seed: 1,
    steps: until,
    ...(position && { from: position }),
  };
  for await (const step of train({ ...options, ...rest })) position = step;
  return writeCheckpoint(optimizer, position!, SETTINGS);
}

for (const on of engines)
  test(`a run that was interrupted ends with the same bits (${on.build})`, async () => {
    const whole = await trained(on, 9);
    assert.equal(await trained(on, 9, await trained(on, 4)), whole);
  });

test("both are saved as the published classes, loaded alone, and as a pair that trains on", async () => {
  using pair = pairOf();
  const files = { generator: memoryFiles(), discriminator: memoryFiles() };
  const rest = { tokenizer, maxLength: LENGTH };
  await saveModel(files.generator, { ...pair.generator, ...rest });
  await saveModel(files.discriminator, { ...pair.discriminator, ...rest });
  const classOf = ({ files: own }: ReturnType<typeof memoryFiles>): unknown =>
    JSON.parse(new TextDecoder().decode(own.get("config.json")))["architectures"][0];
  assert.equal(
    [classOf(files.generator), classOf(files.discriminator)],
    ["ElectraForMaskedLM", "ElectraForPreTraining"],
  );
  using generator = await loadModel(engine, files.generator);
  using discriminator = await loadModel(engine, files.discriminator);
  assert.equal([generator.task, discriminator.task], ["masked-lm", "replaced-token-detection"]);
  assert.equal([generator.fresh, generator.leftOver, discriminator.fresh, discriminator.leftOver], [[], [], [], []]);
  using again = await loadElectra(engine, files);
  using _ = new Scope();
  const batch = corrupted();
  const losses = lossesOf(pair, batch).map((loss) => loss.item());
  assert.equal(lossesOf(again, batch).map((loss) => loss.item()), losses); // biome-ignore format: one line
  assert.equal(names(again), names(pair));

  using stranger = freshElectra(
    engine,
    { generator: pair.generator.config, discriminator: pair.discriminator.config },
    9,
  );
  const other = memoryFiles();
  await saveModel(other, { ...stranger.generator, ...rest });
  const { liveBytes } = engine;
  try {
    await loadElectra(engine, { ...files, generator: other });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, WeightsError);
    assert.match((error as Error).message, /word_embeddings.weight differs between generator and discriminator/);
  }
  assert.is(engine.liveBytes, liveBytes);
});

test("configurations whose embeddings differ throw an error that names the difference", () => {
  const sizes = {
    vocabSize: 60,
    numHiddenLayers: 1,
    hiddenSize: 16,
    numAttentionHeads: 2,
    maxPositionEmbeddings: 16,
    dropout: 0,
  };
  const { generator, discriminator } = electraConfigs(sizes);
  const wrong = { generator: { ...generator, embedding_size: 8 }, discriminator };
  assert.throws(
    () => freshElectra(engine, wrong, 1),
    (error: Error) =>
      error instanceof ConfigError && /embedding_size must be the same; the generator has 8/.test(error.message),
  );
});

test("held-out figures count the items that they name", () => {
  assert.is(areaUnderRoc([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1]), 0.875);
  assert.is(areaUnderRoc([1, 1, 1], [0, 1, 0]), 0.5);
  assert.ok(Number.isNaN(areaUnderRoc([1, 2], [0, 0])));
  using pair = pairOf();
  const figures = replacedHeldOut(pair.model, samples(), { tokenizer, maskingRate: 0.3 });
  assert.is(figures.tokens, 8 * samples().reduce((sum, { ids }) => sum + ids.length, 0));
  for (const share of [figures.accuracy, figures.alwaysOriginal, figures.found, figures.precision, figures.area])
    assert.ok(share >= 0 && share <= 1, `${share}`);
  assert.equal(replacedHeldOut(pair.model, samples(), { tokenizer, maskingRate: 0.3 }), figures);
});

test("disposing the generator leaves the embeddings to the discriminator", () => {
  using pair = pairOf();
  pair.generator[Symbol.dispose]();
  using _ = new Scope();
  assert.is(pair.discriminator.model.encode(corrupted()).shape[1], 32);
});

test("no memory leaks", () => {
  const step = () => {
    using pair = pairOf();
    using _ = new Scope();
    backward(() => lossesOf(pair, corrupted()).reduce(add));
  };
  step();
  const { liveBytes } = engine;
  step();
  assert.is(engine.liveBytes, liveBytes);
});

test.run();
