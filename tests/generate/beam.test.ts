/** Beam search against an exhaustive search. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beamSearch } from "../../sdk/generate/beam.js";
import { collectRows, greedy } from "../../sdk/generate/decode.js";
import { softmax } from "../../sdk/heads/probabilities.js";
import { near } from "../helpers/near.js";
import { arbitrary, END, SIZE, scripted } from "../helpers/scripted-writer.js";

const test = suite("beam search");

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

test("a beam wide enough for all texts finds the best one", () => {
  for (const penalty of [0, 1, 2]) {
    const want = best(arbitrary, 3, penalty);
    const [found] = beamSearch(scripted(arbitrary), {
      beams: 150,
      maxNewTokens: 3,
      eosIds: [END],
      lengthPenalty: penalty,
      early: "never",
    });
    assert.equal([...found![0]!.ids], want.ids);
    near([found![0]!.score], [want.score], { atol: 1e-5 });
  }
});

test("one beam equals greedy search; a row gives the same result alone and in a batch", () => {
  const path = collectRows(scripted(arbitrary), greedy(scripted(arbitrary), { maxNewTokens: 6, eosIds: [END] }))[0]!;
  const [one] = beamSearch(scripted(arbitrary), { beams: 1, maxNewTokens: 6, eosIds: [END] });
  assert.equal([...one![0]!.ids], path);
  const both = beamSearch(scripted(arbitrary, [[0], [3]]), { beams: 3, maxNewTokens: 6, eosIds: [END] });
  const single = [[0], [3]].map(
    (prompt) => beamSearch(scripted(arbitrary, [prompt]), { beams: 3, maxNewTokens: 6, eosIds: [END] })[0]!,
  );
  assert.equal(both, single);
});

test("stopping early: as many finished as beams are enough", () => {
  const options = { beams: 2, maxNewTokens: 8, eosIds: [END] };
  const early = beamSearch(scripted(arbitrary), { ...options, early: true })[0]!;
  const patient = beamSearch(scripted(arbitrary), { ...options, early: "never" as const })[0]!;
  assert.is(early.length, 2);
  assert.ok(patient[0]!.score >= early[0]!.score);
});

test.run();
