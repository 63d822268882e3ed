/** Streams read as one: shares, whole readings, the end of an epoch, and the same samples for the same seed and epoch. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { besideEachOther, mixedStreams, type SampleStream } from "../../../sdk/cli/pretrain/interleaved.js";
import type { Sample } from "../../../sdk/data.js";
import { languageShares } from "../../../sdk/tokenizer/index.js";

const test = suite("interleaved streams");

const sampleWith = (ids: Int32Array): Sample => {
  const none = new Uint8Array(ids.length);
  return { ids, segments: none, special: none, words: ids, labels: {} };
};

/** Samples with two numbers each: the stream's, and their own. Readings differ in their order; open ones are counted. */
function numbered(stream: number, count: number, claimed = count) {
  const state = { open: 0, readings: [] as number[] };
  const source: SampleStream = {
    size: async () => claimed,
    async *read(reading) {
      state.readings.push(reading);
      state.open++;
      try {
        for (let i = 0; i < count; i++) yield sampleWith(Int32Array.of(stream, (i + reading) % count));
      } finally {
        state.open--;
      }
    },
  };
  return { ...source, state };
}

const collected = async (samples: AsyncIterable<Sample>): Promise<[number, number][]> => {
  const all: [number, number][] = [];
  for await (const { ids } of samples) all.push([ids[0]!, ids[1]!]);
  return all;
};
const ofStream = (all: readonly [number, number][], stream: number): number[] =>
  all.filter(([own]) => own === stream).map(([, i]) => i);

test("an epoch ends when each language has been read completely; languages have their smoothed shares", async () => {
  const counts = [9000, 1000, 0];
  for (const smoothing of [0, 0.3, 0.7, 1]) {
    const parts = counts.map((count, i) => numbered(i, count));
    const mixed = mixedStreams(parts, { smoothing, seed: 1 });
    const all = await collected(mixed.read(0));
    for (const i of [0, 1]) assert.is(new Set(ofStream(all, i)).size, counts[i], `smoothing ${smoothing}, stream ${i}`);
    const { 0: share } = languageShares({ 0: 9000, 1: 1000 }, smoothing);
    const drawn = ofStream(all, 0).length / all.length;
    // Five standard errors of a share of at least 9,000 draws.
    const most = 5 * Math.sqrt((share! * (1 - share!)) / all.length);
    assert.ok(Math.abs(drawn - share!) < most, `smoothing ${smoothing}: ${drawn} instead of ${share}`);
    // The size is that of an epoch, up to the same deviation.
    assert.ok(Math.abs((await mixed.size()) / all.length - 1) < (most / share!) * 2, `${await mixed.size()}`);
    assert.equal(
      parts.map(({ state }) => state.open),
      [0, 0, 0],
    );
  }
});

test("every pass over a language has its own number, in all epochs", async () => {
  const parts = [numbered(0, 400), numbered(1, 10)];
  const mixed = mixedStreams(parts, { smoothing: 0.5, seed: 1 });
  for (const epoch of [0, 1, 2]) await collected(mixed.read(epoch));
  for (const { state } of parts) assert.is(new Set(state.readings).size, state.readings.length);
  assert.ok(parts[1]!.state.readings.length > 9);
});

test("streams beside each other are read once each, spread over the epoch, also where an estimate is wrong", async () => {
  for (const claimed of [300, 30, 3000]) {
    const both = besideEachOther([numbered(0, 3000), numbered(1, 300, claimed)], 7);
    const all = await collected(both.read(2));
    for (const [i, count] of [3000, 300].entries())
      assert.equal(
        ofStream(all, i),
        Array.from({ length: count }, (_, at) => (at + 2) % count),
      );
    if (claimed !== 300) continue;
    // Of the 300, each half of the epoch has 150, with a standard deviation below 9.
    const early = ofStream(all.slice(0, all.length / 2), 1).length;
    assert.ok(Math.abs(early - 150) < 5 * 9, `${early} in the first half`);
  }
});

test("samples are a function of seed and epoch; a reader that stops early closes every stream", async () => {
  const read = (seed: number, epoch: number) =>
    collected(mixedStreams([numbered(0, 90), numbered(1, 30)], { smoothing: 0.5, seed }).read(epoch));
  const first = await read(1, 0);
  assert.equal(await read(1, 0), first);
  assert.not.equal(await read(2, 0), first);
  assert.not.equal(await read(1, 1), first);
  const parts = [numbered(0, 90), numbered(1, 30)];
  for await (const _ of mixedStreams(parts, { smoothing: 0.5, seed: 1 }).read(0))
    if (parts.every(({ state }) => state.open > 0)) break;
  assert.equal(
    parts.map(({ state }) => state.open),
    [0, 0],
  );
});

test.run();
