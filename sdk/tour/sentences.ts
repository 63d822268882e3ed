/** Results in sentences, the same in the terminal and in the report. */
import { percent } from "../cli/shared/output.js";
import type { WordInContexts } from "./contexts.js";
import type { TaskResult } from "./experiment.js";
import type { Names } from "./findings.js";
import type { FinetuneResult } from "./finetuning.js";
import type { FilledMask } from "./masks-and-questions.js";
import type { PretrainResult } from "./pretraining.js";
import type { Search } from "./search.js";
import type { Exhibits } from "./tour.js";

/** The results of pre-training, in sentences. */
export function pretrainSummary(result: PretrainResult): string {
  const { loss, unigramEntropy, accuracy, pairAccuracy, targets } = result;
  const gain = unigramEntropy - loss;
  return `On held-out documents, with every selected token replaced by [MASK], the model's loss is ${loss.toFixed(2)} nats over ${targets} targets. Token frequencies alone give ${unigramEntropy.toFixed(2)} (the unigram entropy): ${gain > 0 ? `reading the context saves ${gain.toFixed(2)} nats` : "nothing has been learned from the context yet"}. The first guess is right for ${percent(accuracy)} of the masked tokens. For ${percent(pairAccuracy)} of the sentence pairs the model tells correctly whether the second follows the first (chance 50 %).`;
}

/** "tea (31.2 %), coffee (9.0 %)" */
export const guessesInWords = ({ guesses }: FilledMask): string =>
  guesses.map(({ word, score }) => `${word} (${percent(score)})`).join(", ");

/** How well the vectors of a word in context separate its meanings. */
export function wordInWords({ word, senses, figures, random }: WordInContexts): string {
  return `“${word}” (${[...new Set(senses)].join(" or ")}): the nearest other use has the same meaning in ${percent(figures.accuracy)} of ${senses.length} sentences, with random weights in ${percent(random.accuracy)}.`;
}

/** How often the first guess fits. */
export function masksInWords({ name, filled }: Exhibits["masks"][number]): string {
  const fitting = filled.filter(({ guesses }) => guesses[0]!.fits).length;
  return `${name}: the first guess fits in ${fitting} of ${filled.length} sentences.`;
}

/** The number of exact answers of each network, and the choice of the question on display. */
export function questionInWords(tasks: readonly TaskResult[], names: Names): string {
  const { arms } = tasks.find(({ name }) => name === "questions")!;
  const exact = ({ scores }: FinetuneResult) => scores.filter((score) => score === 1).length;
  const n = arms.pretrained.scores.length;
  const counts = `Exact answers to ${n} test questions: ${names.pretrained} ${exact(arms.pretrained)}, ${names.brief} ${exact(arms.brief)}, ${names.random} ${exact(arms.random)}.`;
  return exact(arms.pretrained) === 0
    ? counts
    : `${counts} The question shown is the first that ${names.pretrained} answers exactly.`;
}

/** How often each way of comparing sentences finds the right one. */
export function searchInWords({ premises }: Search): string {
  const { count, encoder, pretrained, random, words } = premises;
  return `Each of ${count} sentences follows from one of ${count} others. cloze-tiny-embed, which was trained to compare sentences, ranks the right one first in ${percent(encoder)} of the cases; counting shared words does so in ${percent(words)}. Mean vectors of a masked language model, which was not trained for this, reach ${percent(pretrained)}; with random weights, ${percent(random)}.`;
}
