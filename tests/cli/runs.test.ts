/** No work is lost, and nothing is silently ignored: runs that are interrupted, restarted, resumed, or diverge; flags. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn, interruptedIn, objectsOf } from "../helpers/command.js";
import { root } from "../helpers/shared.js";

const test = suite("cloze: runs");
const { place, cloze, objects, remove } = commandIn("runs");
const interrupted = interruptedIn(place);
const text = join(root, "corpus/text/a-animals.txt");
const other = join(root, "corpus/text/b-town.txt");
const small = "--objective masked-lm --layers 1 --width 16 --heads 2 --length 32 --rows 4 --vocabulary 300".split(" ");

const weights = (folder: string) => readFileSync(join(place, folder, "model.safetensors"));

test("pretrain: an interrupted run is kept, resumed without other flags to the same bits, and refuses other text", () => {
  const words = ["pretrain", "--out", "run", ...small, "--steps", "6", "--checkpoint-every", "4", "--json", text];
  interrupted(words, "run");
  const checkpoint = readFileSync(join(place, "run.checkpoint"));
  const again = cloze(words);
  assert.is(again.status, 2);
  assert.match(again.stderr, /run\.checkpoint holds an interrupted run; continue it with --resume run/);
  assert.ok(readFileSync(join(place, "run.checkpoint")).equals(checkpoint), "the checkpoint is as it was");
  const refusals: [string[], RegExp][] = [
    [[other], /made with text .*, this run has /],
    [["--learning-rate", "0.5"], /made with learning-rate 0\.001, this run has 0\.5/],
    [["--objective", "causal-lm"], /made with objective .*masked-lm.*, this run has .*causal-lm/],
    [["--steps", "9"], /made with steps 6, this run has 9/],
  ];
  for (const [more, message] of refusals) {
    const { status, stderr } = cloze(["pretrain", "--resume", "run", ...more]);
    assert.is(status, 2, `${more.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
  }
  const done = cloze(["pretrain", "--resume", "run", "--json"]);
  assert.not.match(done.stderr, /learning a vocabulary/, "the run has its own");
  assert.is(objectsOf(done.stdout).at(-1)!["steps"], 6);
  assert.ok(weights("run").equals(weights("run-whole")), "the same bits");
  assert.not.ok(existsSync(join(place, "run.checkpoint")));
});

test("finetune: the same, with the best weights of the epochs before", () => {
  const rows = Array.from({ length: 24 }, (_, i) => `the cat ${i}\t${i % 2 === 0 ? "even" : "odd"}`);
  writeFileSync(join(place, "train.tsv"), `text\tlabel\n${rows.join("\n")}\n`);
  const words = [
    "finetune",
    "--task",
    "classify",
    "--model",
    "run-whole",
    "--train",
    "train.tsv",
    "--dev",
    "train.tsv",
  ];
  interrupted(
    [...words, "--rows", "8", "--epochs", "3", "--checkpoint-every", "5", "--out", "tuned", "--json"],
    "tuned",
  );
  assert.is(cloze([...words, "--out", "tuned"]).status, 2);
  writeFileSync(join(place, "train.tsv"), `text\tlabel\n${rows.slice(1).join("\n")}\n`);
  const changed = cloze(["finetune", "--resume", "tuned"]);
  assert.is(changed.status, 2);
  assert.match(changed.stderr, /made with data/);
  writeFileSync(join(place, "train.tsv"), `text\tlabel\n${rows.join("\n")}\n`);
  objects(["finetune", "--resume", "tuned", "--json"]);
  assert.ok(weights("tuned").equals(weights("tuned-whole")), "the same bits");
});

test("--force starts over; a missing checkpoint is named", () => {
  writeFileSync(join(place, "fresh.checkpoint"), "not a checkpoint");
  const words = ["pretrain", "--out", "fresh", ...small, "--steps", "2", "--json", text];
  assert.is(cloze(words).status, 2);
  assert.is(cloze([...words, "--force"]).status, 0);
  const missing = cloze(["pretrain", "--resume", "nowhere"]);
  assert.is(missing.status, 2);
  assert.match(missing.stderr, /there is no checkpoint nowhere\.checkpoint/);
});

test("a diverged run ends with an error and status 1, and its last good weights are kept", () => {
  const words = [
    "pretrain",
    "--out",
    "wild",
    ...small,
    "--steps",
    "40",
    "--warmup",
    "0",
    "--rate",
    "1e30",
    "--json",
    text,
  ];
  const { status, stderr } = cloze(words);
  assert.is(status, 1);
  assert.match(stderr, /no weight was changed in this step.*The last good weights are kept in wild\.checkpoint/);
  assert.ok(existsSync(join(place, "wild.checkpoint")));
  assert.not.ok(existsSync(join(place, "wild")));
});

test("flags: shares are from 0 to 1, flags that exclude each other are refused, and every message names its flag", () => {
  const pretrain = ["pretrain", "--out", "no", ...small, text];
  const finetune = ["finetune", "--task", "classify", "--train", "train.tsv", "--out", "no"];
  const refusals: [string[], RegExp][] = [
    [[...pretrain, "--mask", "15"], /--masking-rate/],
    [[...pretrain, "--mask", "0"], /--masking-rate/],
    [[...pretrain, "--dropout", "1"], /--dropout/],
    [[...pretrain, "--smoothing", "1.1"], /--smoothing/],
    [[...pretrain, "--learning-rate", "fast"], /--learning-rate.*expected a number above 0, got "fast"/],
    [[...pretrain, "--batch-size", "1.5"], /--batch-size/],
    [[...pretrain, "--steps", ""], /--steps/],
    [[...pretrain, "--seed", "-1"], /--seed/],
    [[...pretrain, "--from", "run-whole", "--family", "bert"], /--from, --config and --family exclude each other/],
    [[...pretrain, "--from", "run-whole", "--tokenizer", "run-whole"], /--tokenizer/],
    [[...pretrain, "--from", "run-whole", "--max-length", "500"], /--max-length 500: the model of run-whole has 32/],
    [[...pretrain, "--objective", "causal-lm", "--mask", "0.2"], /--masking-rate does not apply to causal-lm/],
    [[...pretrain, "--objective", "spans", "--whole-words"], /--whole-words is for masked-lm/],
    [[...pretrain, "--objective", "translation-lm"], /--pairs/],
    [[...finetune, "--model", "run-whole", "--scratch", "run-whole"], /--model .* or --scratch/],
    [[...finetune], /--model .* or --scratch/],
    [[...finetune, "--scratch", "run-whole", "--lora", "4"], /--lora and --scratch exclude each other/],
    [
      [...finetune, "--model", "run-whole", "--lora", "4", "--freeze", "embeddings"],
      /--lora and --freeze exclude each other/,
    ],
    [[...finetune, "--model", "run-whole", "--lora-dropout", "0.1"], /need --lora/],
    [["generate", "--model", "run-whole", "--top-p", "90"], /--top-p/],
    [
      ["corrupt", "--tokenizer", "run-whole", "--objective", "bart-permute", "--rate", "0.2"],
      /--masking-rate does not apply/,
    ],
  ];
  for (const [words, message] of refusals) {
    const { status, stderr } = cloze(words, '"a"\n');
    assert.is(status, 2, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, message, words.join(" "));
  }
});

test("short names of flags and the field's are the same; the version is printed everywhere", () => {
  const run = (out: string, ...words: string[]) =>
    objects(["pretrain", "--out", out, ...words, "--steps", "2", "--json", text]).at(-1)!["loss"];
  const short =
    "--objective masked-lm --layers 1 --width 16 --heads 2 --length 32 --rows 4 --vocabulary 300 --rate 0.01";
  const long =
    "--objective masked-lm --num-hidden-layers 1 --hidden-size 16 --num-attention-heads 2 --max-length 32 --batch-size 4 --vocab-size 300 --learning-rate 0.01";
  assert.is(run("short", ...short.split(" ")), run("long", ...long.split(" ")));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  for (const words of [["--version"], ["embed", "--version"], ["pretrain", "--version"]])
    assert.is(cloze(words).stdout.trim(), version);
});

test.after(() => {
  rmSync(join(place, "run-whole"), { recursive: true, force: true });
  remove();
});

test.run();
