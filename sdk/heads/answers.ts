/** Answering questions with a span head: every question is read through windows, and the best valid span is its answer. */
import type { EncoderBody } from "../objectives/objective.js";
import { atOnce, eachInSteps, type Steps } from "../tensor/steps.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { inferInSteps } from "./infer.js";
import {
  decodeSpans,
  encodeQuestion,
  type SpanCandidate,
  type SpanHead,
  type SpanOptions,
  type Window,
} from "./span.js";

/** A question, and the text that may hold its answer. */
export interface QuestionInContext {
  readonly question: string;
  readonly context: string;
}

/** The settings that turn questions into windows of tokens. */
export interface AnswerSettings {
  readonly tokenizer: Tokenizer;
  /** longest window in tokens, question and special tokens included */
  readonly maxLength: number;
}

/** BERT's proportions at any length: windows of 384 share 128 context tokens, and questions have at most 64 tokens. */
const SHARE = 3;
const LONGEST_QUESTION = 64;

/** The windows over one question and its context. */
export function questionWindows(
  { question, context }: QuestionInContext,
  { tokenizer, maxLength }: AnswerSettings,
): Window[] {
  const share = Math.floor(maxLength / SHARE);
  return encodeQuestion(tokenizer, question, context, {
    length: maxLength,
    overlap: share,
    question: Math.min(LONGEST_QUESTION, share),
  });
}

/** The best span of a context, and the other candidates. */
export interface ExtractedAnswer {
  /** the characters of the context */
  readonly answer: string;
  /** character range of the context */
  readonly start: number;
  readonly end: number;
  /** sum of the two logits */
  readonly score: number;
  /** score of "no answer": the lowest over the windows */
  readonly none: number;
  /** all candidates, best first */
  readonly candidates: readonly SpanCandidate[];
}

/**
 * The best answer to each question.
 *
 * @example
 * findAnswers(qa.model, [{ question: "Where does Anna live?", context: "Anna lives in Rome." }], { tokenizer, maxLength: 384 });
 */
export function findAnswers(
  model: EncoderBody & SpanHead,
  questions: readonly QuestionInContext[],
  settings: AnswerSettings,
  options: SpanOptions = {},
): ExtractedAnswer[] {
  return atOnce(findAnswersInSteps(model, questions, settings, options));
}

/** The same in steps; progress counts windows. */
export function* findAnswersInSteps(
  model: EncoderBody & SpanHead,
  questions: readonly QuestionInContext[],
  settings: AnswerSettings,
  options: SpanOptions = {},
): Steps<ExtractedAnswer[]> {
  const windows = yield* eachInSteps(questions, (question) => questionWindows(question, settings));
  const samples = windows.flat().map(({ sample }) => sample);
  const scores = yield* inferInSteps(model, samples, "tokens", (m, hidden) => m.spanScores(hidden));
  let next = 0;
  return yield* eachInSteps(questions, ({ context }, i) => {
    const scored = windows[i]!.map((window) => {
      const both = scores[next++]!;
      const column = (c: number) => Float32Array.from({ length: both.length / 2 }, (_, t) => both[2 * t + c]!);
      return { window, first: column(0), last: column(1) };
    });
    const { candidates, none } = decodeSpans(scored, options);
    const { start, end, score } = candidates[0] ?? { start: 0, end: 0, score: Number.NEGATIVE_INFINITY };
    return {
      answer: context.slice(start, end),
      start,
      end,
      score,
      none,
      candidates,
    };
  });
}
