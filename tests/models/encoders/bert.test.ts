import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, labelled, type Sample } from "../../../sdk/data/sample.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import type { Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { familyOf } from "../../../sdk/models/families.js";
import { ConfigError } from "../../../sdk/models/family/config.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { maskedLm } from "../../../sdk/objectives/masked-lm.js";
import { nextSentencePrediction } from "../../../sdk/objectives/next-sentence-prediction.js";
import { combine, single } from "../../../sdk/objectives/objective.js";
import { add } from "../../../sdk/tensor/ops/elementwise.js";
import { type Rng, seed, shuffle } from "../../../sdk/tensor/random.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { backward } from "../../../sdk/tensor/tape.js";
import type { Tensor } from "../../../sdk/tensor/tensor.js";
import { freshConfig, freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { config, LENGTH, smallBert } from "../../helpers/small-bert.js";

const test = suite("bert");

/** Rounding unit of f32. */
const UNIT = 2 ** -24;

const VOCABULARY = { size: 97, special: { mask: 4 } };

/** A sequence of random ids, [CLS] and [SEP] around two segments. */
function sampleOf(length: number, rng: Rng, size = VOCABULARY.size): Sample {
  const second = length >> 1;
  return {
    ids: Int32Array.from({ length }, (_, i) => (i === 0 ? 2 : i === length - 1 ? 3 : 5 + rng.integer(size - 5))),
    segments: Uint8Array.from({ length }, (_, i) => (i < second ? 0 : 1)),
    special: Uint8Array.from({ length }, (_, i) => (i === 0 || i === length - 1 ? 1 : 0)),
    words: Int32Array.from({ length }, (_, i) => i),
    labels: { pair: rng.integer(2) },
  };
}

const sizes = {
  vocabSize: VOCABULARY.size,
  numHiddenLayers: 2,
  hiddenSize: 32,
  numAttentionHeads: 4,
  maxPositionEmbeddings: 40,
  dropout: 0,
};

/** Everything that a model of each purpose says of a batch, row by row, as numbers. */
function answers(loaded: Pretrained<ModelTask>, samples: readonly Sample[]): number[][] {
  using _ = new Scope();
  const batch = collate(samples);
  const hidden = loaded.model.encode(batch);
  const model = loaded.model as unknown as Partial<Record<string, (...of: unknown[]) => Tensor>>;
  const everywhere = Int32Array.from(batch.ids, (_, i) => i);
  const byToken = [hidden];
  const byRow: Tensor[] = [];
  if (model["tokenScores"]) byToken.push(model["tokenScores"](hidden, everywhere));
  if (model["tokenClassScores"]) byToken.push(model["tokenClassScores"](hidden));
  if (model["spanScores"]) byToken.push(model["spanScores"](hidden));
  if (model["pairScores"]) byRow.push(model["pairScores"](hidden, batch));
  if (model["sequenceScores"]) byRow.push(model["sequenceScores"](hidden, batch));
  const slice = (t: Tensor, begin: number, end: number) => {
    const width = t.size / t.shape[0]!;
    return [...t.data.slice(begin * width, end * width)];
  };
  return samples.map((_, row) => [
    ...byToken.flatMap((t) => slice(t, batch.starts[row]!, batch.starts[row + 1]!)),
    ...byRow.flatMap((t) => slice(t, row, row + 1)),
  ]);
}

for (const engine of engines) {
  test(`${engine.build}: a row's bits do not depend on its batch or its position in it`, async () => {
    for (const [width, heads] of [
      [32, 4],
      [20, 4],
      [17, 1],
    ] as const) {
      for (const purpose of [
        "pretraining",
        "sequence-classification",
        "token-classification",
        "question-answering",
      ] as const) {
        using loaded = freshModel(
          engine,
          freshConfig("bert", { ...sizes, hiddenSize: width, numAttentionHeads: heads }),
          purpose,
          3,
        );
        const rng = seed(width);
        // Every length up to 40, so that sequences begin and end anywhere within the kernels' blocks.
        const all = Array.from({ length: 40 }, (_, i) => sampleOf(i + 1, rng));
        const own = all.map((sample) => answers(loaded, [sample])[0]!);
        for (let run = 0; run < 6; run++) {
          const order = shuffle([...all.keys()], rng).slice(0, 1 + rng.integer(run === 0 ? 40 : 8));
          for (const [row, got] of answers(
            loaded,
            order.map((i) => all[i]!),
          ).entries()) {
            const want = own[order[row]!]!;
            const at = want.findIndex((value, k) => !Object.is(value, got[k]));
            assert.ok(
              at < 0 && got.length === want.length,
              `${purpose}, width ${width}, ${order}: row ${row}, element ${at}`,
            );
          }
        }
      }
    }
  });

  test(`${engine.build}: tokens that are not visible change nothing but their own states`, async () => {
    using loaded = freshModel(engine, freshConfig("bert", sizes), "feature-extraction", 3);
    using _ = new Scope();
    const rng = seed(8);
    const real = [7, 12].map((length) => sampleOf(length, rng));
    const width = sizes.hiddenSize;
    const want = real.map((sample) => loaded.model.encode(collate([sample])).toArray());
    // Both rows padded to 12 tokens with anything.
    const padded = real.map((sample) => {
      const filler = sampleOf(12, rng);
      const filled = <T extends Int32Array | Uint8Array>(own: T, rest: T): T => {
        const joined = rest.slice() as T;
        joined.set(own);
        return joined;
      };
      return { ...sample, ids: filled(sample.ids, filler.ids), segments: filled(sample.segments, filler.segments) };
    });
    const index = Int32Array.from([
      ...Array.from({ length: 7 }, (_, i) => i),
      ...Array.from({ length: 12 }, (_, i) => 12 + i),
    ]);
    const hidden = loaded.model.encode({ ...collate(padded), visible: { index, starts: Int32Array.of(0, 7, 19) } });
    assert.equal(hidden.data.slice(0, 7 * width), want[0]);
    assert.equal(hidden.data.slice(12 * width), want[1]);
  });

  test(`${engine.build}: an untrained model knows nothing: ln V for tokens, ln 2 for pairs`, async () => {
    const size = 2000;
    using loaded = freshModel(
      engine,
      freshConfig("bert", { ...sizes, vocabSize: size, hiddenSize: 64 }),
      "pretraining",
      1,
    );
    const rng = seed(5);
    const objective = combine(maskedLm({ tokenizer: { size, special: { mask: 4 } } }), nextSentencePrediction());
    using _ = new Scope();
    const batch = collate(
      Array.from({ length: 32 }, (_, i) => objective.corrupt(sampleOf(40, rng, size), rng.fork(i))),
    );
    const [tokens, pairs] = objective.losses(loaded.model, batch, objective.counts(batch)).map((loss) => loss.item());
    assert.ok(Math.abs(tokens! / Math.log(size) - 1) < 0.02, `${tokens}, expected ${Math.log(size)}`);
    assert.ok(Math.abs(pairs! / Math.LN2 - 1) < 0.02, `${pairs}, expected ${Math.LN2}`);
  });
}

const [engine] = engines as [Engine];

test("one batch of eight sequences is overfitted, tokens and pairs", async () => {
  using loaded = freshModel(engine, freshConfig("bert", sizes), "pretraining", 1);
  const rng = seed(6);
  const objective = combine(maskedLm({ tokenizer: VOCABULARY }), nextSentencePrediction());
  const batch = collate(Array.from({ length: 8 }, (_, i) => objective.corrupt(sampleOf(20, rng), rng.fork(i))));
  const counts = objective.counts(batch);
  using optimizer = adamW(loaded.weights, { weightDecay: 0 });
  let parts: number[] = [];
  for (let step = 0; step < 150; step++) {
    using _ = new Scope();
    backward(() => {
      const losses = objective.losses(loaded.model, batch, counts);
      parts = losses.map((loss) => loss.item());
      return losses.reduce(add);
    });
    optimizer.step(3e-3, 1);
  }
  assert.ok(
    parts.every((loss) => loss < 0.05),
    `${parts}`,
  );
});

test("tied embeddings get both gradients: as input and as output", async () => {
  const rng = seed(7);
  const objective = single(maskedLm({ tokenizer: VOCABULARY }));
  const batch = collate([objective.corrupt(sampleOf(30, rng), rng), objective.corrupt(sampleOf(17, rng), rng)]);
  const gradients = (tied: boolean) => {
    using loaded = freshModel(engine, { ...freshConfig("bert", sizes), tie_word_embeddings: tied }, "masked-lm", 3);
    using _ = new Scope();
    const parameters = new Map(loaded.weights.entries());
    const [input, output] = ["bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"];
    assert.is(parameters.has(output!), !tied);
    // The same numbers in both places: the names give them other random ones.
    if (!tied) parameters.get(output!)!.assign(parameters.get(input!)!.toArray());
    backward(() => objective.losses(loaded.model, batch, objective.counts(batch))[0]!);
    return [input, output].map((name) => parameters.get(name!)?.grad?.toArray());
  };
  const [both] = gradients(true);
  const [asInput, asOutput] = gradients(false);
  const largest = Math.max(...asInput!.map(Math.abs), ...asOutput!.map(Math.abs));
  assert.ok(Math.max(...asInput!.map(Math.abs)) > 1e-3 && Math.max(...asOutput!.map(Math.abs)) > 1e-3);
  // The same terms, added up in another order.
  near(
    both!,
    asInput!.map((g, i) => g + asOutput![i]!),
    { atol: 16 * UNIT * largest, rtol: 4 * UNIT },
  );
});

test("labels do not reach the scores: changing them changes no bit", async () => {
  using loaded = freshModel(engine, freshConfig("bert", sizes), "masked-lm", 3);
  using _ = new Scope();
  const rng = seed(9);
  const sample = maskedLm({ tokenizer: VOCABULARY }).corrupt(sampleOf(30, rng), rng);
  const index = labelled(sample.labels.tokens!);
  const score = (tokens: Int32Array) => {
    const batch = collate([{ ...sample, labels: { tokens } }]);
    return loaded.model.tokenScores(loaded.model.encode(batch), index).toArray();
  };
  assert.equal(score(sample.labels.tokens!.map((label) => (label < 0 ? label : 5))), score(sample.labels.tokens!));
});

test("a trace holds every layer's hidden states and attention probabilities that add up to 1", async () => {
  using loaded = freshModel(engine, freshConfig("bert", sizes), "feature-extraction", 3);
  using _ = new Scope();
  const batch = collate([sampleOf(5, seed(1)), sampleOf(9, seed(2))]);
  const trace = { hidden: [] as Tensor[], attentions: [] as Tensor[] };
  const out = loaded.model.encode(batch, trace);
  assert.is(trace.hidden.length, sizes.numHiddenLayers + 1);
  assert.equal(trace.hidden.at(-1)!.toArray(), out.toArray());
  assert.equal(out.toArray(), loaded.model.encode(batch).toArray());
  assert.is(trace.attentions.length, sizes.numHiddenLayers);
  for (const { data } of trace.attentions) {
    assert.is(data.length, sizes.numAttentionHeads * (25 + 81));
    let at = 0;
    for (const length of [5, 9]) {
      for (let row = 0; row < sizes.numAttentionHeads * length; row++, at += length)
        near([data.slice(at, at + length).reduce((sum, p) => sum + p, 0)], [1], { atol: 8 * UNIT });
    }
  }
});

test("ids, positions and segments beyond the tables give a clear error and leak no memory", async () => {
  using loaded = await smallBert(engine, "feature-extraction");
  const live = engine.liveBytes;
  const beyond = (change: object, message: RegExp) => {
    assert.throws(() => {
      using _ = new Scope();
      loaded.model.encode(collate([{ ...sampleOf(LENGTH, seed(1), 20), ...change }]));
    }, message);
    assert.is(engine.liveBytes, live);
  };
  beyond({ ids: new Int32Array(LENGTH).fill(60) }, /index 60 at place 0 is not in \[0, \d+\)/);
  beyond({ ids: new Int32Array(LENGTH).fill(-1) }, /index -1 at place 0/);
  beyond(
    { ids: new Int32Array(LENGTH + 1), segments: new Uint8Array(LENGTH + 1) },
    /index 16 at place 16 is not in \[0, 16\)\. .*is the sequence too long\?/,
  );
  beyond({ segments: new Uint8Array(LENGTH).fill(2) }, /index 2 at place 0 is not in \[0, 2\)/);
});

test("configurations: defaults are the published ones, wrong fields are named", () => {
  const read = (json: unknown) => familyOf(json).read(json) as Record<string, unknown>;
  const { hidden_size, num_hidden_layers, vocab_size, layer_norm_eps, hidden_act } = read({ model_type: "bert" });
  assert.equal(
    [hidden_size, num_hidden_layers, vocab_size, layer_norm_eps, hidden_act],
    [768, 12, 30522, 1e-12, "gelu"],
  );
  assert.is(read({ model_type: "bert", hidden_dropout_prob: 0.3 })["classifier_dropout"], 0.3);
  assert.is(
    read({ model_type: "bert", hidden_dropout_prob: 0.3, classifier_dropout: null })["classifier_dropout"],
    0.3,
  );
  for (const [change, message] of [
    [{ model_type: "rwkv" }, /config\.json: model_type "rwkv" is not supported; supported are .*bert/],
    [{ model_type: undefined }, /model_type is missing/],
    [{ model_type: "toString" }, /model_type "toString" is not supported/],
    [{ hidden_size: 30, num_attention_heads: 4 }, /hidden_size 30 is not a multiple of num_attention_heads 4/],
    [{ hidden_size: "64" }, /hidden_size must be a number, got "64"/],
    [{ num_hidden_layers: 0 }, /num_hidden_layers must be a whole number from 1 to 1000, got 0/],
    [{ vocab_size: 10.5 }, /vocab_size must be a positive whole number of at most 16777216, got 10.5/],
    [{ position_embedding_type: "relative_key" }, /position_embedding_type "relative_key" is not supported/],
    [{ is_decoder: true }, /is_decoder is true/],
  ] as const) {
    assert.throws(
      () => read({ ...config, ...change }),
      (error: unknown) => error instanceof ConfigError && message.test(error.message),
      JSON.stringify(change),
    );
  }
  assert.throws(() => read({ ...config, hidden_act: "mish" }), /config\.json: hidden_act "mish" is not supported/);
  for (const json of [null, [], "bert", 3]) assert.throws(() => familyOf(json), /config\.json: expected an object/);
});

test("a seed gives the same weights on every engine and with every head; another seed others", async () => {
  const weightsOf = (purpose: ModelTask, salt: number, on = engine) => {
    using loaded = freshModel(on, freshConfig("bert", sizes), purpose, salt);
    return new Map([...loaded.weights.entries()].map(([name, t]) => [name, t.toArray()]));
  };
  const want = weightsOf("pretraining", 1);
  for (const on of engines) {
    const got = weightsOf("pretraining", 1, on);
    assert.equal([...got.keys()], [...want.keys()]);
    // A normal value is right to 4e-7 of itself in every build, and to the bit the same in one.
    for (const [name, values] of want) near(got.get(name)!, values, { rtol: on.build === "strict" ? 0 : 8e-7 }, name);
  }
  for (const [name, values] of weightsOf("masked-lm", 1)) assert.equal(values, want.get(name));
  const name = "bert.encoder.layer.0.attention.self.query.weight";
  assert.not.equal(weightsOf("masked-lm", 2).get(name), want.get(name));
  assert.not.equal(want.get("bert.encoder.layer.1.attention.self.query.weight"), want.get(name));
  const [values, deviation] = [want.get(name)!, 0.02];
  const spread = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  // 1,024 normal values: the deviation is told to 1 / sqrt(2048), five times that is 11 %.
  assert.ok(Math.abs(spread / deviation - 1) < 0.11, `${spread}`);
});

test("label sets size the heads of classes and tags", async () => {
  const labels = new LabelSet(["a", "b", "c"]);
  for (const purpose of ["sequence-classification", "token-classification"] as const) {
    using loaded = await smallBert(engine, purpose, labels);
    const shapes = new Map([...loaded.weights.entries()].map(([name, t]) => [name, t.shape]));
    assert.equal(shapes.get("classifier.weight"), [3, 16]);
  }
});

test.run();
