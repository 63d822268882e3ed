/**
 * Derives cloze-tiny from nothing but text, or checks that it is derived so:
 *
 *   npm run train:cloze-tiny                       all four runs, then compared with models/cloze-tiny
 *   npm run train:cloze-tiny -- --steps 50         the first steps, compared with models/cloze-tiny/MANIFEST
 *   npm run train:cloze-tiny -- --resume           go on after an interruption
 *   npm run train:cloze-tiny -- --write            all four runs, written to models/cloze-tiny
 *
 * --novels FOLDER holds the cleaned novels; without it they are fetched from the collection's own server. --threads N computes
 * on several threads. Whatever the runtime and the threads, the bits are the same.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hashFile, writeCorpus } from "./corpus.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const published = join(root, "models/cloze-tiny");
const work = join(root, "build/cloze-tiny");
const at = (name) => join(work, name);

const TOKENIZER = "5253c520b219f0b96c8ad4af5d588856d96bf4567383643616f1d5688d12659c";
const VOCABULARY = ["--size", "8192"];
const CONFIG = fileURLToPath(new URL("config.json", import.meta.url));
const training = ({ steps, rate, warmup, seed }) => [
  ...["--objective", "masked-lm", "--masking-rate", "0.2"],
  ...["--short", "32", "--short-batch-size", "64", "--max-length", "128", "--batch-size", "20"],
  ...["--steps", steps, "--learning-rate", rate, "--warmup-steps", warmup, "--seed", seed],
];
/** Each run starts from the weights of the one before: its rate rises and falls once more, over the data in another order. */
const RUNS = [
  { name: "first", from: null, recipe: training({ steps: "8000", rate: "1e-3", warmup: "400", seed: "1" }) },
  { name: "second", from: "first", recipe: training({ steps: "8000", rate: "1e-3", warmup: "200", seed: "2" }) },
  { name: "third", from: "second", recipe: training({ steps: "8000", rate: "1e-3", warmup: "200", seed: "3" }) },
  { name: "fourth", from: "third", recipe: training({ steps: "4000", rate: "7e-4", warmup: "200", seed: "4" }) },
];
/** The run whose weights are published. Its record is the model's own; those of the others are in folders beside it. */
const last = RUNS.at(-1);
const recordOf = (run) => join(run === last ? "" : run.name, "run_manifest.json");
/** Pre-training is without dropout; fine-tuning, on far fewer examples, begins with the published rate. */
const FINETUNING_DROPOUT = 0.1;
const DROPOUTS = /("(?:embedding|attention|mlp)_dropout": )0\.0/g;

const { values: options } = parseArgs({
  options: {
    steps: { type: "string" },
    threads: { type: "string", default: "1" },
    novels: { type: "string", default: join(root, "../shared/data/pretraining-english/novels") },
    resume: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

/** Bun would take the library's sources for it, as the project's tsconfig.json says; here it runs what was built. */
const OWN_BUILD = process.versions.bun
  ? [`--tsconfig-override=${fileURLToPath(new URL("tsconfig.json", import.meta.url))}`]
  : [];

/** Run a command of cloze in this runtime. */
function cloze(...words) {
  const program = [...OWN_BUILD, join(root, "dist/cli.js")];
  const { status, error } = spawnSync(process.execPath, [...program, ...words], { stdio: "inherit" });
  if (status !== 0) throw error ?? new Error(`cloze ${words[0]} ended with status ${status}`);
}

async function requireHash(path, expected) {
  const found = await hashFile(path);
  if (found !== expected) throw new Error(`${path}: the SHA-256 is ${found}, expected ${expected}`);
}

/** The corpus and the vocabulary that is learned from it. */
async function prepare() {
  console.log("the corpus: 91 novels and modern English");
  await writeCorpus(work, { folder: options.novels, cache: at("novels") });
  if (!existsSync(at("tokenizer.json")))
    cloze("train-tokenizer", ...VOCABULARY, "--out", at("tokenizer.json"), at("train.txt"));
  await requireHash(at("tokenizer.json"), TOKENIZER);
}

/** The first steps of the first run, compared with its record beside the model. */
function verify(steps) {
  const data = ["train.txt", "held-out-modern.txt", "tokenizer.json"].map(at);
  cloze("verify", join(published, RUNS[0].name), CONFIG, ...data, "--steps", steps);
}

/** A finished run is not repeated: remove its folder in build/cloze-tiny to derive it again. */
function pretrain({ name, from, recipe }) {
  if (existsSync(at(`${name}/run_manifest.json`))) return;
  const start = from === null ? ["--config", CONFIG, "--tokenizer", at("tokenizer.json")] : ["--from", at(from)];
  const resume = options.resume && existsSync(at(`${name}.checkpoint`)) ? ["--resume", at(name)] : [];
  const files = [...start, "--dev", at("held-out-modern.txt"), "--out", at(name), ...resume];
  cloze("pretrain", ...recipe, ...files, "--threads", options.threads, at("train.txt"));
}

/** The hashes of a run as lines of text. */
async function linesOf({ name, from, recipe }) {
  const run = JSON.parse(await readFile(at(`${name}/run_manifest.json`), "utf8"));
  const start = from === null ? "--config config.json" : `--from the ${from} run`;
  return [
    `the ${name} run, by cloze ${run.cloze}`,
    ...run.inputs.map(({ role, name: file, sha256 }) => `${role === "from" ? `the ${from} run` : file} ${sha256}`),
    `pretrain ${start} ${recipe.join(" ")}`,
    "SHA-256 of the f32 weights after each of these steps",
    ...run.weights.map(({ step, weights }) => `${step} ${weights}`),
  ];
}

/** The published folder: 16-bit weights, and a copy in 8 bits. */
async function exportModel(to) {
  await rm(to, { recursive: true, force: true });
  cloze("quantize", "--model", at(last.name), "--dtype", "f16", "--out", to);
  cloze("quantize", "--model", at(last.name), "--dtype", "q8", "--out", join(to, "q8"));
  for (const folder of [to, join(to, "q8")]) {
    const path = join(folder, "config.json");
    const config = await readFile(path, "utf8");
    await writeFile(
      path,
      config.replace(DROPOUTS, (_, field) => field + FINETUNING_DROPOUT),
    );
  }
  for (const run of RUNS) {
    await mkdir(join(to, recordOf(run), ".."), { recursive: true });
    await copyFile(at(`${run.name}/run_manifest.json`), join(to, recordOf(run)));
  }
  const texts = (await Promise.all(RUNS.map(linesOf))).map((lines) => `${lines.join("\n")}\n`);
  await writeFile(join(to, "MANIFEST"), texts.join("\n"));
}

const FILES = [
  ...["MANIFEST", "tokenizer.json", "tokenizer_config.json", "config.json", "model.safetensors"],
  ...["q8/tokenizer.json", "q8/tokenizer_config.json", "q8/config.json", "q8/model.safetensors"],
];

async function publish() {
  // The records also tell what the bits do not depend on, such as the number of threads: they are published, not compared.
  for (const name of [...FILES, ...RUNS.map(recordOf)]) {
    await mkdir(join(published, name, ".."), { recursive: true });
    await copyFile(join(at("model"), name), join(published, name));
  }
}

/** Compare the files that were derived with the published ones. */
async function compare() {
  for (const name of FILES) {
    const path = join(published, name);
    const same = existsSync(path) && (await hashFile(path)) === (await hashFile(join(at("model"), name)));
    if (!same) process.exitCode = 1;
    console.log(`${name}: ${same ? "the same bytes" : "differs from what is published"}`);
  }
}

await prepare();
if (options.steps !== undefined) verify(options.steps);
else {
  for (const run of RUNS) pretrain(run);
  await exportModel(at("model"));
  await (options.write ? publish() : compare());
}
