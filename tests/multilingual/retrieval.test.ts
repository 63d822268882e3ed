/** Retrieval, word translation, mining and word alignment against their formulas, computed pair by pair. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../sdk/data.js";
import { cosine } from "../../sdk/index.js";
import {
  alignmentFigures,
  alignWords,
  bestMatches,
  bestThreshold,
  DirectionError,
  eachScore,
  mineBitext,
  miningFigures,
  retrievalFigures,
  type Scoring,
  translationFigures,
} from "../../sdk/multilingual.js";

const random = (count: number, width: number, from: number): number[][] => {
  const rng = seed(from);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => 2 * rng() - 1));
};

/** Mean of the largest cosines. */
const neighbourhood = (cosines: readonly number[], k: number): number =>
  [...cosines]
    .sort((a, b) => b - a)
    .slice(0, k)
    .reduce((sum, x, _, all) => sum + x / all.length, 0);

const expected: Readonly<Record<Scoring, (c: number, x: number, y: number) => number>> = {
  cosine: (c) => c,
  csls: (c, x, y) => 2 * c - x - y,
  ratio: (c, x, y) => c / ((x + y) / 2),
  distance: (c, x, y) => c - (x + y) / 2,
};

test("scores are those of the published formulas, with 10 neighbors for CSLS and 4 for margins", () => {
  const [a, b] = [random(13, 7, 1), random(17, 7, 2)];
  const cosines = a.map((x) => b.map((y) => cosine(x, y)));
  for (const scoring of ["cosine", "csls", "ratio", "distance"] as const) {
    const k = scoring === "csls" ? 10 : 4;
    const rows: number[][] = [];
    eachScore(a, b, { scoring }, (row, scores) => {
      assert.is(row, rows.length);
      rows.push([...scores]);
    });
    assert.is(rows.length, 13);
    for (const [i, row] of rows.entries())
      for (const [j, score] of row.entries()) {
        const want = expected[scoring](
          cosines[i]![j]!,
          neighbourhood(cosines[i]!, k),
          neighbourhood(
            cosines.map((own) => own[j]!),
            k,
          ),
        );
        // Sums of some ten double-precision terms of size 1; a margin's denominator is not below 0.1 here.
        assert.ok(Math.abs(score - want) < 1e-13, `${scoring} ${i} ${j}: ${score} instead of ${want}`);
      }
  }
});

test("a hub that is nearest to all by cosine is not a match by CSLS", () => {
  const axis = (...at: readonly number[]) => Array.from({ length: 6 }, (_, d) => at[d] ?? 0);
  const sources = [axis(1), axis(0, 1), axis(0, 0, 1)];
  // Each target has a direction of its own (cosine 0.555 with its source); the last one is between all (0.577).
  const targets = [axis(1, 0, 0, 1.5), axis(0, 1, 0, 0, 1.5), axis(0, 0, 1, 0, 0, 1.5), axis(1, 1, 1)];
  const forward = (scoring: Scoring) =>
    bestMatches(sources, targets, { scoring, neighbours: 3 }).forward.map(({ index }) => index);
  assert.equal(forward("cosine"), [3, 3, 3]);
  for (const scoring of ["csls", "ratio", "distance"] as const) assert.equal(forward(scoring), [0, 1, 2], scoring);
});

test("precision at 1 counts both directions; of equals the first wins", () => {
  const a = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const b = [
    [2, 0],
    [3, 0],
    [1, 1.1],
  ];
  // Forward: 0 -> 0 (1 is equal but later), 1 -> 2, 2 -> 2. Backward: 0 -> 0, 1 -> 0, 2 -> 2.
  assert.equal(retrievalFigures(a, b), { forward: 2 / 3, backward: 2 / 3, mean: 2 / 3 });
  assert.equal(retrievalFigures(a, a).mean, 1);
});

test("the rank of a translation: the best of several, and a tie counts against it", () => {
  const queries = [
    [1, 0],
    [0, 1],
    [1, 0],
  ];
  const candidates = [
    [1, 0],
    [1, 0.5],
    [0, 1],
    [2, 0],
  ];
  const figures = translationFigures(queries, candidates, [[1, 0], [1], [3]]);
  // Query 0: candidate 0 ties with 3 -> rank 2. Query 1: candidate 2 is nearer than 1 -> rank 2. Query 2: ties with 0 -> 2.
  assert.equal(figures, { reciprocalRank: 0.5, precision: 0, queries: 3, candidates: 4 });
  assert.is(translationFigures(queries.slice(1, 2), candidates, [[2]]).precision, 1);
  assert.throws(() => translationFigures(queries, candidates, [[0], [], [1]]), /query 1 has no translation/);
  assert.throws(() => translationFigures(queries, candidates, [[0], [9], [1]]), /query 1: a translation is not among/);
});

test("mining takes the highest-scoring pairs first and no sentence twice", () => {
  const a = random(40, 12, 3);
  const noise = random(40, 12, 4);
  // Targets 0-29 are near their sources, the other ten are strangers.
  const b = a.map((vector, i) => (i < 30 ? vector.map((x, d) => x + 0.3 * noise[i]![d]!) : noise[i]!));
  const mined = mineBitext(a, b);
  assert.is(new Set(mined.map(({ source }) => source)).size, mined.length);
  assert.is(new Set(mined.map(({ target }) => target)).size, mined.length);
  assert.ok(mined.every(({ score }, i) => i === 0 || mined[i - 1]!.score >= score));
  const gold = Array.from({ length: 30 }, (_, i) => [i, i] as const);
  const { threshold, f1 } = bestThreshold(mined, gold);
  const cuts = mined.map((_, i) => miningFigures(mined.slice(0, i + 1), gold).f1);
  assert.is(f1, Math.max(...cuts));
  const kept = mined.filter(({ score }) => score > threshold);
  assert.is(miningFigures(kept, gold).f1, f1);
  assert.ok(f1 > 0.95, `F1 ${f1}`);
});

test("words are linked where each is the other's nearest", () => {
  const links = alignWords(
    [
      [1, 0],
      [0, 1],
      [1, 0.2],
    ],
    [
      [0, 2],
      [3, 0],
    ],
  );
  assert.equal(links, [
    [0, 1],
    [1, 0],
  ]);
  assert.equal(alignWords([], [[1]]), []);
  assert.equal(
    alignmentFigures(
      [links],
      [
        [
          [0, 1],
          [2, 1],
        ],
      ],
    ),
    { precision: 0.5, recall: 0.5, f1: 0.5 },
  );
});

test("vectors that cannot be compared are refused by name", () => {
  assert.throws(
    () => bestMatches([[1, 2]], [[1, 2, 3]]),
    (error: unknown) => error instanceof DirectionError && /target vector 0 has 3/.test(error.message),
  );
  assert.throws(() => bestMatches([], [[1]]), /one side has no vectors/);
  assert.throws(() => retrievalFigures([[1]], [[1], [2]]), /1 and 2/);
  assert.throws(() => bestMatches([[1]], [[1]], { scoring: "csls", neighbours: 0 }), /neighbours/);
});

test.run();
