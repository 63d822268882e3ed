/** The portable benchmark: its outputs are the published ones, and a build with one changed bit is refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareResults, readResults } from "../../sdk/benchmark/compare.js";
import { PUBLISHED, VERSION } from "../../sdk/benchmark/published.js";
import { benchmark, type Measured } from "../../sdk/benchmark/run.js";
import { refused } from "../helpers/refused.js";
import { root } from "../helpers/shared.js";

const test = suite("portable benchmark");

/** Results by workload. */
async function results(only: readonly string[], module?: Uint8Array, repeats = 1) {
  const found = new Map<string, Measured>();
  const onResult = (result: Measured) => void found.set(result.workload, result);
  const rounds: [done: number, total: number][] = [];
  const onRound = (done: number, total: number) => void rounds.push([done, total]);
  const score = await benchmark({ only, repeats, onResult, onRound, ...(module && { module }) });
  return { found, score, rounds };
}

test("small workloads have the published hashes, and points; there is a score for all of them alone", async () => {
  const only = Object.keys(PUBLISHED).filter((name) => !/minilm|base/.test(name));
  const { found, score, rounds } = await results(only, undefined, 2);
  assert.equal([...found.keys()], only);
  assert.equal(rounds, [
    [1, 2],
    [2, 2],
  ]);
  for (const result of found.values()) {
    assert.is(result.hash, PUBLISHED[result.workload]!.hash, result.workload);
    assert.ok(result.valid && result.points > 0, result.workload);
    assert.ok(result.repeats >= 2, "at least one run in each round");
    assert.ok(result.quartiles_ms[0] <= result.median_ms && result.median_ms <= result.quartiles_ms[1]);
    assert.is(result.share !== null, /encode|train/.test(result.workload), result.workload);
  }
  assert.is(score.score, null);
  assert.is(score.version, VERSION);
});

test("kernels with one changed bit are refused", async () => {
  const changed = new Uint8Array(readFileSync(join(root, "build/kernels.strict.wasm")));
  // A coefficient of the exponential function, assembly/math.ts.
  const at = Buffer.from(changed.buffer).indexOf(Buffer.from(Float32Array.of(0.16666521).buffer));
  assert.ok(at > 0);
  const only = ["encode-tiny-f32", "start"];
  const { found: whole } = await results(only, changed.slice());
  for (const result of whole.values()) assert.ok(result.valid, result.workload);
  changed[at]! ^= 1;
  const { found } = await results(only, changed);
  for (const { valid, points, workload } of found.values()) {
    assert.not.ok(valid, workload);
    assert.is(points, 0);
  }
});

/** A file of results, as --json writes it. */
const file = (
  results: Readonly<Record<string, number>>,
  more: object = {},
  version = VERSION,
  score: number | null = null,
): string =>
  [
    ...Object.entries(results).map(([workload, first]) => ({
      workload,
      quartiles_ms: [first, 2 * first],
      hash: PUBLISHED[workload]?.hash,
      ...more,
    })),
    { score, version, runtime: "node 24.0.0", quiet: true },
  ]
    .map((line) => JSON.stringify(line))
    .join("\n");

test("two machines' results are compared by workload", () => {
  const [a, b] = [
    readResults(file({ tokenize: 10, train: 100 }), "a"),
    readResults(file({ tokenize: 5, start: 1 }), "b"),
  ];
  assert.equal(compareResults(a, b), [{ workload: "tokenize", a_ms: 10, b_ms: 5, ratio: 2 }]);
});

test("the score of all workloads is the geometric mean of their points", () => {
  const quartiles = Object.fromEntries(Object.entries(PUBLISHED).map(([name, { points }]) => [name, points]));
  assert.is(readResults(file(quartiles, {}, VERSION, 100), "a").score, 100);
  assert.is(readResults(file({ ...quartiles, train: quartiles["train"]! / 1024 }, {}, VERSION, 200), "a").score, 200);
});

test("results that count nothing are not compared", async () => {
  const read = (text: string) => () => readResults(text, "a.json");
  await refused(read(file({ tokenize: 10 }, { hash: "0123456789abcdef" })), /a\.json: "tokenize" is not valid/);
  await refused(read(file({ tokenize: 10 }, { hash: undefined })), /"tokenize" is not valid/);
  await refused(read(file({ tokenize: 0 })), /no quartiles_ms above 0/);
  await refused(read(file({ other: 1 })), /there is no workload "other"/);
  await refused(
    read(file({ tokenize: 1 }, {}, VERSION + 1)),
    /results of version 4 cannot be compared; this package has version 3/,
  );
  await refused(read(file({ tokenize: 10 }, {}, VERSION, 50)), /its score is 50, that of its quartiles null/);
  await refused(read(`${file({ tokenize: 10 })}\n${file({ tokenize: 9 })}`), /"tokenize" is there twice/);
  await refused(read(file({ toString: 1 })), /there is no workload "toString"/);
  await refused(read("tokenize 10 ms"), /line 1 is not a JSON object/);
  await refused(() => benchmark({ only: ["other"] }), /only/);
});

test.run();
