import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../sdk/engine/engine.js";
import { bert } from "../../../sdk/models/encoders/bert.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { constant } from "../../../sdk/nn/init.js";
import { Weights } from "../../../sdk/nn/weights.js";
import { gradOf } from "../../../sdk/tensor/tape.js";
import { freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { depths, freeze, layerDecay, namesLike } from "../../../sdk/train/optim/parameter-groups.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";

const test = suite("parameter groups");
const [engine] = engines as [Engine];

test("patterns name whole parts of names, ranges of layers and any part", () => {
  const name = "bert.encoder.layer.2.attention.self.query.weight";
  for (const pattern of ["encoder.layer.0-3", "encoder", "layer.2", "layer.2-2.attention", "layer.*.attention", name])
    assert.ok(namesLike(pattern)(name), pattern);
  for (const pattern of ["encoder.layer.3-9", "layer.0-1", "encode", "query.bias", "layer.attention"])
    assert.not.ok(namesLike(pattern)(name), pattern);
  assert.not.ok(namesLike("layer.1")("bert.encoder.layer.12.output.dense.bias"));
  assert.throws(() => namesLike("layer.3-1"), /3-1 must ascend/);
});

const common = { vocab_size: 30, hidden_size: 8, num_hidden_layers: 3, num_attention_heads: 2, intermediate_size: 8 };
const encoder = { ...common, max_position_embeddings: 8 };
const sides = {
  vocab_size: 30,
  d_model: 8,
  encoder_layers: 2,
  decoder_layers: 3,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 8,
  decoder_ffn_dim: 8,
  max_position_embeddings: 8,
  pad_token_id: 0,
};
const t5 = { vocab_size: 30, d_model: 8, d_kv: 4, d_ff: 8, num_layers: 2, num_decoder_layers: 3, num_heads: 2 };
const deberta = {
  relative_attention: true,
  position_buckets: 4,
  pos_att_type: ["p2c", "c2p"],
  norm_rel_ebd: "layer_norm",
};

/** Of each family: how many heights there are, and the height of parameters by a part of their name. */
const FAMILIES: readonly (readonly [object, ModelTask, number, Readonly<Record<string, number>>])[] = [
  [
    { model_type: "bert", ...encoder },
    "sequence-classification",
    5,
    { "embeddings.LayerNorm": 0, "layer.0": 1, pooler: 4, classifier: 4 },
  ],
  [
    { model_type: "roberta", ...encoder },
    "masked-lm",
    5,
    { "embeddings.position_embeddings": 0, "layer.2": 3, lm_head: 4 },
  ],
  [
    {
      model_type: "distilbert",
      vocab_size: 30,
      dim: 8,
      n_layers: 3,
      n_heads: 2,
      hidden_dim: 8,
      max_position_embeddings: 8,
    },
    "token-classification",
    5,
    { "distilbert.embeddings": 0, "transformer.layer.1": 2, classifier: 4 },
  ],
  // Its layers are one and the same.
  [
    { model_type: "albert", ...encoder, embedding_size: 4, num_hidden_groups: 1 },
    "sequence-classification",
    3,
    { embedding_hidden_mapping_in: 0, albert_layer_groups: 1, pooler: 2, classifier: 2 },
  ],
  [
    { model_type: "electra", ...encoder, embedding_size: 4 },
    "replaced-token-detection",
    5,
    { embeddings_project: 0, discriminator_predictions: 4 },
  ],
  [{ model_type: "mpnet", ...encoder }, "masked-lm", 5, { relative_attention_bias: 0, "layer.0": 1, lm_head: 4 }],
  [
    { model_type: "deberta-v2", ...encoder, ...deberta },
    "token-classification",
    5,
    { rel_embeddings: 0, "deberta.encoder.LayerNorm": 0, "layer.0": 1, classifier: 4 },
  ],
  [
    { model_type: "modernbert", ...encoder },
    "masked-lm",
    5,
    { tok_embeddings: 0, "layers.0": 1, final_norm: 4, "head.dense": 4 },
  ],
  [
    { model_type: "gpt2", vocab_size: 30, n_embd: 8, n_layer: 3, n_head: 2, n_positions: 8 },
    "causal-lm",
    5,
    { wte: 0, wpe: 0, "h.1": 2, ln_f: 4 },
  ],
  [
    { model_type: "bart", ...sides },
    "seq2seq-lm",
    7,
    { "model.shared": 0, layernorm_embedding: 0, "encoder.layers.1": 2, "decoder.layers.0": 3 },
  ],
  [
    { model_type: "t5", ...t5, is_encoder_decoder: true, decoder_start_token_id: 0 },
    "seq2seq-lm",
    7,
    { shared: 0, "encoder.block.1": 2, "decoder.block.0": 3, "decoder.block.2": 5, "decoder.final_layer_norm": 6 },
  ],
];

for (const [config, purpose, count, some] of FAMILIES) {
  const { model_type: type } = config as { model_type: string };
  test(`${type}: embeddings at the bottom, layers above each other, heads on top`, () => {
    using loaded = freshModel(engine, { ...config }, purpose, 1);
    const names = Array.from(loaded.weights.entries(), ([name]) => name);
    const heights = depths(names, loaded.family.parameters);
    assert.is(heights.size, names.length);
    assert.equal(
      [...new Set(heights.values())].sort((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i),
    );
    for (const [part, height] of Object.entries(some)) {
      const found = names.filter((name) => namesLike(part)(name));
      assert.ok(found.length > 0, `${part} of ${names}`);
      for (const name of found) assert.is(heights.get(name), height, name);
    }
  });
}

test("an update is the schedule's, times the decay for every layer above", () => {
  using weights = new Weights(engine, {});
  const names = ["bert.embeddings.word", "bert.encoder.layer.0.dense", "bert.encoder.layer.1.dense", "classifier"];
  const parameters = names.map((name) => weights.get(name, [2], constant(1)));
  using optimizer = adamW(weights, {
    weightDecay: 0,
    factor: layerDecay(weights, bert, 0.5),
  });
  for (const t of parameters) gradOf(t).data.fill(1);
  optimizer.step(0.01, 1);
  // Adam's first step is the rate itself: 1 - 0.01 * 0.5^(layers above), to f32.
  near(
    parameters.map((t) => t.data[0]!),
    [0.125, 0.25, 0.5, 1].map((factor) => 1 - 0.01 * factor),
    { atol: 1e-6 },
  );
  assert.throws(() => layerDecay(weights, bert, 0), /above 0 and at most 1/);
});

test("frozen parameters have no moments and do not change; a pattern without a match is refused", () => {
  using weights = new Weights(engine, {});
  for (const name of ["bert.embeddings.word", "bert.encoder.layer.0.dense", "bert.encoder.layer.1.dense"])
    weights.get(name, [2], constant(1));
  assert.throws(() => freeze(weights, ["embeddings", "encoder.layer.7"]), /named like encoder.layer.7/);
  assert.is(freeze(weights, ["embeddings", "encoder.layer.0"]), 4);
  using optimizer = adamW(weights);
  assert.equal(
    optimizer.moments.map(({ name }) => name),
    ["bert.encoder.layer.1.dense"],
  );
});

test.run();
