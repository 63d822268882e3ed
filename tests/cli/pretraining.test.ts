/** cloze pretrain for every objective and family, as a user runs it: a few steps of tiny models. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readSafetensors } from "../../sdk/io/safetensors/safetensors.js";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: pre-training");
const { place, cloze, objects, remove } = commandIn("pretraining");
const text = join(root, "corpus/text/a-animals.txt");
const more = join(root, "corpus/text/b-town.txt");
/** Held-out text: a part that is scored quickly. */
const other = join(place, "held-out.txt");
writeFileSync(other, readFileSync(join(root, "corpus/text/b-sky.txt"), "utf8").split("\n").slice(0, 20).join("\n"));
const sizes =
  "--layers 2 --width 16 --heads 2 --length 32 --rows 4 --steps 3 --vocabulary 420 --dropout 0 --json".split(" ");

/** The last object of a run. */
const done = (...words: string[]) => objects(["pretrain", ...words, ...sizes, "--dev", other, text, more]).at(-1)!;

const config = (folder: string) =>
  JSON.parse(readFileSync(join(place, folder, "config.json"), "utf8")) as { architectures: string[] };

/** By objective the class that is saved. */
const OBJECTIVES: Readonly<Record<string, string>> = {
  "masked-lm": "BertForMaskedLM",
  "masked-lm+next-sentence": "BertForPreTraining",
  "ngram-masked-lm+sentence-order": "BertForPreTraining",
  "span-masked-lm": "BertForMaskedLM",
  roberta: "RobertaForMaskedLM",
  "causal-lm": "GPT2LMHeadModel",
  bart: "BartForConditionalGeneration",
  "bart-delete": "BartForConditionalGeneration",
  mass: "BartForConditionalGeneration",
  t5: "T5ForConditionalGeneration",
  ul2: "T5ForConditionalGeneration",
  "replaced-tokens": "ElectraForPreTraining",
};

for (const [objective, architecture] of Object.entries(OBJECTIVES))
  test(`${objective} makes a ${architecture}`, () => {
    const figures = done("--out", objective, "--objective", objective);
    assert.equal(config(objective).architectures, [architecture]);
    assert.is(figures["steps"], 3);
    assert.ok(Number.isFinite(figures["held_out_loss"] ?? figures["generator_loss"]), JSON.stringify(figures));
    assert.ok((figures["unigram_entropy"] as number) > 2);
    const { stdout } = cloze(["inspect", objective, "--json"]);
    assert.ok(stdout.includes('"parameters"'), stdout);
  });

const FAMILIES: Readonly<Record<string, string>> = {
  albert: "AlbertForMaskedLM",
  "deberta-v2": "DebertaV2ForMaskedLM",
  distilbert: "DistilBertForMaskedLM",
  modernbert: "ModernBertForMaskedLM",
  mpnet: "MPNetForMaskedLM",
  "xlm-roberta": "XLMRobertaForMaskedLM",
};

for (const [family, architecture] of Object.entries(FAMILIES))
  test(`--family ${family} makes a ${architecture}`, () => {
    done("--out", `new-${family}`, "--family", family, "--objective", "masked-lm");
    assert.equal(config(`new-${family}`).architectures, [architecture]);
  });

test("a custom configuration; continuing from a folder; both of ELECTRA's models", () => {
  writeFileSync(
    join(place, "own.json"),
    JSON.stringify({ model_type: "gpt2", n_embd: 24, n_layer: 1, n_head: 3, n_positions: 40, vocab_size: 1 }),
  );
  done("--out", "own", "--config", "own.json", "--objective", "causal-lm");
  assert.match(readFileSync(join(place, "own/config.json"), "utf8"), /"n_embd": 24/);
  done("--out", "further", "--from", "causal-lm", "--objective", "causal-lm");
  assert.ok(existsSync(join(place, "replaced-tokens/generator/model.safetensors")));
  done("--out", "electra", "--from", "replaced-tokens", "--objective", "replaced-tokens");
});

test("a model that is trained further on short sequences first keeps its later positions", () => {
  const positions = (folder: string) =>
    readSafetensors(readFileSync(join(place, folder, "model.safetensors"))).floats(
      "bert.embeddings.position_embeddings.weight",
    );
  done("--out", "short", "--from", "masked-lm", "--objective", "masked-lm", "--short", "8", "--learning-rate", "1e-12");
  const before = positions("masked-lm");
  // Each of Adam's three steps moves a weight by about the rate; copies of the first positions differ by 0.01 and more.
  const moved = positions("short").map((x, i) => Math.abs(x - before[i]!));
  assert.ok(Math.max(...moved) < 1e-10, `${Math.max(...moved)}`);
});

test("languages in smoothed shares, and sentences with their translations", () => {
  const lines = Array.from({ length: 40 }, (_, i) => `the cat number ${i} sleeps\tle chat ${i} dort`);
  writeFileSync(join(place, "pairs.tsv"), `text\tpair\n${lines.join("\n")}\n`);
  const plain = done("--out", "plain", "--objective", "masked-lm");
  const mixed = done("--out", "mixed", "--objective", "masked-lm", "--smoothing", "0.3");
  const paired = done("--out", "paired", "--objective", "masked-lm", "--pairs", "pairs.tsv");
  assert.is(new Set([plain["loss"], mixed["loss"], paired["loss"]]).size, 3);
});

test("an interrupted run continues with the same bits", () => {
  const words = ["--objective", "t5", "--checkpoint-every", "2"];
  done("--out", "whole", ...words);
  // A run of which only the checkpoint of step 2 is left.
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import fs from "node:fs"; const rm = fs.promises.rm; fs.promises.rm = async (name, ...rest) => String(name).endsWith(".checkpoint") ? undefined : rm(name, ...rest); (await import("node:module")).syncBuiltinESMExports(); process.argv = [process.argv[0], ...${JSON.stringify(["pretrain", "--out", "broken", ...words, ...sizes, "--dev", other, text, more])}]; await import(${JSON.stringify(join(root, "dist/cli.js"))});`,
    ],
    { encoding: "utf8", cwd: place },
  );
  assert.is(status, 0, stderr);
  assert.ok(existsSync(join(place, "broken.checkpoint")));
  done("--out", "resumed", ...words, "--resume", "broken");
  const weights = (folder: string) => readFileSync(join(place, folder, "model.safetensors"));
  assert.ok(weights("resumed").equals(weights("whole")));
});

test("options that exclude each other give a clear error", () => {
  const refusals: [string[], RegExp][] = [
    [["--objective", "magic"], /expected one of masked-lm/],
    [["--objective", "masked-lm", "--family", "gpt2"], /the tokenizer has no mask token/],
    [["--objective", "masked-lm", "--family", "magic"], /--family magic: expected one of albert/],
    [["--objective", "replaced-tokens", "--family", "bert"], /replaced-token-detection trains electra/],
    [["--objective", "causal-lm", "--short", "16"], /--short is for masked LM alone/],
    [["--objective", "causal-lm", "--short-batch-size", "9"], /--short-batch-size is for masked LM alone/],
    [["--objective", "masked-lm", "--short-batch-size", "9"], /--short-batch-size belongs to --short/],
    [["--objective", "roberta", "--family", "bert", "--from", "masked-lm"], /exclude each other/],
    [["--objective", "masked-lm", "--family", "roberta+x"], /--family roberta\+x/],
  ];
  for (const [words, message] of refusals) {
    const { status, stderr } = cloze(["pretrain", "--out", "refused", ...words, ...sizes, text]);
    assert.is(status, 2, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.not(existsSync(join(place, "refused")));
  }
});

test.after(remove);

test.run();
