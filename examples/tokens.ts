/**
 * Train a vocabulary, and see how words split into pieces with their offsets in the text.
 *
 *   npm run example tokens -- "any text"
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { trainWordPiece } from "cloze/tokenizer";
import { lookAt } from "./lesson/look-at.js";

const corpus = join(process.env["CLOZE_ROOT"] ?? ".", "corpus/text");
const lines = ["a-animals.txt", "b-rivers.txt", "a-food.txt"].flatMap((name) =>
  readFileSync(join(corpus, name), "utf8").split("\n"),
);
const text = process.argv[2] ?? "The fishermen's unwanted catch 🐟 was naïve.";

for (const size of [200, 600, 1500]) {
  const tokenizer = trainWordPiece(lines, { size });
  const { ids, offsets } = tokenizer.encode(text, undefined, { special: false });
  const pieces = Array.from(
    ids,
    (id, i) => `${tokenizer.token(id)}=${JSON.stringify(text.slice(offsets[2 * i], offsets[2 * i + 1]))}`,
  );
  console.log(`${size} pieces: ${ids.length} tokens\n  ${pieces.join(" ")}`);
}
lookAt("a larger vocabulary needs fewer pieces, and every piece keeps its offsets in the original text.");
