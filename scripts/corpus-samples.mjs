/**
 * Draw the samples of published data in `corpus/samples/` from the whole sets:  node scripts/corpus-samples.mjs [SHARED]
 * Items are evenly spaced over each source file, so that no run of neighbors is overrepresented.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const data = join(process.argv[2] ?? join(root, "../shared"), "data");
const out = join(root, "corpus/samples");

const TRAINING = 300;
/** sentences to test tags on; the other tasks are tested on every published item that no training has seen */
const TAG_TEST = 300;

const lines = (name) =>
  gunzipSync(readFileSync(join(data, name)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
const spaced = (items, count) =>
  items.length <= count
    ? items
    : Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]);

/** Equally many rows of each label, in the order of the file. */
function balanced(rows, labelOf, count) {
  const labels = [...new Set(rows.map(labelOf))].sort();
  const chosen = new Set(
    labels.flatMap((label) =>
      spaced(
        rows.filter((row) => labelOf(row) === label),
        count / labels.length,
      ),
    ),
  );
  return rows.filter((row) => chosen.has(row));
}

function write(name, text) {
  mkdirSync(dirname(join(out, name)), { recursive: true });
  const bytes = gzipSync(text, { level: 9 });
  bytes[9] = 255; // the operating system that compressed: unknown, so that the file is the same everywhere
  writeFileSync(join(out, name), bytes);
  console.log(name, bytes.length);
}

/** Movie reviews: the label in words. Tested on the development part too, which nothing else uses. */
for (const [part, sources, count] of [
  ["train", ["train"], TRAINING],
  ["test", ["dev", "test"], Number.POSITIVE_INFINITY],
]) {
  const rows = sources
    .flatMap((source) => lines(`movie-reviews/polarity-${source}.tsv.gz`).slice(1))
    .map((line) => line.split("\t"));
  const kept = balanced(rows, ([label]) => label, count);
  const text = kept.map(([label, sentence]) => `${sentence}\t${label === "1" ? "positive" : "negative"}\n`).join("");
  write(`movie-reviews/${part}.tsv.gz`, `text\tlabel\n${text}`);
}

/** The pairs of one premise, which are neighbors, count once: of each the pair whose label is rarest so far. */
function onePerPremise(rows, labelOf) {
  const counts = { entailment: 0, neutral: 0, contradiction: 0 };
  const byPremise = new Map();
  for (const row of rows) {
    const [premise] = row.split("\t");
    byPremise.set(premise, [...(byPremise.get(premise) ?? []), row]);
  }
  return [...byPremise.values()].map((pairs) => {
    const pair = pairs.reduce((best, row) => (counts[labelOf(row)] < counts[labelOf(best)] ? row : best));
    counts[labelOf(pair)]++;
    return pair;
  });
}

/** SNLI: `dev` to train on, as its training part is too large, one pair of a premise; the whole test part. */
{
  const labelOf = (row) => row.split("\t")[2];
  const [header, ...rows] = lines("snli/dev.tsv.gz");
  const training = balanced(onePerPremise(rows, labelOf), labelOf, TRAINING);
  write("snli/train.tsv.gz", `${[header, ...training].join("\n")}\n`);
  write("snli/test.tsv.gz", `${lines("snli/test.tsv.gz").join("\n")}\n`);
}

/** UD English EWT: sentences of 4 to 40 lines. */
for (const [part, count] of [
  ["train", TRAINING],
  ["test", TAG_TEST],
]) {
  const sentences = lines(`ud-english-ewt/${part}.tsv.gz`)
    .join("\n")
    .split("\n\n")
    .map((sentence) => sentence.split("\n").filter((line) => !line.startsWith("#")))
    .filter(({ length }) => length >= 4 && length <= 40);
  const kept = spaced(sentences, count);
  write(`ud-english-ewt/${part}.tsv.gz`, `${kept.map((sentence) => sentence.join("\n")).join("\n\n")}\n`);
}
