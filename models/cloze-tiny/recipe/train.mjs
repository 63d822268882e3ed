/**
 * Derives cloze-tiny from nothing but text, or checks that it is derived so:
 *
 *   npm run train:cloze-tiny                       the whole run, then compared with models/cloze-tiny
 *   npm run train:cloze-tiny -- --steps 50         the first steps, compared with models/cloze-tiny/MANIFEST
 *   npm run train:cloze-tiny -- --resume           go on after an interruption
 *   npm run train:cloze-tiny -- --write            the whole run, written to models/cloze-tiny
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
const RECIPE = [
  ...["--objective", "masked-lm", "--masking-rate", "0.2"],
  ...["--short", "32", "--short-batch-size", "64", "--max-length", "128", "--batch-size", "20"],
  ...["--steps", "8000", "--warmup-steps", "400", "--learning-rate", "1e-3", "--seed", "1"],
];
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

/** The first steps, compared with the record beside the model. */
function verify(steps) {
  const data = ["train.txt", "held-out-modern.txt", "tokenizer.json"].map(at);
  cloze("verify", published, CONFIG, ...data, "--steps", steps);
}

/** A finished run is not repeated: remove build/cloze-tiny/run to derive it again. */
function pretrain() {
  if (existsSync(at("run/run_manifest.json"))) return;
  const reads = ["--config", CONFIG, "--tokenizer", at("tokenizer.json"), "--dev", at("held-out-modern.txt")];
  const resume = options.resume ? ["--resume", at("run")] : [];
  const files = [...reads, "--out", at("run"), ...resume];
  cloze("pretrain", ...RECIPE, ...files, "--threads", options.threads, at("train.txt"));
}

/** The run's hashes as lines of text. */
async function manifestText() {
  const run = JSON.parse(await readFile(at("run/run_manifest.json"), "utf8"));
  return [
    `cloze ${run.cloze}`,
    ...run.inputs.map(({ name, sha256 }) => `${name} ${sha256}`),
    `pretrain --config config.json ${RECIPE.join(" ")}`,
    "SHA-256 of the f32 weights after each of these steps",
    ...run.weights.map(({ step, weights }) => `${step} ${weights}`),
    "",
  ].join("\n");
}

/** The published folder: 16-bit weights, and a copy in 8 bits. */
async function exportModel(to) {
  await rm(to, { recursive: true, force: true });
  cloze("quantize", "--model", at("run"), "--dtype", "f16", "--out", to);
  cloze("quantize", "--model", at("run"), "--dtype", "q8", "--out", join(to, "q8"));
  for (const folder of [to, join(to, "q8")]) {
    const path = join(folder, "config.json");
    const config = await readFile(path, "utf8");
    await writeFile(
      path,
      config.replace(DROPOUTS, (_, field) => field + FINETUNING_DROPOUT),
    );
  }
  await copyFile(at("run/run_manifest.json"), join(to, "run_manifest.json"));
  await writeFile(join(to, "MANIFEST"), await manifestText());
}

const FILES = [
  ...["MANIFEST", "run_manifest.json", "tokenizer.json", "tokenizer_config.json", "config.json", "model.safetensors"],
  ...["q8/tokenizer.json", "q8/tokenizer_config.json", "q8/config.json", "q8/model.safetensors"],
];

/** Compare the files that were derived with the published ones, or publish them. */
async function conclude() {
  await exportModel(at("model"));
  let differing = 0;
  for (const name of FILES) {
    const path = join(published, name);
    if (options.write) {
      await mkdir(join(path, ".."), { recursive: true });
      await copyFile(join(at("model"), name), path);
      continue;
    }
    const same = existsSync(path) && (await hashFile(path)) === (await hashFile(join(at("model"), name)));
    if (!same) differing++;
    console.log(`${name}: ${same ? "the same bytes" : "differs from what is published"}`);
  }
  if (differing > 0) process.exitCode = 1;
}

await prepare();
if (options.steps !== undefined) verify(options.steps);
else {
  pretrain();
  await conclude();
}
