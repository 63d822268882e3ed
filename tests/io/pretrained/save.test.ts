/** The contents of a saved folder, and models that cannot be saved. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../../sdk/engine/engine.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { memoryFiles } from "../../../sdk/io/files/files.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { configBytes, saveModel, weightFiles } from "../../../sdk/io/pretrained/save.js";
import { SafetensorsError } from "../../../sdk/io/safetensors/safetensors.js";
import { freshConfig, freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { rewrite } from "../../helpers/parameters.js";
import { config, LENGTH, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("save");
const engine = await Engine.create();
const three = new LabelSet(["a", "b", "c"]);

/** The configuration that a model is saved with. */
async function savedConfig(loaded: Pretrained): Promise<Record<string, unknown>> {
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, maxLength: LENGTH });
  return JSON.parse(new TextDecoder().decode(files.files.get("config.json")!)) as Record<string, unknown>;
}

test("the saved configuration describes the saved weights, not their source", async () => {
  const extra = {
    id2label: { 0: "x", 1: "y", 2: "z" },
    label2id: { x: 0, y: 1, z: 2 },
    num_labels: 3,
    problem_type: "single_label_classification",
    torch_dtype: "float16",
    transformers_version: "4.8.2",
  };
  using answer = await smallBert(engine, "question-answering", null, extra);
  const told = await savedConfig(answer);
  for (const field of ["id2label", "label2id", "num_labels", "problem_type", "torch_dtype"])
    assert.not.ok(field in told, field);
  assert.equal(told, {
    ...config,
    transformers_version: "4.8.2",
    architectures: ["BertForQuestionAnswering"],
    dtype: "float32",
  });
  using tagger = await smallBert(engine, "token-classification", three, extra);
  const { id2label, label2id } = await savedConfig(tagger);
  assert.equal(
    [id2label, label2id],
    [
      { 0: "a", 1: "b", 2: "c" },
      { a: 0, b: 1, c: 2 },
    ],
  );
  using regressor = await smallBert(engine, "sequence-classification", null);
  assert.is((await savedConfig(regressor))["problem_type"], "regression");
});

test("weights in f32 are copied once, into the file that is written", () => {
  const sizes = { vocabSize: 60_000, numHiddenLayers: 1, hiddenSize: 64, numAttentionHeads: 1, dropout: 0 };
  using loaded = freshModel(engine, freshConfig("bert", { ...sizes, maxPositionEmbeddings: 16 }), "masked-lm", 1);
  globalThis.gc!();
  const before = process.memoryUsage().arrayBuffers;
  const { weights } = weightFiles(loaded);
  const made = process.memoryUsage().arrayBuffers - before;
  assert.ok(made < 1.5 * weights.length, `${made} bytes for a file of ${weights.length}`);
});

test("whole-numbered floats are written as floats, as transformers requires", () => {
  const text = new TextDecoder().decode(
    configBytes({
      encoder_layerdrop: 0,
      initializer_factor: 1,
      rope_parameters: { rope_theta: 160000 },
      num_layers: 2,
      dropout: 0.1,
      layer_norm_eps: 1e-12,
    }),
  );
  assert.match(text, /"encoder_layerdrop": 0\.0,\n/);
  assert.match(text, /"initializer_factor": 1\.0,\n/);
  assert.match(text, /"rope_theta": 160000\.0\n/);
  assert.match(text, /"num_layers": 2,/);
  // A class may be called anything.
  const labelled = new TextDecoder().decode(configBytes({ label2id: { dropout: 0, norm_eps: 1 } }));
  assert.equal(JSON.parse(labelled), { label2id: { dropout: 0, norm_eps: 1 } });
  assert.match(labelled, /"dropout": 0,\n/);
  assert.match(text, /"layer_norm_eps": 1e-12\n/);
});

test("a model with a weight that is not a number is not saved at all", async () => {
  using made = await smallBert(engine, "masked-lm");
  const bias = new Map(made.weights.entries()).get("cls.predictions.bias")!;
  rewrite(bias, (value, i) => (i === 3 ? Number.NaN : value));
  const files = memoryFiles();
  const error = await saveModel(files, { ...made, tokenizer, maxLength: LENGTH }).catch((caught: unknown) => caught);
  assert.instance(error, SafetensorsError);
  assert.match((error as Error).message, /cls\.predictions\.bias: element 3 is not a number/);
  assert.is(files.files.size, 0);
});

test.after(() => engine.dispose());
test("the saved tokenizer asks for segments where the model has embeddings for them", async () => {
  const sizes = {
    ...{ vocabSize: tokenizer.size, numHiddenLayers: 1, hiddenSize: 8, numAttentionHeads: 2 },
    ...{ maxPositionEmbeddings: LENGTH, dropout: 0 },
  };
  for (const [name, asks] of [
    ["bert", true],
    ["distilbert", false],
    ["modernbert", false],
    ["mpnet", false],
  ] as const) {
    using loaded = freshModel(engine, freshConfig(name, sizes), "masked-lm", 1);
    const files = memoryFiles();
    await saveModel(files, { ...loaded, tokenizer, maxLength: LENGTH });
    const saved = JSON.parse(new TextDecoder().decode(files.files.get("tokenizer_config.json")!)) as {
      model_input_names: string[];
    };
    assert.is(saved.model_input_names.includes("token_type_ids"), asks, name);
  }
});

test.run();
