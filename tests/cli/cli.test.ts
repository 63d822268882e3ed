/** The command as a user runs it: the built program in a process of its own. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn, objectsOf as lines } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze");
const { place, alone: cloze, remove } = commandIn("cli");

const text = join(root, "corpus/text/a-animals.txt");
const tiny = ["--layers", "1", "--width", "32", "--heads", "2", "--vocabulary", "300", "--length", "48", "--rows", "8"];

test("train-tokenizer, then tokenize: ids, offsets and words as JSON lines", () => {
  const trained = cloze(["train-tokenizer", "--size", "300", "--out", "tokenizer.json", "--json", text]);
  assert.is(trained.status, 0, trained.stderr);
  assert.is(lines(trained.stdout)[0]!["size"], 300);
  const { status, stdout } = cloze(
    ["tokenize", "--tokenizer", "tokenizer.json", "--json"],
    '"A cat."\n{"text": "A dog", "pair": "barks"}\n',
  );
  assert.is(status, 0);
  const [single, pair] = lines(stdout);
  const { ids, offsets, words } = single as { ids: number[]; offsets: number[][]; words: (number | null)[] };
  assert.is(ids.length, offsets.length);
  assert.is(words[0], null);
  assert.equal(offsets[0], [0, 0]);
  assert.equal(offsets.at(-2), [5, 6]);
  assert.ok((pair as { ids: number[] }).ids.length > 5);
});

test("offsets in code points where asked for", () => {
  const offsets = (words: string[]) =>
    (
      lines(
        cloze(["tokenize", "--tokenizer", "tokenizer.json", "--json", "--no-special", ...words], '"😀 a"\n').stdout,
      )[0] as { offsets: number[][] }
    ).offsets.at(-1);
  assert.equal(offsets([]), [3, 4]);
  assert.equal(offsets(["--code-points"]), [2, 3]);
});

test("pretrain, predict, embed and inspect a model", () => {
  const run = cloze(["pretrain", "--out", "model", "--json", "--steps", "12", ...tiny, "--dev", text, text]);
  assert.is(run.status, 0, run.stderr);
  const reports = lines(run.stdout);
  assert.is(reports.length, 13);
  assert.equal(Object.keys(reports[0]!).slice(0, 5), ["step", "loss", "rate", "tokens_per_s", "seconds"]);
  const done = reports.at(-1)!;
  assert.is(done["done"], true);
  assert.ok((done["held_out_loss"] as number) > 0 && (done["unigram_entropy"] as number) > 0);
  const filled = cloze(["predict", "--model", "model", "--text", "--top", "3"], "The [MASK] sleeps.\n");
  assert.is(filled.status, 0, filled.stderr);
  assert.is((JSON.parse(filled.stdout) as unknown[]).length, 3);
  const embedded = lines(cloze(["embed", "--model", "model", "--text"], "one\ntwo\n").stdout);
  assert.equal(
    embedded.map(({ embedding }) => (embedding as number[]).length),
    [32, 32],
  );
  const seen = lines(cloze(["inspect", "model", "--json"]).stdout)[0]!;
  assert.is(seen["family"], "bert");
});

test("finetune reports its figures beside a baseline; evaluate reports the same", () => {
  const [train, held] = [join(root, "corpus/sentiment/train.tsv"), join(root, "corpus/sentiment/test.tsv")];
  const words = [
    "--task",
    "classify",
    "--scratch",
    "model",
    "--train",
    train,
    "--test",
    held,
    "--epochs",
    "1",
    "--rate",
    "1e-3",
  ];
  const run = cloze(["finetune", ...words, "--out", "classifier", "--json"]);
  assert.is(run.status, 0, run.stderr);
  const figures = lines(run.stdout).at(-1)!;
  assert.is(figures["test_baseline_accuracy"], 0.5);
  const again = lines(cloze(["evaluate", "--model", "classifier", "--test", held, "--json"]).stdout)[0]!;
  const several = lines(cloze(["evaluate", "--model", "classifier", "--test", held, held, "--json"]).stdout);
  assert.equal(
    several.map(({ test, test_accuracy }) => [test, test_accuracy]),
    [
      [held, again["test_accuracy"]],
      [held, again["test_accuracy"]],
    ],
  );
  assert.is(again["test_accuracy"], figures["test_accuracy"]);
  const one = lines(cloze(["predict", "--model", "classifier"], '{"text": "A lovely day."}\n').stdout)[0]!;
  assert.ok(["positive", "negative"].includes(one["label"] as string));
});

test("wrong usage and unreadable input end with status 2, a short message and nothing written", () => {
  const cases: [string[], RegExp][] = [
    [["tokenize", "--tokenizer", "nowhere.json", "-"], /cannot read nowhere\.json: there is no such file/],
    [["pretrain", "--out", "model", text], /model exists already/],
    [["pretrain", "--out", "new", "--objective", "magic", text], /--objective "magic": expected one of/],
    [["pretrain", "--out", "new", "nowhere.txt"], /cannot read nowhere\.txt/],
    [
      ["finetune", "--task", "dance", "--out", "new", "--model", "model", "--train", text],
      /--task dance: expected one of/,
    ],
    [["embed", "--model", "./nowhere", "--text", text], /nowhere does not exist/],
    [["nonsense"], /unknown command/],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = cloze(words);
    assert.is(status, 2, words.join(" "));
    assert.match(stderr, message);
    assert.ok(stderr.split("\n").length < 8, "the message is short");
    assert.not.match(stderr, /\n +at /, "no stack trace");
  }
  assert.not.ok(existsSync(join(place, "new")));
});

test("errors quote arguments without control characters; an impossible path is wrong usage", () => {
  for (const words of [
    ["pretrain", "--steps=\u001b[31m", text],
    ["pretrain", "--\u001b[31m"],
    ["predict", "--model", "x".repeat(5000), "--adapter", "x".repeat(5000)],
    ["predict", "--model", "\u001b[31m"],
  ]) {
    const { status, stderr } = cloze(words);
    assert.is(status, 2, stderr);
    assert.not(stderr.includes("\u001b"), stderr);
    assert.ok(stderr.length < 3000, `${stderr.length} characters`);
  }
});

test("a malformed task file is named with its line, and no folder is left behind", () => {
  writeFileSync(join(place, "bad.tsv"), "text\tlabel\nfine\tyes\nbroken\n");
  const { status, stderr } = cloze([
    "finetune",
    "--task",
    "classify",
    "--scratch",
    "model",
    "--train",
    "bad.tsv",
    "--out",
    "new",
  ]);
  assert.is(status, 2);
  assert.match(stderr, /bad\.tsv:3: expected 2 columns/);
  assert.equal(
    readdirSync(place).filter((name) => name.includes("new")),
    [],
  );
});

test("the same seed trains the same bytes", () => {
  for (const out of ["first", "second"])
    assert.is(cloze(["pretrain", "--out", out, "--json", "--steps", "4", ...tiny, text]).status, 0);
  const bytes = (out: string) => readFileSync(join(place, out, "model.safetensors"));
  assert.ok(bytes("first").equals(bytes("second")));
});

test.after(remove);
test.run();
