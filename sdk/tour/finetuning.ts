/** Fine-tuning of one network on one task, with its score on every test item. */
import {
  answerTask,
  classifyTask,
  finetune,
  type LabelledText,
  loadModel,
  loadTokenizer,
  type Model,
  type ModelTask,
  memoryFiles,
  saveModel,
  type TaskSettings,
  tagTask,
} from "cloze";
import { type AnyTask, anyTask, type Question, seed as seedOf, shuffledContexts } from "cloze/data";
import { argmax } from "cloze/metrics";
import { type CurveLine, stepLine, writeCurves } from "cloze/report";
import { createEngine } from "../cli/shared/turbo.js";
import type { Labelled } from "./embedded-corpus.js";
import { type FolderFiles, filesAt, type ModelPlace } from "./model-place.js";
import { type CurvePoint, type Follow, smoother } from "./pretraining.js";
import type { ArmName, Recipe, TaskName } from "./recipe.js";

export interface FinetuneJob {
  readonly kind: "finetune";
  readonly recipe: Recipe;
  readonly task: TaskName;
  readonly arm: ArmName;
  readonly data: Labelled[TaskName];
  /** architecture, tokenizer and, unless the arm is random, weights */
  readonly model: ModelPlace;
  /** whether to return the trained model */
  readonly keep: boolean;
}

export interface FinetuneResult {
  readonly curve: readonly CurvePoint[];
  /** score of each test item: right or wrong, share of a premise's pairs or a sentence's words, F1 of an answer */
  readonly scores: readonly number[];
  /** decisions in each item: 1, or the pairs of a premise, or the words of a sentence */
  readonly sizes: readonly number[];
  /** mean score over all decisions */
  readonly figure: number;
  /** the same figure of a baseline without a model */
  readonly baseline: number;
  readonly baselineName: string;
  /** name of the figure: accuracy, f1 */
  readonly headline: string;
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
  readonly folder: FolderFiles | null;
}

/** The task of the SDK behind each part of the corpus. */
export function taskOf(name: TaskName): AnyTask {
  const tasks = {
    sentiment: () => anyTask(classifyTask("classify")),
    inference: () => anyTask(classifyTask("pair")),
    tags: () => anyTask(tagTask),
    questions: () => anyTask(answerTask),
  };
  return tasks[name]();
}

/** The training examples of a task. Each question comes with several recombined contexts. */
export function examplesOf({ task, data, recipe }: FinetuneJob): readonly unknown[] {
  if (task !== "questions") return data.train;
  return shuffledContexts(data.train as readonly Question[], recipe.contexts, seedOf(recipe.seed));
}

/** Decisions in each test item. Neighboring pairs of one premise are one item: their scores are not independent. */
function itemSizes(task: AnyTask, test: readonly unknown[]): number[] {
  const sizes: number[] = [];
  let last: string | undefined;
  for (const item of test) {
    const { text, pair } = item as Partial<LabelledText>;
    const premise = pair === undefined ? undefined : text;
    const decisions = task.decisions([item]);
    if (premise !== undefined && premise === last) sizes[sizes.length - 1]! += decisions;
    else sizes.push(decisions);
    last = premise;
  }
  return sizes;
}

interface TestItems {
  readonly test: readonly unknown[];
  /** decisions in each */
  readonly sizes: readonly number[];
}

/** The score of each item: the share of its decisions that are right, or the figure of an answer. */
function itemScores(
  task: AnyTask,
  model: Model<ModelTask>,
  { test, sizes }: TestItems,
  settings: TaskSettings,
): number[] {
  if (!task.predict) return test.map((item) => task.evaluate(model, [item], settings)[task.headline]!);
  const { scores, gold } = task.predict(model, test, settings);
  let at = 0;
  return sizes.map((size) => {
    let right = 0;
    for (const end = at + size; at < end; at++) if (argmax(scores[at]!) === gold[at]) right++;
    return right / size;
  });
}

export async function finetuneJob(job: FinetuneJob, follow: Follow): Promise<FinetuneResult> {
  const { recipe, arm, data } = job;
  const { epochs, learningRate } = recipe.finetune[job.task];
  const { maxLength, seed, batchSize } = recipe;
  const started = performance.now();
  const task = taskOf(job.task);
  using engine = await createEngine({}, undefined);
  const files = filesAt(job.model);
  const tokenizer = await loadTokenizer(files);
  const labels = task.labels(data.train);
  using loaded = await loadModel(engine, files, { task: task.modelTask, labels, seed, scratch: arm === "random" });
  const settings = { tokenizer, labels, maxLength };
  const curve: CurvePoint[] = [];
  const lines: CurveLine[] = [];
  const smooth = smoother();
  const train = examplesOf(job);
  const options = { loaded, task, settings, train, epochs, learningRate: learningRate[arm], batchSize, seed };
  for await (const event of finetune(options)) {
    if (event.kind !== "step") continue;
    curve.push(smooth(event.step.step, event.step.loss));
    lines.push(stepLine(event.step));
    follow((0.9 * event.step.step) / event.total, `loss ${event.step.loss.toFixed(2)}`);
  }
  const test: readonly unknown[] = data.test;
  const sizes = itemSizes(task, test);
  const scores = itemScores(task, loaded.model, { test, sizes }, settings);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const figure = scores.reduce((sum, score, i) => sum + score * sizes[i]!, 0) / total;
  const baseline = task.baseline(data.train, test)[task.headline]!;
  const saved = memoryFiles();
  if (job.keep) {
    await saveModel(saved, { ...loaded, tokenizer, maxLength });
    const { headline } = task;
    lines.push({
      ...{ kind: "evaluation", part: "test", step: curve.length, final: true, headline, items: total },
      ...{ figures: { [headline]: figure }, baseline: { [headline]: baseline } },
    });
    await saved.write("curves.jsonl", new TextEncoder().encode(writeCurves(lines)));
  }
  return {
    curve,
    scores,
    sizes,
    figure,
    baseline,
    baselineName: task.baselineName,
    headline: task.headline,
    parameters: loaded.weights.count,
    steps: curve.length,
    seconds: (performance.now() - started) / 1000,
    folder: job.keep ? [...saved.files] : null,
  };
}
