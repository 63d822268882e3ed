/** Pipelines that compare texts, on models of random weights: against what the models' own scores say. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { infer } from "../../sdk/heads/infer.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { encodeText } from "../../sdk/heads/pooled.js";
import { cosine } from "../../sdk/heads/similarity.js";
import { type Files, jsonBytes, memoryFiles } from "../../sdk/io/files.js";
import { saveModel } from "../../sdk/io/save.js";
import { writeSentenceSettings } from "../../sdk/io/sentence.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { sentenceSimilarity } from "../../sdk/pipelines/sentence-similarity.js";
import { textRanking } from "../../sdk/pipelines/text-ranking.js";
import { wordVectors } from "../../sdk/pipelines/word-vectors.js";
import { zeroShotClassification } from "../../sdk/pipelines/zero-shot-classification.js";
import { near } from "../helpers/near.js";
import { LENGTH, SENTENCES, smallBert, tokenizer } from "../helpers/small-bert.js";

const test = suite("comparing");
const engine = await Engine.create();

/** A classifier whose head is far from its beginning, so that scores differ; the scores themselves beside it. */
async function classifier(names: readonly string[] | null, extra: object = {}) {
  const loaded = await smallBert(engine, "sequence-classification", names && new LabelSet(names), extra);
  for (const [, { data, storage }] of loaded.weights.entries()) {
    for (let i = 0; i < data.length; i++) data[i]! *= 4;
    storage.version++;
  }
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, length: LENGTH });
  const score = (text: string, pair: string): Float32Array =>
    infer(loaded.model, [encodeText(tokenizer, { text, pair }, LENGTH)], "rows", (m, hidden, batch) =>
      m.sequenceScores(hidden, batch),
    )[0]!;
  return { files, score };
}

/** A folder with one file more or another. */
const withFile = (files: Files, name: string, json: object): Files => ({
  read: (asked) => (asked === name ? Promise.resolve(jsonBytes(json)) : files.read(asked)),
});

async function configOf(files: Files): Promise<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode((await files.read("config.json"))!)) as Record<string, unknown>;
}

const exps = (scores: readonly number[]): number[] => {
  const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
  return scores.map((score) => Math.exp(score) / sum);
};
const CLASSES = ["cat", "dog", "sun"];

test("zero-shot: shares of the entailment scores, found by its name wherever it stands", async () => {
  for (const names of [
    ["contradiction", "neutral", "entailment"],
    ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"],
  ]) {
    const { files, score } = await classifier(names);
    const column = names.findIndex((name) => /^entail/i.test(name));
    using classify = await zeroShotClassification(files, { engine, template: "a {} ran" });
    const [text] = SENTENCES as [string];
    const want = exps(CLASSES.map((name) => score(text, `a ${name} ran`)[column]!));
    const got = classify({ text, labels: CLASSES });
    near(
      CLASSES.map((name) => got.scores[name]!),
      want,
      { rtol: 1e-12 },
    );
    assert.is(got.score, Math.max(...Object.values(got.scores)));
    assert.is(got.scores[got.label], got.score);
    assert.equal(classify([{ text, labels: CLASSES }]), [got]);
  }
});

test("zero-shot, several: each class against the contradiction alone, with models of three or two classes", async () => {
  for (const names of [
    ["neutral", "contradiction", "entailment"],
    ["entailment", "not_entailment"],
  ]) {
    const { files, score } = await classifier(names);
    using classify = await zeroShotClassification(files, { engine, several: true });
    const [text] = SENTENCES as [string];
    const got = classify({ text, labels: CLASSES });
    for (const name of CLASSES) {
      const row = score(text, `This example is ${name}.`);
      const [for_, against] = [
        row[names.indexOf("entailment")]!,
        row[names.findIndex((n) => /^(not|contra)/.test(n))]!,
      ];
      near([got.scores[name]!], [exps([for_, against])[0]!], { rtol: 1e-12 });
    }
  }
});

test("zero-shot: a class's name is put in as it is, and what cannot be asked is refused in words", async () => {
  const { files, score } = await classifier(["entailment", "neutral", "contradiction"]);
  using classify = await zeroShotClassification(files, { engine, template: "{} {}" });
  const got = classify({ text: "the sun", labels: ["$&", "cat"] });
  near([got.scores["$&"]!], [exps(["$& $&", "cat cat"].map((pair) => score("the sun", pair)[0]!))[0]!], {
    rtol: 1e-12,
  });
  assert.throws(() => classify({ text: "a", labels: [] }), /there are no labels to choose from/);
  assert.throws(() => classify({ text: "a", labels: ["x", "y", "x"] }), /the label "x" is there twice/);
  const refused = async (from: Files, template: string, message: RegExp) => {
    try {
      await zeroShotClassification(from, { engine, template });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
    }
  };
  await refused(files, "no place", /"no place" has no \{\} for the class/);
  const { files: other } = await classifier(["good", "bad"]);
  await refused(other, "{}", /no label that begins with "entail" \(it has good, bad\).*needs a model of inference/);
});

test("ranking: by the model's output, best first, as CrossEncoder scores it", async () => {
  const { files, score } = await classifier(null);
  const query = "the cat";
  const outputs = SENTENCES.map((text) => score(query, text)[0]!);
  const order = [...outputs.keys()].sort((a, b) => outputs[b]! - outputs[a]!);
  using rank = await textRanking(files, { engine });
  const ranked = rank({ query, texts: SENTENCES });
  assert.equal(
    ranked.map(({ index }) => index),
    order,
  );
  near(
    ranked.map((one) => one.score),
    order.map((i) => 1 / (1 + Math.exp(-outputs[i]!))),
    { rtol: 1e-12 },
  );
  assert.equal(rank({ query, texts: [] }), []);
  using best = await textRanking(files, { engine, top: 1 });
  assert.equal(best({ query, texts: SENTENCES }), ranked.slice(0, 1));
  const config = await configOf(files);
  for (const named of [
    { sentence_transformers: { activation_fn: "torch.nn.modules.linear.Identity", version: "5.0.0" } },
    { sbert_ce_default_activation_function: "torch.nn.modules.linear.Identity" },
  ]) {
    using plain = await textRanking(withFile(files, "config.json", { ...config, ...named }), { engine });
    assert.equal(
      plain({ query, texts: SENTENCES }).map((one) => one.score),
      order.map((i) => outputs[i]!),
    );
  }
  const odd = { ...config, sentence_transformers: { activation_fn: "torch.nn.modules.activation.GELU" } };
  const { files: three } = await classifier(["a", "b", "c"]);
  for (const [from, message] of [
    [withFile(files, "config.json", odd), /activation torch\.nn\.modules\.activation\.GELU is not supported/],
    [three, /this model has 3 outputs; one that ranks has a single one/],
  ] as const) {
    try {
      await textRanking(from, { engine });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
    }
  }
});

/** A sentence model as a folder. */
async function sentences(settings: Partial<Parameters<typeof writeSentenceSettings>[1]> = {}): Promise<Files> {
  using loaded = await smallBert(engine, "feature-extraction");
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, length: LENGTH });
  await writeSentenceSettings(
    files,
    {
      pooling: { mode: "mean", normalize: true },
      length: LENGTH,
      prompts: {},
      prompt: null,
      promptCounts: true,
      similarity: "cosine",
      lowercase: false,
      ...settings,
    },
    16,
  );
  return files;
}

test("similarity: the cosine of the folder's vectors, or what it names instead", async () => {
  const [text, ...texts] = SENTENCES as [string, ...string[]];
  const files = await sentences();
  using embed = await featureExtraction(files, { engine });
  const [own, ...others] = embed(SENTENCES);
  using compare = await sentenceSimilarity(files, { engine });
  assert.equal(
    compare({ text, texts }),
    others.map((other) => cosine(own!, other)),
  );
  assert.equal(compare([{ text, texts }]), [compare({ text, texts })]);
  using distances = await sentenceSimilarity(await sentences({ similarity: "manhattan" }), { engine });
  near(
    distances({ text, texts }),
    others.map((other) => -other.reduce((sum, x, d) => sum + Math.abs(x - own![d]!), 0)),
    { rtol: 1e-6 },
  );
});

test("prompts: by name, by default, as a text; left out of the mean where the folder says so", async () => {
  const prompts = { query: "the cat ", passage: "dogs " };
  const files = await sentences({ prompts, prompt: "passage" });
  const vector = async (from: Files, options: object, text: string) => {
    using embed = await featureExtraction(from, { engine, ...options });
    return embed(text);
  };
  const plain = await sentences();
  assert.equal(await vector(files, {}, "ran"), await vector(plain, {}, "dogs ran"));
  assert.equal(await vector(files, { prompt: "query" }, "ran"), await vector(plain, {}, "the cat ran"));
  assert.equal(await vector(files, { prefix: "" }, "ran"), await vector(plain, {}, "ran"));
  assert.equal(await vector(plain, { prefix: "the " }, "ran"), await vector(plain, {}, "the ran"));
  // [CLS] the cat count as three tokens of the instruction: what is left is "ran" and [SEP].
  const without = await sentences({ prompts, promptCounts: false, pooling: { mode: "mean", normalize: false } });
  using words = await wordVectors(plain, { engine });
  using last = await featureExtraction(plain, { engine, pooling: { mode: "last", normalize: false } });
  const ran = words("the cat ran").at(-1)!.vector;
  const end = last("the cat ran");
  near(
    await vector(without, { prompt: "query" }, "ran"),
    ran.map((x, d) => (x + end[d]!) / 2),
    { atol: 1e-6 },
  );
  try {
    await vector(files, { prompt: "title" }, "ran");
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /there is no prompt "title"; there are query, passage/);
  }
});

test("words of a text, with their characters, from the layer asked for", async () => {
  const files = await sentences();
  using words = await wordVectors(files, { engine, layers: [1] });
  const text = "A cat, xyzzy!";
  const found = words(text);
  assert.equal(
    found.map(({ word, start, end }) => [word, start, end]),
    [
      ["A", 0, 1],
      ["cat", 2, 5],
      [",", 5, 6],
      ["xyzzy", 7, 12],
      ["!", 12, 13],
    ],
  );
  const [given] = words([{ words: ["A", "cat", ",", "xyzzy", "!"] }]);
  assert.equal(
    given!.map(({ word, vector }) => [word, vector]),
    found.map(({ word, vector }) => [word, vector]),
  );
  assert.equal([given![3]!.start, given![3]!.end], [0, 5]);
  using deep = await wordVectors(files, { engine, layers: [1, 2], join: "concat" });
  const [first] = deep(text);
  assert.is(first!.vector.length, 32);
  assert.equal(first!.vector.slice(0, 16), found[0]!.vector);
  // Longer than the model reads: what is behind is left out.
  assert.is(words(Array.from({ length: 40 }, () => "cat").join(" ")).length, LENGTH - 2);
});

test.run();
