/**
 * Writes modern.txt.gz, the modern English of cloze-tiny's corpus, out of a folder of openly licensed data sets:
 * node models/cloze-tiny/recipe/modern.mjs FOLDER. Documents are separated by blank lines, and collections by form feeds. The credits are in the model card.
 *
 * No line is of a test part: wikitext2 valid, goemotions train, movie-reviews train, the English sides of tatoeba, snli dev.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error("name the folder that holds wikitext2, goemotions, movie-reviews, tatoeba and snli");

const read = (name) => {
  const bytes = readFileSync(join(folder, name));
  return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
};
const rows = (name) =>
  read(name)
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"));

/** Articles, with the spaces that WikiText puts around punctuation removed. Sentences with unknown words are left out. */
function wikitext() {
  const articles = [];
  for (const line of read("wikitext2/valid.txt.gz").split("\n")) {
    if (/^ = [^=]/.test(line)) articles.push([]);
    if (!line.trim() || /^ =/.test(line)) continue;
    const kept = line
      .split(/(?<= [.!?]) /)
      .filter((sentence) => !sentence.includes("<unk>"))
      .join(" ");
    if (kept.trim()) articles.at(-1).push(detokenized(kept));
  }
  return articles.filter((lines) => lines.length > 0);
}

const detokenized = (line) =>
  line
    .replace(/ @([-,.])@ /g, "$1")
    .replace(/ ([.,;:!?)'%])/g, "$1")
    .replace(/\( /g, "(")
    .replace(/ n't/g, "n't")
    .replace(/" ([^"]*?) "/g, '"$1"')
    .trim();

/** Comments; the placeholders of names and religions become words. */
const goemotions = () =>
  rows("goemotions/train.tsv.gz")
    .slice(1)
    .map(([line]) => [line.replace(/\[NAME\]/g, "Alex").replace(/\[RELIGION\]/g, "Christian")]);

const movieReviews = () =>
  ["subjectivity-train", "polarity-train"].flatMap((part) =>
    rows(`movie-reviews/${part}.tsv.gz`)
      .slice(1)
      .map(([, line]) => [line]),
  );

/** Each English sentence once. */
function tatoeba() {
  const files = readdirSync(join(folder, "tatoeba"))
    .filter((name) => name.endsWith("-eng.tsv"))
    .sort();
  return [...new Set(files.flatMap((name) => rows(`tatoeba/${name}`).map(([, line]) => line)))].map((line) => [line]);
}

/** A premise and its hypotheses, without their labels. */
function snli() {
  const byPremise = new Map();
  for (const [premise, hypothesis] of rows("snli/dev.tsv.gz").slice(1)) {
    if (!byPremise.has(premise)) byPremise.set(premise, [premise]);
    byPremise.get(premise).push(hypothesis);
  }
  return [...byPremise.values()];
}

const collections = [wikitext(), goemotions(), movieReviews(), tatoeba(), snli()];
const text = collections.map((documents) => documents.map((lines) => lines.join("\n")).join("\n\n")).join("\f");
writeFileSync(new URL("modern.txt.gz", import.meta.url), gzipSync(text, { level: 9 }));
