/**
 * Models whose authors publish other parameter names, and packed projections, than transformers has: the same weights in
 * both forms give the same hidden states, to the bit, for a product of packed columns is that of each.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { familyOf } from "../../sdk/models/families.js";
import { ConfigError } from "../../sdk/models/family/config.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { engines } from "../helpers/engines.js";

const test = suite("authors' names");
const [engine] = engines as [Engine];
const folder = (name: string) => join("tests", "models", "golden", name);

const batch = collate(
  [
    [5, 6, 7, 8, 9],
    [10, 11],
  ].map((ids) => ({
    ids: Int32Array.from(ids),
    segments: new Uint8Array(ids.length),
    special: new Uint8Array(ids.length),
    words: Int32Array.from(ids, (_, i) => i),
    labels: {},
  })),
);

async function statesOf(name: string, weights: string, config?: object): Promise<Float32Array> {
  const read = (file: string) => new Uint8Array(readFileSync(join(folder(name), file)));
  const json = config ? new TextEncoder().encode(JSON.stringify(config)) : read("config.json");
  const files = memoryFiles([
    ["config.json", json],
    ["model.safetensors", read(weights)],
  ]);
  using loaded = await loadModel(engine, files);
  assert.equal(loaded.leftOver, []);
  assert.equal(loaded.fresh, []);
  using _ = new Scope();
  return loaded.model.encode(batch).toArray() as Float32Array;
}

for (const name of [
  "nomic-bert-masked-lm",
  "nomic-bert-sequence-classification",
  "gte-masked-lm",
  "gte-token-classification",
  "jina-embeddings-v3-masked-lm",
  "jina-embeddings-v3-sequence-classification",
])
  test(`${name}: packed weights give the same states`, async () => {
    assert.equal([...(await statesOf(name, "authors.safetensors"))], [...(await statesOf(name, "model.safetensors"))]);
  });

/** config.json of the NomicBERT case, as its authors write it. */
const AUTHORS = {
  model_type: "nomic_bert",
  architectures: ["NomicBertForMaskedLM"],
  vocab_size: 29,
  n_embd: 16,
  n_head: 4,
  n_layer: 2,
  n_inner: 20,
  n_positions: 24,
  type_vocab_size: 2,
  layer_norm_epsilon: 1e-12,
  activation_function: "swiglu",
  rotary_emb_base: 61,
  rotary_emb_fraction: 1,
  rotary_emb_interleaved: false,
  rotary_scaling_factor: null,
  qkv_proj_bias: false,
  mlp_fc1_bias: false,
  mlp_fc2_bias: false,
  prenorm: false,
};

test("GPT-2's field names in config.json have the same meaning as transformers' names", async () => {
  const name = "nomic-bert-masked-lm";
  const states = await statesOf(name, "authors.safetensors", AUTHORS);
  assert.equal([...states], [...(await statesOf(name, "model.safetensors"))]);
});

test("fields that choose another architecture are refused by name", () => {
  for (const [field, value] of [
    ["prenorm", true],
    ["qkv_proj_bias", true],
    ["rotary_emb_fraction", 0.5],
    ["activation_function", "gelu"],
    ["num_experts", 8],
    ["rotary_scaling_factor", 2],
  ] as const)
    assert.throws(
      () => familyOf(AUTHORS).read({ ...AUTHORS, [field]: value }),
      (error: unknown) => error instanceof ConfigError && error.message.includes(field),
    );
});

test.run();
