/** `--threads` of commands that train: the number of threads changes no byte of what they write. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: threads");
const { place, cloze, remove } = commandIn("threads");

const text = join(root, "corpus/text/a-animals.txt");
const sizes = [
  "--layers",
  "2",
  "--width",
  "64",
  "--heads",
  "2",
  "--vocabulary",
  "300",
  "--length",
  "48",
  "--rows",
  "16",
];

function trained(name: string, threads: number): { readonly weights: Buffer; readonly figures: string } {
  const words = ["pretrain", "--out", name, "--json", "--steps", "4", "--dev", text, "--threads", String(threads)];
  const { status, stdout, stderr } = cloze([...words, ...sizes, text]);
  assert.is(status, 0, stderr);
  const figures = stdout.replace(/"(?:tokens_per_s|seconds|out|path|model|checkpoint)":(?:"[^"]*"|[\d.]+)/g, "");
  return { weights: readFileSync(join(place, name, "model.safetensors")), figures };
}

test("pretrain writes the same weights and figures with one thread and with two", () => {
  const [one, two] = [trained("one", 1), trained("two", 2)];
  assert.ok(one.weights.equals(two.weights));
  assert.is(two.figures, one.figures);
});

test("more threads than cores are reduced, with a message", () => {
  const { status, stderr } = cloze(["pretrain", "--out", "three", "--steps", "1", "--threads", "999", ...sizes, text]);
  assert.is(status, 0, stderr);
  assert.match(stderr, new RegExp(`--threads 999: ${availableParallelism()} on this machine`));
});

test("--threads is a whole number", () => {
  const { status, stderr } = cloze(["pretrain", "--out", "four", "--threads", "two", text]);
  assert.is(status, 2);
  assert.match(stderr, /--threads/);
});

test.after(remove);
test.run();
