/**
 * `finetune --test`, `evaluate` and `predict` agree on every example of every task, also where examples are longer than the
 * longest sequence: one length, the same windows, with and without an adapter.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: figures and predictions agree");
const { place, cloze, objects, remove } = commandIn("agreement");
test.after(remove);

const text = join(root, "corpus/text/a-animals.txt");
const sizes = "--layers 1 --width 32 --heads 2 --length 64 --rows 4 --vocabulary 400 --steps 5".split(" ");
objects(["pretrain", "--out", "base", "--objective", "masked-lm", ...sizes, "--json", text]);

/** As a published folder that names no length: all positions are read. */
const config = join(place, "base/tokenizer_config.json");
const { model_max_length: _, ...rest } = JSON.parse(readFileSync(config, "utf8"));
writeFileSync(config, JSON.stringify(rest));

const WORDS = readFileSync(text, "utf8").split(/\s+/).slice(0, 600);
/** Texts of 5 to 100 words: half of them have more tokens than 24. */
const texts = Array.from({ length: 20 }, (_, i) => WORDS.slice(7 * i, 7 * i + 5 * (i + 1)).join(" "));
const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

type Answer = Record<string, unknown>;
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

interface Kind {
  readonly task: string;
  /** the test file */
  readonly file: string;
  /** input of `predict` for each example */
  readonly inputs: readonly object[];
  /** the figure that the answers give, under its name */
  readonly figure: readonly [name: string, of: (answers: readonly Answer[]) => number];
  readonly adapter?: boolean;
}

const classes = texts.map((one, i) => ({ text: one, label: ["a", "b", "c"][i % 3]! }));
const pairs = texts.map((one, i) => ({ text: one, pair: texts[19 - i]!, label: i % 2 === 0 ? "x" : "y" }));
const several = texts.map((one, i) => ({ text: one, labels: ["a", "b"].filter((_, b) => (i >> b) & 1) }));
const scores = texts.map((one, i) => ({ text: one, score: i / 4 }));
const tagged = texts.map((one) => one.split(" ").map((word) => ({ word, tag: word.length > 3 ? "LONG" : "SHORT" })));
const questions = texts.map((context, i) => {
  const word = context.split(" ").at(-1 - (i % 3))!;
  return { question: "Which word is it?", context, answers: [{ text: word, start: context.lastIndexOf(word) }] };
});

const KINDS: readonly Kind[] = [
  {
    task: "classify",
    file: lines(classes),
    inputs: classes,
    figure: ["accuracy", (answers) => mean(answers.map(({ label }, i) => Number(label === classes[i]!.label)))],
    adapter: true,
  },
  {
    task: "pair",
    file: lines(pairs),
    inputs: pairs,
    figure: ["accuracy", (answers) => mean(answers.map(({ label }, i) => Number(label === pairs[i]!.label)))],
  },
  {
    task: "multi-label",
    file: lines(several),
    inputs: several,
    figure: [
      "exact_match",
      (answers) =>
        mean(
          answers.map(({ scores: own }, i) => {
            const said = Object.entries(own as Record<string, number>).filter(([, score]) => score >= 0.5);
            const found = said.map(([name]) => name).sort();
            return Number(found.join() === several[i]!.labels.join());
          }),
        ),
    ],
  },
  {
    task: "regress",
    file: lines(scores),
    inputs: scores,
    figure: ["mse", (answers) => mean(answers.map(({ score }, i) => ((score as number) - scores[i]!.score) ** 2))],
  },
  {
    task: "tag",
    file: tagged.map((words) => words.map(({ word, tag }) => `${word}\t${tag}\n`).join("")).join("\n"),
    inputs: tagged.map((words) => ({ words: words.map(({ word }) => word) })),
    figure: [
      "accuracy",
      (answers) =>
        mean(
          (answers as unknown as Answer[][]).flatMap((words, i) => {
            assert.is(words.length, tagged[i]!.length, "an answer for every word");
            return words.map(({ label }, w) => Number(label === tagged[i]![w]!.tag));
          }),
        ),
    ],
    adapter: true,
  },
  {
    task: "answer",
    file: lines(questions),
    inputs: questions,
    figure: [
      "exact_match",
      (answers) =>
        mean(answers.map(({ answer }, i) => Number(normalized(answer) === normalized(questions[i]!.answers[0]!.text)))),
    ],
  },
];

/** SQuAD's normalization, for text without articles. */
const normalized = (answer: unknown): string =>
  String(answer)
    .toLowerCase()
    .replace(/[^\w\s]/g, "")
    .trim();

/** Figures that differ in the order of sums only. */
function same(got: unknown, want: number, what: string): void {
  assert.ok(Math.abs((got as number) - want) <= 1e-6 * Math.max(1, Math.abs(want)), `${what}: ${got}, not ${want}`);
}

function check({ task, file, inputs, figure: [name, of] }: Kind, more: readonly string[]): void {
  rmSync(join(place, "out"), { recursive: true, force: true });
  writeFileSync(join(place, "file"), file);
  const lora = more.includes("--lora");
  const learn = ["finetune", "--task", task, "--model", "base", "--train", "file", "--test", "file", "--out", "out"];
  const done = objects([...learn, "--epochs", "1", "--rate", "0.01", "--json", ...more]).at(-1)!;
  const model = lora ? ["--model", "base", "--adapter", "out"] : ["--model", "out"];
  const length = more.includes("--length") ? 24 : 64;
  const said = JSON.parse(readFileSync(join(place, "out/tokenizer_config.json"), "utf8"));
  assert.is(said.model_max_length, length);
  const scored = objects(["evaluate", ...model, "--task", task, "--test", "file", "--json"]).at(-1)!;
  const answers = objects(["predict", ...model, "--json"], lines(inputs));
  const label = `${task} ${more.join(" ")}: ${name}`;
  same(scored[`test_${name}`], done[`test_${name}`] as number, `${label} of evaluate and finetune`);
  same(of(answers), done[`test_${name}`] as number, `${label} of predict and finetune`);
  if (lora) {
    objects(["merge", ...model, "--out", "merged", "--json"]);
    const merged = objects(["evaluate", "--model", "merged", "--task", task, "--test", "file", "--json"]).at(-1)!;
    same(merged[`test_${name}`], done[`test_${name}`] as number, `${label} of the merged model`);
    rmSync(join(place, "merged"), { recursive: true });
  }
}

for (const kind of KINDS)
  test(kind.task, () => {
    check(kind, ["--length", "24"]);
    if (kind.adapter) check(kind, ["--length", "24", "--lora", "4"]);
  });

test("a published folder without a length: all positions, for each command", () => {
  const figures = (more: readonly string[]) =>
    objects(["evaluate", "--model", "plain", "--test", "rows.jsonl", "--json", ...more]).map(
      ({ seconds, ...one }) => one,
    );
  writeFileSync(join(place, "rows.jsonl"), lines(classes));
  const learn = ["finetune", "--task", "classify", "--model", "base", "--train", "rows.jsonl", "--epochs", "2"];
  objects([...learn, "--out", "plain", "--json"]);
  const file = join(place, "plain/tokenizer_config.json");
  const { model_max_length: length, ...kept } = JSON.parse(readFileSync(file, "utf8"));
  assert.is(length, 64);
  writeFileSync(file, JSON.stringify(kept));
  assert.equal(figures([]), figures(["--length", "64"]));
  const predicted = (more: readonly string[]) => cloze(["predict", "--model", "plain", ...more], lines(classes)).stdout;
  assert.is(predicted([]), predicted(["--length", "64"]));
});

test("a length of more tokens than the model has positions is refused by every command, naming the flag", () => {
  const refused = (words: readonly string[]) => {
    const { status, stderr } = cloze(words, '"a"\n');
    assert.is(status, 2, words.join(" "));
    assert.match(stderr, /length 9999/, words.join(" "));
    assert.match(stderr, /64 positions/, words.join(" "));
  };
  const learn = ["finetune", "--task", "classify", "--model", "base", "--train", "rows.jsonl", "--out", "no"];
  refused([...learn, "--length", "9999"]);
  refused(["evaluate", "--model", "plain", "--test", "rows.jsonl", "--max-length", "9999"]);
  refused(["predict", "--model", "plain", "--length", "9999"]);
  refused(["embed", "--model", "base", "--length", "9999"]);
  refused(["distill", "--teacher", "base", "--layers", "1", "--length", "9999", "--out", "no", text]);
  refused(["pretrain", "--from", "base", "--length", "9999", "--out", "no", text]);
  refused(["align", "--model", "base", "--length", "9999", "rows.jsonl", "rows.jsonl"]);
});

test.run();
