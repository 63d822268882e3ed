import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readDocuments } from "../../../sdk/data/documents.js";
import type { Batch, Sample } from "../../../sdk/data/sample.js";
import { textSource } from "../../../sdk/data/source.js";
import { Engine } from "../../../sdk/engine/engine.js";
import { type Arrangement, pretrainingSamples, tokenizeDocuments } from "../../../sdk/objectives/sequences/corpus.js";
import { boundaries } from "../../../sdk/objectives/vocabulary.js";
import { tensor } from "../../../sdk/tensor/tensor.js";
import type { Tokenizer } from "../../../sdk/tokenizer/index.js";
import { maskedHeldOut, pairAccuracy } from "../../../sdk/train/evaluate/language-model.js";
import { freshConfig, freshModel } from "../../../sdk/train/fresh/fresh-model.js";
import { perplexity, standardError, unigramEntropy } from "../../../sdk/train/metrics/perplexity.js";
import { engines } from "../../helpers/engines.js";
import { samples, smallBert, tokenizer } from "../../helpers/small-bert.js";

const test = suite("corpus and held-out figures");
const [engine] = engines as [Engine];

const TEXT = "the cat sat\na dog ran\n\n\n the sun is up \ndogs and cats ran on\nthe mat\n\n\u0000\n\nto the cat\n";

async function documents() {
  const read: string[][] = [];
  for await (const document of readDocuments(textSource("memory", TEXT))) read.push(document);
  return read;
}

test("a text becomes documents of sentences; sentences without tokens are left out", async () => {
  const read = await documents();
  assert.equal(read.slice(0, 2), [
    ["the cat sat", "a dog ran"],
    ["the sun is up", "dogs and cats ran on", "the mat"],
  ]);
  const tokens = tokenizeDocuments(tokenizer, read);
  assert.equal(
    tokens.map((document) => document.length),
    [2, 3, 1],
  );
  for (const [d, document] of tokens.entries())
    for (const [s, { ids, words }] of document.entries()) {
      assert.is(tokenizer.decode(ids), (d < 2 ? read[d]! : ["to the cat"])[s]);
      assert.is(words.length, ids.length);
    }
});

test("each epoch has samples of its own, the same for the same seed", async () => {
  const tokens = tokenizeDocuments(tokenizer, await documents());
  const special = boundaries(tokenizer);
  assert.equal(special, { cls: tokenizer.special.cls, sep: tokenizer.special.sep });
  for (const arrangement of ["next-sentence-prediction", "sentence-order-prediction", "sentences"] as Arrangement[]) {
    const epochs = (seed: number) => pretrainingSamples(tokens, arrangement, { maxLength: 12, tokenizer, seed });
    assert.equal(epochs(1)(0), epochs(1)(0));
    const several = [0, 1, 2, 3, 4].map((epoch) => JSON.stringify(epochs(1)(epoch)));
    assert.ok(new Set(several).size > 1, arrangement);
    for (const sample of epochs(1)(0)) {
      assert.ok(sample.ids.length <= 12);
      assert.is(sample.labels.pair === undefined, arrangement === "sentences");
    }
  }
  const bare = { special: { mask: 1 } } as Tokenizer;
  assert.throws(() => boundaries(bare), /pre-training needs a tokenizer with \[CLS\] and \[SEP\]/);
});

/** A model that scores every token by how often it is the target, and knows nothing else. */
function guesser(counts: ReadonlyMap<number, number>) {
  return {
    encode: (batch: Batch) => tensor(engine, new Float32Array(batch.ids.length), [batch.ids.length, 1]),
    tokenScores(_: unknown, index: Int32Array) {
      const row = Array.from({ length: tokenizer.size }, (_, id) => Math.log(counts.get(id) ?? 1e-9));
      return tensor(engine, Array.from(index, () => row).flat(), [index.length, tokenizer.size]);
    },
  };
}

test("the best guess without context reaches exactly the unigram entropy", () => {
  const held = samples();
  // A first look, only to count the targets: the same seed chooses the same positions whatever the model.
  const seen = new Map<number, number>();
  const counting = guesser(new Map());
  maskedHeldOut(
    {
      ...counting,
      encode(batch) {
        for (const [at, label] of batch.labels.tokens!.entries()) {
          if (label < 0) continue;
          assert.is(batch.ids[at], tokenizer.special.mask, "every chosen position is shown as [MASK]");
          seen.set(label, (seen.get(label) ?? 0) + 1);
        }
        return counting.encode(batch);
      },
    },
    held,
    { tokenizer },
    3,
  );
  const total = [...seen.values()].reduce((sum, n) => sum + n, 0);
  const { loss, unigramEntropy: entropy, accuracy, targets } = maskedHeldOut(guesser(seen), held, { tokenizer }, 3);
  assert.is(targets, total);
  // One loss in f32 over at most `total` terms, divided by their number.
  assert.ok(Math.abs(loss - entropy) < total * 2 ** -24 * entropy, `${loss}, expected ${entropy}`);
  assert.ok(Math.abs(accuracy - Math.max(...seen.values()) / total) < 1e-12);
});

test("figures do not depend on the grouping of samples, and leave no memory behind", async () => {
  using loaded = await smallBert(engine, "pretraining");
  const held = samples();
  const once = maskedHeldOut(loaded.model, held, { tokenizer }, 1, 2);
  const pairs: Sample[] = held.map((sample, i) => ({ ...sample, labels: { pair: i % 2 } }));
  const right = pairAccuracy(loaded.model, pairs);
  // Weights are packed when they are first used, and stay so.
  const live = engine.liveBytes;
  assert.equal(maskedHeldOut(loaded.model, held, { tokenizer }, 1, 2), once);
  assert.not.equal(maskedHeldOut(loaded.model, held, { tokenizer }, 2, 2), once);
  const swapped = pairAccuracy(
    loaded.model,
    pairs.map((sample) => ({ ...sample, labels: { pair: 1 - sample.labels.pair! } })),
  );
  assert.is(right + swapped, 1);
  assert.is(engine.liveBytes, live);
});

test("perplexity, entropy and standard error are their definitions", () => {
  assert.ok(Math.abs(perplexity(Math.log(50)) - 50) < 1e-12);
  assert.ok(Math.abs(unigramEntropy([1, 2, 3, 4]) - Math.log(4)) < 1e-15);
  assert.is(unigramEntropy([7, 7, 7]), 0);
  assert.is(unigramEntropy([]), 0);
  const want = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
  assert.ok(Math.abs(unigramEntropy([5, 5, 5, 9]) - want) < 1e-15);
  assert.is(standardError(0.5, 100), 0.05);
});

test("scoring held-out text holds the scores of one batch over the vocabulary once", async () => {
  using own = await Engine.create();
  const sizes = { vocabSize: 60_000, numHiddenLayers: 1, hiddenSize: 16, numAttentionHeads: 1, dropout: 0 };
  using loaded = freshModel(own, freshConfig("bert", { ...sizes, maxPositionEmbeddings: 16 }), "masked-lm", 1);
  // One batch, of which half of the tokens are scored: their scores are larger than the model.
  const held = Array.from({ length: 10 }, () => samples()).flat();
  const { targets } = maskedHeldOut(loaded.model, held, { tokenizer, maskingRate: 0.5 }, 1, 1);
  const weights = loaded.weights.count * Float32Array.BYTES_PER_ELEMENT;
  const scores = targets * sizes.vocabSize * Float32Array.BYTES_PER_ELEMENT;
  const most = own.memory.buffer.byteLength;
  // The weights are kept by row and in panels.
  assert.ok(most < 2.2 * weights + 1.5 * scores, `${most} bytes, of which scores of a batch take ${scores}`);
});

test.run();
