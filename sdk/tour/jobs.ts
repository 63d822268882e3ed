/** The computations of the tour, in two workers: pre-training, and fine-tuning with and without it. */
import {
  adamW,
  answerTask,
  classifyTask,
  combine,
  Engine,
  finetune,
  freshConfig,
  freshModel,
  type HeadObjective,
  type LmHead,
  linearSchedule,
  loadModel,
  type Metrics,
  type Model,
  maskedLm,
  memoryFiles,
  nextSentencePrediction,
  type Pretrained,
  type Stage,
  saveModel,
  single,
  stepsOfEpochs,
  tagTask,
  trainInStages,
  type Weights,
} from "cloze";
import {
  type AnyTask,
  type Arrangement,
  anyTask,
  pretrainingSamples,
  seed as seedOf,
  shuffledContexts,
  tokenizeDocuments,
} from "cloze/data";
import { maskedHeldOut, pairAccuracy } from "cloze/metrics";
import { repeatPositions } from "cloze/tensor";
import { readTokenizerJson, type Tokenizer } from "cloze/tokenizer";
import type { Labelled } from "./embedded-corpus.js";

/**
 * Sizes and lengths of the tour, chosen so that all of it takes less than four minutes on two cores.
 *
 * Pre-training begins with short sequences and masked LM alone, on which attention is learned in a fraction of the steps
 * that longer sequences need; next-sentence prediction from the first step on would keep a model this small from learning it.
 */
export const RECIPE = {
  vocabulary: 2500,
  numHiddenLayers: 2,
  hiddenSize: 96,
  numAttentionHeads: 3,
  /** longest sequence of the model, and of fine-tuning */
  maxLength: 112,
  /** none: too few steps to overfit */
  dropout: 0,
  /** a narrow network needs larger initial weights than the published 0.02 at hidden size 768 */
  initializerRange: 0.08,
  pretrain: {
    rows: 16,
    rate: 2e-3,
    mask: 0.25,
    short: { steps: 1900, length: 32 },
    long: { steps: 500, length: 96 },
  },
  finetune: {
    rows: 16,
    epochs: { sentiment: 4, tags: 5, inference: 5, questions: 2 },
    rate: { sentiment: 5e-4, tags: 1e-3, inference: 5e-4, questions: 1e-3 },
  },
  /** number of recombined contexts per question */
  contexts: { copies: 8, exchange: 0.8, drop: 0.2 },
  seed: 1,
} as const;

export type TaskName = keyof Labelled;

/** Files of a model folder, as sent between threads. */
export type Folder = [string, Uint8Array][];

export type Job =
  | {
      readonly kind: "pretrain";
      readonly tokenizer: string;
      readonly training: string[][];
      readonly extra: string[][];
      readonly held: string[][];
    }
  | {
      readonly kind: "finetune";
      readonly tokenizer: string;
      readonly task: TaskName;
      readonly data: Labelled[TaskName];
      readonly folder: Folder | null;
    };

export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
}

export interface PretrainResult {
  readonly folder: Folder;
  readonly curve: readonly CurvePoint[];
  readonly loss: number;
  readonly unigramEntropy: number;
  readonly accuracy: number;
  readonly pairAccuracy: number;
  readonly targets: number;
  readonly parameters: number;
}

export interface FinetuneResult {
  readonly folder: Folder;
  readonly curve: readonly CurvePoint[];
  readonly metrics: Metrics;
  readonly baseline: Metrics;
  readonly headline: string;
  readonly decisions: number;
}

/** The task of the SDK behind each part of the corpus. */
function taskOf(name: TaskName): AnyTask {
  const tasks = {
    sentiment: () => anyTask(classifyTask("classify")),
    inference: () => anyTask(classifyTask("pair")),
    tags: () => anyTask(tagTask),
    questions: () => anyTask(answerTask),
  };
  return tasks[name]();
}

/** The training examples of a task; questions come with several recombined contexts each. */
function examplesOf(name: TaskName, data: Labelled[TaskName]): readonly unknown[] {
  if (name !== "questions") return data.train;
  return shuffledContexts(data.train as Labelled["questions"]["train"], RECIPE.contexts, seedOf(RECIPE.seed));
}

/** Steps of a job, for the progress bar. */
export function stepsOf(job: Job): number {
  if (job.kind === "pretrain") return RECIPE.pretrain.short.steps + RECIPE.pretrain.long.steps;
  return stepsOfEpochs(examplesOf(job.task, job.data).length, RECIPE.finetune.rows, RECIPE.finetune.epochs[job.task]);
}

/** The curve is a running mean: losses of single batches are noisy. */
function smoother(): (step: number, loss: number) => CurvePoint {
  let mean: number | null = null;
  return (step, loss) => {
    mean = mean === null ? loss : 0.95 * mean + 0.05 * loss;
    return { step, loss: mean };
  };
}

async function saved(loaded: Pretrained, tokenizer: Tokenizer): Promise<Folder> {
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, maxLength: RECIPE.maxLength });
  return [...files.files];
}

export type Report = (done: number, note: string) => void;

/** config.json of the tour's network. */
function configOf(tokenizer: Tokenizer) {
  const { numHiddenLayers, hiddenSize, numAttentionHeads, maxLength, dropout, initializerRange } = RECIPE;
  return freshConfig("bert", {
    vocabSize: tokenizer.size,
    numHiddenLayers,
    hiddenSize,
    numAttentionHeads,
    maxPositionEmbeddings: maxLength,
    dropout,
    initializerRange,
  });
}

type Pretraining = Extract<Job, { kind: "pretrain" }>;

/** Masked LM on short sequences, then masked LM and next-sentence prediction on longer pairs. */
function stagesOf(
  { training, extra }: Pretraining,
  tokenizer: Tokenizer,
  masked: HeadObjective<LmHead>,
  weights: Weights,
): Stage<Model<"pretraining">>[] {
  const { short, long } = RECIPE.pretrain;
  const sequences = { tokenizer, seed: RECIPE.seed };
  const documents = tokenizeDocuments(tokenizer, [...training, ...extra]);
  return [
    {
      until: short.steps,
      objective: single(masked),
      samples: pretrainingSamples(documents, "sentences", { ...sequences, maxLength: short.length }),
    },
    {
      until: short.steps + long.steps,
      objective: combine(masked, nextSentencePrediction()),
      samples: pretrainingSamples(tokenizeDocuments(tokenizer, training), "next-sentence-prediction", {
        ...sequences,
        maxLength: long.length,
      }),
      enter: () => repeatPositions(weights, short.length),
    },
  ];
}

export async function pretrain(job: Pretraining, report: Report): Promise<PretrainResult> {
  const { rows, rate, mask, short, long } = RECIPE.pretrain;
  const tokenizer = readTokenizerJson(job.tokenizer);
  using engine = await Engine.create();
  const loaded = freshModel(engine, configOf(tokenizer), "pretraining", RECIPE.seed);
  using optimizer = adamW(loaded.weights, { weightDecay: 0.01 });
  const masking = { tokenizer, maskingRate: mask };
  const steps = short.steps + long.steps;
  const curve: CurvePoint[] = [];
  const smooth = smoother();
  for await (const step of trainInStages(stagesOf(job, tokenizer, maskedLm(masking), loaded.weights), {
    engine,
    model: loaded.model,
    optimizer,
    learningRate: linearSchedule(rate, Math.ceil(steps / 10), steps),
    batchSize: rows,
    seed: RECIPE.seed,
  })) {
    const point = smooth(step.step, step.parts["masked-lm"]!);
    if (step.step % 10 === 0) curve.push(point);
    if (step.step % 5 === 0) report(step.step, `masked-LM loss ${point.loss.toFixed(2)}`);
  }
  return {
    folder: await saved(loaded, tokenizer),
    curve,
    parameters: loaded.weights.count,
    ...onUnseen(loaded.model, tokenizer, job.held),
  };
}

/** Figures on held-out documents: sequences and masking as published, every chosen position shown as [MASK]. */
function onUnseen(model: Model<"pretraining">, tokenizer: Tokenizer, held: string[][]) {
  const { seed, pretrain: recipe } = RECIPE;
  const unseen = tokenizeDocuments(tokenizer, held);
  const sequences = { maxLength: recipe.long.length, tokenizer, seed };
  const samples = (arrangement: Arrangement) => pretrainingSamples(unseen, arrangement, sequences)(0);
  const masking = { tokenizer, maskingRate: 0.15 };
  return {
    ...maskedHeldOut(model, samples("sentences"), masking),
    pairAccuracy: pairAccuracy(model, samples("next-sentence-prediction")),
  };
}

export async function finetuneJob(
  { tokenizer: json, task: name, data, folder }: Extract<Job, { kind: "finetune" }>,
  report: Report,
): Promise<FinetuneResult> {
  const { maxLength, seed } = RECIPE;
  const { rows, epochs, rate } = RECIPE.finetune;
  const task = taskOf(name);
  const tokenizer = readTokenizerJson(json);
  using engine = await Engine.create();
  const labels = task.labels(data.train);
  const config = configOf(tokenizer);
  // Without a folder: the same network from random weights.
  const files = memoryFiles(folder ?? [["config.json", new TextEncoder().encode(JSON.stringify(config))]]);
  const loaded = await loadModel(engine, files, { task: task.modelTask, labels, seed, scratch: folder === null });
  const settings = { tokenizer, labels, maxLength };
  const curve: CurvePoint[] = [];
  const smooth = smoother();
  const run = finetune({
    loaded,
    task,
    settings,
    train: examplesOf(name, data),
    epochs: epochs[name],
    learningRate: rate[name],
    batchSize: rows,
    seed,
  });
  for await (const event of run) {
    if (event.kind !== "step") continue;
    curve.push(smooth(event.step.step, event.step.loss));
    report(event.step.step, `loss ${event.step.loss.toFixed(2)}`);
  }
  const test = data.test as readonly unknown[];
  return {
    folder: await saved(loaded, tokenizer),
    curve,
    metrics: task.evaluate(loaded.model, test, settings),
    baseline: task.baseline(data.train as readonly unknown[], test),
    headline: task.headline,
    decisions: task.decisions(test),
  };
}
