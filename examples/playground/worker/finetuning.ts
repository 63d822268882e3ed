/** Fine-tuning in a worker: a learning curve over the number of examples, confusion, and the model to try at once. */
import {
  answerTask,
  classifyTask,
  Engine,
  finetune,
  loadModel,
  loadTokenizer,
  memoryFiles,
  type Pretrained,
  saveModel,
  type TaskSettings,
  tagTask,
} from "cloze";
import { type AnyTask, anyTask, textSource } from "cloze/data";
import { argmax, confusionMatrix, findAnswers, softmax, tagWords } from "cloze/metrics";
import { modelFiles } from "../model-files.js";
import { shelve } from "../store.js";

export type TaskName = "sentiment" | "pairs" | "tags" | "answers";

export interface FinetuneRequest {
  readonly task: TaskName;
  readonly model: string;
  /** the training examples, as `cloze finetune` reads them from a file */
  readonly train: string;
  /** the test examples; where it is empty, every fifth training example is held out */
  readonly test: string;
  readonly epochs: number;
  /** also train the same architecture from random weights, to compare with */
  readonly withScratch: boolean;
  readonly name: string;
}

/** A point of the learning curve: the score on the test examples after training on this many. */
export interface CurvePoint {
  readonly arm: "pretrained" | "scratch";
  readonly examples: number;
  readonly score: number;
}

export type FinetuneTold =
  | {
      readonly kind: "begun";
      readonly examples: number;
      readonly tests: number;
      readonly headline: string;
      readonly baseline: number;
    }
  | {
      readonly kind: "step";
      readonly arm: CurvePoint["arm"];
      readonly examples: number;
      readonly share: number;
      readonly loss: number;
    }
  | { readonly kind: "point"; readonly point: CurvePoint };

export interface Confusion {
  readonly labels: readonly string[];
  /** rows of counts: `matrix[gold][predicted]` */
  readonly matrix: readonly (readonly number[])[];
}

export interface FinetuneEnd {
  readonly isStopped: boolean;
  readonly confusion: Confusion | null;
}

/** What the fine-tuned model says of an input. */
export type Said =
  | { readonly kind: "classes"; readonly classes: readonly { readonly label: string; readonly score: number }[] }
  | { readonly kind: "tags"; readonly words: readonly { readonly word: string; readonly tag: string | null }[] }
  | { readonly kind: "answer"; readonly answer: string; readonly start: number; readonly end: number };

const [LONGEST, SEED] = [96, 1];
/** Shares of the examples that the curve has points at. */
const SHARES = [1 / 8, 1 / 4, 1 / 2, 1];
/** Test examples that are scored. */
const TESTED = 300;

const taskOf = (name: TaskName): AnyTask =>
  ({
    sentiment: () => anyTask(classifyTask("classify")),
    pairs: () => anyTask(classifyTask("pair")),
    tags: () => anyTask(tagTask),
    answers: () => anyTask(answerTask),
  })[name]();

async function read(task: AnyTask, name: string, text: string): Promise<unknown[]> {
  const examples: unknown[] = [];
  for await (const example of task.read(textSource(name, text))) examples.push(example);
  return examples;
}

/** One of how many examples is held out where none are given to test with. */
const HELD_OUT = 5;

async function examplesOf(task: AnyTask, request: FinetuneRequest): Promise<{ train: unknown[]; test: unknown[] }> {
  const all = await read(task, "the examples", request.train);
  const isHeld = (i: number): boolean => i % HELD_OUT === HELD_OUT - 1;
  if (request.test.trim() === "") {
    if (all.length < HELD_OUT)
      throw new Error(
        `${all.length} ${all.length === 1 ? "example" : "examples"}: ${HELD_OUT} are needed, one of which is held out`,
      );
    return { train: all.filter((_, i) => !isHeld(i)), test: all.filter((_, i) => isHeld(i)).slice(0, TESTED) };
  }
  const test = (await read(task, "the test examples", request.test)).slice(0, TESTED);
  const known = task.labels(all)?.names ?? [];
  const unknown = task.labels(test)?.names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(
      `a test example has the label ${unknown}, which no training example has (${known.join(", ")}); give test examples of the same task, or none: then every fifth training example is held out`,
    );
  return { train: all, test };
}

/** The model that was fine-tuned last. */
interface Tuned {
  readonly engine: Engine;
  readonly task: AnyTask;
  readonly name: TaskName;
  readonly loaded: Pretrained<never>;
  readonly settings: TaskSettings;
}

let tuned: Tuned | null = null;
let stopping = false;

/** Stop after the next step. */
export function stopFinetuning(): void {
  stopping = true;
}

interface Arm {
  readonly request: FinetuneRequest;
  readonly task: AnyTask;
  readonly train: readonly unknown[];
  readonly test: readonly unknown[];
  readonly arm: CurvePoint["arm"];
  readonly tell: (told: FinetuneTold) => void;
}

/** Train one model on the first examples; null where it was stopped. */
async function trainOne({ request, task, train, arm, tell }: Arm, examples: number): Promise<Tuned | null> {
  const files = await modelFiles(request.model);
  const engine = await Engine.create({ build: "strict" });
  const labels = task.labels(train);
  const loading = { task: task.modelTask, labels, seed: SEED, scratch: arm === "scratch", dtype: "f32" } as const;
  const loaded = await loadModel(engine, files, loading);
  const tokenizer = await loadTokenizer(files);
  const settings = { tokenizer, labels, maxLength: Math.min(LONGEST, loaded.model.maxLength) };
  const chosen = train.slice(0, examples);
  const { epochs } = request;
  for await (const event of finetune({ loaded, task, settings, train: chosen, epochs, seed: SEED })) {
    if (event.kind !== "step") continue;
    const share = event.step.step / event.total;
    tell({ kind: "step", arm, examples, share, loss: event.step.loss });
    if (stopping) {
      engine.dispose();
      return null;
    }
  }
  return { engine, task, name: request.task, loaded: loaded as unknown as Pretrained<never>, settings };
}

/** All points of a curve; returns the model that learned from all examples, null where it was stopped. */
async function trainArm(arm: Arm): Promise<Tuned | null> {
  const counts = [...new Set(SHARES.map((share) => Math.max(1, Math.round(share * arm.train.length))))];
  let last: Tuned | null = null;
  for (const examples of counts) {
    last?.engine.dispose();
    last = await trainOne(arm, examples);
    if (!last) return null;
    const score = last.task.evaluate(last.loaded.model, arm.test, last.settings)[arm.task.headline]!;
    arm.tell({ kind: "point", point: { arm: arm.arm, examples, score } });
    await new Promise((resume) => setTimeout(resume, 0));
  }
  return last;
}

function confusionOf({ task, loaded, settings }: Tuned, test: readonly unknown[]): Confusion | null {
  if (!task.predict || !settings.labels) return null;
  const { scores, gold } = task.predict(loaded.model, test, settings);
  const predicted = scores.map((row) => argmax(row));
  return { labels: settings.labels.names, matrix: confusionMatrix(predicted, gold, settings.labels.size) };
}

export async function finetuneHere(request: FinetuneRequest, tell: (told: FinetuneTold) => void): Promise<FinetuneEnd> {
  stopping = false;
  const task = taskOf(request.task);
  const { train, test } = await examplesOf(task, request);
  const baseline = task.baseline(train, test)[task.headline]!;
  tell({ kind: "begun", examples: train.length, tests: test.length, headline: task.headline, baseline });
  const shared = { request, task, train, test, tell };
  if (request.withScratch) (await trainArm({ ...shared, arm: "scratch" }))?.engine.dispose();
  const made = stopping ? null : await trainArm({ ...shared, arm: "pretrained" });
  if (!made) return { isStopped: true, confusion: null };
  tuned?.engine.dispose();
  tuned = made;
  const saved = memoryFiles();
  const { loaded, settings } = made;
  await saveModel(saved, { ...loaded, tokenizer: settings.tokenizer, maxLength: settings.maxLength });
  const about = { name: request.name, task: task.modelTask, parameters: loaded.weights.count, hash: null };
  await shelve({ ...about, id: `${Date.now()}-${request.task}`, made: Date.now() }, [...saved.files]);
  return { isStopped: false, confusion: confusionOf(made, test) };
}

/** Ask the model that was fine-tuned last: a text, a pair, a sentence, or a question and its context. */
export async function tryTuned(first: string, second: string): Promise<Said> {
  if (!tuned) throw new Error("no model was fine-tuned here yet");
  const { name, loaded, settings, task } = tuned;
  const { labels, tokenizer, maxLength } = settings;
  const model = loaded.model as never;
  if (name === "answers") {
    const [found] = findAnswers(model, [{ question: first, context: second }], { tokenizer, maxLength });
    const { answer, start, end } = found!;
    return { kind: "answer", answer, start, end };
  }
  if (name === "tags") {
    const words = first.match(/[\p{L}\p{N}'’-]+|[^\s\p{L}\p{N}]/gu) ?? [];
    const [tags] = tagWords(model, [words], { tokenizer, labels: labels!, maxLength });
    return { kind: "tags", words: words.map((word, i) => ({ word, tag: tags?.[i] ?? null })) };
  }
  const example = { text: first, ...(name === "pairs" && { pair: second }), label: labels!.names[0]! };
  const { scores } = task.predict!(model, [example], settings);
  const classes = Array.from(softmax(scores[0]!), (score, i) => ({ label: labels!.names[i]!, score }));
  return { kind: "classes", classes: classes.sort((a, b) => b.score - a.score) };
}
