/** The tour in the terminal: its question first, its findings at the end. */
import { say, table } from "../cli/shared/output.js";
import type { Text } from "./embedded-corpus.js";
import { taskTable } from "./findings.js";
import type { PretrainedModel } from "./model-place.js";
import {
  guessesInWords,
  masksInWords,
  pretrainSummary,
  questionInWords,
  searchInWords,
  wordInWords,
} from "./sentences.js";
import type { Tour } from "./tour.js";

/** 1,234 */
export const count = (n: number): string => n.toLocaleString("en");

export interface Introduction {
  /** the user's own files; none for the embedded corpus */
  readonly files: readonly string[];
  readonly model: PretrainedModel;
  readonly quick: boolean;
  readonly text: Text;
}

/** The question, the networks and the text, before any results. */
export function introduce({ files, model, quick, text }: Introduction): void {
  const sentences = text.training.reduce((sum, document) => sum + document.length, 0);
  const from = files.length === 0 ? "the embedded corpus" : files.join(", ");
  if (quick) say("A quick run: every part in a few steps, so the figures mean nothing.\n");
  say(`What is pre-training worth? A language model is first trained to guess hidden words in plain text, which needs no labels.
Then it learns a task from a few labeled examples. Three networks learn the same four tasks here: one starts from random
weights, one is pre-trained now for two minutes, and ${model.name} was pre-trained beforehand.

The text: ${from}, ${count(sentences)} sentences in ${count(text.training.length)} documents for training, ${text.heldOut.length} documents held out.`);
}

/** A section of the output: its title, and its lines indented. */
function chapter(title: string, lines: readonly string[]): void {
  say(`\n${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

function tellUse({ tasks, names, exhibits }: Tour): void {
  const { masks, question, words, search, corruptions } = exhibits;
  chapter("Masks filled", [
    ...masks[0]!.filled.flatMap(({ text }, i) => [
      text,
      ...masks.map(({ name, filled }) => `  ${name}: ${guessesInWords(filled[i]!)}`),
    ]),
    ...masks.map(masksInWords),
  ]);
  chapter("A question answered", [
    question.context,
    question.question,
    ...question.answers.map(({ arm, answer, right }) => `  ${names[arm]}: ${answer} (${right ? "right" : "wrong"})`),
    questionInWords(tasks, names),
  ]);
  chapter("One word in many contexts", words.map(wordInWords));
  chapter("Sentence search", [
    ...search.queries.map(({ query, found }) => `${query}  ->  ${found[0]!.text}`),
    searchInWords(search),
  ]);
  const column = Math.max(...corruptions.corrupted.map(({ name }) => name.length)) + 2;
  chapter("Five ways to corrupt a text", [
    `${"the text".padEnd(column)}${corruptions.text}`,
    ...corruptions.corrupted.map(({ name, text }) => `${name.padEnd(column)}${text}`),
  ]);
}

/** The results. The report repeats them with plots. */
export function tell(tour: Tour): void {
  const { results, tasks, names, findings } = tour;
  chapter("Pre-training from scratch", [pretrainSummary(results.pretrained)]);
  const { header, rows } = taskTable(tasks, names);
  say(`\nFour tasks, three ways\n${table(header, rows)}`);
  chapter("What the table shows", [findings.headline, ...findings.shows]);
  chapter("What it cannot show", findings.limits);
  tellUse(tour);
}
