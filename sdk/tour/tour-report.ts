/** The report of the tour: the finding first, then what it rests on, then the models in use. */
import { type FactsSection, type Report, type Section, thinned } from "cloze/report";
import { percent } from "../cli/shared/output.js";
import type { WordInContexts } from "./contexts.js";
import type { Corruptions } from "./corruptions.js";
import { ORIGIN } from "./embedded-corpus.js";
import { armsOf, type Results } from "./experiment.js";
import { type ComparedTask, type Findings, type Names, TITLES, taskComparison } from "./findings.js";
import type { Answered, FilledMask } from "./masks-and-questions.js";
import type { CurvePoint, PretrainResult } from "./pretraining.js";
import type { Search } from "./search.js";

/** Everything that the models were used for. */
export interface Exhibits {
  readonly masks: readonly { readonly name: string; readonly filled: readonly FilledMask[] }[];
  readonly question: Answered;
  readonly words: readonly WordInContexts[];
  readonly search: Search;
  readonly corruptions: Corruptions;
  readonly inside: readonly Section[];
}

export interface Tour {
  readonly results: Results;
  readonly tasks: readonly ComparedTask[];
  readonly names: Names;
  readonly findings: Findings;
  readonly exhibits: Exhibits;
  /** how the run was made: command, versions, times */
  readonly facts: FactsSection["facts"];
  /** the three-seed table, or the sentence that says where it is */
  readonly seeds: Section;
}

/** The results of pre-training, in sentences. */
export function pretrainSummary(result: PretrainResult): string {
  const { loss, unigramEntropy, accuracy, pairAccuracy, targets } = result;
  const gain = unigramEntropy - loss;
  return `On documents that it has never seen, with every chosen token shown as [MASK], the model's loss is ${loss.toFixed(2)} nats over ${targets} targets. A guess that knows only how frequent each token is would need ${unigramEntropy.toFixed(2)} (their unigram entropy): ${gain > 0 ? `${gain.toFixed(2)} nats come from reading the context` : "so nothing has been learned from the context yet"}. It finds ${percent(accuracy)} of the masked tokens at the first guess and says of ${percent(pairAccuracy)} of the sentence pairs rightly whether the second follows the first (chance 50 %).`;
}

/** "tea (31.2 %), coffee (9.0 %)" */
export const guessesInWords = ({ guesses }: FilledMask): string =>
  guesses.map(({ word, score }) => `${word} (${percent(score)})`).join(", ");

/** What the vectors of a word in context say of its meanings. */
export function wordInWords({ word, senses, figures, random }: WordInContexts): string {
  return `“${word}” (${[...new Set(senses)].join(" or ")}): the nearest other use has the same meaning for ${percent(figures.accuracy)} of ${senses.length} sentences; with random weights for ${percent(random.accuracy)}.`;
}

export function searchInWords({ premises: { count, trained, random, words } }: Search): string {
  return `Of ${count} sentences, each of which follows from one of ${count} others, ${percent(trained)} find theirs first; with random weights ${percent(random)}, by counting common words ${percent(words)}. The model was not trained to compare sentences: one that was does much better.`;
}

function pretrainingSections({ pretrained }: Results): Section[] {
  return [
    { kind: "text", title: "Pre-training from nothing, live", paragraphs: [pretrainSummary(pretrained)] },
    {
      kind: "curves",
      title: "Loss while pre-training",
      note: "Training: running mean over batches, where some chosen tokens are kept or replaced at random. It jumps where sequences become longer and next-sentence prediction is added. Held out: documents that the model never trains on.",
      x: "step",
      y: "nats per token",
      curves: [
        { name: "training", role: "training", points: thinned(asPoints(pretrained.curve)) },
        { name: "held out", role: "held-out", points: asPoints(pretrained.heldOutCurve) },
      ],
      levels: [{ label: "unigram entropy", y: pretrained.unigramEntropy }],
    },
  ];
}

const asPoints = (curve: readonly CurvePoint[]) => curve.map(({ step, loss }) => ({ x: step, y: loss }));

function maskSections(masks: Exhibits["masks"]): Section[] {
  return masks.map(({ name, filled }) => ({
    kind: "ranked",
    title: `Masks filled: ${name}`,
    note: "The three likeliest words for each mask, with their probabilities.",
    unit: "percent",
    items: filled.map(({ text, guesses }) => ({
      text,
      results: guesses.map(({ word, score, fits }) => ({ text: word, score, right: fits })),
    })),
  }));
}

function contextSections(words: readonly WordInContexts[]): Section[] {
  return [
    {
      kind: "text",
      title: "One word in many contexts",
      paragraphs: [
        "A static embedding gives a word the same vector everywhere. These vectors depend on the sentence: do they fall apart by meaning, though nobody said that the word has two?",
        ...words.map(wordInWords),
      ],
    },
    ...words.map(
      ({ word, sentences, senses, cosines }): Section => ({
        kind: "heat",
        title: `“${word}” in ${sentences.length} sentences`,
        note: "Cosine between the word's vectors in each pair of sentences, after subtracting their mean.",
        rows: sentences.map((sentence, i) => `${i + 1} ${senses[i]!}: ${sentence}`),
        columns: sentences.map((_, i) => `${i + 1}`),
        values: cosines,
      }),
    ),
  ];
}

function useSections({ masks, question, words, search, corruptions, inside }: Exhibits, names: Names): Section[] {
  const { context, accepted } = question;
  return [
    ...maskSections(masks),
    {
      kind: "answers",
      title: "A question answered",
      note: `One question of the test part, as each network answers it: ${question.answers.map(({ arm }) => names[arm]).join(", ")}. How often each is right is in the table of tasks.`,
      items: question.answers.map(({ arm, answer, start, end }) => ({
        question: `${question.question} (${names[arm]})`,
        ...{ context, answer, start, end, expected: [accepted] },
      })),
    },
    ...contextSections(words),
    {
      kind: "ranked",
      title: "Sentence search",
      note: `The nearest of ${search.sentences} sentences, by the cosine of mean vectors. ${searchInWords(search)}`,
      unit: "number",
      items: search.queries.map(({ query, found }) => ({ text: query, results: found })),
    },
    {
      kind: "table",
      title: "Five ways to corrupt a text",
      note: `BART learns to restore a text from each of them (Lewis et al. 2020). The text: “${corruptions.text}”`,
      header: ["corruption", "what the model is shown"],
      rows: corruptions.corrupted.map(({ name, text }) => [name, text]),
    },
    ...inside,
  ];
}

/** All results of the tour as a report. */
export function tourReport({ results, tasks, names, findings, exhibits, facts, seeds }: Tour): Report {
  const { headline, shows, limits } = findings;
  return {
    title: "What is pre-training worth?",
    summary:
      "A small BERT is pre-trained from nothing, and four tasks are learned from a few hundred examples each, three ways.",
    sections: [
      { kind: "finding", title: "Finding", statement: headline, details: shows },
      {
        kind: "comparison",
        title: "Four tasks, three ways",
        note: `Data: ${originOf(results)}. At most 300 training examples a task. Standard errors and intervals of the gain are of a paired bootstrap over the test items (Efron 1979; Koehn 2004): both networks are compared on the same items.`,
        ...taskComparison(tasks, names),
      },
      { kind: "text", title: "What this cannot show", paragraphs: limits },
      seeds,
      ...pretrainingSections(results),
      ...useSections(exhibits, names),
      ...tasks.map(
        (task): Section => ({
          kind: "curves",
          title: `Loss while learning ${TITLES[task.name]}`,
          x: "step",
          y: "nats",
          curves: armsOf(task).map(([arm, { curve }]) => ({ name: names[arm], points: asPoints(curve) })),
        }),
      ),
      { kind: "facts", title: "This run", facts },
    ],
  };
}

const originOf = ({ tasks }: Results): string => tasks.map(({ name }) => `${TITLES[name]}: ${ORIGIN[name]}`).join("; ");
