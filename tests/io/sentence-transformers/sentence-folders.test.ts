/** Folders of sentence-transformers of every age and kind: vectors as the library computes them (reference/make.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../../sdk/engine/engine.js";
import { InputError } from "../../../sdk/errors.js";
import { jsonBytes, memoryFiles } from "../../../sdk/io/files/files.js";
import { readMaxLength } from "../../../sdk/io/sentence-transformers/transformer-settings.js";
import { featureExtraction } from "../../../sdk/pipelines/feature-extraction.js";
import { near } from "../../helpers/near.js";
import { rawSafetensors } from "../../helpers/raw-safetensors.js";
import { BOUND, type ReferenceModel, reference, weightOf } from "../../helpers/reference-folder.js";
import { root } from "../../helpers/shared.js";

/** A tensor's shape, or its whole numbers. */
type Tensors = Readonly<Record<string, readonly number[] | { readonly integers: readonly number[] }>>;

interface SentenceFolder {
  readonly name: string;
  /** where the transformer is: "" or "0_Transformer/" */
  readonly body: string;
  /** a table of vectors, no transformer */
  readonly static: boolean;
  readonly files: Readonly<Record<string, object>>;
  readonly tensors: Readonly<Record<string, Tensors>>;
  readonly texts: readonly string[];
  readonly vectors: readonly (readonly number[])[];
}

const test = suite("sentence-transformers folders");
const engine = await Engine.create();
test.after(() => engine.dispose());

const folders = JSON.parse(
  readFileSync(join(root, "tests/io/reference/sentence-folders.json"), "utf8"),
) as readonly SentenceFolder[];
const { shapes, scale } = reference<ReferenceModel>("feature-extraction");
const tokenizer = reference<object>("wordpiece");

const fileOf = (tensors: Tensors): Uint8Array =>
  rawSafetensors(
    Object.entries(tensors).map(([name, shape]) => {
      if ("integers" in shape) {
        const integers = BigInt64Array.from(shape.integers, BigInt);
        return { name, dtype: "I64", shape: [integers.length], bytes: new Uint8Array(integers.buffer) };
      }
      const count = shape.reduce((product, length) => product * length, 1);
      return { name, dtype: "F32", shape, bytes: new Uint8Array(weightOf(name, count, scale).buffer) };
    }),
  );

/** The folder in memory; `change` replaces some of its JSON files, or leaves them out. */
function filesOf(
  { body, static: isTable, files, tensors }: SentenceFolder,
  change: Record<string, object | null> = {},
) {
  const all = { [`${body}tokenizer.json`]: tokenizer, ...files, ...change };
  const weights = isTable ? tensors : { [`${body}model.safetensors`]: shapes, ...tensors };
  return memoryFiles([
    ...Object.entries(all).flatMap(([name, json]) => (json === null ? [] : [[name, jsonBytes(json)] as const])),
    ...Object.entries(weights).map(([name, own]) => [name, fileOf(own)] as const),
  ]);
}

for (const folder of folders)
  test(folder.name, async () => {
    const before = engine.liveBytes;
    {
      using embed = await featureExtraction(filesOf(folder), { engine });
      for (const [i, vector] of embed([...folder.texts]).entries()) {
        assert.is(vector.length, folder.vectors[i]!.length);
        near(vector, folder.vectors[i]!, BOUND);
      }
    }
    assert.is(engine.liveBytes, before, "memory was left behind");
  });

test("truncate_dim comes before the normalization that a call asks for, and after the folder's own", async () => {
  const unit = (vector: Float32Array) => {
    const length = Math.hypot(...vector);
    return vector.map((x) => x / length);
  };
  const plain = named("paths with a dot");
  const text = plain.texts[0]!;
  using whole = await featureExtraction(filesOf(plain), { engine, normalize: false });
  const first = whole(text).slice(0, 4);
  using cut = await featureExtraction(filesOf(plain, { "config_sentence_transformers.json": { truncate_dim: 4 } }), {
    engine,
  });
  assert.equal(cut(text, { normalize: false }), first);
  near(cut(text, { normalize: true }), unit(first), BOUND);
});

const named = (name: string): SentenceFolder => folders.find((folder) => folder.name === name)!;

test("the longest sequence says which file and field it is from", async () => {
  const origins = {
    "longest: max_seq_length": [6, "sentence_bert_config.json: max_seq_length"],
    "longest: the tokenizer's": [7, "tokenizer_config.json: model_max_length"],
    "longest: sentence_roberta_config.json": [6, "sentence_roberta_config.json: max_seq_length"],
    "longest: processing_kwargs": [6, "sentence_bert_config.json: processing_kwargs.text.max_length"],
    "longest: processor_kwargs": [8, "sentence_bert_config.json: processor_kwargs.model_max_length"],
    "0_Transformer, as before version 2": [32, "tokenizer_config.json: model_max_length"],
  } as const;
  for (const [name, [tokens, origin]] of Object.entries(origins))
    assert.equal(await readMaxLength(filesOf(named(name))), { tokens, origin }, name);
  assert.is(await readMaxLength(filesOf(named("longest: the tokenizer's without bound"))), null);
});

test("modules and settings that Cloze does not compute are refused by name", async () => {
  const refused = async (
    folder: SentenceFolder,
    change: Record<string, object | null>,
    message: RegExp,
  ): Promise<void> => {
    const error = await featureExtraction(filesOf(folder, change), { engine }).catch((caught: unknown) => caught);
    assert.instance(error, InputError);
    assert.match((error as Error).message, message);
  };
  const before = engine.liveBytes;
  const plain = named("paths with a dot");
  const [transformer, pooling] = plain.files["modules.json"] as [object, object];
  const module = (type: string, path = "2_Other") => ({ idx: 2, name: "2", path, type });
  const models = "sentence_transformers.models";
  for (const kind of ["CNN", "LSTM", "WordWeights", "BoW"])
    await refused(
      plain,
      { "modules.json": [transformer, pooling, module(`${models}.${kind}`)] },
      new RegExp(`module ${kind} in place 2 is not supported; expected Dense`),
    );
  for (const kind of ["CLIPModel", "WordEmbeddings", "Asym", "Router"])
    await refused(plain, { "modules.json": [module(`${models}.${kind}`)] }, new RegExp(`module ${kind} in place 0`));
  await refused(
    plain,
    { "modules.json": [module("custom_st.Transformer")] },
    /"custom_st\.Transformer", code that comes/,
  );
  const dense = named("Dense with Tanh, as LaBSE");
  const config = dense.files["2_Dense/config.json"]!;
  const wrong = (more: object) => ({ "2_Dense/config.json": { ...config, ...more } });
  await refused(
    dense,
    wrong({ activation_function: "my.Function" }),
    /2_Dense\/config\.json: activation_function "my\.F/,
  );
  await refused(dense, wrong({ activation_function: "torch.nn.modules.activation.PReLU" }), /PReLU" is not supported/);
  await refused(dense, wrong({ in_features: 0 }), /in_features must be a whole number/);
  await refused(
    dense,
    wrong({ in_features: 15 }),
    /2_Dense\/config\.json: in_features is 15, but the vectors that come to this module have 16/,
  );
  await refused(dense, wrong({ bias: false }), /2_Dense\/model\.safetensors: missing nothing, not known linear\.bias/);
  await refused(dense, wrong({ module_input_name: "token_embeddings" }), /module_input_name "token_embeddings"/);
  await refused(dense, { "2_Dense/config.json": null }, /2_Dense\/config\.json.*in_features/);
  await refused({ ...dense, tensors: {} }, {}, /2_Dense\/model\.safetensors.*is missing/);
  const kwargs = named("longest: processing_kwargs");
  const text = (more: object) => ({ "sentence_bert_config.json": { processing_kwargs: { text: more } } });
  await refused(kwargs, text({ truncation: false }), /processing_kwargs\.text\.truncation false is not supported/);
  await refused(kwargs, text({ add_special_tokens: false }), /processing_kwargs\.text\.add_special_tokens/);
  const shared = named("model2vec with shared and weighted rows");
  const table = shared.tensors["model.safetensors"]!;
  const cut = (more: Tensors) => ({ ...shared, tensors: { "model.safetensors": { ...table, ...more } } });
  await refused(cut({ mapping: { integers: [0, 9] } }), {}, /weights has \d+ entries for 2 tokens/);
  await refused(
    { ...shared, tensors: { "model.safetensors": { other: [2, 2] } } },
    {},
    /neither embedding\.weight nor/,
  );
  assert.is(engine.liveBytes, before);
});

test("a text without tokens has a vector of zeros where vectors are static", async () => {
  using embed = await featureExtraction(filesOf(named("static embeddings")), { engine });
  assert.equal(embed(""), new Float32Array(6));
});

test.run();
