/** Sentences of the tour: each is computed, so every kind of result has its own. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type ComparedTask,
  compare,
  compared,
  findings,
  listed,
  points,
  taskComparison,
  taskTable,
} from "../../sdk/tour/findings.js";
import type { FinetuneResult } from "../../sdk/tour/finetuning.js";
import { TASKS, type TaskName } from "../../sdk/tour/recipe.js";
import { near } from "../helpers/near.js";

const test = suite("findings of the tour");
const NAMES = { random: "random weights", brief: "two minutes", pretrained: "cloze-tiny" };
const ITEMS = 200;

/** A network that is right on the first `right` of the test items. */
function network(right: number, sizes: readonly number[] = new Array(ITEMS).fill(1)): FinetuneResult {
  const scores = sizes.map((_, i) => (i < right ? 1 : 0));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return {
    ...{ curve: [{ step: 1, loss: 1 }], scores, sizes, steps: 76, parameters: 10, seconds: 1, folder: null },
    figure: scores.reduce<number>((sum, score, i) => sum + score * sizes[i]!, 0) / total,
    ...{ baseline: 0.5, baselineName: "most frequent class", headline: "accuracy" },
  };
}

const task = (name: TaskName, random: number, brief: number, pretrained: number): ComparedTask =>
  compared({ name, arms: { random: network(random), brief: network(brief), pretrained: network(pretrained) } });

test("better everywhere, clearly everywhere: the headline states it", () => {
  const all = TASKS.map((name) => task(name, 110, 112, 150));
  assert.is(
    findings(all, NAMES).headline,
    "cloze-tiny is better than the same network with random weights in all four tasks; each difference exceeds two standard errors.",
  );
});

test("a difference that may be chance is named as one", () => {
  const [a, b, c, d] = TASKS;
  // 2 of 200 items: an error of sqrt(2) / 200, so 1.4 standard errors.
  const mixed = [task(a, 110, 110, 150), task(b, 110, 110, 112), task(c, 110, 110, 150), task(d, 110, 110, 150)];
  assert.is(
    findings(mixed, NAMES).headline,
    "cloze-tiny is better than the same network with random weights in all four tasks; the difference exceeds two standard errors in question answering, sentiment and parts of speech, and elsewhere may be chance.",
  );
});

test("a task that is lost is named, and so is one below its baseline", () => {
  const [a, b, c, d] = TASKS;
  const lost = [task(a, 110, 150, 90), task(b, 110, 150, 150), task(c, 110, 150, 150), task(d, 110, 150, 150)];
  const { headline, shows } = findings(lost, NAMES);
  assert.match(headline, /better .* in inference, sentiment and parts of speech, but not in question answering;/);
  assert.match(shows.join(" "), /cloze-tiny does not reach the baseline in question answering/);
  assert.match(shows.join(" "), /\(two minutes\) is better than random weights in all four tasks/);
});

test("no pre-training at all is no finding", () => {
  const same = TASKS.map((name) => task(name, 120, 120, 120));
  assert.is(
    findings(same, NAMES).headline,
    "cloze-tiny is better than the same network with random weights in none of the four tasks.",
  );
  assert.is(same[0]!.gain.clear, false);
});

test("sentences weigh as many decisions as they have words", () => {
  const sizes = [30, ...new Array(9).fill(1)];
  const arms = { random: network(0, sizes), brief: network(0, sizes), pretrained: network(1, sizes) };
  near([compare({ name: "tags", arms }, "pretrained", "random").difference], [30 / 39], { atol: 1e-12 });
});

test("the table and the comparison of the report have the same figures", () => {
  const results = [task("sentiment", 110, 115, 150)];
  const { header, rows } = taskTable(results, NAMES);
  assert.is(rows[0]!.length, header.length);
  assert.equal(rows[0]!.slice(0, 6), ["sentiment, accuracy", "200", "50.0 %", "55.0 %", "57.5 %", "75.0 %"]);
  assert.match(rows[0]![6]!, /^\+20\.0 \[\+1\d\.\d, \+2\d\.\d\]$/);
  const comparison = taskComparison(results, NAMES);
  assert.equal(comparison.arms, ["random weights", "two minutes", "cloze-tiny"]);
  const [row] = comparison.rows;
  assert.equal([row!.items, row!.baseline], [200, 0.5]);
  assert.equal(
    row!.estimates.map((estimate) => estimate!.value),
    [0.55, 0.575, 0.75],
  );
  // The interval of a share of 0.75 of 200 items: 1.96 * sqrt(0.75 * 0.25 / 200).
  near([row!.estimates[2]!.low!, row!.estimates[2]!.high!], [0.68999, 0.81001], { atol: 1e-5 });
});

test("lists and points read as prose", () => {
  assert.equal(
    [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])],
    ["none", "a", "a and b", "a, b and c"],
  );
  assert.equal([points(0.0421), points(-0.003), points(0)], ["+4.2", "−0.3", "+0.0"]);
});

test.run();
