/** Labels: every set of files is learned from as it is, or refused before the first step with file and line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn, objectsOf } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: labels");
const { place, cloze, objects, remove } = commandIn("labels");
test.after(remove);

const sizes = "--layers 1 --width 16 --heads 2 --length 32 --rows 4 --vocabulary 300 --steps 1 --json".split(" ");
const text = join(root, "corpus/text/a-animals.txt");
objects(["pretrain", "--out", "base", "--objective", "masked-lm", ...sizes, text]);

interface Files {
  readonly train: string;
  readonly dev?: string;
  readonly test?: string;
  readonly model?: string;
}

function finetune(task: string, { model = "base", ...files }: Files) {
  const named = Object.entries(files).flatMap(([part, content]) => {
    writeFileSync(join(place, `${part}.txt`), content);
    return [`--${part}`, `${part}.txt`];
  });
  const learn = ["finetune", "--task", task, "--model", model, "--epochs", "1", "--out", "out", "--force", "--json"];
  return cloze([...learn, ...named]);
}

const rows = (...pairs: readonly (readonly [string, string])[]) =>
  `text\tlabel\n${pairs.map(([one, label]) => `${one}\t${label}\n`).join("")}`;
const two = rows(["a", "neg"], ["b", "pos"]);
const lines = (...objects: readonly object[]) => objects.map((one) => `${JSON.stringify(one)}\n`).join("");
const scored = lines({ text: "a", pair: "b", score: 1 }, { text: "c", pair: "d", score: 0 });

test("refused before the first step, by file and line", () => {
  const refusals: readonly (readonly [task: string, files: Files, message: RegExp])[] = [
    ["classify", { train: two, dev: rows(["a", "neg"], ["b", "neutral"]) }, /dev\.txt:3: unknown label "neutral"/],
    ["classify", { train: two, test: rows(["a", "NEG"]) }, /test\.txt:2: unknown label "NEG"/],
    ["classify", { train: rows(["a", "x"], ["b", "x"]) }, /train\.txt: every label is "x"/],
    ["classify", { train: "text\tscore\na\t1\n" }, /train\.txt:2: no label/],
    ["classify", { train: lines({ text: "a", label: "x" }, { text: "b", label: ["x"] }) }, /train\.txt:2: a list/],
    ["tag", { train: "a\tX\nb\tY\n", dev: "a\tX\n\nb\tZ\n" }, /dev\.txt:3: unknown label "Z"/],
    ["multi-label", { train: lines({ text: "a", labels: [] }, { text: "b", labels: [] }) }, /no row has a label/],
    ["multi-label", { train: lines({ text: "a", labels: ["x"] }) }, /the only label is "x"/],
    [
      "multi-label",
      { train: lines({ text: "a", labels: ["x", "y"] }), dev: lines({ text: "a", labels: ["z"] }) },
      /dev\.txt:1: unknown label "z"/,
    ],
    [
      "regress",
      { train: "text\tscore\na\t1\nb\t2\n", test: "text\tscore\na\t1\n" },
      /test\.txt: only one row with a score/,
    ],
    [
      "embed",
      { train: scored, test: lines({ text: "a", pair: "b", score: 1 }) },
      /test\.txt: only one row with a score/,
    ],
    [
      "pair",
      { train: "premise\thypothesis\tlabel\na\tb\tx\nc\td\ty\n", dev: "premise\thypothesis\tlabel\na\tb\t-\n" },
      /dev\.txt has no examples/,
    ],
  ];
  for (const [task, files, message] of refusals) {
    const { status, stdout, stderr } = finetune(task, files);
    assert.is(status, 2, `${task}: ${stderr}`);
    assert.is(stdout, "", "no step");
    assert.match(stderr, message);
  }
});

const labelsOf = () =>
  objects(["predict", "--model", "out"], '"a"\n').flatMap(({ scores }) => Object.keys(scores as object));

test("a model's own labels are kept when it continues to learn some of them; others must be as many", () => {
  const learn = ["finetune", "--task", "classify", "--model", "base", "--train", "own.txt", "--out", "own", "--json"];
  writeFileSync(join(place, "own.txt"), rows(["a", "x"], ["b", "y"], ["c", "z"]));
  objects([...learn, "--epochs", "1"]);
  for (const train of [rows(["a", "z"], ["b", "x"]), rows(["a", "y"])]) {
    const { status, stderr } = finetune("classify", { train, model: "own", test: rows(["a", "y"]) });
    assert.is(status, 0, stderr);
    assert.equal(labelsOf().sort(), ["x", "y", "z"]);
  }
  const more = finetune("classify", { train: rows(["a", "x"], ["b", "w"]), model: "own" });
  assert.is(more.status, 2);
  assert.match(more.stderr, /train\.txt:3: unknown label "w"; expected those of the model in own/);
  const replaced = finetune("classify", { train: rows(["a", "1"], ["b", "2"], ["c", "3"]), model: "own" });
  assert.is(replaced.status, 0);
  assert.match(replaced.stderr, /the labels 1, 2, 3 replace x, y, z/);
});

test("pairs for embeddings: the development set decides which figure chooses the best epoch", () => {
  const matches = lines({ text: "a", pair: "b" }, { text: "c", pair: "d" });
  for (const [train, dev, figure] of [
    [matches, scored, "dev_spearman"],
    [scored, matches, "dev_mrr"],
  ] as const) {
    const { status, stdout, stderr } = finetune("embed", { train, dev });
    assert.is(status, 0, stderr);
    const epoch = objectsOf(stdout).find((one) => "epoch" in one)!;
    assert.type(epoch[figure], "number");
    assert.is(epoch["best"], true);
  }
});

test.run();
