/** Extractive question answering over windows. */
import { type Question, readQuestions } from "../../data/questions.js";
import { findAnswers, questionWindows } from "../../heads/answers.js";
import { answerTokens, spanObjective } from "../../heads/span.js";
import { single } from "../../objectives/objective.js";
import { fixedSpanBaseline } from "../metrics/baselines.js";
import { squadScore } from "../metrics/squad.js";
import type { Task } from "./task.js";

/** Extractive question answering, from SQuAD's files to F1. */
export const answerTask: Task<Question, "question-answering"> = {
  name: "answer",
  modelTask: "question-answering",
  headline: "f1",
  read: readQuestions,
  labels: () => null,
  samples: (examples, settings) =>
    examples.flatMap((question) =>
      questionWindows(question, settings).map((window) => ({
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
  baselineName: "the best fixed span",
  decisions: (examples) => examples.length,
};
