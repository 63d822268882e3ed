/** The harness of `npm run claims`: results are kept by set-up, rows replaced by name, bars decide. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CLAIMS, SKIPPED } from "../../bench/claims/all.js";
import { type Claim, shown } from "../../bench/claims/harness/claim.js";
import { Context } from "../../bench/claims/harness/context.js";
import { record, rowsOf } from "../../bench/claims/harness/record.js";
import { summarize } from "../../sdk/train/metrics/summary.js";
import { root } from "../helpers/shared.js";

const test = suite("claims");
const place = mkdtempSync(join(tmpdir(), "cloze-claims-"));
test.after(() => rmSync(place, { recursive: true, force: true }));

const settings = { root: place, data: place, model: place, folder: null, threads: 1, smoke: false };
const claimNamed = (name: string): Claim => CLAIMS.find((claim) => claim.name === name)!;

test("every claim has a file of its name, a bar and several seeds where chance takes part", () => {
  const names = [...CLAIMS, ...SKIPPED].map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const { name, bar, seeds } of CLAIMS) {
    assert.ok(existsSync(join(root, "bench/claims", `${name}.ts`)), name);
    assert.ok(bar.length > 0 && seeds.length > 0, name);
  }
  assert.ok(CLAIMS.length >= 14);
});

test("a part is computed once; another configuration computes its own, and a smoke run keeps none", async () => {
  let computed = 0;
  const compute = async () => ++computed;
  const context = (setUp: object, smoke = false) => new Context({ ...settings, smoke }, "some-claim", setUp, false);
  assert.is(await context({ steps: 5 }).step("seed 1", compute), 1);
  assert.is(await context({ steps: 5 }).step("seed 1", compute), 1);
  assert.is(await context({ steps: 5 }).step("seed 2", compute), 2);
  assert.is(await context({ steps: 6 }).step("seed 1", compute), 3, "other steps are another run");
  assert.is(await context({ steps: 6 }, true).step("seed 1", compute), 4);
  assert.is(await context({ steps: 6 }, true).step("seed 1", compute), 5, "a trial keeps nothing");
});

test("time is kept with the parts, and counted once for those that seeds share", async () => {
  const busy = async () => {
    const until = process.cpuUsage().user + 30_000;
    while (process.cpuUsage().user < until);
    return 1;
  };
  const run = async () => {
    const context = new Context(settings, "timed", {}, false);
    for (const seed of [1, 2])
      await context.step(`seed-${seed}`, async () => {
        await context.step("shared", busy);
        return busy();
      });
    return context.minutes;
  };
  const first = await run();
  // Three times 30 ms, and the time of the harness itself.
  assert.ok(first >= 0.09 / 60 && first < 1 / 60, `${first}`);
  assert.is(await run(), first, "kept parts keep their time");
});

test("a row replaces the claim's earlier one, and others stay, in the order of names", () => {
  const row = (name: string, holds: boolean) =>
    record(
      place,
      {
        claim: { ...CLAIMS[0]!, name, claim: "a | b" },
        verdict: { holds, ours: "1.0 | n 2" },
        seeds: [1, 2],
        minutes: 0.2,
      },
      [{ ...CLAIMS[0]!, name: "a-claim", claim: "edited" }],
    );
  row("b-claim", false);
  row("a-claim", true);
  row("b-claim", true);
  assert.equal([...rowsOf(place).keys()], ["a-claim", "b-claim"]);
  const text = readFileSync(join(place, "CLAIMS.md"), "utf8");
  assert.match(text, /\| b-claim \| a \\\| b \|.*\| 1\.0 \\\| n 2 \| yes \| 1, 2 \| < 1 \|/);
  assert.match(text, /\| a-claim \| edited \|.*\| 1\.0 \\\| n 2 \| yes \| 1, 2 \| < 1 \|/, "texts follow the source");
  assert.is(text.split("b-claim").length, 2);
});

test("a claim that does not hold is explained beneath the table", () => {
  const explained = { ...CLAIMS[0]!, name: "a-claim", explanation: "too few steps" };
  const row = (holds: boolean) =>
    record(place, { claim: explained, verdict: { holds, ours: "1" }, seeds: [1], minutes: 2 }, [explained]);
  row(false);
  assert.match(readFileSync(join(place, "CLAIMS.md"), "utf8"), /\n- \*\*a-claim\*\*: too few steps\n$/);
  row(true);
  assert.not.match(readFileSync(join(place, "CLAIMS.md"), "utf8"), /too few steps/);
});

test("intervals are shown where there are several seeds", () => {
  assert.is(shown(summarize([1, 2, 3])), "2.0 (-0.5 to 4.5)");
  assert.is(shown(summarize([2])), "2.0");
});

test("a bar of order needs the mean and the interval over seeds", () => {
  const { judge } = claimNamed("pretrained-sentiment");
  const seeds = (...gaps: number[]) => gaps.map((gap) => ({ pretrained: 75, scratch: 75 - gap, gap, baseline: 50 }));
  assert.ok(judge(seeds(4, 4.2, 4.4)).holds);
  assert.not.ok(judge(seeds(2, 2.2, 2.4)).holds, "too small");
  assert.not.ok(judge(seeds(0.5, 4, 9)).holds, "too uncertain");
  assert.match(judge(seeds(4, 4.2, 4.4)).ours, /gap 4\.2 \(3\.7 to 4\.7\) points/);
});

test("answers must be above random weights and the best fixed span, each by two standard errors", () => {
  const { judge } = claimNamed("pretrained-answers");
  const figures = {
    ...{ pretrained: 20, scratch: 14, baseline: 12, gap: 6, over_baseline: 8 },
    ...{ gap_standard_error: 2, over_baseline_standard_error: 2 },
  };
  assert.ok(judge([figures, figures]).holds);
  assert.not.ok(judge([{ ...figures, gap: 3.9 }]).holds);
  assert.not.ok(judge([{ ...figures, over_baseline: 3.9 }]).holds);
});

test("exact counts must be exact with every seed", () => {
  const { judge } = claimNamed("masking-counts");
  const figures = {
    bert_exact: 10,
    masked: 80.3,
    random: 9.4,
    kept: 10.3,
    chosen: 1000,
    t5_input: 512,
    t5_target: 114,
  };
  assert.ok(judge([figures, figures]).holds);
  assert.not.ok(judge([figures, { ...figures, bert_exact: 9 }]).holds);
  assert.not.ok(judge([figures, { ...figures, t5_target: 115 }]).holds);
});

test.run();
