/** `cloze report`: a run folder as one HTML file. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Report, Section } from "../../sdk/report/index.js";
import { commandIn } from "../helpers/command.js";

const test = suite("cloze report");
const { place, cloze, objects, remove } = commandIn("report");
const at = (...names: string[]) => join(place, ...names);

const WORDS = "the cat dog sun moon sat ran on over a mat hill and slept sang".split(" ");
const sentence = (i: number) =>
  Array.from({ length: 6 }, (_, k) => WORDS[(i * 7 + k * (1 + (i % 5))) % WORDS.length]).join(" ");
writeFileSync(
  at("text.txt"),
  Array.from({ length: 240 }, (_, i) => sentence(i) + (i % 6 === 5 ? "\n" : "")).join("\n"),
);
const labelled = Array.from({ length: 40 }, (_, i) => `${sentence(i)}\t${i % 2 ? "odd" : "even"}`);
writeFileSync(at("rows.tsv"), ["text\tlabel", ...labelled].join("\n"));

const SIZES = "--layers 2 --width 16 --heads 2 --vocab-size 60 --length 16 --batch-size 4".split(" ");
objects(["pretrain", ...SIZES, "--steps", "40", "text.txt", "--json", "--out", "model"]);
objects(
  "finetune --task classify --model model --train rows.tsv --dev rows.tsv --epochs 2 --out classes --json".split(" "),
);

function reportIn(path: string): Report {
  const html = readFileSync(at(path), "utf8");
  assert.match(html, /^<!doctype html>/);
  const data = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)![1]!;
  return JSON.parse(data) as Report;
}

const section = <K extends Section["kind"]>(report: Report, kind: K, n = 0): Extract<Section, { kind: K }> => {
  const found = report.sections.filter((each): each is Extract<Section, { kind: K }> => each.kind === kind)[n];
  assert.ok(found, `${kind} ${n}`);
  return found;
};

test("pre-training: the finding first, facts, curves in one plot, filled masks and attention", () => {
  const { status, stdout, stderr } = cloze(["report", "model"]);
  assert.is(status, 0, stderr);
  assert.is(stdout, "model/report.html\n");
  const report = reportIn("model/report.html");
  const { statement } = section(report, "finding");
  assert.is(report.sections[0]!.kind, "finding");
  // Its figures are those of the last line of the curves.
  const last = readFileSync(at("model/curves.jsonl"), "utf8").trim().split("\n").at(-1)!;
  const { held_out_loss: loss, unigram_entropy: entropy } = JSON.parse(last).figures as Record<string, number>;
  assert.match(statement, `the loss is ${loss!.toFixed(2)} nats per token`);
  assert.match(statement, loss! < entropy! ? /predicts from context/ : /no more than token frequencies/);
  const facts = Object.fromEntries(section(report, "facts").facts.map(({ name, value }) => [name, value]));
  assert.is(facts["steps"], "40");
  assert.is(facts["seed"], "1");
  assert.match(facts["command"]!, /^cloze pretrain .*--num-hidden-layers 2 .*text\.txt$/);
  const manifest = JSON.parse(readFileSync(at("model/run_manifest.json"), "utf8"));
  assert.is(facts["weights"], `SHA-256 ${manifest.saved}`);
  assert.match(facts["model"]!, /^bert, 2 layers, width 16, [\d,]+ parameters$/);
  const loss0 = section(report, "curves");
  assert.equal(
    loss0.curves.map(({ name, points }) => [name, points.length]),
    [
      ["training", 40],
      ["held out", 20],
      ["held out, saved model", 1],
    ],
  );
  assert.equal(
    loss0.levels!.map(({ label }) => label),
    ["unigram entropy"],
  );
  assert.equal(
    report.sections.filter(({ kind }) => kind === "curves").map(({ title }) => title),
    ["Loss: masked-lm", "Loss: next-sentence-prediction", "Learning rate", "Gradient norm"],
  );
  assert.is(section(report, "ranked").items[0]!.results.length, 5);
  const { weights, tokens } = section(report, "attention");
  assert.equal([weights.length, weights[0]!.length, weights[0]![0]!.length], [2, 2, tokens.length]);
  // Each row adds up to 1, but for the rounding to four digits of each of its weights.
  for (const row of weights.flat(2)) assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) <= (tokens.length + 1) * 5e-5);
});

test("fine-tuning: figures beside the baseline with an interval, and own texts on a plane", () => {
  const words = [
    "report",
    "classes",
    "--out",
    "classes.html",
    "--text",
    "the cat sat",
    "--groups",
    "rows.tsv",
    "--json",
  ];
  const { status, stdout, stderr } = cloze(words);
  assert.is(status, 0, stderr);
  assert.equal(JSON.parse(stdout), { done: true, path: "classes.html" });
  const report = reportIn("classes.html");
  const [row] = section(report, "comparison").rows;
  assert.equal([row!.name, row!.metric, row!.items, row!.baseline], ["development set", "accuracy", 40, 0.5]);
  const { value, low, high } = row!.estimates[0]!;
  // By hand: 1.96 standard errors of a share of 40 items, within 0 and 1.
  const error = 1.96 * Math.sqrt((value * (1 - value)) / 40);
  assert.ok(
    Math.abs(low! - Math.max(0, value - error)) < 1e-12 && Math.abs(high! - Math.min(1, value + error)) < 1e-12,
  );
  assert.match(section(report, "finding").statement, /^On the development set the accuracy is \d+\.\d %/);
  const { points, separation } = section(report, "plane");
  assert.is(points.length, 40);
  assert.ok(separation!.silhouette >= -1 && separation!.silhouette <= 1);
  assert.match(section(report, "attention").title, "the cat sat");
});

test("an existing file is replaced with --force only", () => {
  const before = readFileSync(at("model/report.html"), "utf8");
  writeFileSync(at("model/report.html"), "mine");
  const { status, stderr } = cloze(["report", "model"]);
  assert.is(status, 2);
  assert.match(
    stderr,
    /model\/report\.html exists already; choose another place with --out, or replace it with --force/,
  );
  assert.is(readFileSync(at("model/report.html"), "utf8"), "mine");
  assert.is(cloze(["report", "model", "--force"]).status, 0);
  assert.is(readFileSync(at("model/report.html"), "utf8"), before, "the same run gives the same bytes");
});

test("a folder without its record is reported without it", () => {
  const manifest = readFileSync(at("model/run_manifest.json"));
  rmSync(at("model/run_manifest.json"));
  const { status, stderr } = cloze(["report", "model", "--force"]);
  assert.is(status, 0, stderr);
  assert.match(section(reportIn("model/report.html"), "facts").note!, /no run_manifest\.json/);
  writeFileSync(at("model/run_manifest.json"), manifest);
});

test("folders that cannot be reported are refused by name", () => {
  mkdirSync(at("empty"));
  writeFileSync(at("underway.curves.jsonl"), "");
  const curves = readFileSync(at("model/curves.jsonl"), "utf8").split("\n");
  const refusals: [string[], RegExp][] = [
    [["empty"], /empty: there is no curves\.jsonl; pretrain, finetune and distill write one/],
    [["nowhere"], /nowhere: there is no such folder/],
    [["underway"], /the run is not complete; its curves so far are in underway\.curves\.jsonl/],
    [["model", "--out", "x.html", "--groups", "nothing.tsv"], /nothing\.tsv/],
    [["model", "--out", "no/such/x.html"], /no folder/],
  ];
  for (const [words, expected] of refusals) {
    const { status, stderr } = cloze(["report", ...words]);
    assert.is(status, 2, stderr);
    assert.match(stderr, expected);
  }
  for (const [line, expected] of [
    ["", /curves\.jsonl, line 3: not valid JSON/],
    ['{"kind":"step","step":1', /line 3: not valid JSON/],
    ['{"kind":"step","step":"one"}', /line 3: step must be a whole number of at least 0, got "one"/],
    [curves[0]!, /line 3: step 1 comes after step 2/],
  ] as const) {
    writeFileSync(at("model/curves.jsonl"), [curves[0], curves[2], line, ...curves.slice(3)].join("\n"));
    const { status, stderr } = cloze(["report", "model", "--out", "x.html"]);
    assert.is(status, 2, stderr);
    assert.match(stderr, expected);
  }
  writeFileSync(at("model/curves.jsonl"), "");
  assert.match(cloze(["report", "model", "--out", "x.html"]).stderr, /has no lines/);
});

test.after(remove);
test.run();
