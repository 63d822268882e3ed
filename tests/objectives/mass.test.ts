import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { fragmentStart, mass, visibleSource } from "../../sdk/objectives/mass.js";
import { seed } from "../../sdk/tensor/random.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { tensor } from "../../sdk/tensor/tensor.js";
import { engines } from "../helpers/engines.js";
import { MASK, sequence, tokenizer } from "../helpers/sequences.js";
import { SIZE, tinyModel } from "../helpers/tiny-models.js";

const test = suite("mass");

test("the fragment: half of the tokens, hidden in the source, written at its own places", () => {
  const fates = { mask: 0, kept: 0, random: 0 };
  for (let round = 0; round < 2000; round++) {
    const sample = sequence([1, 2, 1, 3, 1, 2]);
    const noisy = mass({ tokenizer }).corrupt(sample, seed(round));
    const n = sample.ids.length; // 12: the fragment has 6
    const target = noisy.target!;
    assert.is(noisy.ids.length, n);
    assert.is(target.ids.length, 6);
    const first = target.positions![0]! + 1;
    assert.ok(first >= 1 && first + 6 <= n);
    assert.equal(
      Array.from(target.positions!),
      Array.from({ length: 6 }, (_, i) => first - 1 + i),
    );
    assert.equal(Array.from(target.ids), Array.from(sample.ids.slice(first - 1, first + 5)));
    assert.equal(Array.from(target.labels.tokens!), Array.from(sample.ids.slice(first, first + 6)));
    for (let i = 0; i < n; i++) {
      if (i < first || i >= first + 6) assert.is(noisy.ids[i], sample.ids[i]);
      else fates[noisy.ids[i] === MASK ? "mask" : noisy.ids[i] === sample.ids[i] ? "kept" : "random"]++;
    }
  }
  // 12,000 tokens: five standard errors are 5 * sqrt(0.16 / 12000) = 0.018.
  assert.ok(Math.abs(fates.mask / 12000 - 0.8) < 0.018, `${fates.mask}`);
  assert.ok(Math.abs(fates.kept / 12000 - 0.1) < 0.018, `${fates.kept}`);
});

test("documents: half of each block of tokens, anywhere in it, the start symbol never", () => {
  const sample = sequence(Array.from({ length: 150 }, () => 1));
  const n = sample.ids.length;
  const begins = new Set<number>();
  for (let round = 0; round < 300; round++) {
    const { ids, target } = mass({ tokenizer, blockSize: 64 }).corrupt(sample, seed(round));
    const places = Array.from(target!.positions!, (place) => place + 1);
    assert.equal(
      Array.from(target!.labels.tokens!),
      places.map((place) => sample.ids[place]),
    );
    assert.equal(
      Array.from(target!.ids),
      places.map((place) => sample.ids[place - 1]),
    );
    for (let begin = 1; begin < n; begin += 64) {
      const own = places.filter((place) => place >= begin && place < begin + 64);
      assert.is(own.length, Math.floor(Math.min(64, n - begin) / 2));
      assert.is(own.at(-1)! - own[0]!, own.length - 1, "one fragment, without a gap");
      if (begin === 1) begins.add(own[0]!);
    }
    const outside = [...ids.keys()].filter((place) => !places.includes(place));
    assert.ok(outside.every((place) => ids[place] === sample.ids[place]));
  }
  // 33 beginnings, each missed in 300 rounds with a chance of (32/33)^300 = 1e-4.
  assert.equal(
    [...begins].sort((a, b) => a - b),
    Array.from({ length: 33 }, (_, i) => i + 1),
  );
  assert.is(mass({ tokenizer, blockSize: 64 }).corrupt(sequence([]), seed(1)).target!.ids.length, 1);
});

test("where fragments begin: a fifth each at the ends, the rest anywhere", () => {
  const counts = new Map<number, number>();
  const rounds = 20000;
  for (let round = 0; round < rounds; round++) {
    const first = fragmentStart(20, 10, seed(round));
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  // Ten places, 1 to 10: the ends have 0.2 + 0.06, the others 0.06. Five standard errors: 5 * sqrt(0.19 / 20000) = 0.0155.
  for (let first = 1; first <= 10; first++) {
    const want = first === 1 || first === 10 ? 0.26 : 0.06;
    assert.ok(Math.abs(counts.get(first)! / rounds - want) < 0.0155, `${first}: ${counts.get(first)}`);
  }
  assert.is(counts.size, 10);
});

test("the decoder does not see hidden places of the source", () => {
  using _ = new Scope();
  const [engine] = engines;
  const sample = sequence([1, 1]);
  const batch = collate([
    { ...sample, ids: Int32Array.of(0, MASK, 11, 2) },
    { ...sample, ids: Int32Array.of(MASK, MASK, MASK, MASK) },
    { ...sample, ids: Int32Array.of(0, 10, 11, MASK) },
  ]);
  const hidden = tensor(
    engine!,
    Float32Array.from({ length: 12 }, (_, i) => i),
    [12, 1],
  );
  const seen = visibleSource(hidden, batch, MASK);
  assert.equal(Array.from(seen.starts), [0, 3, 7, 10]);
  assert.equal(Array.from(seen.hidden.data), [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("a share near 0 hides one token, as masked LM does; a share of 1 hides all after the start symbol", () => {
  const sample = sequence([1, 1, 1, 1, 1]);
  const lengths = [0.01, 0.5, 1].map((share) => {
    const { ids, target } = mass({ tokenizer, maskingRate: share }).corrupt(sample, seed(1));
    assert.is(ids.length, 7);
    return target!.ids.length;
  });
  // round(0.5 · 7) = 4: half to even.
  assert.equal(lengths, [1, 4, 6]);
});

for (const seesMasked of [false, true])
  test(`cross-attention ${seesMasked ? "sees" : "gives a weight of exactly 0 to"} places that show the mask`, () => {
    const [engine] = engines as [Engine];
    using loaded = tinyModel(engine, "bart", "seq2seq-lm", { deviation: 0.2 });
    const { model } = loaded;
    const objective = mass({ tokenizer: { size: SIZE, special: { mask: MASK } }, attendToMasked: seesMasked });
    const batch = collate([5, 8].map((n, i) => objective.corrupt(sequence(new Array<number>(n).fill(1)), seed(i))));
    const hiding = Array.from(batch.ids, (id) => id === MASK);
    assert.ok(hiding.includes(true));
    /** The loss where the encoder's states at some places are other ones. */
    const lossWith = (other: (place: number) => boolean): number => {
      using _ = new Scope();
      const disturbed = {
        ...model,
        encode: (given: Batch) => {
          const { data, shape } = model.encode(given);
          const width = shape[1]!;
          return tensor(
            engine,
            data.map((v, i) => (other(Math.floor(i / width)) ? v + 3 : v)),
            shape,
          );
        },
      };
      return objective.losses(disturbed, batch, objective.counts(batch))[0]!.item();
    };
    const loss = lossWith(() => false);
    const [hidden, seen] = [lossWith((place) => hiding[place]!), lossWith((place) => !hiding[place]!)];
    assert.is(hidden === loss, !seesMasked, `${loss}, ${hidden}`);
    assert.is.not(seen, loss);
  });

test.run();
