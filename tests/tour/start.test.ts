/** The whole tour with a tiny model and a few steps, as a user starts it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { writableFolder } from "../../sdk/io/files/write-whole.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { type Report, readCurves } from "../../sdk/report/index.js";
import { trainWordPiece } from "../../sdk/tokenizer/index.js";
import { TASKS } from "../../sdk/tour/recipe.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { diskFolder } from "../helpers/folder.js";
import { root } from "../helpers/shared.js";

const test = suite("npm start");
const place = mkdtempSync(join(tmpdir(), "cloze-tour-"));
test.after(() => rmSync(place, { recursive: true, force: true }));

const start = (...words: string[]) =>
  spawnSync(process.execPath, [join(root, "dist/start.js"), ...words], { encoding: "utf8", cwd: place });

/** A BERT of a few thousand weights with the vocabulary of a text of the corpus. */
async function tinyModel(): Promise<void> {
  const text = readFileSync(join(root, "corpus/text/a-animals.txt"), "utf8").split("\n").filter(Boolean);
  const tokenizer = trainWordPiece(text, { size: 300 });
  const config = freshConfig("bert", {
    ...{ vocabSize: tokenizer.size, numHiddenLayers: 1, hiddenSize: 16, numAttentionHeads: 2 },
    ...{ maxPositionEmbeddings: 128, dropout: 0.1 },
  });
  using engine = await Engine.create();
  using loaded = freshModel(engine, config, "masked-lm", 1);
  await saveModel(writableFolder(join(place, "tiny-bert")), { ...loaded, tokenizer, maxLength: 128 });
}

const reportOf = (out: string): Report => {
  const html = readFileSync(join(place, out, "report.html"), "utf8");
  return JSON.parse(/<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)![1]!) as Report;
};

test("a quick run trains, compares, uses the models, and writes report and folders", async () => {
  await tinyModel();
  const { status, stderr } = start("--quick", "--model", "tiny-bert", "--out", "out");
  assert.is(status, 0, stderr);
  // The story in the terminal, in its order.
  let at = 0;
  for (const part of [
    "What is pre-training worth?",
    "unigram entropy",
    "Four tasks, three ways",
    "tiny-bert is better than the same network with random weights in",
    "What it cannot show",
    "She drank a cup of [MASK].",
    "A question answered",
    "One word in many contexts",
    "Sentence search",
    "document rotation",
    "out/report.html",
  ]) {
    const found = stderr.indexOf(part, at);
    assert.ok(found >= at, `${part} is not where it should be in:\n${stderr}`);
    at = found;
  }
  const { sections } = reportOf("out");
  assert.is(sections[0]!.kind, "finding");
  const comparison = sections.find((section) => section.kind === "comparison")!;
  assert.equal(
    comparison.rows.map(({ estimates }) => estimates.length),
    [3, 3, 3, 3],
  );
  assert.is(new Set(sections.map(({ title }) => title)).size, sections.length, "two sections have one title");
  const curve = sections.find((section) => section.kind === "curves")!;
  assert.equal(
    curve.curves.map(({ name, points }) => [name, points.length]),
    [
      ["training", 1],
      ["held out", 4],
    ],
  );
  using engine = await Engine.create();
  for (const [folder, task] of [
    ["model", "masked-lm"],
    ["questions", "question-answering"],
  ] as const)
    (await loadModel(engine, diskFolder(join(place, "out", folder)), { task }))[Symbol.dispose]();
  for (const task of TASKS) assert.ok(existsSync(join(place, "out", task, "model.safetensors")), task);
  // Their curves are those that `cloze report` reads.
  for (const folder of ["model", ...TASKS]) {
    const lines = readCurves(readFileSync(join(place, "out", folder, "curves.jsonl"), "utf8"));
    const last = lines.at(-1)!;
    assert.ok(last.kind === "evaluation" && last.final && lines.some(({ kind }) => kind === "step"), folder);
  }
});

test("a folder of another program is not replaced, a missing model is named", () => {
  writeFileSync(join(place, "mine"), "");
  const mine = start("--out", "mine");
  assert.is(mine.status, 2);
  assert.match(mine.stderr, /mine exists and was not written by this program/);
  const absent = start("--model", "nowhere");
  assert.is(absent.status, 2);
  assert.match(absent.stderr, /^nowhere\/config\.json is missing: .*cloze-tiny/);
  assert.is(start("--quik").status, 2);
});

test.run();
