/**
 * cloze-tiny as it is published: held-out loss and twenty cloze sentences. The sentences and the words that fit were written
 * down before its training ended.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Engine, fillMask, loadModel, loadTokenizer } from "cloze";
import { pretrainingSamples, tokenizeDocuments } from "cloze/data";
import { maskedHeldOut, unigramEntropy } from "cloze/metrics";
import { folder } from "cloze/node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../helpers/shared.js";

const place = join(root, "models/cloze-tiny");

const SENTENCES: readonly (readonly [string, string])[] = [
  ["She drank a cup of [MASK].", "tea coffee milk water wine chocolate"],
  ["He opened the [MASK] and walked into the room.", "door gate"],
  ["The sun was shining in the [MASK].", "sky morning garden window afternoon"],
  ["He put his hands in his [MASK].", "pockets pocket"],
  ["They were married in the [MASK].", "church chapel morning spring summer autumn village country town"],
  ["A dog is running through the [MASK].", "grass field water snow park woods yard forest street sand trees"],
  ["The man is playing the [MASK].", "guitar piano violin drums trumpet saxophone flute accordion game"],
  ["I don't know [MASK] to do.", "what how"],
  ["He shook his [MASK] and said nothing.", "head"],
  ["She took off her hat and [MASK].", "gloves coat cloak shoes shawl veil jacket scarf bonnet"],
  ["The ship sailed across the [MASK].", "sea ocean water river bay channel lake atlantic"],
  ["The child began to [MASK].", "cry laugh sob weep scream sing speak talk play walk run sleep"],
  ["It was raining, so I took my [MASK].", "umbrella coat hat cloak jacket boots car"],
  ["Two and two make [MASK].", "four"],
  ["My mother and [MASK] live in the country.", "father sister sisters brother brothers aunt uncle grandmother family"],
  ["He was twenty [MASK] old.", "years"],
  ["This is the worst [MASK] I have ever seen.", "film movie thing man picture place book game sight scene"],
  ["Good [MASK], sir, said the servant.", "morning evening night afternoon day"],
  ["How many [MASK] are there in a week?", "days hours"],
  ["The king and the [MASK] sat on their thrones.", "queen prince princess"],
];
/** Sentences in which a fitting word is ranked first: what these weights reach; the goal is 12. */
const FITTING = 11;
/** Passes over the held-out text. */
const ROUNDS = 1;
/** Nats below the unigram entropy of the held-out text. */
const GAINED = 3;

test("a word that fits is ranked first in as many of twenty sentences as the card says", async () => {
  using fill = await fillMask(folder(place));
  const guesses = SENTENCES.map(([sentence]) => fill(sentence)[0]!.token_str);
  const right = guesses.filter((word, i) => SENTENCES[i]![1].split(" ").includes(word));
  assert.ok(right.length >= FITTING, `${right.length} of 20: ${guesses.join(", ")}`);
});

test("the held-out loss is far below the unigram entropy", async () => {
  using engine = await Engine.create();
  using loaded = await loadModel(engine, folder(place), { task: "masked-lm" });
  const tokenizer = await loadTokenizer(folder(place));
  const modern = gunzipSync(readFileSync(join(place, "recipe/modern.txt.gz"))).toString("utf8");
  // The documents that recipe/corpus.mjs leaves out.
  const held = modern.split("\f").flatMap((part) => part.split("\n\n").filter((_, i) => i % 100 === 50));
  const documents = tokenizeDocuments(
    tokenizer,
    held.map((document) => document.split("\n")),
  );
  const samples = pretrainingSamples(documents, "sentences", { tokenizer, maxLength: 128, seed: 1 })(0);
  const entropy = unigramEntropy(documents.flat().flatMap(({ ids }) => [...ids]));
  const { loss } = maskedHeldOut(loaded.model, samples, { tokenizer }, 1, ROUNDS);
  assert.ok(entropy - loss >= GAINED, `${entropy.toFixed(2)} - ${loss.toFixed(2)}`);
});

test("MANIFEST and the records of all runs list the same weights", () => {
  const texts = readFileSync(join(place, "MANIFEST"), "utf8").trim().split("\n\n");
  const records = ["first/", "second/", "third/", ""].map(
    (run) =>
      JSON.parse(readFileSync(join(place, `${run}run_manifest.json`), "utf8")) as {
        weights: { step: number; weights: string }[];
      },
  );
  assert.is(texts.length, records.length);
  for (const [i, run] of records.entries()) {
    const listed = texts[i]!.split("\n").filter((line) => /^\d+ [0-9a-f]{64}$/.test(line));
    assert.equal(
      listed,
      run.weights.map(({ step, weights }) => `${step} ${weights}`),
    );
    assert.is(run.weights.at(-1)!.step, [8000, 8000, 8000, 4000][i]);
  }
});

test("the sentences have one mask each, and words that fit", () => {
  assert.is(SENTENCES.length, 20);
  for (const [sentence, words] of SENTENCES) {
    assert.is(sentence.split("[MASK]").length, 2);
    assert.ok(words.length > 0);
  }
});

test.run();
