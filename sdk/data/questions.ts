/** Questions on contexts: SQuAD 1.1 and 2.0 JSON, or JSON lines; told apart by content. */

import { shown } from "../errors.js";
import { parseJson } from "../json.js";
import { lineOfValue } from "./json-place.js";
import { dataError, jsonObject, numbered, type Source } from "./source.js";

/** A question on a context with its accepted answers, as {@link readQuestions} yields it. */
export interface Question {
  readonly id: string;
  readonly question: string;
  readonly context: string;
  /** accepted answers, as written in the context; none if the context does not answer the question */
  readonly answers: readonly { readonly text: string; readonly start: number }[];
}

/**
 * The questions of a file; each answer is checked to be where it says.
 *
 * @throws {DataError} naming file and line, or the question's id
 * @example
 * const line = '{"question": "Who sleeps?", "context": "Anna sleeps.", "answers": [{"text": "Anna", "start": 0}]}';
 * for await (const { answers } of readQuestions(textSource("a.jsonl", line))) console.assert(answers[0]?.text === "Anna");
 */
export async function* readQuestions(source: Source): AsyncGenerator<Question> {
  const whole: string[] = [];
  let lines = false;
  for await (const [line, text] of numbered(source)) {
    if (whole.length === 0 && text.trim() === "") continue;
    lines ||= whole.length === 0 && isObjectLine(text);
    if (lines) yield lineQuestion(source, line, text);
    else whole.push(text);
  }
  if (whole.length > 0) yield* squad(source, whole.join("\n"));
}

/** Whether the first line of a file is an object of its own: JSON lines, not a SQuAD file. */
function isObjectLine(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  try {
    const value = parseJson(text) as object;
    return Object.hasOwn(value, "question") || !Object.hasOwn(value, "data");
  } catch {
    return false;
  }
}

function lineQuestion(source: Source, line: number, text: string): Question {
  const { id, question, context, answers } = jsonObject(source, line, text);
  if (typeof question !== "string" || typeof context !== "string")
    throw dataError(source, line, "question and context must be texts");
  const fail = (problem: string) => dataError(source, line, problem);
  return {
    id: typeof id === "string" ? id : String(line),
    question,
    context,
    answers: answerList(answers, fail).flatMap((answer) => answerOf(answer, context, fail)),
  };
}

/** A list of answers; or, as Hugging Face's data sets have them, an object of two lists. */
function answerList(answers: unknown, fail: (problem: string) => Error): readonly unknown[] {
  const { text, answer_start: starts } = (answers ?? {}) as Record<string, unknown>;
  if (Array.isArray(text) && Array.isArray(starts) && text.length === starts.length)
    return text.map((one, i) => ({ text: one, answer_start: starts[i] }));
  if (answers !== undefined && answers !== null && !Array.isArray(answers)) throw fail("answers must be a list");
  return answers ?? [];
}

/** An answer and its offset; none for the empty text, which some files write for "no answer". */
function answerOf(
  answer: unknown,
  context: string,
  fail: (problem: string) => Error,
): { text: string; start: number }[] {
  const { text, answer_start, start = answer_start } = (answer ?? {}) as Record<string, unknown>;
  if (text === "") return [];
  if (typeof text !== "string" || typeof start !== "number" || !Number.isInteger(start))
    throw fail(`an answer must have a text and a whole start (or answer_start), got ${shown(answer)}`);
  const at = placeOf(text, start, context);
  if (at < 0)
    throw fail(
      `the answer ${shown(text)} is not at ${start} of its context; there is ${shown(context.slice(start, start + text.length))}`,
    );
  return [{ text, start: at }];
}

/** The offset of the answer in UTF-16 units; files made with Python count code points. -1 where it is not there. */
function placeOf(text: string, start: number, context: string): number {
  if (context.startsWith(text, start)) return start;
  let units = 0;
  for (let points = 0; points < start && units < context.length; points++)
    units += context.codePointAt(units)! > 0xffff ? 2 : 1;
  return context.startsWith(text, units) ? units : -1;
}

const SHAPE = 'a SQuAD file must have a list "data"; JSON lines must have "question" and "context" on every line';

function* squad(source: Source, text: string): Generator<Question> {
  const { data } = jsonObject(source, 1, text);
  if (!Array.isArray(data)) throw dataError(source, 1, SHAPE);
  const failAt: FailAt = (path, problem) => dataError(source, lineOfValue(text, path), placeOfPath(path) + problem);
  const listOf = (value: unknown, path: Path): readonly unknown[] => {
    if (value === undefined || Array.isArray(value)) return value ?? [];
    throw failAt(path, ` must be a list, got ${shown(value)}`);
  };
  const objectOf = (value: unknown, path: Path): Record<string, unknown> => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw failAt(path, ` must be an object, got ${shown(value)}`);
  };
  for (const [a, article] of data.entries()) {
    const list: Path = ["data", a, "paragraphs"];
    const { paragraphs } = objectOf(article, ["data", a]);
    for (const [p, paragraph] of listOf(paragraphs, list).entries()) {
      const { context, qas } = objectOf(paragraph, [...list, p]);
      if (typeof context !== "string") throw failAt([...list, p, "context"], ` must be a text, got ${shown(context)}`);
      for (const [q, qa] of listOf(qas, [...list, p, "qas"]).entries()) {
        const path = [...list, p, "qas", q];
        yield squadQuestion(context, objectOf(qa, path), path, failAt);
      }
    }
  }
}

type Path = readonly (string | number)[];

/** The error of the value at a path. */
type FailAt = (path: Path, problem: string) => Error;

/** `data[0].paragraphs` */
const placeOfPath = (path: Path): string =>
  path.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i > 0 ? "." : ""}${step}`)).join("");

function squadQuestion(
  context: string,
  { id, question, answers, is_impossible }: Record<string, unknown>,
  path: Path,
  failAt: FailAt,
): Question {
  const named = typeof id === "string" || typeof id === "number";
  const fail = (problem: string) => failAt(path, `${named ? ` (id ${shown(id)})` : ""}: ${problem}`);
  if (typeof question !== "string") throw fail(`question must be a text, got ${shown(question)}`);
  if (!Array.isArray(answers)) throw fail(`answers must be a list, got ${shown(answers)}`);
  const accepted = is_impossible === true ? [] : answers.flatMap((answer) => answerOf(answer, context, fail));
  return { id: named ? String(id) : placeOfPath(path), question, context, answers: accepted };
}
