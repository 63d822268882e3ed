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
  return `On documents that it has never seen, with every chosen token shown as [MASK], the model's loss is ${loss.toFixed(2)} nats over ${targets} targets. A guess that knows only how frequent each token is would need ${unigramEntropy.toFixed(2)} (their unigram entropy): ${gain > 0 ? `${gain.toFixed(2)} nats come from reading the context` : "so nothing has been learned from the context yet"}. It finds ${percent(accuracy)} of the masked tokens at the first guess and judges correctly for ${percent(pairAccuracy)} of the sentence pairs whether the second follows the first (chance 50 %).`;
}

/** "tea (31.2 %), coffee (9.0 %)" */
export const guessesInWords = ({ guesses }: FilledMask): string =>
  guesses.map(({ word, score }) => `${word} (${percent(score)})`).join(", ");

/** How well the vectors of a word in context tell its meanings apart. */
export function wordInWords({ word, senses, figures, random }: WordInContexts): string {
  return `“${word}” (${[...new Set(senses)].join(" or ")}): the nearest other use has the same meaning for ${percent(figures.accuracy)} of ${senses.length} sentences; with random weights for ${percent(random.accuracy)}.`;
}

/** How often the first guess fits. */
export function masksInWords({ name, filled }: Exhibits["masks"][number]): string {
  const fitting = filled.filter(({ guesses }) => guesses[0]!.fits).length;
  return `${name}: the first guess fits in ${fitting} of ${filled.length} sentences.`;
}

/** How often the networks answer exactly, and which question is shown. */
export function questionInWords(tasks: readonly TaskResult[], names: Names): string {
  const { arms } = tasks.find(({ name }) => name === "questions")!;
  const exact = ({ scores }: FinetuneResult) => scores.filter((score) => score === 1).length;
  const n = arms.pretrained.scores.length;
  const counts = `Of ${n} test questions, ${names.pretrained} answers ${exact(arms.pretrained)} with exactly the expected words, ${names.brief} ${exact(arms.brief)}, ${names.random} ${exact(arms.random)}.`;
  return exact(arms.pretrained) === 0 ? counts : `${counts} This is the first of those that ${names.pretrained} does.`;
}

/** How often each way of comparing finds the right sentence. */
export function searchInWords({ premises }: Search): string {
  const { count, encoder, pretrained, random, words } = premises;
  return `Each of ${count} sentences follows from one of ${count} others. cloze-tiny-embed, which was trained to compare sentences, ranks the right one first for ${percent(encoder)}; counting common words does for ${percent(words)}. Mean vectors of a masked language model, which was not trained for this, reach ${percent(pretrained)}, and with random weights ${percent(random)}.`;
}
