/** Data files in every format, read for every task. */
import fc from "fast-check";
import { readTagged } from "../../../sdk/data/conllu.js";
import { readDocuments } from "../../../sdk/data/documents.js";
import { readQuestions } from "../../../sdk/data/questions.js";
import { readTextRows } from "../../../sdk/data/text-rows.js";
import { answerTask, classifyTask, embedTask, multiLabelTask, regressTask, tagTask } from "../../../sdk/index.js";
import { type AnyTask, anyTask } from "../../../sdk/train/tasks/task.js";
import { CONLLU, drain, JSON_ROWS, lineTarget, QUESTIONS, ROWS, SCORES, source } from "../fixtures.js";
import { fileMutant, type Target } from "../mutant.js";
import { mutantBytes, mutantJson, mutantLines } from "../mutations.js";

const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join("\n");

const CSV = 'text,label\n"the cat, sat",yes\nnew low,no\n"a ""quoted"" dog",yes\n';
const MANY_LABELS = jsonLines([
  { text: "a cat", labels: ["x", "y"] },
  { text: "low", labels: [] },
  { text: "new", label: "x" },
]);
const PAIRS = jsonLines([
  { text: "the cat", pair: "a cat", score: 4.5 },
  { sentence1: "new", sentence2: "low", label: 0 },
]);
const ANSWERS = jsonLines([
  { id: "1", question: "Where?", context: "In Rome.", answers: [{ text: "Rome", start: 3 }] },
  { question: "Who?", context: "Anna.", answers: [] },
]);
const WORDS = "EU\tB-ORG\nrejects\tO\n\nPeter\tB-PER\nBlackburn\tI-PER\n";
const WORD_LINES = jsonLines([{ words: ["EU", "rejects"], tags: ["B-ORG", "O"] }]);
const PLAIN = "a line\nanother line\n\nthe next document\n";
const SQUAD = JSON.stringify(QUESTIONS);

/** One valid file of each format; every task is tried on each, its own or not. */
const FORMATS: Readonly<Record<string, string>> = {
  "rows.tsv": ROWS,
  "rows.csv": CSV,
  "scores.tsv": SCORES,
  "rows.jsonl": jsonLines(JSON_ROWS),
  "labels.jsonl": MANY_LABELS,
  "pairs.jsonl": PAIRS,
  "answers.jsonl": ANSWERS,
  "tags.conllu": CONLLU,
  "words.conll": WORDS,
  "words.jsonl": WORD_LINES,
  "plain.txt": PLAIN,
  "squad.json": SQUAD,
};

const tasks = (): readonly AnyTask[] => [
  anyTask(classifyTask("classify")),
  anyTask(multiLabelTask()),
  anyTask(regressTask()),
  anyTask(embedTask({ mode: "mean", normalize: true }, true)),
  anyTask(tagTask),
  anyTask(answerTask),
];

/** Mutants of a file of JSON lines: of one line by structure, the others as they are. */
function mutantJsonLines(text: string): fc.Arbitrary<Uint8Array> {
  const lines = text.split("\n");
  return fc.nat(lines.length - 1).chain((i) =>
    mutantJson(JSON.parse(lines[i]!)).map((json) => {
      const changed = [...lines];
      changed[i] = new TextDecoder().decode(json);
      return new TextEncoder().encode(changed.join("\n"));
    }),
  );
}

const mutantsOf = (name: string, text: string): fc.Arbitrary<Uint8Array> =>
  name.endsWith(".jsonl")
    ? fc.oneof(
        { weight: 4, arbitrary: mutantJsonLines(text) },
        { weight: 1, arbitrary: mutantBytes(new TextEncoder().encode(text)) },
      )
    : name.endsWith(".json")
      ? mutantJson(JSON.parse(text))
      : mutantLines(text);

/** Read a file for a task, and all that a run makes of its examples before the first step. */
async function readFor(task: AnyTask, name: string, bytes: Uint8Array): Promise<void> {
  const examples: unknown[] = [];
  for await (const example of task.read(source(name, bytes))) examples.push(example);
  task.labels(examples);
}

export const DATA_TARGETS: Readonly<Record<string, Target>> = {
  "text-rows": lineTarget("rows.tsv", ROWS, (s) => readTextRows(s)),
  csv: lineTarget("rows.csv", CSV, (s) => readTextRows(s)),
  "json-rows": async () =>
    mutantsOf("rows.jsonl", jsonLines(JSON_ROWS)).map((bytes) =>
      fileMutant("rows.jsonl", bytes, () => drain(readTextRows(source("rows.jsonl", bytes)))),
    ),
  "task-files": async () => {
    const all = tasks();
    const names = Object.keys(FORMATS);
    const mutants = names.map((name) =>
      fc
        .tuple(mutantsOf(name, FORMATS[name]!), fc.constantFrom(...all))
        .map(([bytes, task]) => fileMutant(`${task.name}.${name}`, bytes, () => readFor(task, name, bytes))),
    );
    return fc.oneof(...mutants);
  },
  conllu: lineTarget("tags.conllu", CONLLU, (s) => readTagged(s)),
  documents: lineTarget("text.txt", PLAIN, (s) => readDocuments(s)),
  questions: async () =>
    fc
      .oneof(mutantJson(QUESTIONS), mutantJsonLines(ANSWERS))
      .map((bytes) => fileMutant("questions.json", bytes, () => drain(readQuestions(source("questions.json", bytes))))),
};
