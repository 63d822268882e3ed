/** Data augmentation for question answering: the same questions on recombined contexts. */
import {
  aFunction,
  checkArgument,
  checkOptions,
  listOf,
  numberBetween,
  type Rule,
  wholeNumber,
  withFields,
} from "../options.js";
import type { Rng } from "../tensor/random.js";
import { shuffle } from "../tensor/random.js";
import type { Question } from "./questions.js";

/** Options of {@link shuffledContexts}. */
export interface ShuffledContextsOptions {
  /** contexts made of each */
  readonly copies: number;
  /** share of the sentences without the answer that come from another context */
  readonly exchange: number;
  /** share of the question's words, except the first, that are left out */
  readonly drop: number;
}

const aQuestion: Rule = {
  expected: "a question with its context and answers",
  accepts: (value) => {
    const { question, context, answers } = (value ?? {}) as Partial<Question>;
    const isAnswer = withFields("", "text", "start").accepts;
    return (
      typeof question === "string" && typeof context === "string" && Array.isArray(answers) && answers.every(isAnswer)
    );
  },
};

/** A sentence ends after its final mark, if a space follows. */
const SENTENCE = /.+?(?:[.!?]["'”’)]*(?=\s)|$)\s*/gsu;

interface Parts {
  /** the sentence with the answer */
  readonly sentence: string;
  /** where the answer begins in it */
  readonly start: number;
  readonly others: readonly string[];
}

/** The context's sentences; undefined if the answer is not within a single one. */
function partsOf({ context, answers }: Question): Parts | undefined {
  const answer = answers[0];
  if (!answer) return undefined;
  const sentences = [...context.matchAll(SENTENCE)];
  const home = sentences.find(
    ({ index, 0: text }) => answer.start >= index && answer.start + answer.text.length <= index + text.trimEnd().length,
  );
  if (!home) return undefined;
  return {
    sentence: home[0].trim(),
    start: answer.start - home.index - (home[0].length - home[0].trimStart().length),
    others: sentences.filter((sentence) => sentence !== home).map(([text]) => text.trim()),
  };
}

function rebuilt(
  question: Question,
  parts: Parts,
  strangers: readonly string[],
  rng: Rng,
  o: ShuffledContextsOptions,
): Question {
  const others = parts.others.map((own) => (rng() < o.exchange ? strangers[rng.integer(strangers.length)]! : own));
  const place = rng.integer(others.length + 1);
  const sentences = shuffle(others, rng).toSpliced(place, 0, parts.sentence);
  const before = sentences.slice(0, place).reduce((sum, { length }) => sum + length + 1, 0);
  const words = question.question.split(" ");
  return {
    id: question.id,
    question: words.filter((_, i) => i === 0 || rng() >= o.drop).join(" "),
    context: sentences.join(" "),
    answers: [{ text: question.answers[0]!.text, start: before + parts.start }],
  };
}

/**
 * Each question `copies` times, each time on its answer's sentence among others: those of its own context or of other
 * contexts, in a new order. The words of the question still lead to the answer; the facts that a small model would
 * memorize instead (which context has which answer, and where) change from copy to copy. Questions without an
 * answer, or with one that crosses sentences, are copied as they are.
 *
 * @example
 * const more = shuffledContexts([question], { copies: 8, exchange: 0.8, drop: 0.2 }, seed(1));
 */
export function shuffledContexts(
  questions: readonly Question[],
  options: ShuffledContextsOptions,
  rng: Rng,
): Question[] {
  checkArgument("shuffledContexts", "questions", questions, listOf(aQuestion));
  checkArgument("shuffledContexts", "rng", rng, { expected: "a source of random numbers", accepts: aFunction.accepts });
  checkArgument("shuffledContexts", "options", options, withFields("an object with copies", "copies"));
  checkOptions("shuffledContexts", options, {
    copies: wholeNumber(0, 2 ** 16),
    exchange: numberBetween(0, 1),
    drop: numberBetween(0, 1),
  });
  const parts = questions.map(partsOf);
  const strangers = parts.flatMap((own) => (own ? [own.sentence] : []));
  return Array.from({ length: options.copies }, (_, copy) =>
    questions.map((question, i) => {
      const own = parts[i];
      return own ? rebuilt(question, own, strangers, rng.fork(copy, i), options) : question;
    }),
  ).flat();
}
