/** Samples of an epoch as a list, a promise and a stream: order and corruption are functions of the seed, resuming is exact. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sample } from "../../../sdk/data/sample.js";
import { type EpochSamples, epochSamples } from "../../../sdk/train/loop/epoch-samples.js";
import { sequence } from "../../helpers/sequences.js";

const test = suite("samples of an epoch");

/** Samples whose first word tells their place. */
const list = (count: number): Sample[] => Array.from({ length: count }, (_, i) => sequence([1], 10 + i));
const placeOf = ({ ids }: Sample): number => ids[1]! - 10;

async function* stream(samples: readonly Sample[]): AsyncGenerator<Sample> {
  for (const sample of samples) yield sample;
}

/** The draws of corruption are in `noise`, beside the position. */
const objective = {
  corrupt: (sample: Sample, rng: { integer(n: number): number }): Sample => ({
    ...sample,
    noise: rng.integer(2 ** 31),
  }),
};

async function taken(
  samples: (epoch: number) => EpochSamples,
  { epoch = 0, start = 0, seed = 1, shuffleBuffer = 7 } = {},
) {
  const all: [place: number, noise: number][] = [];
  for await (const sample of epochSamples({ objective, samples, seed, shuffleBuffer }, epoch, start))
    all.push([placeOf(sample), sample.noise!]);
  return all;
}

const SOURCES: Readonly<Record<string, (samples: readonly Sample[]) => EpochSamples>> = {
  list: (samples) => samples,
  promise: async (samples) => samples,
  stream,
};

for (const [name, from] of Object.entries(SOURCES))
  test(`${name}: every sample once, another order each epoch and seed, resumed anywhere with the same`, async () => {
    for (const count of [1, 2, 7, 8, 50]) {
      const samples = () => from(list(count));
      const whole = await taken(samples);
      assert.equal(
        whole.map(([place]) => place).sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i),
      );
      assert.equal(await taken(samples), whole);
      for (let start = 0; start <= count; start++) assert.equal(await taken(samples, { start }), whole.slice(start));
      if (count < 7) continue;
      assert.not.equal(await taken(samples, { epoch: 1 }), whole);
      assert.not.equal(await taken(samples, { seed: 2 }), whole);
    }
  });

test("a promise is a list; a stream whose buffer holds everything is shuffled as a whole, with the same corruption", async () => {
  const samples = list(30);
  const listed = await taken(() => samples);
  assert.equal(await taken(async () => samples), listed);
  const streamed = await taken(() => stream(samples), { shuffleBuffer: 30 });
  const byPlace = (rows: [number, number][]) => [...rows].sort(([a], [b]) => a - b);
  assert.equal(byPlace(streamed), byPlace(listed));
});

test("a stream is read as it is used: no further than the buffer reaches", async () => {
  let read = 0;
  const endless = async function* () {
    for (;;) yield sequence([1], 10 + read++);
  };
  let count = 0;
  for await (const _ of epochSamples({ objective, samples: endless, seed: 1, shuffleBuffer: 100 }, 0, 0))
    if (++count === 1000) break;
  assert.ok(read <= 1101, `${read} read for 1000 taken`);
});

test("an epoch without samples, and one that ends before the place to resume at, are refused", async () => {
  for (const from of Object.values(SOURCES)) {
    const failing = async (count: number, start: number) => {
      try {
        await taken(() => from(list(count)), { start });
        return "nothing";
      } catch (error) {
        return (error as Error).message;
      }
    };
    assert.match(await failing(0, 0), /epoch 0 has no samples/);
    assert.match(await failing(3, 4), /resumed at sample 4 of epoch 0, which has 3/);
  }
});

test.run();
