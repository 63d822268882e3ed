import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate, labelled, type Sample } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import {
  allMasked,
  type MaskedLmOptions,
  maskedCount,
  maskedLm,
  roundHalfEven,
} from "../../sdk/objectives/masked-lm.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { type Rng, seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";

const test = suite("masked-lm");

const SIZE = 1000;
const MASK = 4;
const [CLS, SEP] = [2, 3];
const tokenizer = { size: SIZE, special: { mask: MASK } };

/** A pair of segments; words of one to three pieces; ids from 5 on. */
function sampleOf(length: number, rng: Rng): Sample {
  const middle = length >> 1;
  const special = Uint8Array.from({ length }, (_, i) => (i === 0 || i === middle || i === length - 1 ? 1 : 0));
  let word = -1;
  let left = 0;
  const words = Int32Array.from(special, (is) => {
    if (is) left = 0;
    if (is) return -1;
    if (left-- === 0) [word, left] = [word + 1, rng.integer(3)];
    return word;
  });
  return {
    ids: Int32Array.from(special, (is, i) => (is ? (i === 0 ? CLS : SEP) : 5 + rng.integer(SIZE - 5))),
    segments: Uint8Array.from({ length }, (_, i) => (i <= middle ? 0 : 1)),
    special,
    words,
    labels: { pair: 1 },
  };
}

const rng = seed(3);
const SAMPLES = Array.from({ length: 1000 }, () => sampleOf(128, rng));
/** Tokens that may be chosen: 125 of 128 in each. */
const FREE = 125 * SAMPLES.length;

/** What happened to the tokens of many samples. */
function corrupted(options: Omit<MaskedLmOptions, "tokenizer">, kind = maskedLm) {
  const objective = kind({ tokenizer, ...options });
  const counts = { chosen: 0, masked: 0, random: 0, kept: 0 };
  const drawn = new Map<number, number>();
  const perSample: number[] = [];
  for (const [i, sample] of SAMPLES.entries()) {
    const before = sample.ids.slice();
    const { ids, labels, segments, special, words } = objective.corrupt(sample, seed(1).fork(0, i));
    assert.equal(sample.ids, before, "corrupt must not change its argument");
    assert.equal([segments, special, words], [sample.segments, sample.special, sample.words]);
    assert.is(labels.pair, 1);
    const chosen = labelled(labels.tokens!);
    perSample.push(chosen.length);
    for (const [at, id] of ids.entries()) {
      const label = labels.tokens![at]!;
      if (label === IGNORE) {
        assert.is(id, sample.ids[at]);
        continue;
      }
      assert.is(label, sample.ids[at]);
      assert.is(special[at], 0);
      counts.chosen++;
      if (id === MASK) counts.masked++;
      else if (id === sample.ids[at]) counts.kept++;
      else {
        counts.random++;
        drawn.set(id, (drawn.get(id) ?? 0) + 1);
      }
    }
  }
  return { ...counts, drawn, perSample };
}

test("rounding is half to even, and counts are the original's", () => {
  for (const [x, want] of [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [3.5, 4],
    [2.4999, 2],
    [2.5001, 3],
    [0, 0],
    [7, 7],
  ] as const)
    assert.is(roundHalfEven(x), want, `${x}`);
  assert.equal(
    [3, 7, 10, 13, 17, 30, 50, 128, 130, 200].map((length) => maskedCount(length, 0.15, 20)),
    [1, 1, 2, 2, 3, 4, 8, 19, 20, 20],
  );
});

test("exact: the count of each sequence is that of its length, special tokens counted; the cap holds", () => {
  const { perSample } = corrupted({});
  assert.equal(new Set(perSample), new Set([19]));
  assert.equal(new Set(corrupted({ maxPredictions: 10 }).perSample), new Set([10]));
  for (const length of [3, 4, 5, 7, 10, 13, 17, 30, 50, 130]) {
    const sample = sampleOf(length, seed(length));
    const { labels } = maskedLm({ tokenizer, maxPredictions: 20 }).corrupt(sample, seed(1));
    assert.is(labelled(labels.tokens!).length, Math.min(length - 3, maskedCount(length, 0.15, 20)), `${length}`);
  }
});

/**
 * Of n draws with probability p a count is within 5 standard deviations of its mean but for one in a million; one
 * masked id in a thousand is the drawn one, or the mask itself, which is far below that.
 */
function about(count: number, n: number, p: number, what: string): void {
  assert.ok(
    Math.abs(count - n * p) <= 5 * Math.sqrt(n * p * (1 - p)) + n / SIZE,
    `${what}: ${count} of ${n}, expected ${n * p}`,
  );
}

for (const selection of ["bert", "transformers"] as const) {
  test(`${selection}: 15 % are chosen, of which 80 % masked, 10 % random, 10 % kept; the vocabulary is drawn from evenly`, () => {
    const { chosen, masked, random, kept, drawn, perSample } = corrupted({ selection });
    // round(128 × 0.15) = 19 of 125, or a coin for each.
    if (selection === "bert") assert.is(chosen, 19 * SAMPLES.length);
    else {
      about(chosen, FREE, 0.15, "chosen");
      assert.ok(Math.abs(chosen / FREE - 0.15) < 0.003);
      assert.ok(new Set(perSample).size > 10, "the count varies");
    }
    for (const [count, share] of [
      [masked, 0.8],
      [random, 0.1],
      [kept, 0.1],
    ] as const) {
      about(count, chosen, share, `${share}`);
      assert.ok(Math.abs(count / chosen - share) < 0.01);
    }
    // About 1,900 draws from 1,000 ids: each id is missed with probability e^-1.9, so 850 ± 5 × 10 differ.
    assert.ok(Math.abs(drawn.size - SIZE * (1 - Math.exp(-random / SIZE))) < 60, `${drawn.size} ids drawn`);
    assert.ok([...drawn.keys()].every((id) => id >= 0 && id < SIZE));
    assert.ok(
      [...drawn.keys()].some((id) => id < 5),
      "special entries of the vocabulary are drawn too",
    );
  });
}

test("the three replacements have their shares to less than half a percent", () => {
  const objective = maskedLm({ tokenizer, maxPredictions: 19 });
  const fates = { masked: 0, random: 0, kept: 0 };
  for (let round = 0; round < 20; round++) {
    for (const [i, sample] of SAMPLES.entries()) {
      const { ids, labels } = objective.corrupt(sample, seed(7).fork(round, i));
      const tokens = labels.tokens!;
      for (let at = 0; at < tokens.length; at++) {
        if (tokens[at] === IGNORE) continue;
        fates[ids[at] === MASK ? "masked" : ids[at] === tokens[at] ? "kept" : "random"]++;
      }
    }
  }
  // 380,000 draws: 5 standard deviations are 0.32 % for the masked and 0.24 % for the others.
  const total = 20 * 19 * SAMPLES.length;
  for (const [fate, share] of [
    ["masked", 0.8],
    ["random", 0.1],
    ["kept", 0.1],
  ] as const) {
    about(fates[fate], total, share, fate);
    assert.ok(Math.abs(fates[fate] / total - share) < 0.004);
  }
});

test("every position of the text is chosen as often as any other", () => {
  const hits = new Float64Array(128);
  const objective = maskedLm({ tokenizer });
  for (const [i, sample] of SAMPLES.entries())
    for (const at of labelled(objective.corrupt(sample, seed(2).fork(i)).labels.tokens!)) hits[at]!++;
  for (const [at, count] of hits.entries()) {
    if (SAMPLES[0]!.special[at]) assert.is(count, 0);
    else about(count, SAMPLES.length, 19 / 125, `position ${at}`);
  }
});

test("whole words are chosen together, up to the count; each piece has its own replacement", () => {
  const objective = maskedLm({ tokenizer, wholeWords: true });
  let [mixed, short, pieces] = [0, 0, 0];
  for (const [i, sample] of SAMPLES.entries()) {
    const { ids, labels } = objective.corrupt(sample, seed(1).fork(0, i));
    const chosen = new Set(labelled(labels.tokens!));
    assert.ok(chosen.size <= 19);
    // A single piece always fits somewhere, so the count is missed by none unless words of one piece ran out.
    if (chosen.size < 19) short++;
    pieces += chosen.size;
    for (const at of chosen) {
      for (const [other, word] of sample.words.entries()) if (word === sample.words[at]) assert.ok(chosen.has(other));
      const next = at + 1;
      if (sample.words[next] === sample.words[at] && (ids[at] === MASK) !== (ids[next] === MASK)) mixed++;
    }
  }
  assert.is(short, 0);
  assert.is(pieces, 19 * SAMPLES.length);
  assert.ok(mixed > 100, "fates differ within words");
});

test("tokens without a word number are candidates of their own", () => {
  const sample = { ...SAMPLES[0]!, words: new Int32Array(128).fill(-1) };
  const { labels } = maskedLm({ tokenizer, wholeWords: true }).corrupt(sample, seed(1));
  assert.is(labelled(labels.tokens!).length, 19);
});

test("for evaluation the same positions are chosen and all of them masked", () => {
  const { chosen, masked, perSample } = corrupted({}, allMasked);
  assert.equal([masked, new Set(perSample)], [chosen, new Set([19])]);
  const [a, b] = [allMasked, maskedLm].map((kind) => kind({ tokenizer }).corrupt(SAMPLES[0]!, seed(9)).labels.tokens);
  assert.equal(a, b);
});

test("the same seed, epoch and index give the same corruption; another gives another", () => {
  const objective = maskedLm({ tokenizer });
  const run = (...keys: number[]) => objective.corrupt(SAMPLES[0]!, seed(1).fork(...keys));
  assert.equal(run(0, 7), run(0, 7));
  assert.not.equal(run(0, 7).labels.tokens, run(1, 7).labels.tokens);
  assert.not.equal(run(0, 7).labels.tokens, run(0, 8).labels.tokens);
  assert.not.equal(objective.corrupt(SAMPLES[0]!, seed(2).fork(0, 7)).labels.tokens, run(0, 7).labels.tokens);
});

test("the loss is the sum over the batch's targets divided by the given count; without targets it is 0", async () => {
  using engine = await Engine.create();
  using _ = new Scope();
  const objective = maskedLm({ tokenizer });
  const hidden = tensor(engine, new Float32Array(2 * 128), [256, 1]);
  const seen: number[] = [];
  const head = {
    tokenScores(_: unknown, index: Int32Array) {
      seen.push(...index);
      return tensor(engine, new Float32Array(index.length * SIZE), [index.length, SIZE]);
    },
  };
  const batch = collate([0, 1].map((i) => objective.corrupt(SAMPLES[i]!, seed(1).fork(i))));
  assert.is(objective.count(batch), 38);
  // Equal scores: ln(1000) for each of the 38 targets; off by a few units of the sum in f32.
  const loss = objective.loss(head, hidden, batch, 19).item();
  assert.ok(Math.abs(loss - 2 * Math.log(SIZE)) < 1e-5, `${loss}`);
  assert.equal(seen, [...labelled(batch.labels.tokens!)]);
  const blank = collate([{ ...SAMPLES[0]!, labels: { tokens: new Int32Array(128).fill(IGNORE) } }]);
  assert.is(objective.count(blank), 0);
  assert.is(objective.loss(head, hidden, blank, 0).item(), 0);
  assert.throws(
    () => objective.count(collate([SAMPLES[0]!])),
    /masked-lm: the batch has no token labels; were its samples corrupted/,
  );
});

test.run();
