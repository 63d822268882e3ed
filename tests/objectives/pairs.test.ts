import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, type Sample } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { nextSentencePairs, nextSentencePrediction } from "../../sdk/objectives/next-sentence-prediction.js";
import { sentenceOrderPairs, sentenceOrderPrediction } from "../../sdk/objectives/sentence-order-prediction.js";
import { type Segment, targetLength, truncatePair } from "../../sdk/objectives/sequences/segment-pairs.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { consecutive, framed, numbered, range, segmentsOf } from "../helpers/documents.js";

const test = suite("pairs");

/** 60 documents of 2 to 21 sentences. */
const corpus = numbered(
  Array.from({ length: 60 }, (_, i) => 2 + (i % 20)),
  12,
);
const { documents, documentOf, sentenceOf } = corpus;
/** Longer than any document: nothing is truncated. */
const UNCUT = { maxLength: 10_000, shortSequenceRate: 0, tokenizer: framed };
const CUT = { maxLength: 64, tokenizer: framed };

/** The pieces of a word are adjacent, and no two words share a number. */
function expectWords({ words }: Sample): void {
  const seen = new Set<number>();
  for (const [i, word] of words.entries()) {
    if (word < 0 || word === words[i - 1]) continue;
    assert.not.ok(seen.has(word), `word ${word} occurs twice`);
    seen.add(word);
  }
}

test("next sentence: label 0 follows in the same document, label 1 is from another", () => {
  const shares = { 0: 0, 1: 0 };
  for (let pass = 0; pass < 10; pass++) {
    for (const sample of nextSentencePairs(documents, UNCUT, seed(pass))) {
      const [a, b] = segmentsOf(sample);
      const label = sample.labels.pair as 0 | 1;
      shares[label]++;
      expectWords(sample);
      assert.ok(consecutive(a) && consecutive(b));
      if (label === 0) {
        assert.is(b[0], a.at(-1)! + 1);
        assert.is(documentOf(b.at(-1)!), documentOf(a[0]!));
      } else assert.is.not(documentOf(b[0]!), documentOf(a[0]!));
      for (const part of [a, b]) {
        const document = documentOf(part[0]!);
        assert.is(documentOf(part.at(-1)!), document);
        assert.is(part[0], range(corpus, document, sentenceOf(part[0]!))[0], "begins with a sentence");
        assert.is(part.at(-1), range(corpus, document, sentenceOf(part.at(-1)!))[1], "ends with a sentence");
      }
    }
  }
  // What is left of a chunk is tried again, and a chunk of one sentence is always random: more than half are.
  assert.ok(shares[1] / (shares[0] + shares[1]) >= 0.5, JSON.stringify(shares));
  assert.ok(shares[0] > 200, JSON.stringify(shares));
});

test("next sentence: every sentence is used once as the first segment or as the one that follows", () => {
  for (let pass = 0; pass < 5; pass++) {
    const used = nextSentencePairs(documents, UNCUT, seed(pass))
      .flatMap((sample) => {
        const [a, b] = segmentsOf(sample);
        return sample.labels.pair === 0 ? [...a, ...b] : a;
      })
      .sort((a, b) => a - b);
    assert.equal(
      used,
      documents.flat().flatMap(({ ids }) => [...ids]),
    );
  }
});

test("next sentence: sequences are as long as asked at most; most reach it, a tenth aims lower", () => {
  const samples = Array.from({ length: 10 }, (_, pass) => nextSentencePairs(documents, CUT, seed(pass))).flat();
  assert.ok(samples.every(({ ids }) => ids.length <= CUT.maxLength && ids.length >= 5));
  for (const sample of samples) {
    const [a, b] = segmentsOf(sample);
    assert.ok(consecutive(a) && consecutive(b), "truncation cuts the ends only");
    if (sample.labels.pair === 0) {
      assert.is(documentOf(a[0]!), documentOf(b[0]!));
      // The gap between them was cut off their inner ends.
      assert.ok(b[0]! > a.at(-1)!);
    } else assert.is.not(documentOf(a[0]!), documentOf(b[0]!));
  }
});

test("next sentence: documents of one sentence give random pairs only; empty ones are passed over", () => {
  const single = numbered(
    Array.from({ length: 60 }, () => 1),
    9,
  ).documents;
  const pairs = nextSentencePairs([...single, []], UNCUT, seed(1));
  assert.is(pairs.length, 60);
  assert.ok(pairs.every(({ labels }) => labels.pair === 1));
  assert.throws(
    () => nextSentencePairs([single[0]!, [], []], UNCUT, seed(1)),
    /next-sentence-prediction: at least two documents are needed, got 1; separate documents by a blank line/,
  );
});

test("sentence order: both classes come from one document; swapping back restores the text", () => {
  const shares = { 0: 0, 1: 0 };
  for (let pass = 0; pass < 10; pass++) {
    const used: number[] = [];
    for (const sample of sentenceOrderPairs(documents, UNCUT, seed(pass))) {
      const [first, second] = segmentsOf(sample);
      const label = sample.labels.pair as 0 | 1;
      shares[label]++;
      const text = label === 0 ? [...first, ...second] : [...second, ...first];
      assert.ok(consecutive(text));
      assert.is(documentOf(text[0]!), documentOf(text.at(-1)!));
      expectWords(sample);
      used.push(...text);
    }
    // Nothing truncated: each document is one chunk, and all of it is used.
    assert.equal(
      used.sort((a, b) => a - b),
      documents.flat().flatMap(({ ids }) => [...ids]),
    );
  }
  // 600 fair coins: 5 standard deviations are 61.
  assert.ok(Math.abs(shares[1] - 300) < 61, JSON.stringify(shares));
});

test("a chunk is divided before any of its sentences but the first, each as often", () => {
  const five = numbered([5], 4);
  const firsts = new Map<number, number>();
  for (let pass = 0; pass < 1000; pass++) {
    const [sample] = sentenceOrderPairs(five.documents, UNCUT, seed(pass));
    const second = segmentsOf(sample!)[sample!.labels.pair === 0 ? 1 : 0][0]!;
    const sentence = five.sentenceOf(second);
    firsts.set(sentence, (firsts.get(sentence) ?? 0) + 1);
  }
  assert.equal([...firsts.keys()].sort(), [1, 2, 3, 4]);
  // 1,000 draws of a quarter: 5 standard deviations are 68.
  for (const [sentence, count] of firsts) assert.ok(Math.abs(count - 250) < 68, `${count} at sentence ${sentence}`);
});

test("sentence order: truncated pairs keep their order label and their document; single sentences are left out", () => {
  for (let pass = 0; pass < 5; pass++) {
    for (const sample of sentenceOrderPairs(documents, CUT, seed(pass))) {
      const [first, second] = segmentsOf(sample);
      assert.ok(sample.ids.length <= CUT.maxLength && consecutive(first) && consecutive(second));
      assert.is(documentOf(first[0]!), documentOf(second[0]!));
      assert.is(second[0]! < first[0]! ? 1 : 0, sample.labels.pair);
    }
  }
  const { documents: one } = numbered([1, 1, 0, 1], 9);
  assert.throws(() => sentenceOrderPairs(one, UNCUT, seed(1)), /no document has two sentences/);
});

test("a length that cannot hold two segments is refused", () => {
  for (const build of [nextSentencePairs, sentenceOrderPairs])
    for (const length of [4, 2, 0, Number.NaN])
      assert.throws(
        () => build(documents, { maxLength: length, tokenizer: framed }, seed(1)),
        /at least 5 tokens, three of them special; got maxLength/,
      );
  for (const { ids } of nextSentencePairs(documents, { maxLength: 5, tokenizer: framed }, seed(1)))
    assert.is(ids.length, 5);
});

test("the same generator gives the same pairs, another pass gives others", () => {
  for (const build of [nextSentencePairs, sentenceOrderPairs]) {
    assert.equal(build(documents, CUT, seed(1).fork(0)), build(documents, CUT, seed(1).fork(0)));
    assert.not.equal(build(documents, CUT, seed(1).fork(0)), build(documents, CUT, seed(1).fork(1)));
  }
});

test("the length aimed at is the longest, or by the short rate any from 2 on", () => {
  const rng = seed(4);
  const drawn = Array.from({ length: 20_000 }, () => targetLength({ maxLength: 23, tokenizer: framed }, rng));
  const short = drawn.filter((length) => length < 20);
  // A tenth, of which one in 19 (2 to 20) is the longest after all: 1,895 ± 5 standard deviations of 41.
  assert.ok(Math.abs(short.length - 20_000 * 0.1 * (18 / 19)) < 206, `${short.length}`);
  assert.equal([Math.min(...drawn), Math.max(...drawn)], [2, 20]);
  assert.is(new Set(short).size, 18);
  const all = Array.from({ length: 1000 }, () =>
    targetLength({ maxLength: 23, shortSequenceRate: 1, tokenizer: framed }, rng),
  );
  assert.is(new Set(all).size, 19);
  assert.is(targetLength({ maxLength: 23, shortSequenceRate: 0, tokenizer: framed }, rng), 20);
});

test("truncation takes from the longer segment, of equal ones the second, from both ends alike", () => {
  const rng = seed(5);
  const segment = (length: number, from: number): Segment => ({
    ids: Array.from({ length }, (_, i) => from + i),
    words: Array.from({ length }, (_, i) => from + i),
  });
  let [front, back] = [0, 0];
  for (let pair = 0; pair < 1000; pair++) {
    const [a, b] = [segment(60, 0), segment(70, 1000)];
    truncatePair(a, b, 101, rng);
    assert.equal([a.ids.length, b.ids.length], [51, 50]);
    assert.equal([a.words, b.words], [a.ids, b.ids]);
    assert.ok(consecutive(a.ids) && consecutive(b.ids));
    front += a.ids[0]! + b.ids[0]! - 1000;
    back += 59 - a.ids.at(-1)! + (1069 - b.ids.at(-1)!);
  }
  assert.is(front + back, 29_000);
  // 29,000 fair coins: 5 standard deviations are 426.
  assert.ok(Math.abs(front - 14_500) < 426, `${front} from the front, ${back} from the back`);
  const [long, short] = [segment(90, 0), segment(3, 1000)];
  truncatePair(long, short, 20, rng);
  assert.equal([long.ids.length, short.ids.length], [17, 3]);
  truncatePair(long, short, 20, rng);
  assert.is(long.ids.length, 17);
});

test("the loss of a pair head is the mean over pairs", async () => {
  using engine = await Engine.create();
  using _ = new Scope();
  const samples = nextSentencePairs(documents, CUT, seed(1)).slice(0, 4);
  const batch = collate(samples);
  const scores = [1, 0, 0, 2, -1, 1, 3, 3];
  const head = { pairScores: () => tensor(engine, scores, [4, 2]) };
  const want =
    samples.reduce((sum, { labels }, row) => {
      const [x, y] = [scores[2 * row]!, scores[2 * row + 1]!];
      return sum + Math.log(Math.exp(x) + Math.exp(y)) - (labels.pair === 1 ? y : x);
    }, 0) / 4;
  for (const objective of [nextSentencePrediction(), sentenceOrderPrediction()]) {
    const { name } = objective;
    assert.is(objective.count(batch), 4);
    assert.is(objective.corrupt(samples[0]!, seed(1)), samples[0]);
    const loss = objective.loss(head, tensor(engine, [0]), batch, 4).item();
    assert.ok(Math.abs(loss - want) < 1e-6, `${loss}, expected ${want}`);
    const bare = collate(samples.map((sample) => ({ ...sample, labels: {} })));
    assert.throws(
      () => objective.loss(head, tensor(engine, [0]), bare, 4),
      new RegExp(`${name}: the batch has no pair labels`),
    );
  }
});

test.run();
