/** Extractive question answering over windows. */
import { type Question, readQuestions } from "../../data/questions.js";
import { infer } from "../../heads/infer.js";
import {
  answerTokens,
  decodeSpans,
  encodeQuestion,
  type SpanHead,
  type SpanOptions,
  spanObjective,
  type Window,
} from "../../heads/span.js";
import { type EncoderBody, single } from "../../objectives/objective.js";
import { squadScore } from "../metrics/answers.js";
import { fixedSpanBaseline } from "../metrics/baselines.js";
import type { Task, TaskSettings } from "./task.js";

/** Windows share a third of their context, as 128 of 384. */
const overlapOf = (length: number): number => Math.floor(length / 3);

const windowsOf = (
  { question, context }: Pick<Question, "question" | "context">,
  { tokenizer, length }: TaskSettings,
): Window[] =>
  encodeQuestion(tokenizer, question, context, {
    length,
    overlap: overlapOf(length),
    question: Math.min(64, Math.floor(length / 3)),
  });

export interface FoundAnswer {
  readonly answer: string;
  /** character range of the context */
  readonly start: number;
  readonly end: number;
  /** sum of the two logits */
  readonly score: number;
  /** the lowest score of "no answer" over the windows */
  readonly none: number;
  /** scores of all candidates, best first */
  readonly scores: readonly number[];
}

/** The best answer to each question, sliced from its context as it is written. */
export function findAnswers(
  model: EncoderBody & SpanHead,
  questions: readonly Pick<Question, "question" | "context">[],
  settings: TaskSettings,
  options: SpanOptions = {},
): FoundAnswer[] {
  const windows = questions.map((question) => windowsOf(question, settings));
  const scores = infer(
    model,
    windows.flat().map(({ sample }) => sample),
    "tokens",
    (m, hidden) => m.spanScores(hidden),
  );
  let next = 0;
  return questions.map(({ context }, i) => {
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
      scores: candidates.map((candidate) => candidate.score),
    };
  });
}

export const answerTask: Task<Question, "question-answering"> = {
  name: "answer",
  modelTask: "question-answering",
  headline: "f1",
  read: readQuestions,
  labels: () => null,
  samples: (examples, settings) =>
    examples.flatMap((question) =>
      windowsOf(question, settings).map((window) => ({
        ...window.sample,
        labels: { span: answerTokens(window, question.answers[0] ?? null) },
      })),
    ),
  objective: /* @__PURE__ */ single(/* @__PURE__ */ spanObjective()),
  evaluate(model, examples, settings) {
    // A file with unanswerable questions is scored as SQuAD 2.0, where saying nothing can be right.
    const version = examples.some(({ answers }) => answers.length === 0) ? "2.0" : "1.1";
    const found = findAnswers(model, examples, settings);
    let [exactMatch, f1] = [0, 0];
    for (const [i, { answer, score, none }] of found.entries()) {
      const said = version === "2.0" && none > score ? "" : answer;
      const result = squadScore(
        said,
        examples[i]!.answers.map(({ text }) => text),
        version,
      );
      exactMatch += result.exactMatch / examples.length;
      f1 += result.f1 / examples.length;
    }
    return { exact_match: exactMatch, f1 };
  },
  baseline(train, test) {
    const { exactMatch, f1 } = fixedSpanBaseline(train, test);
    return { exact_match: exactMatch, f1 };
  },
  decisions: (examples) => examples.length,
};
