/** Ctrl-C before the first step, amid synchronous work: the process ends at once, and nothing is written. */
import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: interrupted before the first step");
const { place, cloze, remove } = commandIn("interrupted");
test.after(remove);

// Each stage below takes longer than a signal to arrive.
const WORDS = ["cat", "dog", "sea", "hill", "sat", "ran", "old", "low", "the", "a"];
const line = (i: number): string =>
  Array.from({ length: 9 }, (_, j) => WORDS[(i * 7 + j * j) % 10]! + (i % 97)).join(" ");
const lines = Array.from({ length: 40_000 }, (_, i) => (i % 8 === 7 ? "" : line(i)));
writeFileSync(join(place, "text.txt"), lines.join("\n"));
writeFileSync(join(place, "few.txt"), lines.slice(0, 1000).join("\n"));
assert.is(cloze(["train-tokenizer", "--size", "300", "--out", "tok.json", "few.txt"]).status, 0);
const before = readdirSync(place).sort();

/** Press Ctrl-C once standard error says `sign`; the signal that ended the process, and after how many seconds. */
function interruptedAt(sign: string, words: readonly string[]) {
  const child = spawn(process.execPath, [join(root, "dist/cli.js"), ...words], { cwd: place });
  let said = "";
  let pressed = 0;
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    said += part;
    if (pressed > 0 || !said.includes(sign)) return;
    pressed = performance.now();
    child.kill("SIGINT");
  });
  return new Promise<{ signal: string | null; seconds: number; said: string }>((done) =>
    child.on("close", (_, signal) => done({ signal, seconds: (performance.now() - pressed) / 1000, said })),
  );
}

const sizes = "--layers 1 --width 16 --heads 2 --length 32 --rows 4 --steps 2".split(" ");
const STAGES: Readonly<Record<string, readonly [sign: string, words: readonly string[]]>> = {
  "a vocabulary is learned": ["learning a vocabulary", ["pretrain", ...sizes, "--vocabulary", "300", "text.txt"]],
  "pairs of sentences are made": ["a step of", ["pretrain", ...sizes, "--tokenizer", "tok.json", "text.txt"]],
  "blocks of tokens are made": [
    "a step of",
    ["pretrain", ...sizes, "--objective", "masked-lm", "--tokenizer", "tok.json", "text.txt"],
  ],
};

for (const [stage, [sign, words]] of Object.entries(STAGES))
  test(`while ${stage}`, async () => {
    const { signal, seconds, said } = await interruptedAt(sign, [...words, "--out", "model"]);
    assert.is(signal, "SIGINT", said);
    assert.ok(seconds < 1, `it took ${seconds} s`);
    assert.equal(readdirSync(place).sort(), before);
  });

test.run();
