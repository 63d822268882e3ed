/** A language and its copy: shifted and split tokens, and that a model which cannot tell them apart scores 1. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Sample, seed } from "../../sdk/data.js";
import { Engine, freshConfig, freshModel, maskedLm } from "../../sdk/index.js";
import { fakeCopy, multilinguality, splitSpecial } from "../../sdk/multilingual.js";
import { LayerError } from "../../sdk/tensor.js";

const SHIFT = 40;
const [PAD, UNK, CLS, SEP, MASK] = [0, 1, 2, 3, 4];
const special = new Set([PAD, UNK, CLS, SEP, MASK]);

const sample = (...words: number[]): Sample => ({
  ids: Int32Array.of(CLS, ...words, SEP),
  segments: new Uint8Array(words.length + 2),
  special: Uint8Array.from({ length: words.length + 2 }, (_, i) => Number(i === 0 || i > words.length)),
  words: Int32Array.from({ length: words.length + 2 }, (_, i) => (i === 0 || i > words.length ? -1 : i - 1)),
  labels: {},
});

test("the copy has other ids, and other places and order where asked for", () => {
  const own = sample(7, 8, 9);
  assert.equal([...fakeCopy(own, { shift: SHIFT }).ids], [CLS, 47, 48, 49, SEP]);
  assert.equal([...fakeCopy(own, { shift: SHIFT, inverted: true }).ids], [CLS, 49, 48, 47, SEP]);
  const split = fakeCopy(own, { shift: SHIFT, firstPosition: 24 });
  assert.equal([...split.positions!], [24, 25, 26, 27, 28]);
  assert.equal([...split.segments], [1, 1, 1, 1, 1]);
  assert.equal([...own.ids], [CLS, 7, 8, 9, SEP], "the original is untouched");
  assert.is(fakeCopy(own, { shift: SHIFT }).positions, undefined);
});

test("split special tokens: each language has its own, its mask included, and the labels stay", () => {
  const language = { shift: SHIFT };
  const objective = splitSpecial(
    maskedLm({
      tokenizer: { size: 2 * SHIFT, special: { mask: MASK } },
      replacement: { mask: 1, random: 0 },
      maskingRate: 0.5,
    }),
    language,
    special,
  );
  const own = sample(7, 8, 9, 10);
  const real = objective.corrupt(own, seed(1));
  const fake = objective.corrupt(fakeCopy(own, language), seed(1));
  assert.equal(
    [...fake.ids],
    [...real.ids].map((id) => id + SHIFT),
  );
  assert.ok([...real.ids].includes(MASK) && [...fake.ids].includes(MASK + SHIFT));
  assert.equal(
    [...fake.labels.tokens!],
    [...real.labels.tokens!].map((id) => (id < 0 ? id : id + SHIFT)),
  );
});

const sentences = Array.from({ length: 60 }, (_, i) => {
  const rng = seed(2).fork(i);
  return sample(...Array.from({ length: 8 }, () => 5 + rng.integer(SHIFT - 5)));
});
const options = { language: { shift: SHIFT }, special, between: { cls: CLS, sep: SEP }, layers: [0, 2] };

test("a model that gives both languages the same embeddings scores 1, an untrained one almost 0", async () => {
  using engine = await Engine.create();
  const { model, weights } = freshModel(
    engine,
    freshConfig("bert", {
      vocabSize: 2 * SHIFT,
      numHiddenLayers: 2,
      hiddenSize: 32,
      numAttentionHeads: 2,
      maxPositionEmbeddings: 16,
      dropout: 0,
    }),
    "masked-lm",
    1,
  );
  const before = multilinguality(model, sentences, options);
  // By chance one of 60 sentences and one of 35 words: 0.023 in the mean. Some four hits of each would be 0.09.
  assert.ok(before.score < 0.09, `untrained ${before.score}`);
  const [, table] = [...weights.entries()].find(([name]) => name.endsWith("word_embeddings.weight"))!;
  table.assign(table.toArray().copyWithin(SHIFT * 32, 0, SHIFT * 32));
  const after = multilinguality(model, sentences, options);
  assert.equal(after, { score: 1, retrieval: [1, 1], translation: [1, 1] });
  assert.throws(
    () => multilinguality(model, sentences, { ...options, layers: [3] }),
    (error: unknown) => error instanceof LayerError,
  );
});

test.run();
