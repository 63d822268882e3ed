import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../sdk/engine/engine.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { fieldsOf, jsonBytes, jsonOf, memoryFiles, type WritableFiles } from "../../../sdk/io/files/files.js";
import { type Adapted, adapt, loadAdapted, loadAdapter, saveAdapter } from "../../../sdk/io/pretrained/adapter.js";
import { adapterConfigOf, adapterFields, readAdapterConfig } from "../../../sdk/io/pretrained/adapter-config.js";
import { describeFolder } from "../../../sdk/io/pretrained/describe.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import { readSafetensors } from "../../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";
import { buildModel } from "../../../sdk/models/family/build.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { Lora } from "../../../sdk/nn/lora.js";
import { Weights } from "../../../sdk/nn/weights.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { engines } from "../../helpers/engines.js";
import { batch, LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";
import { wave } from "../../helpers/wave.js";

const test = suite("adapter files");
const [engine] = engines as [Engine];
const labels = new LabelSet(["animal", "weather", "neither"]);

function disturb<P extends ModelTask>(adapted: Adapted<P>): Adapted<P> {
  for (const [i, [, t]] of [...adapted.weights.entries()].entries()) t.assign(wave(t.size, i));
  return adapted;
}

function scoresOf({ model }: Pretrained<"sequence-classification">): number[] {
  using _ = new Scope();
  const b = batch();
  return [...model.sequenceScores(model.encode(b), b).data];
}

/** A saved model, an adapter on it, and their scores. */
async function saved() {
  const [base, adapter] = [memoryFiles(), memoryFiles()];
  using loaded = await smallBert(engine, "sequence-classification", labels);
  await saveModel(base, { ...loaded, tokenizer, maxLength: LENGTH });
  using adapted = disturb(adapt(loaded, { r: 3, targets: ["query", "output.dense"], dropout: 0.1 }));
  await saveAdapter(adapter, adapted, "the-base");
  return { base, adapter, scores: scoresOf(adapted) };
}

test("saved and loaded, an adapter scores the same; so does the folder alone, whatever its base was made for", async () => {
  const { base, adapter, scores } = await saved();
  {
    using loaded = await smallBert(engine, "sequence-classification", labels);
    using again = await loadAdapter(loaded, adapter);
    assert.equal(scoresOf(again), scores);
  }
  using both = await loadAdapted<"sequence-classification">(engine, base, adapter);
  assert.equal(scoresOf(both), scores);
  assert.equal(both.labels?.names, labels.names);
  assert.equal(both.fresh, []);
  // Without config.json, as PEFT saves, the classes are as many as the head has.
  const peft = memoryFiles([...adapter.files].filter(([name]) => name !== "config.json"));
  using bare = await loadAdapted<"sequence-classification">(engine, base, peft);
  assert.equal([bare.task, bare.labels?.size, scoresOf(bare)], ["sequence-classification", 3, scores]);
});

test("names and fields are PEFT's; a bare model's names have no prefix", async () => {
  const { adapter } = await saved();
  const config = await configOf(adapter);
  assert.equal(
    [config["peft_type"], config["task_type"], config["r"], config["lora_alpha"], config["target_modules"]],
    ["LORA", "SEQ_CLS", 3, 6, ["query", "output.dense"]],
  );
  assert.is(config["base_model_name_or_path"], "the-base");
  const names = [...readSafetensors(adapter.files.get("adapter_model.safetensors")!).names()];
  assert.ok(names.includes("base_model.model.bert.encoder.layer.1.attention.self.query.lora_A.weight"));
  assert.ok(names.includes("base_model.model.classifier.bias"));
  assert.is(names.length, 2 * (3 * 2) + 4, "A and B of three layers in each of two, the head and the new pooler");

  using encoder = await smallBert(engine, "feature-extraction");
  using bare = adapt(encoder);
  const files = memoryFiles();
  await saveAdapter(files, bare);
  const [first] = readSafetensors(files.files.get("adapter_model.safetensors")!).names();
  assert.is(first, "base_model.model.encoder.layer.0.attention.self.query.lora_A.weight");
  using again = await loadAdapter(encoder, files);
  assert.is(again.lora.layers.size, 4);
});

async function configOf(adapter: WritableFiles): Promise<Readonly<Record<string, unknown>>> {
  return fieldsOf(jsonOf((await adapter.read("adapter_config.json"))!, "adapter_config.json"));
}

/** The same adapter with other fields in its configuration. */
async function changed(adapter: WritableFiles, fields: object): Promise<WritableFiles> {
  const config = await configOf(adapter);
  const bytes = (await adapter.read("adapter_model.safetensors"))!;
  return memoryFiles([
    ["adapter_config.json", jsonBytes({ ...config, ...fields })],
    ["adapter_model.safetensors", bytes],
  ]);
}

async function refusal(files: WritableFiles): Promise<string> {
  using loaded = await smallBert(engine, "sequence-classification", labels);
  const { liveBytes } = engine;
  try {
    using _ = await loadAdapter(loaded, files);
  } catch (error) {
    assert.is(engine.liveBytes, liveBytes);
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return "accepted";
}

test("unsupported settings are refused by name", async () => {
  const { adapter } = await saved();
  for (const [fields, want] of [
    [{ peft_type: "IA3" }, /^ConfigError: adapter_config.json: peft_type "IA3"/],
    [{ use_dora: true }, /^ConfigError: .*use_dora true is not supported/],
    [{ bias: "all" }, /bias "all" is not supported/],
    [{ init_lora_weights: "pissa" }, /init_lora_weights "pissa" is not supported/],
    [{ rank_pattern: { query: 4 } }, /^WeightsError: .*query.lora_A.weight: .* has \[3,16\], the model needs \[4,16\]/],
    [{ rank_pattern: { query: 0 } }, /^ConfigError: adapter_config.json: rank_pattern of "query" is 0/],
    [{ rank_pattern: { "(": 3 } }, /^ConfigError: adapter_config.json: rank_pattern: /],
    [{ rank_pattern: ["query"] }, /^ConfigError: adapter_config.json: rank_pattern must be an object, got \["query"\]/],
    [{ alpha_pattern: { query: "high" } }, /^ConfigError: adapter_config.json: alpha_pattern of "query" is "high"/],
    [{ layers_to_transform: "all" }, /^ConfigError: adapter_config.json: layers_to_transform must be numbers/],
    [{ layers_to_transform: [1] }, /^WeightsError: .*6 not known/],
    [{ layers_to_transform: 1, layers_pattern: 3 }, /^ConfigError: adapter_config.json: layers_pattern must be/],
    [{ exclude_modules: ["output.dense"] }, /^WeightsError: .*8 not known/],
    [{ exclude_modules: "(" }, /^ConfigError: adapter_config.json: exclude_modules: /],
    [{ target_modules: "all-linear" }, /all-linear/],
    [{ target_modules: "(" }, /^ConfigError: adapter_config.json: target_modules: the pattern "\(" is not supported/],
    [{ target_modules: "a)|(b" }, /^ConfigError: .*unexpected "\)" at character 1/],
    [{ target_modules: "(a)\\1" }, /^ConfigError: .*the escape \\1/],
    // Exponential where an engine backtracks.
    [{ target_modules: "(([a-z.0-9_]+)+)+!" }, /^WeightsError: .*not known/],
    [{ target_modules: "(?:[a-z.]{1,50}){1,1000}" }, /^ConfigError: .*is too large/],
    [{ lora_dropout: 1 }, /lora_dropout must be a share/],
    [{ r: -1 }, /^ConfigError: adapter_config.json: r must be a positive whole number/],
    [{ r: 2 }, /^WeightsError: .*the file has|has \[3,16\], the model needs \[2,16\]/],
    [{ r: 2 ** 20 }, /^WeightsError/],
    [{ r: 2 ** 30 }, /^ConfigError: adapter_config.json: r must be/],
    [{ target_modules: ["query"] }, /^WeightsError: .*8 not known/],
    [{ target_modules: ["query", "output.dense", "key"] }, /^WeightsError: .*4 missing/],
  ] as const)
    assert.match(await refusal(await changed(adapter, fields)), want);
  assert.is(await refusal(await changed(adapter, { target_modules: ".*(query|output\\.dense)" })), "accepted");
  assert.match(await refusal(memoryFiles()), /ModelFileError: adapter_config.json is missing/);
  const foreign = await changed(adapter, {});
  await foreign.write(
    "adapter_model.safetensors",
    writeSafetensors([{ name: "lora.query", shape: [1], values: Float32Array.of(1) }]),
  );
  assert.match(await refusal(foreign), /lora.query does not begin with base_model.model/);
});

test("layers with a rank or an alpha of their own, or excluded, as PEFT chooses them", async () => {
  const fields = {
    rank_pattern: { "layer.1.*query": 5, query: 2 },
    alpha_pattern: { "output\\.dense": 12 },
    layers_to_transform: [1],
    layers_pattern: ["layer"],
    exclude_modules: ["attention.output.dense"],
  };
  const read = readAdapterConfig({
    peft_type: "LORA",
    target_modules: ["query", "output.dense"],
    r: 3,
    lora_alpha: 6,
    ...fields,
  });
  using loaded = await smallBert(engine, "sequence-classification", labels);
  const lora = new Lora(loaded.weights, read.settings);
  using weights = new Weights(engine, { over: lora });
  buildModel(loaded.family, weights, loaded.family.read(loaded.config), "sequence-classification", 3);
  const layers = [...lora.layers].map(([name, { a, scaling }]) => [name, a.shape[0], scaling]);
  assert.equal(layers, [
    ["bert.encoder.layer.1.attention.self.query", 5, 6 / 5],
    ["bert.encoder.layer.1.output.dense", 3, 12 / 3],
  ]);
  const again = adapterConfigOf(read.settings, { task: "sequence-classification", base: null, transposed: false });
  for (const [field, value] of Object.entries(fields)) assert.equal(again[field], value, field);
});

test("every known field of adapter_config.json is computed, without effect, or refused by name", async () => {
  const plain = { peft_type: "LORA", target_modules: ["query"] };
  const read = (fields: object): string => JSON.stringify(readAdapterConfig({ ...plain, ...fields }));
  /** Values of every type: one of them changes or breaks the result. */
  const values: readonly unknown[] = [{ x: 1 }, "zzz", 0.5, true, 3, ["key"], "SEQ_CLS"];
  const isRead = (field: string): boolean =>
    values.some((value) => {
      try {
        return read({ [field]: value }) !== read({});
      } catch {
        return true;
      }
    });
  for (const [field, fate] of adapterFields()) {
    if (fate !== "refused") assert.is(isRead(field), fate === "computed", field);
    else {
      assert.is(read({ [field]: null }), read({}), field);
      for (const value of [{ x: 1 }, "zzz", ["key"]])
        assert.throws(() => read({ [field]: value }), new RegExp(`adapter_config.json: ${field} `), field);
    }
  }
  const { adapter } = await saved();
  const weights = [...adapter.files].filter(([name]) => name.endsWith(".safetensors"));
  const all = Object.fromEntries([...adapterFields().keys()].map((field) => [field, null]));
  const describe = (more: object) =>
    describeFolder(memoryFiles([...weights, ["adapter_config.json", jsonBytes({ ...all, ...plain, ...more })]]));
  const known = await describe({ r: 3 });
  assert.equal([known.family, known.adapter?.["r"], known.problems, known.unknownFields], [null, 3, [], []]);
  assert.ok(known.tensors.length > 0);
  const other = await describe({ use_dora: true, new_field: 1 });
  assert.equal(other.unknownFields, ["adapter_config.json: new_field"]);
  assert.match(other.problems.join("\n"), /adapter_config\.json: use_dora true is not supported/);
});

test.run();
