import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { LabelError, LabelSet } from "../../sdk/heads/labels.js";
import { encodeTagged, tagging } from "../../sdk/heads/tagging.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { readVocabulary } from "../../sdk/tokenizer/index.js";

const test = suite("tagging");

const PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "play", "##ing", "##s", "cat", "-", "new", "york"];
const tokenizer = readVocabulary(PIECES.join("\n"));
const labels = new LabelSet(["O", "B-LOC", "I-LOC", "B-PER"]);
const X = IGNORE;

const encode = (
  words: string[],
  tags: string[] | null,
  options: { maxLength?: number; pieces?: "first" | "all" } = {},
) => encodeTagged(tokenizer, words, tags, labels, { maxLength: 32, ...options });

test("the first piece of each word carries its tag, also where a word is split at punctuation", () => {
  const {
    ids,
    words,
    special,
    labels: { tokens },
  } = encode(["playing", "new-york", "cats"], ["O", "B-LOC", "B-PER"]);
  assert.is(tokenizer.decode(ids), "[CLS] playing new - york cats [SEP]");
  assert.equal([...words], [-1, 0, 0, 1, 1, 1, 2, 2, -1]);
  assert.equal([...special], [1, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal([...tokens!], [X, 0, X, 1, X, X, 3, X, X]);
});

test("all pieces: the others carry the tag too, B-X as I-X where there is one", () => {
  const {
    labels: { tokens },
  } = encode(["playing", "new-york", "cats"], ["O", "B-LOC", "B-PER"], { pieces: "all" });
  assert.equal([...tokens!], [X, 0, 0, 1, 2, 2, 3, 3, X]);
});

test("adjacent equal words stay separate words", () => {
  const {
    labels: { tokens },
  } = encode(["cat", "cat", "cats"], ["B-PER", "O", "B-LOC"], { pieces: "all" });
  assert.equal([...tokens!], [X, 3, 0, 1, 2, X]);
});

test("a word without tokens keeps its position and its tag", () => {
  const {
    ids,
    words,
    labels: { tokens },
  } = encode(["cat", "\u200b\u0000", "", "cat"], ["O", "B-LOC", "I-LOC", "B-PER"]);
  assert.equal(
    Array.from(ids, (id) => tokenizer.token(id)),
    ["[CLS]", "cat", "[UNK]", "[UNK]", "cat", "[SEP]"],
  );
  assert.equal([...words], [-1, 0, 1, 2, 3, -1]);
  assert.equal([...tokens!], [X, 0, 1, 2, 3, X]);
});

test("the first piece of a word is labelled; words beyond the longest sequence are left out", () => {
  const words = ["playing", "cats", "new", "york"];
  const sample = encode(words, ["O", "B-PER", "B-LOC", "I-LOC"], { maxLength: 6 });
  assert.equal([...sample.words], [-1, 0, 0, 1, 1, -1]);
  assert.equal([...sample.labels.tokens!], [X, 0, X, 3, X, X]);
  // Cut in the middle of a word: its first piece is there, and so is its tag.
  const cut = encode(words, null, { maxLength: 5 });
  assert.equal([...cut.words], [-1, 0, 0, 1, -1]);
  assert.equal([...cut.labels.tokens!], [X, X, X, X, X]);
});

test("tags that do not fit the words or the model are refused", () => {
  assert.throws(() => encode(["cat", "cat"], ["O"]), /tagging: 2 words but 1 tags/);
  assert.throws(
    () => encode(["cat"], ["B-ORG"]),
    (error: unknown) =>
      error instanceof LabelError && /label "B-ORG" is not one of the model's: O, B-LOC/.test(error.message),
  );
});

test("the loss is the mean over the labelled pieces of all rows", async () => {
  using engine = await Engine.create();
  using _ = new Scope();
  const objective = tagging();
  const samples = [encode(["playing", "cats"], ["O", "B-PER"]), encode(["new"], ["B-LOC"])];
  const batch = collate(samples);
  assert.is(objective.count(batch), 3);
  const tokens = batch.ids.length;
  const scores = Float32Array.from({ length: tokens * labels.size }, (_, i) => ((i * 7) % 5) - 2);
  const head = { tokenClassScores: () => tensor(engine, scores, [tokens, labels.size]) };
  const want =
    [...batch.labels.tokens!].reduce((sum, label, t) => {
      if (label === X) return sum;
      const own = scores.slice(t * labels.size, (t + 1) * labels.size);
      return sum + Math.log(own.reduce((total, x) => total + Math.exp(x), 0)) - own[label]!;
    }, 0) / 3;
  const loss = objective.loss(head, tensor(engine, [0]), batch, 3).item();
  assert.ok(Math.abs(loss - want) < 1e-6, `${loss}, expected ${want}`);
  const bare = collate(samples.map((sample) => ({ ...sample, labels: {} })));
  assert.throws(() => objective.count(bare), /tagging: the batch has no token labels/);
  // Nothing labeled costs nothing.
  const none = collate([encode(["cat"], null)]);
  const one = { tokenClassScores: () => tensor(engine, scores.slice(0, 12), [3, 4]) };
  assert.is(objective.loss(one, tensor(engine, [0]), none, objective.count(none)).item(), 0);
});

test("label sets: sorted, unique, mapped from number to name and back", () => {
  const set = LabelSet.of(["b", "a", "b", "c"]);
  assert.equal([...set.names], ["a", "b", "c"]);
  assert.equal([set.size, set.id("c"), set.name(1), set.has("d")], [3, 2, "b", false]);
  assert.throws(() => set.id("d"), /label "d" is not one of the model's: a, b, c/);
  for (const id of [-1, 3, 0.5]) assert.throws(() => set.name(id), /does not exist; the model has 3 labels/);
  assert.throws(() => new LabelSet(["a", "b", "a"]), /labels: a name occurs twice/);
  assert.not.ok(set.has("toString"));
});

test.run();
