import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../sdk/data/sample.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { chooseNgrams, ngramMaskedLm, ngramProbabilities } from "../../sdk/objectives/ngram-masking.js";
import { packFullSentences } from "../../sdk/objectives/sequences/packing.js";
import { chooseSpans, edgesOf, spanLengthTable, spanMaskedLm } from "../../sdk/objectives/span-masking.js";
import { translationPair } from "../../sdk/objectives/translation-lm.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { seed } from "../../sdk/tensor/random.js";
import { near } from "../helpers/near.js";
import { CLS, MASK, SEP, SIZE, sequence, tokenizer } from "../helpers/sequences.js";

const test = suite("spans and n-grams");
const WORDS = [1, 2, 1, 3, 1, 1, 2, 1, 4, 1, 1, 2, 3, 1, 1, 1, 2, 1, 1, 1, 2, 1, 3, 1, 2, 1, 1, 1];

test("tables of lengths", () => {
  near(ngramProbabilities(), [0.545455, 0.272727, 0.181818], { atol: 1e-6 });
  const table = spanLengthTable();
  near(table, [0.2241, 0.1792, 0.1434, 0.1147, 0.0918, 0.0734, 0.0587, 0.047, 0.0376, 0.0301], { atol: 5e-5 });
  const mean = (of: readonly number[]) => of.reduce((sum, p, i) => sum + p * (i + 1), 0);
  near([mean(table), mean(spanLengthTable(0.3))], [3.7971, 3.0426], { atol: 5e-5 });
});

test("n-grams: whole words, within the budget, nothing special", () => {
  const sample = sequence(WORDS);
  const budget = 7;
  let full = 0;
  for (let round = 0; round < 500; round++) {
    const chosen = chooseNgrams(sample, seed(round), budget);
    assert.ok(chosen.length <= budget);
    if (chosen.length === budget) full++;
    for (const i of chosen) {
      assert.not(sample.special[i]);
      const word = sample.words[i];
      for (const [j, other] of sample.words.entries()) assert.ok(other !== word || chosen.includes(j), `piece ${j}`);
    }
  }
  // Words of one piece fill nearly every budget up.
  assert.ok(full > 480, `${full}`);
});

test("n-grams: the first one's length is 1, 2 or 3 words with 6/11, 3/11, 2/11", () => {
  const sample = sequence(new Array<number>(400).fill(1));
  const rounds = 5000;
  const runs = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    const chosen = chooseNgrams(sample, seed(round), 3);
    const lengths = [1];
    for (let i = 1; i < chosen.length; i++) {
      if (chosen[i] === chosen[i - 1]! + 1) lengths[lengths.length - 1]!++;
      else lengths.push(1);
    }
    assert.is(chosen.length, 3);
    runs[lengths.length - 1]!++;
  }
  const [p1, p2, p3] = ngramProbabilities() as [number, number, number];
  // One run: a draw of three. Two: a draw of two, then anything cut to one; or of one, then two or three cut to two.
  const want = [p3, p2 + p1 * (p2 + p3), p1 * p1];
  // Five standard errors are 5 √(0.25 / 5000) = 0.035; neighbors that meet, and ends that cut, are some 4 of 400 places.
  near(
    runs.map((count) => count / rounds),
    want,
    { atol: 0.035 + 0.01 },
  );
});

test("n-grams end at special tokens", () => {
  const two = sequence([1, 1]);
  const ids = Int32Array.of(CLS, 10, SEP, 11, SEP);
  const sample = {
    ...two,
    ids,
    special: Uint8Array.of(1, 0, 1, 0, 1),
    words: Int32Array.of(-1, 0, -1, 1, -1),
    segments: new Uint8Array(5),
  };
  for (let round = 0; round < 100; round++) {
    const { labels } = ngramMaskedLm({ tokenizer, maskingRate: 0.2 }).corrupt(sample, seed(round));
    assert.is(labels.tokens!.filter((label) => label !== IGNORE).length, 1);
  }
});

test("spans: the budget is met exactly, spans do not touch, and begin at words", () => {
  const sample = sequence(WORDS);
  const pieces = WORDS.reduce((a, b) => a + b);
  const counts = new Map<number, number>();
  for (let round = 0; round < 1000; round++) {
    const spans = chooseSpans(sample, seed(round), { tokenizer });
    assert.is(
      spans.reduce((sum, [first, end]) => sum + end - first, 0),
      Math.ceil(pieces * 0.15),
    );
    for (const [i, [first, end]] of spans.entries()) {
      assert.ok(first < end && !sample.special[first] && !sample.special[end - 1]);
      assert.ok(i === 0 || spans[i - 1]![1] < first);
      assert.is.not(sample.words[first], sample.words[first - 1]);
    }
    counts.set(spans.length, (counts.get(spans.length) ?? 0) + 1);
  }
  assert.ok(counts.size > 2);
});

test("a span has one fate, and its tokens are labelled", () => {
  const fates = { mask: 0, kept: 0, random: 0 };
  let spans = 0;
  for (let round = 0; round < 3000; round++) {
    const sample = sequence(WORDS);
    const { ids, labels } = spanMaskedLm({ tokenizer }).corrupt(sample, seed(round));
    for (let first = 0; first < ids.length; first++) {
      if (labels.tokens![first] === IGNORE) {
        assert.is(ids[first], sample.ids[first]);
        continue;
      }
      let end = first;
      while (labels.tokens![end] !== IGNORE) end++;
      const shown = Array.from(ids.slice(first, end));
      const original = Array.from(sample.ids.slice(first, end));
      assert.equal(Array.from(labels.tokens!.slice(first, end)), original);
      spans++;
      if (shown.every((id) => id === MASK)) fates.mask++;
      else if (shown.every((id, i) => id === original[i])) fates.kept++;
      else {
        assert.ok(shown.every((id) => id < SIZE));
        fates.random++;
      }
      first = end;
    }
  }
  // Five standard errors of a share of 0.8 over some 6,000 spans: 5 * sqrt(0.16 / 6000) = 0.026.
  assert.ok(Math.abs(fates.mask / spans - 0.8) < 0.026, `${fates.mask} of ${spans}`);
  assert.ok(Math.abs(fates.kept / spans - 0.1) < 0.026, `${fates.kept} of ${spans}`);
});

test("edges: both neighbours inside, none of them special", () => {
  const sample = sequence([1, 1, 1, 1, 1, 1]);
  const labelsAt = (...places: number[]) => ({ tokens: sample.ids.map((id, i) => (places.includes(i) ? id : IGNORE)) });
  const batch = collate([
    { ...sample, labels: labelsAt(2, 3) },
    { ...sample, labels: labelsAt(1, 4) },
    { ...sample, labels: labelsAt(5, 6) },
  ]);
  const edges = edgesOf(batch, new Set([CLS, SEP]), 20);
  assert.equal(Array.from(edges.index), [2, 3, 8 + 4]);
  assert.equal(Array.from(edges.left), [1, 1, 8 + 3]);
  assert.equal(Array.from(edges.right), [4, 4, 8 + 5]);
  assert.equal(Array.from(edges.place), [0, 1, 0]);
  assert.equal(Array.from(edgesOf(batch, new Set([CLS, SEP]), 1).index), [2, 8 + 4]);
});

test("RoBERTa's choice: the share is met on average, nothing is excepted, the first ids are never drawn", () => {
  const sample = sequence(new Array<number>(31).fill(1));
  const objective = maskedLm({ tokenizer, selection: "roberta", firstRandomId: 4 });
  let [chosen, ends, random] = [0, 0, 0];
  for (let round = 0; round < 4000; round++) {
    const { ids, labels } = objective.corrupt(sample, seed(round));
    const count = labels.tokens!.filter((label) => label !== IGNORE).length;
    assert.ok(count === 4 || count === 5);
    chosen += count;
    if (labels.tokens![0] !== IGNORE) ends++;
    for (const [i, id] of ids.entries()) {
      if (id === sample.ids[i] || id === MASK) continue;
      random++;
      assert.ok(id >= 4);
    }
  }
  // 0.15 * 33 = 4.95 on average; five standard errors of the mean are 5 * sqrt(0.0475 / 4000) = 0.017.
  assert.ok(Math.abs(chosen / 4000 - 4.95) < 0.017, `${chosen / 4000}`);
  assert.ok(Math.abs(ends / 4000 - 0.15) < 0.03, `${ends}`);
  assert.ok(random > 1000);
});

test("ELECTRA's fates: masked or kept, nothing random", () => {
  const sample = sequence(new Array<number>(30).fill(1));
  const objective = maskedLm({ tokenizer, replacement: { mask: 0.85, random: 0 } });
  for (let round = 0; round < 200; round++) {
    const { ids } = objective.corrupt(sample, seed(round));
    for (const [i, id] of ids.entries()) assert.ok(id === MASK || id === sample.ids[i]);
  }
});

test("a sentence and its translation: positions restart, words have distinct numbers, the longer side is cut", () => {
  const side = (first: number, n: number) => ({
    ids: Int32Array.from({ length: n }, (_, i) => first + i),
    words: Int32Array.from({ length: n }, (_, i) => i),
  });
  const options = { tokenizer: { special: { cls: CLS, sep: SEP } }, maxLength: 10 };
  const pair = translationPair(side(10, 3), side(20, 9), options);
  assert.equal(Array.from(pair.ids), [CLS, 10, 11, 12, SEP, 20, 21, 22, 23, SEP]);
  assert.equal(Array.from(pair.positions!), [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  assert.equal(Array.from(pair.segments), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  assert.equal(Array.from(pair.words), [-1, 0, 1, 2, -1, 3, 4, 5, 6, -1]);
  assert.equal(Array.from(pair.special), [1, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  assert.equal(Array.from(collate([pair]).positions), Array.from(pair.positions!));
});

test("full sentences: blocks as full as whole sentences allow, across documents after one more separator", () => {
  const sentence = (first: number, n: number) => ({
    ids: Int32Array.from({ length: n }, (_, i) => first + i),
    words: Int32Array.from({ length: n }, (_, i) => i),
  });
  const documents = [
    [sentence(10, 3), sentence(20, 2)],
    [sentence(30, 1), sentence(40, 12)],
  ];
  const samples = packFullSentences(documents, { maxLength: 11, tokenizer: { special: { cls: CLS, sep: SEP } } });
  assert.equal(
    samples.map(({ ids }) => Array.from(ids)),
    [
      [CLS, 10, 11, 12, SEP, 20, 21, SEP, SEP, 30, SEP],
      [CLS, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49],
      [CLS, 50, 51, SEP],
    ],
  );
  assert.equal(Array.from(samples[0]!.special), [1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1]);
  assert.equal(Array.from(samples[0]!.words), [-1, 0, 1, 2, -1, 3, 4, -1, -1, 5, -1]);
});

test.run();
