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

/** Characters of valid text before a damaged part, and after it. */
const MUCH = 200_000;

/** A large file of a format, damaged in its middle: time and memory grow with it, and no faster. */
function largeMutants(name: string, text: string): fc.Arbitrary<Uint8Array> {
  // Lines of tables come after one header.
  const begin = /\.[ct]sv$/.test(name) ? text.indexOf("\n") + 1 : 0;
  const body = `${text.slice(begin)}${text.endsWith("\n") ? "" : "\n"}`;
  const valid = Buffer.from(body.repeat(Math.ceil(MUCH / body.length)));
  const damaged = mutantsOf(name, text.slice(begin));
  const middle = fc.oneof({ weight: 4, arbitrary: damaged }, { weight: 1, arbitrary: fc.constant(Buffer.from(body)) });
  return middle.map((bytes) =>
    Buffer.concat([Buffer.from(text.slice(0, begin)), valid, bytes, Buffer.from("\n"), valid]),
  );
}

/** The questions many times over, and a damaged article among them. */
const largeQuestions = (): fc.Arbitrary<Uint8Array> => {
  const article = JSON.stringify(QUESTIONS.data[0]);
  const many = Array.from({ length: Math.ceil(MUCH / article.length) }, () => article).join();
  return mutantJson(QUESTIONS.data[0]).map((json) =>
    Buffer.concat([Buffer.from(`{"data":[${many},`), json, Buffer.from(`,${many}]}`)]),
  );
};

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
  "large-files": async () => {
    const [classify, multiLabel, regress, embed, tag, answer] = tasks() as readonly [
      AnyTask,
      AnyTask,
      AnyTask,
      AnyTask,
      AnyTask,
      AnyTask,
    ];
    const own: Readonly<Record<string, AnyTask>> = {
      "rows.tsv": classify,
      "rows.csv": classify,
      "rows.jsonl": classify,
      "labels.jsonl": multiLabel,
      "scores.tsv": regress,
      "pairs.jsonl": embed,
      "tags.conllu": tag,
      "words.conll": tag,
      "words.jsonl": tag,
      "answers.jsonl": answer,
      "squad.json": answer,
    };
    const mutants = Object.entries(own).map(([name, task]) =>
      (name.endsWith(".json") ? largeQuestions() : largeMutants(name, FORMATS[name]!)).map((bytes) =>
        fileMutant(`${task.name}.${name}`, bytes, () => readFor(task, name, bytes)),
      ),
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
