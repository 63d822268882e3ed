/** `cloze evaluate`: calibration, confusion and the warning below the baseline. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("evaluate on the command line");
const { place, cloze, objects, lastObject, remove } = commandIn("evaluate");
test.after(remove);

const sizes = "--layers 1 --width 16 --heads 2 --length 32 --rows 4 --vocabulary 300 --steps 1 --json".split(" ");
objects(["pretrain", "--out", "base", "--objective", "masked-lm", ...sizes, join(root, "corpus/text/a-animals.txt")]);

const rows = (...pairs: readonly (readonly [string, string])[]) =>
  `text\tlabel\n${pairs.map(([one, label]) => `${one}\t${label}\n`).join("")}`;
const learn = ["finetune", "--model", "base", "--epochs", "1", "--json", "--force"];

interface Class {
  readonly label: string;
  readonly support: number;
}

test("a classifier: the counts of confusion, bins and classes are those of the file", () => {
  const [train, held] = ["train", "test"].map((part) => join(root, `corpus/sentiment/${part}.tsv`)) as [string, string];
  lastObject([...learn, "--task", "classify", "--train", train, "--out", "model"]);
  const scored = lastObject(["evaluate", "--model", "model", "--test", held, "--json"]);
  const { labels, counts } = scored["test_confusion"] as { labels: string[]; counts: number[][] };
  const all = counts.flat().reduce((sum, n) => sum + n, 0);
  assert.is(all, scored["examples"]);
  const right = counts.reduce((sum, row, c) => sum + row[c]!, 0);
  assert.is(right / all, scored["test_accuracy"]);
  const classes = scored["test_classes"] as Class[];
  assert.equal(
    classes.map(({ label, support }) => [label, support]),
    labels.map((label, c) => [label, counts[c]!.reduce((sum, n) => sum + n, 0)]),
  );
  const { bins, overconfidence } = scored["test_calibration"] as {
    bins: { count: number; confidence: number; accuracy: number }[];
    overconfidence: number;
  };
  const mean = (of: (bin: (typeof bins)[number]) => number) =>
    bins.reduce((sum, bin) => sum + (bin.count / all) * of(bin), 0);
  // Means of bins add up to the mean of all: a few hundred additions below 1.
  assert.ok(Math.abs(mean(({ accuracy }) => accuracy) - right / all) < 1e-12);
  assert.ok(Math.abs(mean(({ confidence, accuracy }) => confidence - accuracy) - overconfidence) < 1e-12);
  const error = mean(({ confidence, accuracy }) => Math.abs(confidence - accuracy));
  assert.ok(Math.abs(error - (scored["test_calibration_error"] as number)) < 1e-12);
  const { stderr } = cloze(["evaluate", "--model", "model", "--test", held]);
  assert.match(stderr, /right class ↓ predicted →/);
  assert.match(stderr, /expected calibration error \d/);
});

test("a tagger has them too, and a task without classes has none", () => {
  writeFileSync(join(place, "tags.txt"), "a\tDET\ncat\tNOUN\n\nthe\tDET\ndog\tNOUN\nran\tVERB\n");
  lastObject([...learn, "--task", "tag", "--train", "tags.txt", "--out", "tagger"]);
  const scored = lastObject(["evaluate", "--model", "tagger", "--test", "tags.txt", "--json"]);
  assert.equal(
    (scored["test_classes"] as Class[]).map(({ label, support }) => [label, support]),
    [
      ["DET", 2],
      ["NOUN", 2],
      ["VERB", 1],
    ],
  );
  writeFileSync(join(place, "scores.tsv"), "text\tpair\tscore\na\tb\t1\nc\td\t0\n");
  lastObject([...learn, "--task", "regress", "--train", "scores.tsv", "--out", "regressor"]);
  const scores = lastObject(["evaluate", "--model", "regressor", "--test", "scores.tsv", "--json"]);
  assert.not.ok("test_confusion" in scores);
});

test("a model that does not beat its baseline gives a warning on standard error, a better one gives none", () => {
  // Every text is the same: nothing can beat the most frequent class.
  writeFileSync(join(place, "same.tsv"), rows(["a", "x"], ["a", "x"], ["a", "y"]));
  const one = cloze([...learn, "--task", "classify", "--train", "same.tsv", "--test", "same.tsv", "--out", "same"]);
  assert.is(one.status, 0, one.stderr);
  assert.match(
    one.stderr,
    /warning: on same\.tsv the model's accuracy \(0\.\d+\) is not above that of always the most frequent class \(0\.6667\)/,
  );
  const two = cloze(["evaluate", "--model", "same", "--train", "same.tsv", "--test", "same.tsv", "--json"]);
  assert.match(two.stderr, /warning: on same\.tsv/);
  assert.not.match(cloze(["evaluate", "--model", "same", "--test", "same.tsv", "--json"]).stderr, /warning/);
  // Two words decide, and a larger rate learns them.
  writeFileSync(join(place, "easy.tsv"), rows(["cat", "x"], ["dog", "y"]));
  const easy = ["--epochs", "60", "--rate", "0.01", "--train", "easy.tsv", "--test", "easy.tsv", "--out", "easy"];
  const above = cloze([...learn, "--task", "classify", ...easy]);
  assert.is(above.status, 0, above.stderr);
  assert.not.match(above.stderr, /warning/);
});

test.run();
