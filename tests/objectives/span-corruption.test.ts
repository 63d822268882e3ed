import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  noiseCounts,
  rawLength,
  sentinelsOf,
  sourceAndTarget,
  spanCorruption,
  spanNoise,
} from "../../sdk/objectives/span-corruption.js";
import { seed } from "../../sdk/tensor/random.js";
import { sequence, t5Tokenizer } from "../helpers/sequences.js";

const test = suite("span corruption");
const FIRST = 32099;

test("counts are those of the official code, with products in f32", () => {
  assert.equal(
    [190, 350, 390].map((n) => noiseCounts(n).tokens),
    [29, 53, 59],
  );
  assert.equal(noiseCounts(1), { tokens: 0, spans: 0 });
  assert.equal(noiseCounts(2), { tokens: 1, spans: 1 });
  assert.equal(noiseCounts(100), { tokens: 15, spans: 5 });
});

test("raw lengths fill the source without padding", () => {
  assert.equal(
    [64, 128, 512].map((length) => rawLength(length)),
    [
      { raw: 70, target: 14 },
      { raw: 141, target: 29 },
      { raw: 568, target: 114 },
    ],
  );
  assert.equal(rawLength(512, 0.5), { raw: 766, target: 512 });
});

test("noise: the counted tokens in the counted spans; the first token clean, the last noise", () => {
  const rng = seed(1);
  for (let n = 2; n < 400; n++) {
    const noise = spanNoise(n, rng.fork(n));
    const { tokens, spans } = noiseCounts(n);
    assert.is(noise.length, n);
    assert.is(noise.filter(Boolean).length, tokens);
    assert.is(noise.filter((hidden, i) => hidden && !noise[i - 1]).length, spans);
    assert.not(noise[0]);
    assert.ok(noise.at(-1));
  }
});

test("all divisions are equally likely", () => {
  // 4 clean and 2 noise tokens in 2 spans: 3 ways for the clean ones, one for the noise.
  const seen = new Map<string, number>();
  const rng = seed(3);
  const rounds = 6000;
  for (let i = 0; i < rounds; i++) {
    const key = spanNoise(6, rng.fork(i), 1 / 3, 1)
      .map(Number)
      .join("");
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  assert.equal([...seen.keys()].sort(), ["000101", "001001", "010001"]);
  // Five standard errors of a share of a third: 5 * sqrt(2 / 9 / 6000) = 0.03.
  for (const count of seen.values()) assert.ok(Math.abs(count / rounds - 1 / 3) < 0.03, `${count}`);
});

test("source and target interleave back to the text", () => {
  const rng = seed(2);
  for (let round = 0; round < 1000; round++) {
    const own = rng.fork(round);
    const n = 2 + own.integer(300);
    const ids = Int32Array.from({ length: n }, (_, i) => 5 + i);
    const { source, target } = sourceAndTarget(ids, spanNoise(n, own), sentinelsOf(t5Tokenizer(FIRST)));
    assert.is(source.at(-1), 1);
    assert.is(target.at(-1), 1);
    const isSentinel = (id: number) => id > FIRST - 100 && id <= FIRST;
    const parts = (of: Int32Array) => {
      const runs: number[][] = [[]];
      const sentinels: number[] = [];
      for (const id of of.slice(0, -1)) {
        if (isSentinel(id)) {
          sentinels.push(id);
          runs.push([]);
        } else runs.at(-1)!.push(id);
      }
      return { runs, sentinels };
    };
    const [clean, noise] = [parts(source), parts(target)];
    assert.equal(clean.sentinels, noise.sentinels);
    assert.equal(
      clean.sentinels,
      clean.sentinels.map((_, i) => FIRST - i),
    );
    assert.equal(noise.runs[0], []);
    const text = clean.runs.flatMap((run, i) => [...run, ...(noise.runs[i + 1] ?? [])]);
    assert.equal(text, Array.from(ids));
  }
});

test("samples: special tokens are left out, the decoder begins with its start, one seed gives one corruption", () => {
  const corrupt = spanCorruption({ tokenizer: t5Tokenizer(FIRST) });
  const sample = sequence(new Array<number>(20).fill(2));
  const noisy = corrupt(sample, seed(4));
  const { target } = noisy;
  assert.is(target!.ids[0], 0);
  assert.equal(Array.from(target!.ids.slice(1)), Array.from(target!.labels.tokens!.slice(0, -1)));
  assert.not(noisy.ids.includes(0));
  assert.equal(corrupt(sample, seed(4)), noisy);
  assert.not.equal(corrupt(sample, seed(5)), noisy);
});

test("a text that needs more sentinels than there are is refused", () => {
  const corrupt = spanCorruption({ tokenizer: t5Tokenizer(FIRST, 1, 2) });
  assert.throws(() => corrupt(sequence(new Array<number>(60).fill(1)), seed(1)), /more than 2 sentinels/);
});

test("sentinels may have any ids; a tokenizer without them is refused", () => {
  const ids = new Map([
    ["<extra_id_0>", 50],
    ["<extra_id_1>", 7],
  ]);
  const tokenizer = { id: (token: string) => ids.get(token), special: { eos: 1, pad: 0 } };
  assert.equal(sentinelsOf(tokenizer), { ids: [50, 7], end: 1, start: 0 });
  const noise = [false, true, false, true];
  const { source, target } = sourceAndTarget(Int32Array.of(20, 21, 22, 23), noise, sentinelsOf(tokenizer));
  assert.equal(
    [Array.from(source), Array.from(target)],
    [
      [20, 50, 22, 7, 1],
      [50, 21, 7, 23, 1],
    ],
  );
  assert.throws(() => spanCorruption({ tokenizer: { id: () => undefined, special: { eos: 1 } } }), /<extra_id_0>/);
  assert.throws(() => spanCorruption({ tokenizer: { ...tokenizer, special: {} } }), /<\/s>/);
});

test.run();
