/** What the tour computes, in two workers side by side: pre-training, and fine-tuning with and without it. */
import {
  adamW,
  answerTask,
  bertConfig,
  boundaries,
  classifyTask,
  Engine,
  finetune,
  freshModel,
  IGNORE,
  linearRate,
  loadModel,
  type Metrics,
  maskedHeldOut,
  maskedLm,
  memoryFiles,
  type Pretrained,
  type Purpose,
  pairAccuracy,
  pairObjective,
  pretrainingSamples,
  readTokenizerJson,
  saveModel,
  stepsOfEpochs,
  type Task,
  type Tokenizer,
  tagTask,
  together,
  tokenizeDocuments,
  train,
} from "cloze";
import type { Labelled } from "./corpus.js";

/** Sizes and lengths of the tour, chosen so that all of it takes less than four minutes on two cores. */
export const RECIPE = {
  vocabulary: 800,
  layers: 2,
  width: 96,
  heads: 3,
  /** longest sequence of the model, and of fine-tuning */
  length: 112,
  dropout: 0.1,
  pretrain: { steps: 900, rows: 32, rate: 2e-3, mask: 0.15, length: 64 },
  finetune: {
    rows: 16,
    epochs: { sentiment: 4, tags: 20, inference: 7, questions: 14 },
    rate: { pretrained: 1e-3, scratch: 1e-3 },
  },
  seed: 1,
} as const;

export type TaskName = keyof Labelled;

/** Files of a model folder, as they travel between threads. */
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
function taskOf(name: TaskName): Task<unknown, Purpose> {
  const tasks = {
    sentiment: () => classifyTask("classify"),
    inference: () => classifyTask("pair"),
    tags: () => tagTask,
    questions: () => answerTask,
  };
  return tasks[name]() as unknown as Task<unknown, Purpose>;
}

/** Steps of a job, for the progress bar. */
export function stepsOf(job: Job): number {
  if (job.kind === "pretrain") return RECIPE.pretrain.steps;
  return stepsOfEpochs(job.data.train.length, RECIPE.finetune.rows, RECIPE.finetune.epochs[job.task]);
}

/** Losses jump from batch to batch: the curve is their running mean. */
function smoother(): (step: number, loss: number) => CurvePoint {
  let mean: number | null = null;
  return (step, loss) => {
    mean = mean === null ? loss : 0.95 * mean + 0.05 * loss;
    return { step, loss: mean };
  };
}

async function saved(loaded: Pretrained, tokenizer: Tokenizer): Promise<Folder> {
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, length: RECIPE.length });
  return [...files.files];
}

export type Report = (done: number, note: string) => void;

export async function pretrain(
  { tokenizer: json, training, extra, held }: Extract<Job, { kind: "pretrain" }>,
  report: Report,
): Promise<PretrainResult> {
  const { vocabulary: _, layers, width, heads, length, dropout, seed } = RECIPE;
  const { steps, rows, rate, mask, length: shorter } = RECIPE.pretrain;
  const tokenizer = readTokenizerJson(json);
  using engine = await Engine.create();
  const loaded = freshModel(
    engine,
    bertConfig({ vocabulary: tokenizer.size, layers, width, heads, positions: length, dropout }),
    "pretrain",
    seed,
  );
  using optimizer = adamW(loaded.weights, { decay: 0.01 });
  const sequences = { length: shorter, special: boundaries(tokenizer), seed };
  const masking = { vocabulary: { size: tokenizer.size, mask: tokenizer.special.mask! }, rate: mask };
  const pairs = pretrainingSamples(tokenizeDocuments(tokenizer, training), "next-sentence", sequences);
  const loose = pretrainingSamples(tokenizeDocuments(tokenizer, extra), "sentences", sequences);
  const curve: CurvePoint[] = [];
  const smooth = smoother();
  const objective = together(maskedLm(masking), pairObjective("next-sentence"));
  // Loose sentences have no neighbours: they teach masked LM alone.
  const unpaired = (epoch: number) => loose(epoch).map((sample) => ({ ...sample, labels: { pair: IGNORE } }));
  const samples = (epoch: number) => [...pairs(epoch), ...unpaired(epoch)];
  for await (const step of train({
    engine,
    model: loaded.model,
    objective,
    samples,
    optimizer,
    rate: linearRate(rate, Math.ceil(steps / 10), steps),
    rows,
    seed,
    steps,
  })) {
    const point = smooth(step.step, step.parts["masked-lm"]!);
    if (step.step % 10 === 0) curve.push(point);
    if (step.step % 5 === 0) report(step.step, `masked-LM loss ${point.loss.toFixed(2)}`);
  }
  const unseen = tokenizeDocuments(tokenizer, held);
  const { loss, unigramEntropy, accuracy, targets } = maskedHeldOut(
    loaded.model,
    pretrainingSamples(unseen, "sentences", sequences)(0),
    masking,
  );
  const judged = pairAccuracy(loaded.model, pretrainingSamples(unseen, "next-sentence", sequences)(0));
  return {
    folder: await saved(loaded, tokenizer),
    curve,
    loss,
    unigramEntropy,
    accuracy,
    targets,
    pairAccuracy: judged,
    parameters: loaded.weights.count,
  };
}

export async function finetuneJob(
  { tokenizer: json, task: name, data, folder }: Extract<Job, { kind: "finetune" }>,
  report: Report,
): Promise<FinetuneResult> {
  const { length, dropout, layers, width, heads, seed } = RECIPE;
  const { rows, epochs, rate } = RECIPE.finetune;
  const task = taskOf(name);
  const tokenizer = readTokenizerJson(json);
  using engine = await Engine.create();
  const labels = task.labels(data.train);
  const config = bertConfig({ vocabulary: tokenizer.size, layers, width, heads, positions: length, dropout });
  // Without a folder: the same network, begun at random.
  const files = memoryFiles(folder ?? [["config.json", new TextEncoder().encode(JSON.stringify(config))]]);
  const loaded = await loadModel(engine, files, { purpose: task.purpose, labels, seed, scratch: folder === null });
  const settings = { tokenizer, labels, length };
  const curve: CurvePoint[] = [];
  const smooth = smoother();
  const run = finetune({
    loaded,
    task,
    settings,
    train: data.train as readonly unknown[],
    epochs: epochs[name],
    rate: folder ? rate.pretrained : rate.scratch,
    rows,
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
