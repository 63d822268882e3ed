/** Classes by an encoder-decoder: BART's and mBART's published head, against its definition, from file to answer. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../../sdk/data/sample.js";
import { DataError } from "../../../sdk/data/source.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import { infer } from "../../../sdk/heads/infer.js";
import { LabelSet } from "../../../sdk/heads/labels.js";
import { encodeText } from "../../../sdk/heads/pooled.js";
import { jsonBytes, memoryFiles } from "../../../sdk/io/files/files.js";
import { loadModel, type Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../../sdk/io/pretrained/save.js";
import type { Model } from "../../../sdk/models/family/build.js";
import { zeroShotClassification } from "../../../sdk/pipelines/zero-shot-classification.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { classifyTask } from "../../../sdk/train/tasks/classify.js";
import { byHeart } from "../../helpers/by-heart.js";
import { engines } from "../../helpers/engines.js";
import { near } from "../../helpers/near.js";
import { disturb, valuesOf } from "../../helpers/parameters.js";
import { tokenizer } from "../../helpers/small-bert.js";
import { PLACES, tinyModel } from "../../helpers/tiny-models.js";

const test = suite("classes by an encoder-decoder");
const [engine] = engines as [Engine];
const WIDTH = 16;
const END = tokenizer.special.sep!;
const THREE = new LabelSet(["contradiction", "neutral", "entailment"]);

/** A classifier whose parameters are all far from their beginning. */
function classifier(type: "bart" | "mbart"): Pretrained<"sequence-classification"> {
  const extra = { model_type: type, eos_token_id: END, scale_embedding: type === "mbart" };
  const loaded = tinyModel(engine, "bart", "sequence-classification", {
    labels: THREE,
    width: WIDTH,
    deviation: 0.2,
    extra,
  });
  disturb(loaded.weights, 0.2);
  return loaded;
}

const scoresOf = ({ model }: Pretrained<"sequence-classification">, samples: readonly Sample[]): Float32Array[] =>
  infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch));

function sample(...ids: number[]): Sample {
  const none = new Uint8Array(ids.length);
  return {
    ids: Int32Array.from(ids),
    segments: none,
    special: none,
    words: Int32Array.from(ids, (_, i) => i),
    labels: {},
  };
}

// The end once, twice, and with a language behind it as mBART's texts have one.
const SAMPLES = [sample(2, 10, 11, 12, END), sample(2, 13, END, 14, 15, END), sample(16, 17, END, 9)];

/** tanh(state · denseᵀ + bias) · outᵀ + bias, in double precision. */
function headOf({ weights }: Pretrained, state: ArrayLike<number>): number[] {
  const linear = (name: string, x: ArrayLike<number>) => {
    const weight = valuesOf(weights, `classification_head.${name}.weight`);
    const bias = valuesOf(weights, `classification_head.${name}.bias`);
    return Array.from(bias, (b, row) =>
      Array.from(x).reduce((sum, value, i) => sum + value * weight[row * x.length + i]!, b),
    );
  };
  return linear("out_proj", linear("dense", state).map(Math.tanh));
}

for (const type of ["bart", "mbart"] as const) {
  test(`${type}: the class is read from the decoder's state at the last end of the text it reads again`, async () => {
    using loaded = classifier(type);
    const files = memoryFiles();
    await saveModel(files, { ...loaded, tokenizer, maxLength: PLACES });
    // The same body as a model that writes; its file says nothing of offsets of the output.
    using writer = await loadModel(engine, files, { task: "seq2seq-lm" });
    assert.equal(writer.leftOver.length, 4);
    const got = scoresOf(loaded, SAMPLES);
    for (const [row, own] of SAMPLES.entries()) {
      using _ = new Scope();
      const batch = collate([own]);
      const inputs = collate([{ ...own, ids: writer.model.shifted(own.ids) }]);
      const states = writer.model.decode(inputs, { hidden: writer.model.encode(batch), starts: batch.starts }).data;
      const last = own.ids.lastIndexOf(END);
      const want = headOf(loaded, states.subarray(last * WIDTH, (last + 1) * WIDTH));
      // Two sums of sixteen products.
      near(got[row]!, want, { atol: 1e-5, rtol: 1e-5 }, `row ${row}`);
      assert.equal(scoresOf(loaded, [own])[0], got[row], "a row's bits are its own");
    }
  });
}

test("mbart: the decoder begins with the n-th token of a text with n tokens besides padding, as published", () => {
  using loaded = tinyModel(engine, "bart", "seq2seq-lm", {
    width: WIDTH,
    extra: { model_type: "mbart", pad_token_id: 1 },
  });
  const { shifted } = loaded.model as Model<"seq2seq-lm">;
  assert.equal([...shifted(Int32Array.of(9, 10, END, 7))], [7, 9, 10, END]);
  assert.equal([...shifted(Int32Array.of(9, 1, 10, END, 7))], [END, 9, 1, 10, END]);
});

test("a text without an end token has no class and gives an error", () => {
  using loaded = classifier("bart");
  const refused = (error: unknown) =>
    error instanceof DataError && /sequence 1 .* no token 3 .*eos_token_id/.test(error.message);
  assert.throws(() => scoresOf(loaded, [SAMPLES[0]!, sample(2, 10, 11)]), refused);
});

test("saved and loaded it gives the same scores, and a writer's body may get the head", async () => {
  using loaded = classifier("bart");
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, maxLength: PLACES });
  const config = JSON.parse(new TextDecoder().decode((await files.read("config.json"))!)) as Record<string, unknown>;
  assert.equal(config["architectures"], ["BartForSequenceClassification"]);
  using again = await loadModel(engine, files);
  assert.is(again.task, "sequence-classification");
  assert.equal(scoresOf(again as Pretrained<"sequence-classification">, SAMPLES), scoresOf(loaded, SAMPLES));

  using writer = await loadModel(engine, files, { task: "seq2seq-lm" });
  const written = memoryFiles();
  await saveModel(written, { ...writer, tokenizer, maxLength: PLACES });
  using fresh = await loadModel(engine, written, {
    task: "sequence-classification",
    labels: new LabelSet(["no", "yes"]),
  });
  assert.is(fresh.fresh.length, 4);
  assert.equal(fresh.leftOver, ["final_logits_bias"]);
});

test("eight labelled pairs are overfitted", () => {
  const task = classifyTask("pair");
  const texts = [
    "the cat sat",
    "a dog ran",
    "the sun is up",
    "dogs ran on",
    "a mat is up",
    "cats sat",
    "up",
    "on the mat",
  ];
  const examples = texts.map((text, i) => ({ text, pair: texts[(i + 3) % 8]!, label: THREE.name(i % 3) }));
  const extra = { eos_token_id: END };
  using loaded = tinyModel(engine, "bart", "sequence-classification", { labels: THREE, deviation: 0.1, extra });
  byHeart(loaded, task.objective, task.samples(examples, { tokenizer, maxLength: 24, labels: THREE }));
});

test("zero-shot: the classes of a text by its scores of entailment", async () => {
  using loaded = classifier("bart");
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, maxLength: PLACES });
  using classify = await zeroShotClassification(files, { engine, hypothesisTemplate: "a {} ran" });
  const classes = ["cat", "dog", "sun"];
  const { scores, labels } = classify("the cat sat on the mat", classes);
  const pairs = classes.map((name) =>
    encodeText(tokenizer, { text: "the cat sat on the mat", pair: `a ${name} ran` }, PLACES),
  );
  const powers = scoresOf(loaded, pairs).map(([, , entailment]) => Math.exp(entailment!));
  const sum = powers.reduce((a, b) => a + b);
  near(
    classes.map((name) => scores[labels.indexOf(name)]!),
    powers.map((power) => power / sum),
    { atol: 1e-6 },
  );
  assert.is(labels[0], classes[powers.indexOf(Math.max(...powers))]);
});

test("a class is asked of a folder whose configuration names no end with BART's own", async () => {
  const files = memoryFiles([
    [
      "config.json",
      jsonBytes({
        model_type: "bart",
        vocab_size: 20,
        d_model: 16,
        encoder_layers: 1,
        decoder_layers: 1,
        encoder_attention_heads: 2,
        decoder_attention_heads: 2,
        encoder_ffn_dim: 16,
        decoder_ffn_dim: 16,
        max_position_embeddings: 8,
      }),
    ],
  ]);
  using loaded = await loadModel(engine, files, { task: "sequence-classification", labels: THREE, scratch: true });
  assert.is(scoresOf(loaded, [sample(0, 5, 6, 2)])[0]!.length, 3);
});

test.run();
