/** Every family on a tiny configuration: properties that hold for any weights, without reference files. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate, type Sample } from "../../sdk/data/sample.js";
import type { Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import type { Model } from "../../sdk/models/family/build.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { DecoderCache } from "../../sdk/nn/kv-cache.js";
import { causalLm } from "../../sdk/objectives/causal-lm.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { type Objective, single } from "../../sdk/objectives/objective.js";
import { sequenceToSequence } from "../../sdk/objectives/sequence-to-sequence.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { train } from "../../sdk/train/loop/train.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { constantSchedule } from "../../sdk/train/optim/schedule.js";
import { engines } from "../helpers/engines.js";

const test = suite("families");
const [engine] = engines;
const VOCABULARY = 40;
const MASK = 4;

const encoder = {
  vocab_size: VOCABULARY,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 24,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.2,
};
const sides = {
  vocab_size: VOCABULARY,
  d_model: 16,
  encoder_layers: 2,
  decoder_layers: 2,
  encoder_attention_heads: 2,
  decoder_attention_heads: 2,
  encoder_ffn_dim: 32,
  decoder_ffn_dim: 32,
  max_position_embeddings: 24,
  dropout: 0,
  init_std: 0.2,
};
const ENCODERS: Readonly<Record<string, object>> = {
  bert: encoder,
  roberta: { ...encoder, pad_token_id: 1, type_vocab_size: 1 },
  "xlm-roberta": { ...encoder, pad_token_id: 1, type_vocab_size: 1 },
  distilbert: {
    vocab_size: VOCABULARY,
    dim: 16,
    n_layers: 2,
    n_heads: 2,
    hidden_dim: 32,
    max_position_embeddings: 24,
    dropout: 0,
    attention_dropout: 0,
    initializer_range: 0.2,
  },
  albert: { ...encoder, embedding_size: 8, num_hidden_groups: 2, inner_group_num: 2 },
  electra: { ...encoder, embedding_size: 8 },
  mpnet: encoder,
  modernbert: { ...encoder, local_attention: 4, num_hidden_layers: 4 },
  "deberta-v2": {
    ...encoder,
    relative_attention: true,
    position_buckets: 4,
    pos_att_type: "p2c|c2p",
    share_att_key: false,
    norm_rel_ebd: "layer_norm",
    position_biased_input: false,
  },
};
const DECODERS: Readonly<Record<string, object>> = {
  gpt2: {
    vocab_size: VOCABULARY,
    n_embd: 16,
    n_layer: 2,
    n_head: 2,
    n_positions: 24,
    resid_pdrop: 0,
    embd_pdrop: 0,
    attn_pdrop: 0,
    initializer_range: 0.2,
  },
};
const REWRITERS: Readonly<Record<string, object>> = {
  bart: sides,
  mbart: { ...sides, scale_embedding: true },
  marian: { ...sides, scale_embedding: true, decoder_start_token_id: 1 },
  t5: {
    vocab_size: VOCABULARY,
    d_model: 16,
    d_kv: 8,
    d_ff: 32,
    num_layers: 2,
    num_heads: 2,
    dropout_rate: 0,
    relative_attention_num_buckets: 8,
    relative_attention_max_distance: 12,
  },
};

const made = <P extends ModelTask>(type: string, sizes: object, purpose: P): Pretrained<P> =>
  freshModel(engine!, { model_type: type, ...sizes }, purpose, 3);

function sample(ids: readonly number[], first = 0): Sample {
  const none = new Uint8Array(ids.length);
  const places = Int32Array.from(ids, (_, i) => first + i);
  return { ids: Int32Array.from(ids), segments: none, special: none, words: places, positions: places, labels: {} };
}

const ROWS = [
  [5, 6, 7, 8, 9, 10, 11],
  [12, 13],
  [14, 15, 16, 17, 18],
].map((ids) => sample(ids));

/** Hidden states of each row, copied out. */
function states(model: Model<"feature-extraction">, samples: readonly Sample[]): Float32Array[] {
  using _ = new Scope();
  const batch = collate(samples);
  const { data } = model.encode(batch);
  const width = model.hiddenSize;
  return samples.map((__, row) => data.slice(batch.starts[row]! * width, batch.starts[row + 1]! * width));
}

for (const [type, sizes] of Object.entries({ ...ENCODERS, ...DECODERS })) {
  test(`${type}: a row's bits depend neither on the rows beside it nor on their order`, () => {
    using loaded = made(type, sizes, "feature-extraction");
    const together = states(loaded.model, ROWS);
    const turned = states(loaded.model, [...ROWS].reverse()).reverse();
    for (const [row, own] of ROWS.entries()) {
      const [alone_] = states(loaded.model, [own]);
      assert.equal(together[row], alone_);
      assert.equal(turned[row], alone_);
    }
  });
}

test("gpt2: later tokens change nothing before them", () => {
  using loaded = made("gpt2", DECODERS["gpt2"]!, "causal-lm");
  const [before] = states(loaded.model, [ROWS[0]!]);
  for (let place = 0; place < 7; place++) {
    const ids = [...ROWS[0]!.ids];
    ids[place] = 30;
    const [after] = states(loaded.model, [sample(ids)]);
    assert.equal(after!.slice(0, place * 16), before!.slice(0, place * 16));
    assert.not.equal(after!.slice(place * 16), before!.slice(place * 16));
  }
});

test("gpt2: tokens one by one, with a cache, have the same states as all at once", () => {
  using loaded = made("gpt2", DECODERS["gpt2"]!, "causal-lm");
  const whole = states(loaded.model, ROWS.slice(0, 1))[0]!;
  using cache = new DecoderCache(engine!);
  using _ = new Scope();
  const pieces = [[5, 6, 7], [8], [9, 10], [11]];
  let place = 0;
  for (const ids of pieces) {
    const { data } = loaded.model.encode(collate([sample(ids, place)]), undefined, cache);
    assert.equal(data.slice(), whole.slice(place * 16, (place + ids.length) * 16));
    place += ids.length;
  }
});

for (const [type, sizes] of Object.entries(REWRITERS)) {
  test(`${type}: a target read token by token has the states of all at once, and sees nothing behind it`, () => {
    using loaded = made(type, sizes, "seq2seq-lm");
    const { model } = loaded;
    using _ = new Scope();
    const source = collate(ROWS.slice(0, 2));
    const hidden = model.encode(source);
    const targets = collate([sample([2, 20, 21, 22]), sample([2, 23, 24, 25])]);
    const whole = model.decode(targets, { hidden, starts: source.starts }).toArray();
    using cache = new DecoderCache(engine!);
    for (let place = 0; place < 4; place++) {
      const step: Batch = collate([0, 1].map((row) => sample([targets.ids[row * 4 + place]!], place)));
      const { data } = model.decode(step, { hidden, starts: source.starts }, undefined, cache);
      const want = [0, 1].flatMap((row) => [...whole.slice((row * 4 + place) * 16, (row * 4 + place + 1) * 16)]);
      assert.equal(data.slice(), Float32Array.from(want), `place ${place}`);
    }
    const other = collate([sample([2, 20, 21, 30]), sample([2, 23, 24, 30])]);
    const changed = model.decode(other, { hidden, starts: source.starts }).toArray();
    assert.equal(changed.slice(0, 3 * 16), whole.slice(0, 3 * 16));
    assert.not.equal(changed.slice(3 * 16, 4 * 16), whole.slice(3 * 16, 4 * 16));
  });
}

for (const [type, sizes] of Object.entries(REWRITERS)) {
  test(`${type}: the bits of a target's scores depend neither on the rows beside it nor on their order`, () => {
    using loaded = made(type, sizes, "seq2seq-lm");
    const { model } = loaded;
    const targets = [
      [2, 20, 21, 22],
      [2, 23],
      [2, 24, 25, 26, 27, 28],
    ].map((ids) => sample(ids));
    /** Scores of the pairs of source and target in this order, row by row. */
    const scoresOf = (order: readonly number[]): Float32Array[] => {
      using _ = new Scope();
      const source = collate(order.map((row) => ROWS[row]!));
      const target = collate(order.map((row) => targets[row]!));
      const hidden = model.decode(target, { hidden: model.encode(source), starts: source.starts });
      const scores = model
        .tokenScores(
          hidden,
          Int32Array.from(target.ids, (__, i) => i),
        )
        .toArray();
      return order.map((__, i) => scores.slice(target.starts[i]! * VOCABULARY, target.starts[i + 1]! * VOCABULARY));
    };
    const own = [0, 1, 2].map((row) => scoresOf([row])[0]!);
    assert.equal(scoresOf([0, 1, 2]), own);
    assert.equal(scoresOf([2, 0, 1]), [own[2], own[0], own[1]]);
  });
}

/** Loss after training on the same few sequences: a model with right gradients overfits them. */
async function overfit<M>(
  loaded: Pretrained,
  objective: Objective<M>,
  samples: readonly Sample[],
): Promise<[number, number]> {
  using optimizer = adamW(loaded.weights);
  const losses: number[] = [];
  const run = train({
    engine: engine!,
    model: loaded.model as M,
    objective,
    samples: () => samples,
    optimizer,
    learningRate: constantSchedule(1e-2, 10),
    batchSize: samples.length,
    seed: 1,
    steps: 150,
  });
  for await (const { loss } of run) losses.push(loss);
  return [losses[0]!, losses.at(-1)!];
}

for (const [type, sizes] of Object.entries(ENCODERS)) {
  test(`${type}: masked LM overfits a few sequences`, async () => {
    using loaded = made(type, sizes, "masked-lm");
    const masking = single(maskedLm({ tokenizer: { size: VOCABULARY, special: { mask: MASK } }, maskingRate: 0.3 }));
    const fixed = ROWS.map((own, i) =>
      masking.corrupt(
        own,
        Object.assign(() => 0.1 * (i + 1), { integer: () => 0, fork: () => null as never }),
      ),
    );
    const [first, last] = await overfit(loaded, { ...masking, corrupt: (own) => own }, fixed);
    assert.ok(last < 0.05, `${first} -> ${last}`);
  });
}

test("gpt2: the next token is overfitted", async () => {
  using loaded = made("gpt2", DECODERS["gpt2"]!, "causal-lm");
  const [first, last] = await overfit(loaded, single(causalLm()), ROWS);
  assert.ok(last < 0.05, `${first} -> ${last}`);
});

for (const [type, sizes] of Object.entries(REWRITERS)) {
  test(`${type}: targets are overfitted`, async () => {
    using loaded = made(type, sizes, "seq2seq-lm");
    const pairs = ROWS.map((own, i) => {
      const tokens = Int32Array.from([20 + i, 25 + i, 30 + i, 2]);
      return { ...own, target: { ...sample([...loaded.model.shifted(tokens)]), labels: { tokens } } };
    });
    const [first, last] = await overfit(
      loaded,
      sequenceToSequence("copy", (own) => own),
      pairs,
    );
    assert.ok(last < 0.05, `${first} -> ${last}`);
  });
}

test.run();
