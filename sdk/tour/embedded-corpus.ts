/** The data of `npm start`: the project's own text, and samples of published labeled data. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { LabelledText } from "cloze";
import {
  type Question,
  readDocuments,
  readQuestions,
  readTagged,
  readTextRows,
  type Source,
  type TaggedSentence,
  textSource,
} from "cloze/data";
import { collect } from "../cli/shared/input.js";
import type { Recipe, TaskName } from "./recipe.js";

/** @param place the folder `corpus/`; @param name of a file in it */
function source(place: URL, name: string): Source {
  const bytes = readFileSync(new URL(name, place));
  return textSource(`corpus/${name}`, (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
}

const documents = (place: URL, name: string): Promise<string[][]> => collect(readDocuments(source(place, name)));

/** Sentences of a short text, cut after their final mark. */
const sentences = (text: string): string[] => text.split(/(?<=[.!?]["']?)\s+/u).filter(Boolean);

interface Split<T> {
  readonly train: readonly T[];
  readonly test: readonly T[];
}

/** The labeled data, in fixed training and test parts. */
export interface Labelled extends Record<TaskName, Split<unknown>> {
  readonly sentiment: Split<LabelledText>;
  readonly tags: Split<TaggedSentence>;
  readonly inference: Split<LabelledText>;
  readonly questions: Split<Question>;
}

/** The origin of each task's examples, in words. */
export const ORIGIN: Readonly<Record<TaskName, string>> = {
  sentiment: "sentences of movie reviews (Pang and Lee 2005)",
  tags: "the English Web Treebank (Universal Dependencies)",
  inference: "SNLI (Bowman et al. 2015)",
  questions: "questions written for this project",
};

type Read<T> = (source: Source) => AsyncIterable<T>;

async function split<T>(place: URL, read: Read<T>, file: string): Promise<Split<T>> {
  return {
    train: await collect(read(source(place, file.replace("*", "train")))),
    test: await collect(read(source(place, file.replace("*", "test")))),
  };
}

const first = <T>({ train, test }: Split<T>, examples: Recipe["examples"]): Split<T> => ({
  train: train.slice(0, examples.train),
  test: test.slice(0, examples.test),
});

/**
 * Add the questions beyond the training examples to the test part: a few hundred items separate networks poorly. Questions
 * on a context of the training examples are left out.
 */
function enlarged({ train, test }: Split<Question>, count: number): Split<Question> {
  const contexts = new Set(train.slice(0, count).map(({ context }) => context));
  return { train: train.slice(0, count), test: [...test, ...train.filter(({ context }) => !contexts.has(context))] };
}

export async function labelled(place: URL, { examples }: Recipe): Promise<Labelled> {
  const texts = (source: Source) => readTextRows(source) as AsyncIterable<LabelledText>;
  const questions = await split(place, readQuestions, "questions/*.json");
  return {
    sentiment: first(await split(place, texts, "samples/movie-reviews/*.tsv.gz"), examples),
    tags: first(await split(place, readTagged, "samples/ud-english-ewt/*.tsv.gz"), examples),
    inference: first(await split(place, texts, "samples/snli/*.tsv.gz"), examples),
    questions: first(enlarged(questions, examples.train), examples),
  };
}

/** Running text, each document as its sentences: for training, and held out. */
export interface Text {
  readonly training: string[][];
  readonly heldOut: string[][];
}

export async function runningText(place: URL): Promise<Text> {
  const names = readdirSync(new URL("text/", place))
    .filter((name) => name.endsWith(".txt"))
    .sort();
  const training = [...(await documents(place, "parallel/en.txt"))];
  for (const name of names) for (const document of await documents(place, `text/${name}`)) training.push(document);
  return {
    training,
    heldOut: [
      ...(await documents(place, "held-out/english.txt")),
      ...(await documents(place, "parallel/en.held-out.txt")),
    ],
  };
}

/** Labeled sentences grouped into documents. */
const GROUP = 8;

/** The labeled training parts as plain text, additional data for pre-training, without any sentence of a test part. */
export function unlabelled({ questions, inference, sentiment, tags }: Labelled): string[][] {
  const contexts = [...new Set(questions.train.map(({ context }) => context))].map(sentences);
  // Short sentences, such as "A man is wearing a black shirt", occur in both parts.
  const tested = new Set<string>([
    ...inference.test.flatMap(({ text, pair }) => [text, pair!]),
    ...[...sentiment.test, ...tags.test].map(({ text }) => text),
    ...questions.test.map(({ question }) => question),
  ]);
  const loose = [
    ...inference.train.flatMap(({ text, pair }) => [text, pair!]),
    ...sentiment.train.map(({ text }) => text),
    ...tags.train.map(({ text }) => text),
    ...questions.train.map(({ question }) => question),
  ].filter((text) => !tested.has(text));
  // Several sentences per document, to fill sequences; next-sentence prediction does not use them.
  const groups = Array.from({ length: Math.ceil(loose.length / GROUP) }, (_, i) =>
    loose.slice(GROUP * i, GROUP * i + GROUP),
  );
  return [...contexts, ...groups];
}
