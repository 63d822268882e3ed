/** The project's own text and labelled sentences, as the tour of `npm start` uses them. */
import { readdirSync, readFileSync } from "node:fs";
import {
  type Question,
  readDocuments,
  readQuestions,
  readTagged,
  readTextRows,
  type TaggedSentence,
  type TextRow,
  textSource,
} from "cloze/data";
import { collect } from "../cli/shared/input.js";

/** The folder `corpus/` of the package. */
const place = new URL("../corpus/", import.meta.url);

const source = (name: string) => textSource(`corpus/${name}`, readFileSync(new URL(name, place), "utf8"));

const documents = (name: string): Promise<string[][]> => collect(readDocuments(source(name)));

/** Sentences of a short text, cut after their final mark. */
const sentences = (text: string): string[] => text.split(/(?<=[.!?]["']?)\s+/u).filter(Boolean);

interface Split<T> {
  readonly train: readonly T[];
  readonly test: readonly T[];
}

/** The labelled data, in fixed training and test parts. */
export interface Labelled {
  readonly sentiment: Split<TextRow>;
  readonly tags: Split<TaggedSentence>;
  readonly inference: Split<TextRow>;
  readonly questions: Split<Question>;
}

async function split<T>(read: (name: string) => AsyncIterable<T>, folder: string, ending: string): Promise<Split<T>> {
  return {
    train: await collect(read(`${folder}/train.${ending}`)),
    test: await collect(read(`${folder}/test.${ending}`)),
  };
}

export async function labelled(): Promise<Labelled> {
  return {
    sentiment: await split((name) => readTextRows(source(name)), "sentiment", "tsv"),
    tags: await split((name) => readTagged(source(name)), "tags", "tsv"),
    inference: await split((name) => readTextRows(source(name)), "inference", "tsv"),
    questions: await split((name) => readQuestions(source(name)), "questions", "json"),
  };
}

/** Running English text: documents for training, and held-out documents. */
export async function runningText(): Promise<{ training: string[][]; held: string[][] }> {
  const names = readdirSync(new URL("text/", place))
    .filter((name) => name.endsWith(".txt"))
    .sort();
  const training = [...(await documents("parallel/en.txt"))];
  for (const name of names) for (const document of await documents(`text/${name}`)) training.push(document);
  return {
    training,
    held: [...(await documents("held-out/english.txt")), ...(await documents("parallel/en.held-out.txt"))],
  };
}

/** Labelled sentences grouped into documents. */
const GROUP = 8;

/** The labelled training parts as plain text, additional data for pre-training. No test part is in it. */
export function unlabelled({ questions, inference, sentiment, tags }: Labelled): string[][] {
  const contexts = [...new Set(questions.train.map(({ context }) => context))].map(sentences);
  const premises = [...new Set(inference.train.map(({ text }) => text))];
  const loose = [
    ...premises,
    ...inference.train.map(({ pair }) => pair!),
    ...sentiment.train.map(({ text }) => text),
    ...tags.train.map(({ text }) => text),
    ...questions.train.map(({ question }) => question),
  ];
  // Several sentences to a document, to fill sequences; next-sentence prediction does not use them.
  const groups = Array.from({ length: Math.ceil(loose.length / GROUP) }, (_, i) =>
    loose.slice(GROUP * i, GROUP * i + GROUP),
  );
  return [...contexts, ...groups];
}
