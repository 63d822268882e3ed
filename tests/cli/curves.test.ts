/** curves.jsonl: a line for each step and evaluation of a run, written during the run, complete after it is resumed. */
import { spawn } from "node:child_process";
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CurveLine, type EvaluationLine, readCurves } from "../../sdk/report/index.js";
import { commandIn, interruptedIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("curves of a run");
const { place, cloze, objects, lastObject, remove } = commandIn("curves");
const interrupted = interruptedIn(place);
const at = (...names: string[]) => join(place, ...names);

const WORDS = "the cat dog sun moon sat ran on over a mat hill and slept sang".split(" ");
const sentence = (i: number) =>
  Array.from({ length: 6 }, (_, k) => WORDS[(i * 7 + k * (1 + (i % 5))) % WORDS.length]).join(" ");
writeFileSync(
  at("text.txt"),
  Array.from({ length: 240 }, (_, i) => sentence(i) + (i % 6 === 5 ? "\n" : "")).join("\n"),
);
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${sentence(from + i)}\t${i % 2 ? "odd" : "even"}`);
writeFileSync(at("train.tsv"), ["text\tlabel", ...rows(0, 48)].join("\n"));
writeFileSync(at("dev.tsv"), ["text\tlabel", ...rows(48, 68)].join("\n"));

const SIZES = "--layers 1 --width 16 --heads 2 --vocab-size 60 --length 16 --batch-size 4".split(" ");
const RUN = ["pretrain", ...SIZES, "--steps", "50", "--objective", "masked-lm", "text.txt", "--json", "--out"];
const TUNE = "finetune --task classify --model whole --train train.tsv --dev dev.tsv --test dev.tsv --json".split(" ");

const curvesOf = (folder: string): CurveLine[] => readCurves(readFileSync(at(folder, "curves.jsonl"), "utf8"));
const untimed = (lines: readonly CurveLine[]) =>
  lines.map((line) => (line.kind === "step" ? { ...line, seconds: 0 } : line));
const stepsOf = (lines: readonly CurveLine[]) => lines.flatMap((line) => (line.kind === "step" ? [line] : []));
const evaluationsOf = (lines: readonly CurveLine[]): EvaluationLine[] =>
  lines.flatMap((line) => (line.kind === "evaluation" ? [line] : []));

test("a line for each step as --json prints it, held-out figures during the run, and those of the saved model", () => {
  const printed = objects([...RUN, "whole"]);
  const lines = curvesOf("whole");
  const steps = stepsOf(lines);
  assert.equal(
    steps.map(({ step }) => step),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  const done = printed.pop()!;
  // Nine digits tell every f32 from the next.
  const nine = (value: unknown) => Number((value as number).toPrecision(9));
  assert.equal(
    steps.map(({ loss, learning_rate }) => [loss, learning_rate]),
    printed.map(({ loss, rate }) => [nine(loss), nine(rate)]),
  );
  assert.ok(steps.every(({ parts, loss }) => parts["masked-lm"] === loss));
  assert.ok(steps.every(({ tokens, gradient_norm }) => tokens > 0 && gradient_norm > 0));
  const [held, final] = [evaluationsOf(lines).slice(0, -1), evaluationsOf(lines).at(-1)!];
  // Every twentieth of the steps: 50 / 20 rounded up, and the last one.
  assert.equal(
    held.map(({ step }) => step),
    [...Array.from({ length: 16 }, (_, i) => 3 * (i + 1)), 50],
  );
  assert.equal([final.part, final.step, final.final], ["held-out", 50, true]);
  assert.is(final.figures["held_out_loss"], nine(done["held_out_loss"]));
  assert.not(existsSync(at("whole.curves.jsonl")), "nothing is left beside the folder");
});

test("the same run has the same curves except for times; --eval-every sets the interval and changes no step", () => {
  objects([...RUN, "again", "--eval-every", "25"]);
  const [whole, again] = [curvesOf("whole"), curvesOf("again")];
  assert.equal(untimed(stepsOf(again)), untimed(stepsOf(whole)));
  assert.equal(
    evaluationsOf(again).map(({ step, final }) => [step, final]),
    [
      [25, undefined],
      [50, undefined],
      [50, true],
    ],
  );
  objects([...RUN, "again", "--force", "--eval-every", "0"]);
  assert.equal(
    evaluationsOf(curvesOf("again")).map(({ step, final }) => [step, final]),
    [[50, true]],
  );
});

test("a resumed run has the curves of an uninterrupted one", () => {
  interrupted([...RUN, "parts", "--checkpoint-every", "20"], "parts");
  // The checkpoint is that of step 40; lines after it are there, and one that was being written.
  const beside = at("parts.curves.jsonl");
  assert.is(stepsOf(readCurves(readFileSync(beside, "utf8"))).at(-1)!.step, 50);
  appendFileSync(beside, '{"kind":"step","st');
  copyFileSync(at("parts.checkpoint"), at("kept.checkpoint"));
  copyFileSync(beside, at("kept.curves.jsonl"));
  objects(["pretrain", "--resume", "parts", "--json"]);
  assert.equal(untimed(curvesOf("parts")), untimed(curvesOf("whole")));
  const seconds = stepsOf(curvesOf("parts")).map((line) => line.seconds);
  assert.ok(
    seconds.every((value, i) => i === 0 || value >= seconds[i - 1]!),
    "time continues from its last value",
  );
  assert.not(existsSync(beside));
});

test("a run that is resumed into another folder takes its curves along", () => {
  objects(["pretrain", "--resume", "kept.checkpoint", "--out", "elsewhere", "--json"]);
  assert.equal(untimed(curvesOf("elsewhere")), untimed(curvesOf("whole")));
  assert.ok(existsSync(at("kept.curves.jsonl")), "those of the interrupted run stay with its checkpoint");
});

test("lost curves are reported, and damaged ones are refused by line", () => {
  const kept = readFileSync(at("kept.curves.jsonl"), "utf8").split("\n");
  writeFileSync(at("kept.curves.jsonl"), [...kept.slice(0, 4), "{}", ...kept.slice(5)].join("\n"));
  const damaged = cloze(["pretrain", "--resume", "kept.checkpoint", "--out", "late", "--json"]);
  assert.is(damaged.status, 2);
  assert.match(damaged.stderr, /kept\.curves\.jsonl, line 5: kind must be "step" or "evaluation", got none/);
  rmSync(at("kept.curves.jsonl"));
  const { status, stderr } = cloze(["pretrain", "--resume", "kept.checkpoint", "--out", "late", "--json"]);
  assert.is(status, 0, stderr);
  assert.match(stderr, /the curves of steps 1 to 40 are lost: they are not in .*kept\.curves\.jsonl/);
  assert.is(stepsOf(curvesOf("late"))[0]!.step, 41);
});

test("a killed run leaves complete lines of its steps", async () => {
  const child = spawn(process.execPath, [join(root, "dist/cli.js"), ...RUN, "killed", "--steps", "100000"], {
    cwd: place,
  });
  const file = at("killed.curves.jsonl");
  const lines = () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").length : 0);
  const deadline = Date.now() + 120_000;
  while (lines() < 10 && Date.now() < deadline) await new Promise((resume) => setTimeout(resume, 50));
  child.kill("SIGKILL");
  await new Promise((resume) => child.on("close", resume));
  const text = readFileSync(file, "utf8");
  assert.is(stepsOf(readCurves(text.slice(0, text.lastIndexOf("\n") + 1)))[8]!.step, 9);
  // A new run to the same place starts its curves over.
  objects([...RUN, "killed"]);
  assert.is(stepsOf(curvesOf("killed")).length, 50);
});

test("fine-tuning: the development set after each epoch, then the figures of the saved weights; whole when resumed", () => {
  // 48 examples in batches of 16: three steps an epoch.
  const done = lastObject([...TUNE, "--epochs", "3", "--out", "tuned"]);
  const lines = curvesOf("tuned");
  assert.is(stepsOf(lines).length, 9);
  const evaluations = evaluationsOf(lines);
  assert.equal(
    evaluations.map(({ part, step, final }) => [part, step, final]),
    [
      ["dev", 3, undefined],
      ["dev", 6, undefined],
      ["dev", 9, undefined],
      ["dev", 9, true],
      ["test", 9, true],
    ],
  );
  const { figures, baseline, headline, items } = evaluations.at(-1)!;
  assert.equal([headline, items], ["accuracy", 20]);
  assert.is(figures["accuracy"], done["test_accuracy"]);
  assert.is(baseline!["accuracy"], done["test_baseline_accuracy"]);
  // The checkpoint is written after the last step of an epoch, before its evaluation.
  interrupted([...TUNE, "--epochs", "3", "--checkpoint-every", "6", "--out", "again-tuned"], "again-tuned");
  objects(["finetune", "--resume", "again-tuned", "--json"]);
  assert.equal(untimed(curvesOf("again-tuned")), untimed(lines));
});

test("distillation: the student's held-out loss, and its teacher's at the end", () => {
  const done = lastObject("distill --teacher whole --layers 1 --steps 40 --out student text.txt --json".split(" "));
  const lines = curvesOf("student");
  assert.is(stepsOf(lines).length, 40);
  assert.equal(Object.keys(stepsOf(lines)[0]!.parts).length, 3, "soft, hard and cosine");
  const final = evaluationsOf(lines).at(-1)!;
  assert.is(final.figures["student_loss"], Number((done["student_loss"] as number).toPrecision(9)));
  assert.type(final.figures["teacher_loss"], "number");
  assert.is(evaluationsOf(lines).filter(({ final: ended }) => !ended).length, 20);
});

test.after(remove);
test.run();
