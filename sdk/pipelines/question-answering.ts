/** Answers to questions as character ranges of a context. Devlin et al. 2019, section 4.2. */
import { findAnswersInSteps, type QuestionInContext } from "../heads/answers.js";
import { softmax } from "../heads/probabilities.js";
import type { ModelSource } from "../io/files/model-source.js";
import { ArgumentError, aBoolean, type Rules, wholeNumber } from "../options.js";
import type { TurnOptions } from "../tensor/turns.js";
import { fieldsOf, textOf } from "./options.js";
import { type CallOptions, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** An answer: a span of the context, in UTF-16 code units. */
export interface Answer {
  /** the context's own characters */
  readonly answer: string;
  /** character range of the context */
  readonly start: number;
  readonly end: number;
  /** probability among the candidates, "no answer" included where it is allowed */
  readonly score: number;
}

/** Options of {@link questionAnswering}, when it is opened and when it is called. */
export interface QuestionAnsweringOptions extends CallOptions {
  /** return a list of this many answers, best first, instead of the best one */
  readonly topK?: number;
  /** longest answer in tokens; 30 by default, as in BERT's scripts */
  readonly maxAnswerLength?: number;
  /** starts and ends considered in each window, and candidates kept; 20 by default */
  readonly nBestSize?: number;
  /** use each start only in the window where it has the most context on both sides */
  readonly maximumContext?: boolean;
  /** allow the answer "", which wins where "no answer" scores highest */
  readonly handleImpossibleAnswer?: boolean;
}

/** Options with which one answer is given, and options with which a list is. */
export type OneAnswer<Options> = Options & { readonly topK?: undefined };
/** Options with `topK`: a call returns a list of answers. */
export type SeveralAnswers<Options> = Options & { readonly topK: number };

/** A function of a question and a context. `Output` is the result of a call without its own `topK`. */
export type QuestionAnswering<Output> = Pipeline<QuestionInContext, Output, OneAnswer<QuestionAnsweringOptions>> &
  Pipeline<QuestionInContext, Answer[], SeveralAnswers<QuestionAnsweringOptions>> &
  Pipeline<QuestionInContext, Output | Answer[], QuestionAnsweringOptions> & {
    (question: string, context: string, options?: OneAnswer<QuestionAnsweringOptions>): Output;
    (question: string, context: string, options: SeveralAnswers<QuestionAnsweringOptions>): Answer[];
    (question: string, context: string, options: QuestionAnsweringOptions): Output | Answer[];
    readonly async: {
      (question: string, context: string, options?: OneAnswer<QuestionAnsweringOptions> & TurnOptions): Promise<Output>;
      (
        question: string,
        context: string,
        options: SeveralAnswers<QuestionAnsweringOptions> & TurnOptions,
      ): Promise<Answer[]>;
      (question: string, context: string, options: QuestionAnsweringOptions & TurnOptions): Promise<Output | Answer[]>;
    };
  };

const NAME = "questionAnswering";

const rules = (): Rules<Omit<QuestionAnsweringOptions, keyof CallOptions>> => ({
  topK: wholeNumber(1),
  maxAnswerLength: wholeNumber(1),
  nBestSize: wholeNumber(1),
  maximumContext: aBoolean,
  handleImpossibleAnswer: aBoolean,
});

const ELSEWHERE = {
  max_answer_len: "the longest answer in tokens is maxAnswerLength",
  max_seq_len: "the longest sequence in tokens is length",
  doc_stride: "windows share a third of length",
  max_question_len: "a question has at most 64 tokens, and a third of length",
  mayBeUnanswerable: "handleImpossibleAnswer allows no answer",
} as const;

/** `(question, context, options)` beside objects. */
function read(args: readonly unknown[]): readonly [unknown, unknown] {
  const [given, second, third] = args;
  const plain = typeof given === "string";
  if (args.length > (plain ? 3 : 2))
    throw new ArgumentError(`${NAME}: a call has a question, a context and options; got ${args.length} arguments`);
  return plain ? [{ question: given, context: second }, third] : [given, second];
}

function inputOf(value: unknown, at: string): QuestionInContext {
  const { question, context } = fieldsOf(NAME, at, value, ["question", "context"]);
  return {
    question: textOf(NAME, `${at}.question`, question),
    context: textOf(NAME, `${at}.context`, context),
  };
}

/**
 * The span of the context that answers the question; contexts longer than the model are read through windows.
 *
 * @example
 * const answer = await questionAnswering(folder("qa"));
 * answer("Where does Anna live?", "Anna lives in Rome."); // { answer: "Rome", start: 14, end: 18, score: 0.9 }
 * answer({ question: "Where?", context: "Anna lives in Rome." }, { topK: 3 }); // three of them, best first
 */
export function questionAnswering(
  files: ModelSource,
  options?: OneAnswer<PipelineOptions & QuestionAnsweringOptions>,
): Promise<QuestionAnswering<Answer>>;
export function questionAnswering(
  files: ModelSource,
  options: SeveralAnswers<PipelineOptions & QuestionAnsweringOptions>,
): Promise<QuestionAnswering<Answer[]>>;
export function questionAnswering(
  files: ModelSource,
  options: PipelineOptions & QuestionAnsweringOptions,
): Promise<QuestionAnswering<Answer | Answer[]>>;
export async function questionAnswering(
  files: ModelSource,
  options: PipelineOptions & QuestionAnsweringOptions = {},
): Promise<QuestionAnswering<Answer | Answer[]>> {
  const pipeline = await openPipeline<
    "question-answering",
    QuestionInContext,
    Answer | Answer[],
    QuestionAnsweringOptions
  >(files, options, {
    name: NAME,
    task: "question-answering",
    rules: rules(),
    elsewhere: ELSEWHERE,
    read,
    input: inputOf,
    make: ({ model, tokenizer }) =>
      function* (inputs, { length, topK, maxAnswerLength = 30, nBestSize = 20, maximumContext = false, ...asked }) {
        const spans = { best: nBestSize, longest: maxAnswerLength, maximumContext };
        const found = yield* findAnswersInSteps(model, inputs, { tokenizer, maxLength: length }, spans);
        return found.map(({ candidates, none }, i) => {
          const answers = answersOf(inputs[i]!.context, candidates, asked.handleImpossibleAnswer ? none : null);
          return topK === undefined ? answers[0]! : answers.slice(0, topK);
        });
      },
  });
  return pipeline as QuestionAnswering<Answer | Answer[]>;
}

/**
 * Candidates with their probabilities, best first.
 *
 * @param none score of "no answer"; null where it is not allowed
 */
function answersOf(
  context: string,
  candidates: readonly { readonly start: number; readonly end: number; readonly score: number }[],
  none: number | null,
): Answer[] {
  if (none === null && candidates.length === 0) return [{ answer: "", start: 0, end: 0, score: 0 }];
  const all = none === null ? candidates : [...candidates, { start: 0, end: 0, score: none }];
  const shares = softmax(all.map(({ score }) => score));
  return all
    .map(({ start, end }, i) => ({ answer: context.slice(start, end), start, end, score: shares[i]! }))
    .sort((a, b) => b.score - a.score);
}
