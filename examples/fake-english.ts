/**
 * Why does one model of two languages bring them together? English and a fake copy of it, with no word in common.
 *
 *   npm run example fake-english [-- TEXT …]            for instance ../shared/data/tatoeba/*-eng.tsv
 *
 * With text of some megabytes this is the experiment of Dufter & Schütze 2020 (arXiv:2005.00396), made smaller: 5,500
 * steps, and 1,500 for each of the conditions in which nothing is shared but the layers, or word order differs.
 */
import { packSentences, tokenizeDocuments } from "cloze/data";
import { trainWordPiece } from "cloze/tokenizer";
import { documents, documentsOf } from "./lesson/corpus.js";
import { type Condition, LENGTH, learnBoth } from "./lesson/fake-english.js";
import { lookAt } from "./lesson/look-at.js";

const files = process.argv.slice(2);
const [steps, early] = files.length > 0 ? [5500, 1500] : [400, 400];
const conditions: readonly (Condition & { readonly at: readonly number[] })[] = [
  { name: "the same but for the ids", at: [early, steps] },
  { name: "positions, special tokens, random words split too", split: true, at: [early] },
  { name: "the copy written backwards", inverted: true, at: [early] },
];

const text = (files.length > 0 ? await documentsOf(files) : await documents()).flat().map((line) => [line]);
const tokenizer = trainWordPiece(text.flat(), { size: 1000 });
const sequences = packSentences(tokenizeDocuments(tokenizer, text), { maxLength: LENGTH, tokenizer });
const held = sequences.filter((_, i) => i % 20 === 0).slice(0, 1000);
const training = sequences.filter((_, i) => i % 20 !== 0);
console.log(
  `${training.length} sequences of ${LENGTH} tokens, as many of the copy; ${held.length} held out; chance ${(1 / held.length).toFixed(4)}`,
);

const shown = (shares: readonly number[]): string => shares.map((share) => share.toFixed(3)).join(" ");
console.log(
  "condition                                            step  score  retrieval    translation (layers 0 and 3)",
);
for (const { at, ...condition } of conditions)
  for await (const { step, score, retrieval, translation } of learnBoth(
    condition,
    tokenizer,
    { training, held },
    { steps, at, seed: 1 },
  ))
    console.log(
      `${condition.name.padEnd(52)} ${String(step).padStart(5)}  ${score.toFixed(3)}  ${shown(retrieval)}  ${shown(translation)}`,
    );
lookAt(
  "the languages share no word and still align. The model is too small to learn everything twice, and positions and special tokens tie the two together. Split those, or reverse the word order, and they stay apart.",
);
