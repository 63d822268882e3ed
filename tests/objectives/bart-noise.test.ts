import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  bartNoise,
  denoising,
  hiddenCount,
  poissonTable,
  rotated,
  sentenceEnds,
  spanLengths,
} from "../../sdk/objectives/bart-noise.js";
import { type Rng, seed, shuffle } from "../../sdk/tensor/random.js";
import { near } from "../helpers/near.js";
import { CLS, MASK, SEP, SIZE, sequence, tokenizer } from "../helpers/sequences.js";

const test = suite("bart noise");
const DOT = 9;

/** n words of one piece each, with the boundary symbols. */
const plain = (n: number) => ({
  ids: [CLS, ...Array.from({ length: n }, (_, i) => 10 + i), SEP],
  begins: new Array<boolean>(n + 2).fill(true),
});

test("the table of lengths", () => {
  const table = poissonTable(3);
  assert.is(table.length, 18);
  near(table.slice(0, 8), [0.049787, 0.149361, 0.224042, 0.224042, 0.168031, 0.100819, 0.050409, 0.021604], {
    atol: 1e-6,
  });
  near([table.reduce((a, b) => a + b)], [0.9999999964], { atol: 1e-10 });
});

test("counts round up, with the product in f32", () => {
  assert.equal(
    [50, 90, 100].map((words) => hiddenCount(words, 0.3)),
    [16, 28, 31],
  );
});

test("lengths of spans: their sum is the count exactly, and only the last is cut", () => {
  const rng = seed(1);
  let [drawn, empty] = [0, 0];
  for (let round = 0; round < 3000; round++) {
    const spans = spanLengths(30, 3, rng.fork(round));
    assert.is(
      spans.lengths.reduce((a, b) => a + b),
      30,
    );
    assert.ok(spans.lengths.every((length) => length > 0));
    drawn += spans.lengths.length + spans.empty;
    empty += spans.empty;
  }
  // One in exp(3) is empty: five standard errors of the share are 5 * sqrt(0.05 * 0.95 / 30000) = 0.0063.
  assert.ok(Math.abs(empty / drawn - Math.exp(-3)) < 0.0063, `${empty / drawn}`);
});

test("token masking: that many masks in place; token deletion: that many tokens fewer", () => {
  const masked = bartNoise(plain(50), seed(2), { tokenizer, tokenNoise: "mask", maskingRate: 0.3 }).ids;
  assert.is(masked.length, 52);
  assert.is(masked.filter((id) => id === MASK).length, 16);
  assert.ok(masked.every((id, i) => id === MASK || id === plain(50).ids[i]));
  const left = bartNoise(plain(50), seed(2), { tokenizer, tokenNoise: "delete", maskingRate: 0.3 }).ids;
  assert.is(left.length, 52 - 16);
  assert.equal(
    left,
    plain(50).ids.filter((id) => left.includes(id)),
  );
  assert.is(left[0], CLS);
  assert.is(left.at(-1), SEP);
});

test("random tokens replace masks at the given rate", () => {
  let [masks, others] = [0, 0];
  for (let round = 0; round < 400; round++) {
    const { ids } = bartNoise(plain(50), seed(round), {
      tokenizer,
      tokenNoise: "mask",
      maskingRate: 0.3,
      randomRate: 0.25,
    });
    masks += ids.filter((id) => id === MASK).length;
    others += ids.filter((id, i) => id !== MASK && id !== plain(50).ids[i]).length;
  }
  // Of 6,400 five standard errors are 5 * sqrt(0.1875 / 6400) = 0.027; a random token is the mask or the original one time in 500.
  assert.ok(Math.abs(others / (masks + others) - 0.25) < 0.03, `${others} of ${masks + others}`);
});

test("infilling: words are replaced by masks, the edges stay, the target does not change", () => {
  let inserted = 0;
  for (let round = 0; round < 500; round++) {
    const { ids } = bartNoise(plain(40), seed(round), { tokenizer });
    const kept = ids.filter((id) => id >= 10);
    const masks = ids.filter((id) => id === MASK).length;
    assert.is(ids[0], CLS);
    assert.is(ids.at(-1), SEP);
    assert.equal(
      kept,
      [...kept].sort((a, b) => a - b),
    );
    const removed = 40 - kept.length;
    assert.ok(removed > 0 && removed <= 13, `${removed}`); // hiddenCount(40, 0.3) = 13 in f32
    assert.ok(masks > 0);
    // More masks than runs of missing words: spans of no words put them in.
    let runs = 0;
    for (let i = 10; i < 50; i++) if (!kept.includes(i) && (i === 10 || kept.includes(i - 1))) runs++;
    if (masks > runs) inserted++;
  }
  assert.ok(inserted > 50, `${inserted}`);
});

/**
 * The masks that are left of one sentence of `n` words, played out with a set of words: spans begin at different words, a
 * span that begins inside another loses its mask with that word, and a span of no words is a mask more.
 */
function masksLeft(n: number, hidden: number, rng: Rng): number {
  let [sum, empty] = [0, 0];
  const lengths: number[] = [];
  while (sum < hidden) {
    // A Poisson variable: how many uniform factors until their product is below exp(-3). Knuth 1969, section 3.4.1.
    let length = 0;
    for (let product = rng(); product > Math.exp(-3); product *= rng()) length++;
    if (length === 0) empty++;
    else lengths.push(Math.min(length, hidden - sum));
    sum += length;
  }
  const words = shuffle([...Array(n).keys()], rng);
  const covered = new Set(
    lengths.flatMap((length, i) => Array.from({ length: length - 1 }, (_, k) => words[i]! + 1 + k)),
  );
  return empty + lengths.filter((_, i) => !covered.has(words[i]!)).length;
}

test("infilling: masks per sentence are as many as a simulation expects", () => {
  const rounds = 4000;
  for (const n of [20, 60]) {
    const hidden = hiddenCount(n, 0.3);
    const counts = Array.from({ length: rounds }, (_, round) => {
      const { ids } = bartNoise(plain(n), seed(round), { tokenizer });
      return [ids.filter((id) => id === MASK).length, masksLeft(n, hidden, seed(round).fork(9))] as const;
    });
    const [got, want] = [0, 1].map((side) => counts.reduce((sum, pair) => sum + pair[side]!, 0) / rounds) as [
      number,
      number,
    ];
    const squares = counts.reduce((sum, [, count]) => sum + (count - want) ** 2, 0);
    // Five standard errors of the difference of two such means.
    const bound = 5 * Math.sqrt((2 * squares) / rounds / rounds);
    assert.ok(Math.abs(got - want) < bound && bound < 0.05 * want, `${n} words: ${got}, expected ${want} ± ${bound}`);
  }
});

test("the target is the text, with any noise", () => {
  const sample = sequence([1, 2, 1, 3, 1, 1]);
  const target = denoising({ tokenizer, tokenNoise: "none" })(sample, seed(1)).target;
  for (const tokenNoise of ["mask", "delete", "infill"] as const)
    for (let round = 0; round < 50; round++) {
      const noise = {
        tokenizer,
        tokenNoise,
        permuteSentences: 1,
        rotate: 0.5,
        randomRate: 0.2,
        endsSentence: (id: number) => id === 12,
      };
      const noisy = denoising(noise)(sample, seed(round));
      assert.equal(noisy.target, target);
      assert.equal([noisy.ids[0], noisy.ids.at(-1)], [CLS, SEP]);
    }
});

test("infilling hides whole words", () => {
  const sample = sequence([3, 2, 1, 4, 2, 3, 1, 2]);
  const noisy = denoising({ tokenizer })(sample, seed(3));
  for (const word of new Set(sample.words)) {
    if (word < 0) continue;
    const pieces = Array.from(sample.ids).filter((_, i) => sample.words[i] === word);
    const left = pieces.filter((id) => noisy.ids.includes(id)).length;
    assert.ok(left === 0 || left === pieces.length, `word ${word}: ${left} of ${pieces.length} pieces`);
  }
});

test("sentences: ends follow full stops that follow none; all of them change places", () => {
  const isDot = (id: number) => id === DOT;
  const ids = [CLS, 10, 11, DOT, DOT, 12, DOT, 13, 14, SEP];
  assert.equal(sentenceEnds(ids, isDot), [4, 7, 9]);
  const seen = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const moved = bartNoise({ ids, begins: ids.map(() => true) }, seed(round), {
      tokenizer,
      tokenNoise: "none",
      permuteSentences: 1,
      endsSentence: isDot,
    }).ids;
    assert.equal(
      [...moved].sort((a, b) => a - b),
      [...ids].sort((a, b) => a - b),
    );
    assert.is(moved[0], CLS);
    assert.is(moved.at(-1), SEP);
    seen.add(moved.join());
  }
  assert.is(seen.size, 6);
});

test("rotation", () => {
  assert.equal(rotated([0, 1, 2, 3, 4, 9], 3), [0, 3, 4, 1, 2, 9]);
  const seen = new Set<string>();
  let turned = 0;
  for (let round = 0; round < 400; round++) {
    const { ids } = bartNoise(plain(4), seed(round), { tokenizer, tokenNoise: "none", rotate: 0.5 });
    seen.add(ids.join());
    if (ids[1] !== 10) turned++;
  }
  // Offsets 1 to 5 of which 1 and 5 change nothing: 3 others, in half of the cases.
  assert.is(seen.size, 4);
  // 0.5 * 3 / 5 = 0.3; five standard errors are 5 * sqrt(0.21 / 400) = 0.115.
  assert.ok(Math.abs(turned / 400 - 0.3) < 0.115, `${turned}`);
});

test("samples: the decoder's inputs are the text with its end in front; one seed gives one corruption", () => {
  const sample = sequence([1, 2, 1, 3]);
  const corrupt = denoising({ tokenizer, permuteSentences: 1, rotate: 1 });
  const noisy = corrupt(sample, seed(8));
  assert.equal(Array.from(noisy.target!.labels.tokens!), Array.from(sample.ids));
  assert.equal(Array.from(noisy.target!.ids), [SEP, ...Array.from(sample.ids).slice(0, -1)]);
  assert.equal(corrupt(sample, seed(8)), noisy);
  assert.ok(noisy.ids.every((id) => id < SIZE));
});

test.run();
