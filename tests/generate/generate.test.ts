import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beamSearch } from "../../sdk/generate/beam.js";
import { collectRows, ENDED, greedy, sampled } from "../../sdk/generate/decode.js";
import {
  badWordsRule,
  forcedRule,
  noRepeatRule,
  notBeforeRule,
  repetitionRule,
  temperatureRule,
  topKRule,
  topPRule,
} from "../../sdk/generate/rules.js";
import type { Writer } from "../../sdk/generate/writer.js";
import { softmax } from "../../sdk/heads/probabilities.js";
import { ArgumentError } from "../../sdk/options.js";
import { seed } from "../../sdk/tensor/random.js";
import { near } from "../helpers/near.js";

const test = suite("generate");
const SIZE = 6;
const END = 5;

/** A writer whose scores after a text are a fixed function of it: no model, so that every search can be done by hand. */
function scripted(score: (text: readonly number[], id: number) => number, prompts = [[0]]): Writer {
  let texts: number[][] = [];
  const scores = () => texts.map((text) => Float32Array.from({ length: SIZE }, (_, id) => score(text, id)));
  return {
    get rows() {
      return texts.length || prompts.length;
    },
    positions: 100,
    prompts: prompts.map((ids) => Int32Array.from(ids)),
    begin() {
      texts = prompts.map((ids) => [...ids]);
      return scores();
    },
    next(rows, ids) {
      texts = Array.from(rows, (row, i) => [...texts[row]!, ids[i]!]);
      return scores();
    },
    [Symbol.dispose]() {},
  };
}

/** Scores without any order in them, the same for the same text. */
const arbitrary = (text: readonly number[], id: number): number => {
  const key = text.reduce((sum, x) => (31 * sum + x + 1) % 1009, 7);
  return Math.sin(12.9898 * (key + 17 * id)) * 3;
};

test("greedy takes the best each time, ends rows by themselves, and says so", () => {
  const count = scripted((text, id) => (id === Math.min(END, text.at(-1)! + 1) ? 1 : 0), [[2], [0]]);
  const newest = [...greedy(count, { most: 10, ends: [END] })].map((ids) => Array.from(ids));
  assert.equal(newest, [
    [3, 1],
    [4, 2],
    [END, 3],
    [ENDED, 4],
    [ENDED, END],
  ]);
  assert.equal(collectRows(count, greedy(count, { most: 2, ends: [END] })), [
    [2, 3, 4],
    [0, 1, 2],
  ]);
});

/** The best of all texts by the sum of log-probabilities over length to a power: tried one by one. */
function best(score: typeof arbitrary, most: number, penalty: number): { ids: number[]; score: number } {
  let winner = { ids: [] as number[], score: Number.NEGATIVE_INFINITY };
  const walk = (text: number[], sum: number) => {
    const length = text.length - 1;
    if (length > 0 && (text.at(-1) === END || length === most)) {
      const worth = sum / length ** penalty;
      if (worth > winner.score) winner = { ids: text, score: worth };
      return;
    }
    const p = softmax(Float32Array.from({ length: SIZE }, (_, id) => score(text, id)));
    for (let id = 0; id < SIZE; id++) walk([...text, id], sum + Math.log(p[id]!));
  };
  walk([0], 0);
  return winner;
}

test("beams as wide as all texts find the best of all", () => {
  for (const penalty of [0, 1, 2]) {
    const want = best(arbitrary, 3, penalty);
    const [found] = beamSearch(scripted(arbitrary), {
      beams: 150,
      most: 3,
      ends: [END],
      lengthPenalty: penalty,
      early: "never",
    });
    assert.equal([...found![0]!.ids], want.ids);
    near([found![0]!.score], [want.score], { atol: 1e-5 });
  }
});

test("one beam is greedy; rows are searched beside each other as alone", () => {
  const path = collectRows(scripted(arbitrary), greedy(scripted(arbitrary), { most: 6, ends: [END] }))[0]!;
  const [one] = beamSearch(scripted(arbitrary), { beams: 1, most: 6, ends: [END] });
  assert.equal([...one![0]!.ids], path);
  const both = beamSearch(scripted(arbitrary, [[0], [3]]), { beams: 3, most: 6, ends: [END] });
  const single = [[0], [3]].map(
    (prompt) => beamSearch(scripted(arbitrary, [prompt]), { beams: 3, most: 6, ends: [END] })[0]!,
  );
  assert.equal(both, single);
});

test("stopping early: as many finished as beams are enough", () => {
  const options = { beams: 2, most: 8, ends: [END] };
  const early = beamSearch(scripted(arbitrary), { ...options, early: true })[0]!;
  const patient = beamSearch(scripted(arbitrary), { ...options, early: "never" as const })[0]!;
  assert.is(early.length, 2);
  assert.ok(patient[0]!.score >= early[0]!.score);
});

test("sampling draws by probability; a seed gives a text", () => {
  const fixed = [0.5, 0.25, 0.125, 0.125].map(Math.log);
  const flat = (_: readonly number[], id: number) => fixed[id] ?? -100;
  const counts = new Array<number>(SIZE).fill(0);
  const rounds = 4000;
  for (const ids of sampled(scripted(flat), { most: 90, ends: [], rng: seed(1) })) counts[ids[0]!]!++;
  const rng = seed(2);
  for (let i = 0; i < rounds; i++)
    for (const ids of sampled(scripted(flat), { most: 1, ends: [], rng: rng.fork(i) })) counts[ids[0]!]!++;
  const total = counts.reduce((a, b) => a + b);
  // Five standard errors of a share of one half: 5 * sqrt(0.25 / 4090) = 0.039.
  for (const [id, p] of [0.5, 0.25, 0.125, 0.125, 0, 0].entries())
    assert.ok(Math.abs(counts[id]! / total - p) < 0.039, `${id}: ${counts[id]}`);
  const text = (value: number) =>
    collectRows(scripted(arbitrary), sampled(scripted(arbitrary), { most: 20, ends: [END], rng: seed(value) }));
  assert.equal(text(3), text(3));
  assert.not.equal(text(3), text(4));
});

const apply = (
  rule: (scores: Float32Array, written: readonly number[]) => void,
  scores: readonly number[],
  written: readonly number[] = [],
) => {
  const row = Float32Array.from(scores);
  rule(row, written);
  return Array.from(row, (x) => Math.round(x * 1000) / 1000);
};
const NO = Number.NEGATIVE_INFINITY;

test("rules", () => {
  assert.equal(apply(temperatureRule(0.5), [1, -2]), [2, -4]);
  assert.equal(apply(topKRule(2), [1, 3, 2, 3]), [NO, 3, NO, 3]);
  assert.equal(apply(topKRule(9), [1, 3]), [1, 3]);
  const shares = [0.5, 0.3, 0.15, 0.05].map((p) => Math.fround(Math.log(p)));
  const p = (row: Float32Array) => Float32Array.from(softmax(row));
  assert.equal(
    apply(topPRule(0.7, p), shares).map((x) => x === NO),
    [false, false, true, true],
  );
  assert.equal(
    apply(topPRule(0.01, p), shares).map((x) => x === NO),
    [false, true, true, true],
  );
  assert.equal(apply(repetitionRule(2), [4, -4, 4], [0, 1, 1]), [2, -8, 4]);
  assert.equal(apply(noRepeatRule(2), [0, 0, 0], [1, 2, 1]), [0, 0, NO]);
  assert.equal(apply(noRepeatRule(2), [0, 0, 0], [1, 2]), [0, 0, 0]);
  assert.equal(apply(noRepeatRule(1), [0, 0, 0], [1]), [0, NO, 0]);
  assert.equal(apply(badWordsRule([[2], [0, 1]]), [0, 0, 0], [1, 0]), [0, NO, NO]);
  assert.equal(apply(forcedRule(1, 2), [5, 5, 5], [0, 0]), [NO, 0, NO]);
  assert.equal(apply(forcedRule(1, 2), [5, 5, 5], [0]), [5, 5, 5]);
  assert.equal(apply(notBeforeRule([1], 3), [5, 5, 5], [0, 0]), [5, NO, 5]);
  for (const broken of [
    () => temperatureRule(0),
    () => topKRule(0),
    () => topPRule(1.5, p),
    () => repetitionRule(0),
    () => noRepeatRule(0),
  ])
    assert.throws(broken, (error: unknown) => error instanceof ArgumentError);
});

test("a prompt that does not fit is refused in words", () => {
  const writer = { ...scripted(arbitrary), prompts: [Int32Array.of(0, 1)], positions: 5 };
  assert.throws(
    () => [...greedy(writer, { most: 5, ends: [] })],
    /2 tokens and 5 new ones do not fit the model's 5 positions/,
  );
});

test.run();
