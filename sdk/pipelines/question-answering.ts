/** Answers to questions as character ranges of a context. */
import { findAnswers } from "../heads/answers.js";
import { softmax } from "../heads/probabilities.js";
import type { SpanOptions } from "../heads/span.js";
import type { Files } from "../io/files.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface Answer {
  /** the context's own characters */
  readonly answer: string;
  readonly start: number;
  readonly end: number;
  /** probability against the other candidates and, where allowed, no answer */
  readonly score: number;
}

export interface QuestionAnsweringOptions extends PipelineOptions, SpanOptions {
  /** answer "" where no answer scores higher than any */
  readonly mayBeUnanswerable?: boolean;
}

/**
 * The span of the context that answers the question; contexts longer than the model are read through windows.
 *
 * @example
 * const answer = await questionAnswering(folder("qa"));
 * answer({ question: "Where does Anna live?", context: "Anna lives in Rome." }); // { answer: "Rome", start: 14, end: 18, score: 0.9 }
 */
export function questionAnswering(
  files: Files,
  options: QuestionAnsweringOptions = {},
): Promise<Pipeline<{ question: string; context: string }, Answer>> {
  return openPipeline(
    files,
    "question-answering",
    options,
    ({ model, tokenizer, length }) =>
      (inputs: readonly { question: string; context: string }[]) =>
        findAnswers(model, inputs, { tokenizer, length }, options).map(({ answer, start, end, none, scores }) => {
          const [best = 0, ...others] = softmax(options.mayBeUnanswerable ? [...scores, none] : scores);
          if (options.mayBeUnanswerable && none > (scores[0] ?? Number.NEGATIVE_INFINITY))
            return { answer: "", start: 0, end: 0, score: others.at(-1) ?? 1 };
          return { answer, start, end, score: best };
        }),
  );
}
