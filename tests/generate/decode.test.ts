/** Greedy search and sampling. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collectRows, ENDED, greedy, sampled } from "../../sdk/generate/decode.js";
import { seed } from "../../sdk/tensor/random.js";
import { arbitrary, END, SIZE, scripted } from "../helpers/scripted-writer.js";

const test = suite("decode");

test("greedy search takes the best token, ends each row on its own, and reports why it ended", () => {
  const count = scripted((text, id) => (id === Math.min(END, text.at(-1)! + 1) ? 1 : 0), [[2], [0]]);
  const newest = [...greedy(count, { maxNewTokens: 10, eosIds: [END] })].map((ids) => Array.from(ids));
  assert.equal(newest, [
    [3, 1],
    [4, 2],
    [END, 3],
    [ENDED, 4],
    [ENDED, END],
  ]);
  assert.equal(collectRows(count, greedy(count, { maxNewTokens: 2, eosIds: [END] })), [
    [2, 3, 4],
    [0, 1, 2],
  ]);
});

test("sampling follows the probabilities; a seed determines the text", () => {
  const fixed = [0.5, 0.25, 0.125, 0.125].map(Math.log);
  const flat = (_: readonly number[], id: number) => fixed[id] ?? -100;
  const counts = new Array<number>(SIZE).fill(0);
  const rounds = 4000;
  for (const ids of sampled(scripted(flat), { maxNewTokens: 90, eosIds: [], rng: seed(1) })) counts[ids[0]!]!++;
  const rng = seed(2);
  for (let i = 0; i < rounds; i++)
    for (const ids of sampled(scripted(flat), { maxNewTokens: 1, eosIds: [], rng: rng.fork(i) })) counts[ids[0]!]!++;
  const total = counts.reduce((a, b) => a + b);
  // Five standard errors of a share of one half: 5 * sqrt(0.25 / 4090) = 0.039.
  for (const [id, p] of [0.5, 0.25, 0.125, 0.125, 0, 0].entries())
    assert.ok(Math.abs(counts[id]! / total - p) < 0.039, `${id}: ${counts[id]}`);
  const text = (value: number) =>
    collectRows(
      scripted(arbitrary),
      sampled(scripted(arbitrary), { maxNewTokens: 20, eosIds: [END], rng: seed(value) }),
    );
  assert.equal(text(3), text(3));
  assert.not.equal(text(3), text(4));
});

test("a prompt that does not fit gives a clear error", () => {
  const writer = { ...scripted(arbitrary), prompts: [Int32Array.of(0, 1)], maxLength: 5 };
  assert.throws(
    () => [...greedy(writer, { maxNewTokens: 5, eosIds: [] })],
    /2 tokens and 5 new ones do not fit the model's 5 positions/,
  );
});

test.run();
