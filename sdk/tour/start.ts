/**
 * `npm start [-- FILE…] [--out FOLDER]`: from text to a model in use, on one small machine.
 *
 * A tokenizer and a small BERT are trained on the embedded corpus (or on the given files). The model is fine-tuned to four
 * tasks and compared with the same network trained from random weights. A report shows the results.
 */
import { isMainThread } from "node:worker_threads";
import { Engine, fillMask, memoryFiles, questionAnswering } from "cloze";
import { readDocuments } from "cloze/data";
import { exists, writeFolder } from "cloze/node";
import { renderReport } from "cloze/report";
import { trainWordPiece } from "cloze/tokenizer";
import { collect, fileSource, requireFiles } from "../cli/shared/input.js";
import { type Progress, percent, progress, say, table } from "../cli/shared/output.js";
import { type Labelled, labelled, runningText, unlabelled } from "./embedded-corpus.js";
import {
  type FinetuneResult,
  type Folder,
  type Job,
  type PretrainResult,
  RECIPE,
  stepsOf,
  type TaskName,
} from "./jobs.js";
import { type Examples, pretrainSummary, type TaskResult, taskTable, tourReport } from "./pictures.js";
import { Lane, serve } from "./workers.js";

const TASKS: readonly TaskName[] = ["questions", "inference", "tags", "sentiment"];

/** One progress bar over both lanes. */
class Overall {
  readonly #bar: Progress;
  readonly #total: number;
  readonly #done = new Map<string, number>();
  readonly #notes = new Map<number, string>();

  constructor(total: number) {
    this.#bar = progress("training", total);
    this.#total = total;
  }

  reporter(lane: number, name: string): (done: number, note: string) => void {
    return (done, note) => {
      this.#done.set(name, done);
      this.#notes.set(lane, `${name}: ${note}`);
      const sum = [...this.#done.values()].reduce((a, b) => a + b, 0);
      // Long sentences are cut into windows, so there may be a few more steps than were counted.
      this.#bar.update(Math.min(sum, this.#total), [...this.#notes.values()].join(" | "));
    };
  }

  stop(): void {
    this.#bar.stop();
  }
}

interface Text {
  readonly training: string[][];
  readonly held: string[][];
}

/** The user's documents with every tenth held out, or the embedded corpus if no file is given. */
async function textOf(files: readonly string[]): Promise<Text> {
  if (files.length === 0) return runningText();
  await requireFiles(files);
  const documents: string[][] = [];
  for (const file of files)
    for (const document of await collect(readDocuments(fileSource(file)))) documents.push(document);
  // A file without blank lines is one document: cut it, or there would be nothing to hold out.
  const cut = documents.flatMap((document) =>
    Array.from({ length: Math.ceil(document.length / 20) }, (_, i) => document.slice(20 * i, 20 * i + 20)),
  );
  if (cut.length < 20)
    throw new Error(
      `the files have too little text to train on: ${cut.flat().length} lines; at least about 400 are needed`,
    );
  return { training: cut.filter((_, i) => i % 10 !== 0), held: cut.filter((_, i) => i % 10 === 0) };
}

interface Trained {
  readonly pretrained: PretrainResult;
  readonly tasks: TaskResult[];
}

/** Two lanes: one pre-trains while the other trains the networks from scratch, then both fine-tune. */
async function trainAll(tokenizer: string, text: Text, data: Labelled): Promise<Trained> {
  const program = new URL(import.meta.url);
  const lanes = [new Lane(program), new Lane(program)] as const;
  const jobOf = (task: TaskName, folder: Folder | null): Extract<Job, { kind: "finetune" }> => ({
    kind: "finetune",
    tokenizer,
    task,
    data: data[task],
    folder,
  });
  const pretraining: Extract<Job, { kind: "pretrain" }> = {
    kind: "pretrain",
    tokenizer,
    training: text.training,
    extra: unlabelled(data),
    held: text.held,
  };
  const total = stepsOf(pretraining) + TASKS.reduce((sum, task) => sum + 2 * stepsOf(jobOf(task, null)), 0);
  const overall = new Overall(total);
  try {
    const waiting = TASKS.map((task) => lanes[1].run(jobOf(task, null), overall.reporter(1, `${task} from scratch`)));
    const pretrained = await lanes[0].run(pretraining, overall.reporter(0, "pre-training"));
    // The first lane starts with the longest task at once; the second takes the others when its own are done.
    const tuned = TASKS.map((task, i) =>
      lanes[i < 1 ? 0 : 1].run(jobOf(task, pretrained.folder), overall.reporter(i < 1 ? 0 : 1, `${task} pre-trained`)),
    );
    const [scratch, fine] = [await Promise.all(waiting), await Promise.all(tuned)];
    return {
      pretrained,
      tasks: TASKS.map((name, i) => ({
        name,
        pretrained: fine[i] as FinetuneResult,
        scratch: scratch[i] as FinetuneResult,
      })),
    };
  } finally {
    overall.stop();
    for (const lane of lanes) await lane.close();
  }
}

const MASKED = [
  "The [MASK] shines in the sky.",
  "She drank a cup of [MASK].",
  "He opened the [MASK] and went into the house.",
  "In winter the lake is covered with [MASK].",
];

/** Use the trained models: fill masks, answer a question. */
async function use(engine: Engine, { pretrained, tasks }: Trained, data: Labelled): Promise<Examples> {
  using fill = await fillMask(memoryFiles(pretrained.folder), { engine, topK: 4 });
  const masks = MASKED.map((text) => {
    const guesses = fill(text).map((guess) => `${guess.token_str} (${percent(guess.score)})`);
    return { text, guesses: guesses.join(", ") };
  });
  const { folder } = tasks.find(({ name }) => name === "questions")!.pretrained;
  using answer = await questionAnswering(memoryFiles(folder), { engine });
  const { question, context } = data.questions.test[0]!;
  return { masks, question: { question, context, answer: answer({ question, context }).answer } };
}

/** Whether this program wrote the folder: no other is replaced. */
const isTour = (out: string): Promise<boolean> => exists(`${out}/report.html`);

function options(words: readonly string[]): { files: string[]; out: string } {
  const at = words.indexOf("--out");
  const out = at < 0 ? "cloze-tour" : (words[at + 1] ?? "cloze-tour");
  return { files: words.filter((_, i) => at < 0 || (i !== at && i !== at + 1)), out };
}

async function main(): Promise<void> {
  const started = performance.now();
  const { files, out } = options(process.argv.slice(2));
  if ((await exists(out)) && !(await isTour(out)))
    throw new Error(`${out} exists and was not written by this program; choose another folder with --out`);
  const data = await labelled();
  const text = await textOf(files);
  const sentences = text.training.reduce((sum, document) => sum + document.length, 0);
  say(
    `${files.length === 0 ? "the embedded corpus" : files.join(", ")}: ${sentences} sentences in ${text.training.length} documents to learn from, ${text.held.length} documents held out`,
  );
  const tokenizer = trainWordPiece([...text.training.flat(), ...unlabelled(data).flat()], {
    size: RECIPE.vocabulary,
    lowercase: false,
  });
  say(`a WordPiece vocabulary of ${tokenizer.size} pieces`);
  const trained = await trainAll(JSON.stringify(tokenizer.toJSON()), text, data);
  using engine = await Engine.create();
  const examples = await use(engine, trained, data);
  const report = await tourReport(engine, trained.pretrained.folder, trained.pretrained, trained.tasks, examples);
  await writeFolder(out, await isTour(out), async (to) => {
    await to.write("report.html", new TextEncoder().encode(renderReport(report)));
    for (const [name, bytes] of trained.pretrained.folder) await to.write(`model/${name}`, bytes);
    for (const { name, pretrained } of trained.tasks)
      for (const [file, bytes] of pretrained.folder) await to.write(`${name}/${file}`, bytes);
  });
  const { header, rows } = taskTable(trained.tasks);
  say(`\n${pretrainSummary(trained.pretrained)}\n\n${table(header, rows)}\n`);
  for (const { text: masked, guesses } of examples.masks) say(`${masked}  ->  ${guesses}`);
  say(`${examples.question.question}  ->  ${examples.question.answer}`);
  say(`\nDone in ${((performance.now() - started) / 1000).toFixed(0)} s.
report:  ${out}/report.html   (open it in a browser)
models:  ${out}/model (pre-trained), ${TASKS.map((task) => `${out}/${task}`).join(", ")}
next:    npx cloze predict --model ${out}/model --text   then type a sentence with [MASK]
         npm start -- your-own-text.txt`);
}

if (isMainThread) {
  main().catch((error: unknown) => {
    process.stderr.write(`${process.env["CLOZE_DEBUG"] === "1" ? (error as Error).stack : (error as Error).message}\n`);
    process.exitCode = 1;
  });
} else serve();
