/**
 * What a model without layers reaches, beside cloze-tiny-embed: each of its pieces has the teacher's vector of that piece as a
 * text, and a sentence is the mean of its pieces.
 *
 *   node models/cloze-tiny-embed/recipe/static-vectors.mjs TEACHER-FOLDER STS-TSV
 *
 * Prints Spearman's correlation times 100 with the scores of the file: of plain means, and of means of centred vectors weighted
 * by the logarithm of the piece's rank, which stands in for its rarity (model2vec, without its principal components).
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { textSource } from "../../../dist/data.js";
import { cosine, embedTask, featureExtraction, loadTokenizer } from "../../../dist/index.js";
import { spearman } from "../../../dist/metrics.js";
import { folder } from "../../../dist/node.js";

const [teacher, file] = process.argv.slice(2);
if (file === undefined) throw new Error("name the folder of all-MiniLM-L6-v2 and the test part of the STS benchmark");
const student = fileURLToPath(new URL("../", import.meta.url));
const CONTINUATION = /^##/;
const BATCH = 256;

/** The sum of vectors, each multiplied by its weight: it has the direction of their mean. */
function sum(vectors, weights) {
  const total = new Float32Array(vectors[0].length);
  for (const [i, vector] of vectors.entries())
    for (let j = 0; j < total.length; j++) total[j] += (weights?.[i] ?? 1) * vector[j];
  return total;
}

const tokenizer = await loadTokenizer(folder(student));
const embed = await featureExtraction(folder(teacher));
const texts = Array.from({ length: tokenizer.size }, (_, id) => tokenizer.token(id).replace(CONTINUATION, ""));
const vectors = [];
for (let i = 0; i < texts.length; i += BATCH) vectors.push(...embed(texts.slice(i, i + BATCH)));
const mean = sum(vectors).map((x) => x / vectors.length);
const centred = vectors.map((vector) => vector.map((x, j) => x - mean[j]));

const pairs = [];
const text = gunzipSync(readFileSync(file)).toString("utf8");
for await (const pair of embedTask().read(textSource(file, text))) pairs.push(pair);

function report(name, of, weight) {
  const embedded = (sentence) => {
    const ids = [...tokenizer.encode(sentence).ids].slice(1, -1);
    return sum(
      ids.map((id) => of[id]),
      ids.map(weight),
    );
  };
  const alike = pairs.map(({ text, pair }) => cosine(embedded(text), embedded(pair)));
  const scores = pairs.map(({ score }) => score);
  console.log(`${name}: ${(100 * spearman(alike, scores)).toFixed(1)}`);
}
report("plain means", vectors, () => 1);
report("centred, weighted by rank", centred, (id) => Math.log(1 + id));
