/** Commands that answer lines: one line out for each line in; a bad one is named and takes no other along. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: lines in, lines out");
const { place, cloze, remove } = commandIn("lines");
test.after(remove);

const sizes = "--layers 1 --width 16 --heads 2 --length 32 --rows 4 --vocabulary 300 --steps 1 --json".split(" ");
const text = join(root, "corpus/text/a-animals.txt");
const make = (words: readonly string[]) => assert.is(cloze(words).status, 0, words.join(" "));

writeFileSync(join(place, "classes.tsv"), "text\tlabel\ngood\tyes\nbad\tno\n");
writeFileSync(join(place, "tags.txt"), "a\tX\nb\tY\n");
make(["pretrain", "--out", "bert", "--objective", "masked-lm", ...sizes, text]);
make(["pretrain", "--out", "gpt", "--objective", "causal-lm", ...sizes, text]);
const tune = (task: string, train: string) =>
  make(["finetune", "--task", task, "--model", "bert", "--train", train, "--epochs", "1", "--out", task, "--json"]);
tune("classify", "classes.tsv");
tune("tag", "tags.txt");

/** Lines of standard output, the last line end left out. */
const linesOf = (stdout: string): string[] => stdout.split("\n").slice(0, -1);

const COMMANDS: readonly (readonly string[])[] = [
  ["predict", "--model", "classify", "--json"],
  ["predict", "--model", "classify", "--json", "--threads", "2"],
  ["predict", "--model", "tag", "--aggregate", "entity", "--json"],
  ["embed", "--model", "bert", "--json"],
  ["embed", "--model", "bert", "--words", "--json"],
  ["generate", "--model", "gpt", "--tokens", "2", "--json"],
  ["tokenize", "--tokenizer", "bert", "--json"],
];

test("JSON lines: blank ones and bad ones are null, the others are answered, the bad ones are named", () => {
  const lines = ['{"text":"one"}', "", '{"txt":"two"}', '"three"', "  ", "four", "5", '{"text":null}', '"nine"'];
  const bad = [3, 6, 7, 8];
  for (const words of COMMANDS) {
    const { status, stdout, stderr } = cloze(words, lines.join("\n"));
    const out = linesOf(stdout);
    const label = words.join(" ");
    assert.is(status, 2, label);
    assert.is(out.length, lines.length, label);
    for (const [i, line] of out.entries())
      assert.is(JSON.parse(line) === null, [1, 2, 4, 5, 6, 7].includes(i), `${label}: line ${i + 1} is ${line}`);
    const named = [...stderr.matchAll(/standard input:(\d+): /g)].map(([, number]) => Number(number));
    assert.equal(named, bad, label);
    assert.match(stderr, /4 of 9 lines could not be answered\n$/);
  }
});

test("a good line is answered with the same bytes whatever lines are beside it", () => {
  for (const words of COMMANDS.filter((one) => one[0] !== "generate")) {
    const alone = cloze(words, '"three"\n').stdout;
    const among = cloze(words, '"one"\n{\n\n"three"\n').stdout;
    assert.is(linesOf(among)[3], alone.trimEnd(), words.join(" "));
  }
});

test("plain lines: an empty one is a text; one that is not UTF-8 is named, and the lines after it are answered", () => {
  const bytes = Buffer.concat([Buffer.from("one\n\ncaf"), Buffer.of(0xe9), Buffer.from("\nfour\r\n")]);
  writeFileSync(join(place, "plain.txt"), bytes);
  for (const words of COMMANDS) {
    const { status, stdout, stderr } = cloze([...words, "--text", "plain.txt"]);
    const out = linesOf(stdout);
    assert.is(status, 2);
    assert.is(out.length, 4, words.join(" "));
    assert.equal(
      out.map((line) => line === "null"),
      [false, false, true, false],
      words.join(" "),
    );
    assert.match(stderr, /plain\.txt:3: not UTF-8/);
    assert.match(stderr, /1 of 4 lines/);
  }
});

test("several files: each has line numbers of its own, and the answers are in their order", () => {
  writeFileSync(join(place, "a.jsonl"), '"one"\n');
  writeFileSync(join(place, "b.jsonl"), 'x\n"two"\n');
  const { status, stdout, stderr } = cloze(["predict", "--model", "classify", "--json", "a.jsonl", "b.jsonl"]);
  assert.is(status, 2);
  assert.match(stderr, /b\.jsonl:1: /);
  assert.equal(
    linesOf(stdout).map((line) => line === "null"),
    [false, true, false],
  );
});

test("many bad lines are counted, not all named", () => {
  const { stderr, stdout } = cloze(["predict", "--model", "classify", "--json"], "x\n".repeat(250));
  assert.is(linesOf(stdout).length, 250);
  assert.is(stderr.split("\n").length, 100 + 2 + 1);
  assert.match(stderr, /250 of 250 lines/);
});

test("a model that cannot be opened ends the command before any line", () => {
  cpSync(join(place, "classify"), join(place, "broken"), { recursive: true });
  const file = join(place, "broken/model.safetensors");
  writeFileSync(file, readFileSync(file).subarray(0, 100));
  for (const threads of ["1", "2"]) {
    const { status, stdout } = cloze(["predict", "--model", "broken", "--threads", threads], '"a"\n"b"\n');
    assert.is(status, 2);
    assert.is(stdout, "");
  }
});

test("a second text that is null is none", () => {
  const words = ["predict", "--model", "classify", "--json"];
  assert.is(cloze(words, '{"text":"a","pair":null}\n').stdout, cloze(words, '{"text":"a"}\n').stdout);
});

test.run();
