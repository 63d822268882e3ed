/** The report of the tour: the finding first, then its evidence, then the models in use. */
import { type Report, type Section, thinned } from "cloze/report";
import type { WordInContexts } from "./contexts.js";
import { ORIGIN } from "./embedded-corpus.js";
import { armsOf, type Results } from "./experiment.js";
import { TITLES, taskComparison } from "./findings.js";
import type { CurvePoint } from "./pretraining.js";
import { masksInWords, pretrainSummary, questionInWords, searchInWords, wordInWords } from "./sentences.js";
import type { Exhibits, Tour } from "./tour.js";

function pretrainingSections({ pretrained }: Results): Section[] {
  return [
    { kind: "text", title: "Pre-training from scratch, live", paragraphs: [pretrainSummary(pretrained)] },
    {
      kind: "curves",
      title: "Loss while pre-training",
      note: "Training: running mean over batches, in which some selected tokens are kept or replaced at random. It jumps where sequences become longer and next-sentence prediction is added. Held out: documents that are never trained on.",
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
    note: `The three most likely words for each mask, with their probabilities. ${masksInWords({ name, filled })}`,
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
        "A static embedding gives a word the same vector everywhere. These vectors depend on the sentence. Do they separate by meaning, although the model was never told that the word has two?",
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

function useSections({ exhibits, tasks, names }: Tour): Section[] {
  const { masks, question, words, search, corruptions, inside } = exhibits;
  const { context, accepted } = question;
  return [
    ...maskSections(masks),
    {
      kind: "answers",
      title: "A question answered",
      note: questionInWords(tasks, names),
      items: question.answers.map(({ arm, answer, start, end }) => ({
        question: `${question.question} (${names[arm]})`,
        ...{ context, answer, start, end, expected: [accepted] },
      })),
    },
    ...contextSections(words),
    {
      kind: "ranked",
      title: "Sentence search",
      note: `The nearest of ${search.sentences} sentences, by the cosine of their vectors by cloze-tiny-embed. ${searchInWords(search)}`,
      unit: "number",
      items: search.queries.map(({ query, found }) => ({ text: query, results: found })),
    },
    {
      kind: "table",
      title: "Five ways to corrupt a text",
      note: `BART learns to restore a text from each of them (Lewis et al. 2020). The text: “${corruptions.text}”`,
      header: ["corruption", "input of the model"],
      rows: corruptions.corrupted.map(({ name, text }) => [name, text]),
    },
    ...inside,
  ];
}

/** All results of the tour as a report. */
export function tourReport(tour: Tour): Report {
  const { results, tasks, names, findings, facts, seeds } = tour;
  const { headline, shows, limits } = findings;
  return {
    title: "What is pre-training worth?",
    summary:
      "A small BERT is pre-trained from scratch, and four tasks are learned from a few hundred examples each, three ways.",
    sections: [
      { kind: "finding", title: "Finding", statement: headline, details: shows },
      {
        kind: "comparison",
        title: "Four tasks, three ways",
        note: `Data: ${originOf(results)}. At most 300 training examples a task. Standard errors and intervals of the gain come from a paired bootstrap over the test items, and over premises in inference (Efron 1979; Koehn 2004): both networks are compared on the same items.`,
        ...taskComparison(tasks, names),
      },
      { kind: "text", title: "What this cannot show", paragraphs: limits },
      seeds,
      ...pretrainingSections(results),
      ...useSections(tour),
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
