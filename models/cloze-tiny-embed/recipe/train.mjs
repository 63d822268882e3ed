/**
 * Distills cloze-tiny-embed from all-MiniLM-L6-v2:
 *
 *   npm run train:cloze-tiny-embed -- --teacher FOLDER [--steps N] [--threads N] [--write]
 *
 * The student has a vocabulary of its own. The embedding of each piece begins as the teacher's vector of that piece as a text,
 * in the directions in which the teacher's vectors of sentences differ most; then the student learns the teacher's vectors of
 * sentences in these directions. --write puts the result into models/cloze-tiny-embed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { sampleOf, writeSentenceSettings } from "../../../dist/data.js";
import {
  adamW,
  Engine,
  freshConfig,
  freshModel,
  linearSchedule,
  loadModel,
  loadTokenizer,
  saveModel,
  supportsTurbo,
  train,
} from "../../../dist/index.js";
import { folder, writeFolder } from "../../../dist/node.js";
import { distilEmbedding, embedTexts, Scope, tensor } from "../../../dist/tensor.js";
import { trainWordPiece } from "../../../dist/tokenizer.js";
import { leadingDirections } from "./projection.mjs";
import { novelsBeside, sentences } from "./sentences.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const work = join(root, "build/cloze-tiny-embed");

const VOCABULARY = 12_000;
const SIZES = { numHiddenLayers: 3, hiddenSize: 256, numAttentionHeads: 4, maxPositionEmbeddings: 128 };
const POOLING = { mode: "mean", normalize: true };
const TRAINING = { batchSize: 64, seed: 1 };
const [STEPS, WARMUP, RATE] = [2000, 150, 1e-3];
/** Sentences from which the directions are found. */
const SAMPLE = 20_000;
/** Length of an initial embedding, beside positions of about a third. */
const EMBEDDING_LENGTH = 1;
const REPORTED = 50;

const { values: options } = parseArgs({
  options: {
    teacher: { type: "string" },
    steps: { type: "string", default: String(STEPS) },
    threads: { type: "string", default: "1" },
    novels: { type: "string", default: novelsBeside(root) },
    write: { type: "boolean", default: false },
  },
});
if (options.teacher === undefined) throw new Error("--teacher: name the folder of all-MiniLM-L6-v2");

const engine = await Engine.create({ threads: Number(options.threads), turbo: supportsTurbo() });
const teacher = await loadModel(engine, folder(options.teacher), { task: "feature-extraction" });
const theirs = await loadTokenizer(folder(options.teacher));
const { training, held } = await sentences({ folder: options.novels, cache: join(root, "build/cloze-tiny/novels") });
console.log(`${training.length} sentences`);
const tokenizer = trainWordPiece(training, { size: VOCABULARY });

/** The teacher's vectors of texts. */
const taught = (texts) => embedTexts(teacher.model, theirs, texts, POOLING, SIZES.maxPositionEmbeddings);

const { hiddenSize } = SIZES;
const directions = leadingDirections(taught(training.slice(0, SAMPLE)), hiddenSize);

/** Vectors in the student's directions, of length 1. */
const projected = (vectors) =>
  vectors.map((vector) => {
    const own = new Float32Array(hiddenSize);
    for (const [k, x] of vector.entries())
      for (let d = 0; d < hiddenSize; d++) own[d] += x * directions[k * hiddenSize + d];
    const length = Math.hypot(...own);
    return own.map((x) => x / length);
  });

/** Begin with the teacher's vectors of the pieces; special tokens keep their random ones. */
function initializeEmbeddings(weights) {
  const [, table] = [...weights.entries()].find(([name]) => name.endsWith("word_embeddings.weight"));
  const values = table.toArray();
  const special = Object.values(tokenizer.special);
  const ids = Array.from({ length: tokenizer.size }, (_, id) => id).filter((id) => !special.includes(id));
  const vectors = projected(taught(ids.map((id) => tokenizer.token(id).replace(/^##/, ""))));
  for (const [i, id] of ids.entries())
    for (let d = 0; d < hiddenSize; d++) values[id * hiddenSize + d] = EMBEDDING_LENGTH * vectors[i][d];
  table.assign(values);
}

const student = freshModel(
  engine,
  freshConfig("bert", { vocabSize: tokenizer.size, ...SIZES, dropout: 0, special: tokenizer.special }),
  "feature-extraction",
  TRAINING.seed,
);
initializeEmbeddings(student.weights);

const cut = { truncate: { length: SIZES.maxPositionEmbeddings } };
const sample = (text) => ({
  ...sampleOf(tokenizer.encode(text, undefined, cut)),
  target: sampleOf(theirs.encode(text, undefined, cut)),
});

async function* samples() {
  for (const text of training) yield sample(text);
}

/** Mean cosine with the teacher on held-out sentences. */
function heldOut() {
  const own = embedTexts(student.model, tokenizer, held, POOLING, SIZES.maxPositionEmbeddings);
  const wanted = projected(taught(held));
  const cosines = own.map((vector, i) => vector.reduce((sum, x, d) => sum + x * wanted[i][d], 0));
  return cosines.reduce((a, b) => a + b, 0) / cosines.length;
}

/** SHA-256 of the f32 weights. */
function weightsHash() {
  const hash = createHash("sha256");
  for (const [name, parameter] of [...student.weights.entries()].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(name).update(new Uint8Array(parameter.toArray().buffer));
  return hash.digest("hex");
}

const steps = Number(options.steps);
console.log(`before: mean cosine with the teacher on ${held.length} held-out sentences ${heldOut().toFixed(4)}`);
const scope = new Scope();
const optimizer = adamW(student.weights, { weightDecay: 0.01 });
let sum = 0;
for await (const { step, loss, seconds } of train({
  ...{ engine, model: student.model, optimizer, samples, steps, ...TRAINING },
  objective: distilEmbedding({
    teacher: teacher.model,
    pooling: POOLING,
    projection: tensor(engine, directions, [teacher.model.hiddenSize, hiddenSize]),
  }),
  learningRate: linearSchedule(RATE, WARMUP, steps),
})) {
  sum += loss;
  if (step % REPORTED > 0) continue;
  console.log(`step ${step} of ${steps}: loss ${(sum / REPORTED).toFixed(4)}, ${seconds.toFixed(0)} s`);
  sum = 0;
}
scope[Symbol.dispose]();
console.log(`after: ${heldOut().toFixed(4)}; SHA-256 of the weights ${weightsHash()}`);

await mkdir(work, { recursive: true });
await writeFolder(join(work, "f32"), true, async (to) => {
  await saveModel(to, { ...student, tokenizer, maxLength: SIZES.maxPositionEmbeddings });
  const plain = { prompts: {}, prompt: null, promptCounts: true, similarity: "cosine", lowercase: false };
  await writeSentenceSettings(to, { ...plain, pooling: POOLING, maxLength: SIZES.maxPositionEmbeddings }, hiddenSize);
});
engine.dispose();
const quantize = ["quantize", "--model", join(work, "f32"), "--dtype", "q8", "--out", join(work, "q8"), "--force"];
const { status, error } = spawnSync(process.execPath, [join(root, "dist/cli.js"), ...quantize], { stdio: "inherit" });
if (status !== 0) throw error ?? new Error(`cloze quantize ended with status ${status}`);
if (options.write) await cp(join(work, "q8"), join(root, "models/cloze-tiny-embed"), { recursive: true, force: true });
