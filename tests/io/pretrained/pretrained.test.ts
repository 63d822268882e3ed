import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../../sdk/engine/engine.js";
import { InputError } from "../../../sdk/errors.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { jsonBytes, ModelFileError, memoryFiles } from "../../../sdk/io/files/files.js";
import { type LoadOptions, loadModel, type Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { readSafetensors, SafetensorsError } from "../../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import { ConfigError } from "../../../sdk/models/family/config.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { WeightsError } from "../../../sdk/nn/planned.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { near } from "../../helpers/near.js";
import { valuesOf } from "../../helpers/parameters.js";
import { brainFloats, type RawTensor, rawSafetensors } from "../../helpers/raw-safetensors.js";
import { batch, LENGTH, SENTENCES, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("pretrained");
const engine = await Engine.create();
const three = new LabelSet(["a", "b", "c"]);

type MemoryFiles = ReturnType<typeof memoryFiles>;

async function saved(loaded: Pretrained, purpose: ModelTask = loaded.task): Promise<MemoryFiles> {
  const files = memoryFiles();
  await saveModel(files, { ...loaded, task: purpose, tokenizer, maxLength: LENGTH });
  return files;
}

/** The same folder with other weights: each tensor changed, renamed, left out or joined by others. */
function withWeights(
  files: MemoryFiles,
  change: (t: RawTensor) => RawTensor | RawTensor[] | null,
  more: RawTensor[] = [],
): MemoryFiles {
  const file = readSafetensors(files.files.get("model.safetensors")!);
  const tensors = [...file.names()].map((name): RawTensor => {
    const values = file.floats(name);
    return { name, dtype: "F32", shape: file.shape(name)!, bytes: new Uint8Array(values.buffer) };
  });
  const changed = tensors.flatMap((t) => change(t) ?? []);
  return memoryFiles([...files.files, ["model.safetensors", rawSafetensors([...changed, ...more])]]);
}

function withConfig(files: MemoryFiles, extra: object): MemoryFiles {
  const json = JSON.parse(new TextDecoder().decode(files.files.get("config.json"))) as object;
  return memoryFiles([...files.files, ["config.json", jsonBytes({ ...json, ...extra })]]);
}

function hiddenOf({ model }: Pretrained): Float32Array {
  using _ = new Scope();
  return model.encode(batch()).toArray();
}

/** Loading must fail by name, and leave no memory taken. */
async function refused(
  files: MemoryFiles,
  kind: new (message: string) => Error,
  message: RegExp,
  options: LoadOptions<ModelTask> = {},
): Promise<Error> {
  const { liveBytes } = engine;
  const bytes = engine.memory.buffer.byteLength;
  const error = await loadModel(engine, files, options).then(
    () => null,
    (caught: unknown) => caught,
  );
  assert.instance(error, kind, `expected ${kind.name} ${message}, got ${error}`);
  assert.match((error as Error).message, message);
  assert.is(engine.liveBytes, liveBytes);
  assert.is(engine.memory.buffer.byteLength, bytes);
  return error as Error;
}

for (const [purpose, labels] of [
  ["feature-extraction", null],
  ["pretraining", null],
  ["masked-lm", null],
  ["next-sentence-prediction", null],
  ["sequence-classification", three],
  ["sequence-classification", null],
  ["token-classification", three],
  ["question-answering", null],
] as const) {
  test(`saved and loaded again: ${purpose}${labels ? " with labels" : ""}`, async () => {
    using made = await smallBert(engine, purpose, labels);
    const files = await saved(made);
    using loaded = await loadModel(engine, files);
    assert.is(loaded.task, purpose);
    assert.equal(
      loaded.labels?.names ?? null,
      labels?.names ?? (purpose === "sequence-classification" ? ["LABEL_0"] : null),
    );
    assert.equal([loaded.fresh, loaded.leftOver], [[], []]);
    const values = new Map(loaded.weights.entries());
    for (const [name, parameter] of made.weights.entries())
      assert.equal(values.get(name)!.toArray(), parameter.toArray());
    assert.equal(hiddenOf(loaded), hiddenOf(made));
    assert.equal((await saved(loaded)).files, files.files);
  });
}

test("a model pre-trained with two heads is saved with one of them", async () => {
  using made = await smallBert(engine, "pretraining");
  const names = (files: MemoryFiles): string[] => [...readSafetensors(files.files.get("model.safetensors")!).names()];
  assert.ok(names(await saved(made, "masked-lm")).every((name) => !/pooler|seq_relationship/.test(name)));
  assert.ok(names(await saved(made, "next-sentence-prediction")).every((name) => !name.startsWith("cls.predictions")));
  assert.ok(names(await saved(made, "feature-extraction")).every((name) => name.startsWith("bert.")));
  assert.ok(names(await saved(made, "feature-extraction")).includes("bert.pooler.dense.weight"));
  const error = await saved(made, "question-answering").catch((caught: unknown) => caught);
  assert.instance(error, WeightsError);
  assert.match((error as Error).message, /qa_outputs\.weight \[2,16\].*saved for "question-answering".*not there/);
});

test("the bare model keeps its pooler, which does not learn", async () => {
  using made = await smallBert(engine, "next-sentence-prediction");
  using loaded = await loadModel(engine, await saved(made), { task: "feature-extraction" });
  const pooler = new Map(loaded.weights.entries()).get("bert.pooler.dense.weight")!;
  assert.is(pooler.traced, false);
  using without = await loadModel(engine, await saved(await smallBert(engine, "masked-lm")), {
    task: "feature-extraction",
  });
  assert.ok([...without.weights.entries()].every(([name]) => !name.includes("pooler")));
});

test("old names, no prefix, buffers and tied weights under their other name", async () => {
  using made = await smallBert(engine, "masked-lm");
  const words = "bert.embeddings.word_embeddings.weight";
  const old = withWeights(
    await saved(made),
    (t) => {
      const name = t.name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
      if (name === words) return { ...t, name: "cls.predictions.decoder.weight" };
      if (name === "cls.predictions.bias") return { ...t, name: "cls.predictions.decoder.bias" };
      return { ...t, name: name.replace(/^bert\./, "") };
    },
    [{ name: "embeddings.position_ids", dtype: "I64", shape: [1, 2], bytes: new Uint8Array(16) }],
  );
  using loaded = await loadModel(engine, old);
  assert.equal([loaded.fresh, loaded.leftOver], [[], []]);
  assert.equal(hiddenOf(loaded), hiddenOf(made));
  const both = withWeights(await saved(made), (t) =>
    t.name === words ? [t, { ...t, name: "cls.predictions.decoder.weight", bytes: new Uint8Array(t.bytes.length) }] : t,
  );
  using own = await loadModel(engine, both);
  assert.equal(hiddenOf(own), hiddenOf(made));
});

test("one parameter under two names is refused", async () => {
  using made = await smallBert(engine, "masked-lm");
  const twice = withWeights(await saved(made), (t) =>
    t.name === "bert.embeddings.LayerNorm.weight" ? [t, { ...t, name: "bert.embeddings.LayerNorm.gamma" }] : t,
  );
  await refused(twice, WeightsError, /LayerNorm\.gamma.*are the same parameter/);
});

test("bf16 weights are read", async () => {
  using made = await smallBert(engine, "masked-lm");
  const halved = withWeights(await saved(made), (t) => ({
    ...t,
    dtype: "BF16",
    bytes: brainFloats(new Float32Array(t.bytes.buffer, t.bytes.byteOffset, t.bytes.length / 4)),
  }));
  using loaded = await loadModel(engine, halved);
  // bf16 keeps 8 bits: each weight is within 2^-7 of itself; activations are near 1 behind a norm.
  near(hiddenOf(loaded), hiddenOf(made), { atol: 0.1, rtol: 0.1 });
});

test("all missing and unexpected names are reported at once, before memory is allocated", async () => {
  using made = await smallBert(engine, "sequence-classification", three);
  const changed = withWeights(await saved(made), (t) => {
    if (t.name.includes("layer.1.attention.self.query")) return { ...t, name: t.name.replace("query", "Query") };
    return t.name === "bert.embeddings.LayerNorm.bias" ? null : t;
  });
  const error = (await refused(
    changed,
    WeightsError,
    /3 missing from the weights: .*2 not known to the model: .*belong together\?/,
  )) as WeightsError;
  const query = "bert.encoder.layer.1.attention.self.query";
  assert.equal([...error.missing].sort(), ["bert.embeddings.LayerNorm.bias", `${query}.bias`, `${query}.weight`]);
  assert.equal(
    [...error.unexpected].sort(),
    ["bias", "weight"].map((part) => `bert.encoder.layer.1.attention.self.Query.${part}`),
  );
});

test("a configuration that does not fit is refused before memory is allocated", async () => {
  using made = await smallBert(engine, "masked-lm");
  const files = await saved(made);
  await refused(
    withConfig(files, { vocab_size: 16_000_000 }),
    WeightsError,
    /word_embeddings\.weight: the file has \[\d+,16\], the model needs \[16000000,16\]/,
  );
  await refused(withConfig(files, { vocab_size: 2_000_000_000 }), ConfigError, /vocab_size .* at most 16777216/);
  await refused(withConfig(files, { num_hidden_layers: 65_536 }), ConfigError, /num_hidden_layers .* from 1 to 1000/);
  await refused(withConfig(files, { hidden_size: 2 ** 20, num_attention_heads: 1 }), WeightsError, /the model needs/);
  await refused(
    withConfig(files, { num_hidden_layers: 3 }),
    WeightsError,
    /16 missing from the weights: bert\.encoder\.layer\.2/,
  );
  await refused(
    withConfig(files, { num_hidden_layers: 1 }),
    WeightsError,
    /16 not known to the model: bert\.encoder\.layer\.1/,
  );
  await refused(withConfig(files, { hidden_size: 17 }), ConfigError, /hidden_size 17 is not a multiple/);
  await refused(withConfig(files, { vocab_size: "60" }), ConfigError, /vocab_size must be a number, got "60"/);
  await refused(withConfig(files, { model_type: "llama" }), ConfigError, /model_type "llama" is not supported/);
  await refused(
    withConfig(files, { architectures: ["BertForMultipleChoice"] }),
    ConfigError,
    /architecture "BertForMultipleChoice" is not supported/,
  );
  await refused(withConfig(files, { position_embedding_type: "relative_key" }), ConfigError, /relative_key/);
  for (const value of [-0.1, 1, 2])
    await refused(
      withConfig(files, { hidden_dropout_prob: value }),
      ConfigError,
      /hidden_dropout_prob must be a probability/,
    );
  for (const value of [0, -1e-12, 1])
    await refused(withConfig(files, { layer_norm_eps: value }), ConfigError, /layer_norm_eps must be a small number/);
  await refused(withConfig(files, { initializer_range: -1 }), ConfigError, /initializer_range must be a number of at/);
  await refused(withConfig(files, { hidden_act: "swish9" }), InputError, /swish9/);
});

test("labels come from the configuration, and must be sound", async () => {
  using made = await smallBert(engine, "sequence-classification", three);
  const files = await saved(made);
  const told = (extra: object) => withConfig(files, { id2label: undefined, ...extra });
  using counted = await loadModel(engine, told({ num_labels: 3 }));
  assert.equal(counted.labels!.names, ["LABEL_0", "LABEL_1", "LABEL_2"]);
  await refused(
    told({}),
    WeightsError,
    /classifier\.weight: the file has \[3,16\], the model needs \[2,16\]. Does the file have another number of classes\?/,
  );
  await refused(told({ num_labels: 2 ** 31 }), ConfigError, /num_labels/);
  await refused(told({ num_labels: 10_000_000 }), ConfigError, /num_labels 10000000 is more than/);
  await refused(
    told({ id2label: { 1: "a", 2: "b", 3: "c" } }),
    ConfigError,
    /must name the 3 classes 0 to 2, but 0 is nothing/,
  );
  await refused(told({ id2label: ["a", "b"] }), ConfigError, /id2label must be an object, got \["a", "b"\]/);
  await refused(told({ id2label: { 0: "a", 1: null, 2: "c" } }), ConfigError, /but 1 is null/);
  // Numbers are names as text; a repeated name is read, and has no id.
  const { labels } = await loadModel(engine, told({ id2label: { 0: 0, 1: true, 2: true } }));
  assert.equal(labels!.names, ["0", "true", "true"]);
  assert.throws(() => labels!.id("true"), /the name of several classes/);
});

test("a new head is initialized and reported, another task's head is unused", async () => {
  using made = await smallBert(engine, "pretraining");
  const files = await saved(made);
  using tagger = await loadModel(engine, files, { task: "token-classification", labels: three, seed: 1 });
  assert.equal(tagger.fresh, ["classifier.weight", "classifier.bias"]);
  assert.is(tagger.leftOver.length, 9);
  assert.equal(hiddenOf(tagger), hiddenOf(made));
  using again = await loadModel(engine, files, { task: "token-classification", labels: three, seed: 1 });
  assert.equal(valuesOf(again.weights, "classifier.weight"), valuesOf(tagger.weights, "classifier.weight"));
});

test("sharded weights are read; shards and index must say the same", async () => {
  using made = await smallBert(engine, "masked-lm");
  const whole = await saved(made);
  const file = readSafetensors(whole.files.get("model.safetensors")!);
  const names = [...file.names()];
  const shardOf = (i: number) => `model-0000${1 + (i % 2)}-of-00002.safetensors`;
  const shard = (which: number, skip = "") =>
    writeSafetensors(
      names
        .filter((name, i) => i % 2 === which && name !== skip)
        .map((name) => ({ name, shape: file.shape(name)!, values: file.floats(name) })),
    );
  const map = Object.fromEntries(names.map((name, i) => [name, shardOf(i)]));
  const folder = (weight_map: unknown, second = shard(1)) =>
    memoryFiles([
      ["config.json", whole.files.get("config.json")!],
      [shardOf(0), shard(0)],
      [shardOf(1), second],
      ["model.safetensors.index.json", jsonBytes({ metadata: {}, weight_map })],
    ]);
  using loaded = await loadModel(engine, folder(map));
  assert.equal(hiddenOf(loaded), hiddenOf(made));
  await refused(
    folder({ ...map, [names[0]!]: shardOf(1) }),
    WeightsError,
    /says that model-00002.* holds it, but it does not/,
  );
  await refused(folder({ ...map, extra: shardOf(0) }), WeightsError, /extra: .*but it does not/);
  await refused(folder(map, shard(1, names[1])), WeightsError, /but it does not/);
  await refused(folder(Object.fromEntries(Object.entries(map).slice(1))), WeightsError, /does not say so/);
  await refused(folder({ ...map, [names[0]!]: "../secret" }), ModelFileError, /"\.\.\/secret" is refused/);
  await refused(folder({ ...map, [names[0]!]: "other.safetensors" }), ModelFileError, /other\.safetensors.*is missing/);
  await refused(folder({ ...map, [names[0]!]: 1 }), ModelFileError, /must be a file name/);
  await refused(folder(null), ModelFileError, /no weight_map/);
});

test("missing and broken files are named", async () => {
  using made = await smallBert(engine, "masked-lm");
  const files = await saved(made);
  const without = (name: string) => memoryFiles([...files.files].filter(([other]) => other !== name));
  const broken = (name: string, bytes: Uint8Array) => memoryFiles([...files.files, [name, bytes]]);
  await refused(memoryFiles(), ModelFileError, /config\.json is missing: is this a model folder\?/);
  await refused(without("model.safetensors"), ModelFileError, /model\.safetensors is missing, and so is/);
  await refused(broken("config.json", new TextEncoder().encode("{")), ModelFileError, /config\.json is not valid JSON/);
  await refused(broken("config.json", new TextEncoder().encode("[]")), ConfigError, /expected an object/);
  const weights = files.files.get("model.safetensors")!;
  for (const share of [0, 0.01, 0.5, 0.999])
    await refused(
      broken("model.safetensors", weights.subarray(0, Math.floor(share * weights.length))),
      SafetensorsError,
      /./,
    );
  const tokens = await loadTokenizer(without("tokenizer.json"));
  for (const text of SENTENCES) assert.equal(tokens.encode(text).ids, tokenizer.encode(text).ids);
  const error = await loadTokenizer(memoryFiles()).catch((caught: unknown) => caught);
  assert.instance(error, ModelFileError);
});

test.after(() => engine.dispose());
test.run();
