/** Distillation on the command line: fewer layers for masked LM, a teacher's answers for classes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("distillation on the command line");
const { place, cloze, lastObject, remove } = commandIn("distill");
const [train, held] = ["train", "test"].map((part) => join(root, `corpus/sentiment/${part}.tsv`)) as [string, string];
const text = join(root, "corpus/text/a-animals.txt");

const sizes = "--layers 3 --width 32 --heads 2 --vocabulary 300 --length 48 --rows 8".split(" ");
const distill = ["distill", "--teacher", "teacher", "--dev", text, "--steps", "4", "--rows", "8", "--length", "32"];

test("a student of fewer layers is saved as a model and scored beside its teacher", () => {
  lastObject(["pretrain", "--out", "teacher", "--json", "--steps", "5", ...sizes, "--dev", text, text]);
  const done = lastObject([...distill, "--layers", "2", "--out", "student", "--json", text]);
  assert.ok((done["student_parameters"] as number) < (done["teacher_parameters"] as number));
  for (const figure of ["teacher_loss", "student_loss", "student_accuracy"])
    assert.type(done[figure], "number", figure);
  assert.is(lastObject(["inspect", "student", "--json"])["family"], "bert");
  const faster = lastObject([
    ...distill,
    "--layers",
    "1",
    "--at",
    "labelled",
    "--cosine",
    "0",
    "--out",
    "small",
    "--json",
    text,
  ]);
  assert.ok((faster["student_parameters"] as number) < (done["student_parameters"] as number));
});

test("finetune --teacher learns a fine-tuned model's answers", () => {
  const learn = ["finetune", "--task", "classify", "--train", train, "--test", held, "--epochs", "1", "--json"];
  lastObject([...learn, "--model", "teacher", "--out", "judge"]);
  const done = lastObject([...learn, "--model", "student", "--teacher", "judge", "--out", "pupil"]);
  assert.type(done["test_accuracy"], "number");
  const { status, stderr } = cloze([...learn, "--model", "student", "--teacher", "teacher", "--out", "new"]);
  assert.is(status, 2);
  assert.match(stderr, /must have been fine-tuned to the labels of the training file, negative, positive/);
});

test("impossible distillations are refused", () => {
  const cases: [string[], RegExp][] = [
    [["--layers", "4"], /a teacher with 3 layers has 1 to 3, got 4/],
    [["--layers", "2", "--at", "nowhere"], /Allowed choices are every, labelled/],
    [["--layers", "2", "--soft", "-1"], /expected a number of at least 0/],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = cloze([...distill, ...words, "--out", "new", text]);
    assert.is.not(status, 0, words.join(" "));
    assert.match(stderr, message);
  }
  assert.not.ok(existsSync(join(place, "new")));
});

test.after(remove);
test.run();
