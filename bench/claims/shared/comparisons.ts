/** The tasks on which pre-trained and random weights are compared. */
import { answerTask, classifyTask, type LabelledText, type ModelTask, type Task, tagTask } from "cloze";
import { type Question, seed as seedOf, shuffle, type TaggedSentence } from "cloze/data";
import { argmax, findAnswers, squadScore } from "cloze/metrics";
import { bestFixedSpan, fixedSpan, mostFrequent } from "../../../sdk/train/metrics/baselines.js";
import type { Comparison, Parts } from "./arms.js";
import { examplesOf } from "./files.js";

/** 1 for every item whose highest score is that of the right class. */
function rightItems<Example, P extends ModelTask>(task: Task<Example, P>): Comparison<Example, P>["items"] {
  return (model, test, settings) => {
    const { scores, gold } = task.predict!(model, test, settings);
    return scores.map((row, i) => (argmax(row) === gold[i] ? 1 : 0));
  };
}

/** 1 for every text of the training part's most frequent class. */
function majorityItems({ train, test }: Parts<LabelledText>): number[] {
  const guess = mostFrequent(train.map(({ label }) => label));
  return test.map(({ label }) => (label === guess ? 1 : 0));
}

const sentiment = classifyTask("classify");

/** Polarity of movie reviews; with `examples` that many of the training part, drawn with the seed. */
export const movieReviews = (examples?: number): Comparison<LabelledText, "sequence-classification"> => ({
  task: sentiment,
  async parts(context, seed) {
    const part = (name: string) => examplesOf(sentiment.read, context.data(`movie-reviews/polarity-${name}.tsv.gz`));
    const whole = await part("train");
    const train = examples === undefined ? whole : shuffle([...whole], seedOf(seed)).slice(0, examples);
    return { train, dev: await part("dev"), test: await part("test") };
  },
  items: rightItems(sentiment),
  baseline: majorityItems,
});

const inference = classifyTask("pair");

/** SNLI: its dev file is split nine to one, its test file is the test part. Pairs of one premise stay together. */
export const snli: Comparison<LabelledText, "sequence-classification"> = {
  task: inference,
  async parts(context) {
    const dev = await examplesOf(inference.read, context.data("snli/dev.tsv.gz"));
    const premises = new Map<string, number>();
    for (const { text } of dev) if (!premises.has(text)) premises.set(text, premises.size);
    const isHeld = ({ text }: LabelledText) => premises.get(text)! % 10 === 9;
    const test = await examplesOf(inference.read, context.data("snli/test.tsv.gz"));
    return { train: dev.filter((pair) => !isHeld(pair)), dev: dev.filter(isHeld), test };
  },
  items: rightItems(inference),
  baseline: majorityItems,
};

/** Universal parts of speech of the English Web Treebank. */
export const webTreebank: Comparison<TaggedSentence, "token-classification"> = {
  task: tagTask,
  async parts(context) {
    const part = (name: string) => examplesOf(tagTask.read, context.data(`ud-english-ewt/${name}.tsv.gz`));
    return { train: await part("train"), dev: await part("dev"), test: await part("test") };
  },
  items: rightItems(tagTask),
  /** the most frequent tag of each word, of unseen words that of all */
  baseline({ train, test }) {
    const byWord = new Map<string, string[]>();
    for (const { words, tags } of train)
      for (const [i, word] of words.entries()) {
        const seen = byWord.get(word);
        if (seen) seen.push(tags[i]!);
        else byWord.set(word, [tags[i]!]);
      }
    const most = new Map([...byWord].map(([word, tags]) => [word, mostFrequent(tags)!]));
    const fallback = mostFrequent(train.flatMap(({ tags }) => tags))!;
    return test.flatMap(({ words, tags }) =>
      words.map((word, i) => ((most.get(word) ?? fallback) === tags[i] ? 1 : 0)),
    );
  },
};

/** XQuAD in English: of every ten paragraphs six to learn from, one for development, three for the test. */
export const xquad: Comparison<Question, "question-answering"> = {
  task: answerTask,
  async parts(context) {
    const questions = await examplesOf(answerTask.read, context.data("xquad/xquad.en.json.gz"));
    const contexts = [...new Set(questions.map((question) => question.context))];
    const place = new Map(contexts.map((text, i) => [text, i % 10]));
    const among = (from: number, end: number) =>
      questions.filter((question) => place.get(question.context)! >= from && place.get(question.context)! < end);
    return { train: among(0, 6), dev: among(6, 7), test: among(7, 10) };
  },
  items: (model, test, settings) =>
    findAnswers(model, test, settings).map(
      ({ answer }, i) =>
        squadScore(
          answer,
          test[i]!.answers.map(({ text }) => text),
        ).f1,
    ),
  baseline({ train, test }) {
    const span = bestFixedSpan(train);
    return test.map(
      ({ context, answers }) =>
        squadScore(
          fixedSpan(context, span),
          answers.map(({ text }) => text),
        ).f1,
    );
  },
};
