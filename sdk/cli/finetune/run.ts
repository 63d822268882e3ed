/** One fine-tuning run: from a model folder and examples to the weights of the best epoch and their figures. */
import { createHash } from "node:crypto";
import {
  type Adapted,
  adamW,
  classifyTask,
  distilClassification,
  type Engine,
  type FinetuneEvent,
  finetune,
  finetuneDefaults,
  type LabelSet,
  loadModel,
  loadTokenizer,
  type Metrics,
  type Pretrained,
  saveAdapter,
  saveModel,
  type TaskSettings,
  type WritableFiles,
} from "cloze";
import { type AnyTask, anyTask, columnsNamed, writeSentenceSettings } from "cloze/data";
import { folder } from "cloze/node";
import type { EvaluationLine } from "cloze/report";
import { BestWeights } from "cloze/tensor";
import { adaptedAs, adaptingSettings, rateFactor } from "../shared/adapter-options.js";
import { type MonitorOf, type Resumed, type RunMonitor, tokenizerHash } from "../shared/checkpoints.js";
import { engineOf, sayExpanded, TRAINABLE } from "../shared/engine-options.js";
import { sayMemory } from "../shared/memory.js";
import { say, writeLine } from "../shared/output.js";
import { hashInput } from "../shared/run-inputs.js";
import { follow } from "../shared/step-reporter.js";
import { named, warnBelowBaseline } from "../shared/task-figures.js";
import { trainingSettings } from "../shared/training-options.js";
import { requirePositions, UsageError } from "../shared/usage.js";
import { type Data, partOf } from "./data.js";
import type { FinetuneOptions } from "./options.js";

/** Longest sequence in tokens, when neither the user nor the folder gives one. */
const MAX_LENGTH = 128;

/** The task with the objective of a teacher: half of the loss is the divergence from its distribution. */
function taughtBy(teacher: Pretrained<"sequence-classification">, { task, columns }: FinetuneOptions): AnyTask {
  const plain = classifyTask(task as "classify" | "pair", columns === undefined ? undefined : columnsNamed(columns));
  return anyTask({ ...plain, objective: distilClassification(teacher.model) });
}

async function teacherOf(engine: Engine, { task, teacher: path }: FinetuneOptions, labels: LabelSet | null) {
  if (path === undefined) return null;
  if (task !== "classify" && task !== "pair")
    throw new UsageError(`--teacher is for --task classify and pair, not for ${task}`);
  const teacher = await loadModel(engine, folder(path), { task: "sequence-classification" });
  if (teacher.fresh.length === 0 && teacher.labels?.names.join() === labels?.names.join()) return teacher;
  teacher[Symbol.dispose]();
  throw new UsageError(
    `--teacher ${path}: it must have been fine-tuned to the labels of the training file, ${labels?.names.join(", ")}; it has ${teacher.labels?.names.join(", ")}`,
  );
}

/** Identifies the configuration and the examples, one after another: a text of all of them would be too long. */
function fingerprint(config: object, ...sets: readonly (readonly unknown[])[]): string {
  const hash = createHash("sha256").update(JSON.stringify(config));
  for (const examples of sets) {
    hash.update(`${examples.length};`);
    for (const example of examples) hash.update(JSON.stringify(example));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Settings that a resumed run must share, by the names of the options. */
async function settingsOf(
  options: FinetuneOptions,
  { train, dev }: Data,
  loaded: Pretrained,
  schedule: Schedule,
  { maxLength, tokenizer }: TaskSettings,
) {
  const { task, build, teacher, classWeights } = options;
  return {
    command: "finetune",
    ...{ task, epochs: schedule.epochs, build, patience: schedule.patience },
    "learning-rate": schedule.learningRate,
    "warmup-steps": options.warmupSteps ?? "a tenth",
    "max-length": maxLength,
    ...trainingSettings(options),
    data: fingerprint(loaded.config, train, dev ?? []),
    tokenizer: tokenizerHash(tokenizer),
    ...(classWeights !== undefined && { "class-weights": classWeights }),
    ...(teacher !== undefined && { teacher: (await hashInput(teacher)).slice(0, 16) }),
    ...adaptingSettings(options),
  };
}

/** Settings of a run: its options, or the defaults for this model and number of examples. */
interface Schedule {
  readonly learningRate: number;
  readonly epochs: number;
  /** 0: no early stopping */
  readonly patience: number;
}

function scheduleOf(
  { learningRate, epochs, patience, batchSize, gradientAccumulationSteps, dev }: FinetuneOptions,
  model: Pretrained | Adapted,
  examples: number,
): Schedule {
  const defaults = finetuneDefaults(model, examples, batchSize * gradientAccumulationSteps);
  return {
    learningRate: learningRate ?? defaults.learningRate,
    epochs: epochs ?? defaults.epochs,
    patience: patience ?? (epochs === undefined && dev !== undefined ? defaults.patience : 0),
  };
}

/** The line of the curves about a part of the data. */
const evaluationOf = (
  task: AnyTask,
  part: "dev" | "test",
  step: number,
  examples: readonly unknown[],
  figures: Metrics,
) => ({ kind: "evaluation", part, step, figures, headline: task.headline, items: task.decisions(examples) }) as const;

/** The metrics of the development and test sets, each beside those of its baseline. */
function figuresOf(
  { task, train, dev, test }: Data,
  loaded: Pretrained,
  settings: TaskSettings,
  files: FinetuneOptions,
  step: number,
): { figures: Metrics; lines: EvaluationLine[] } {
  const lines: EvaluationLine[] = [];
  const of = (part: "dev" | "test", examples: readonly unknown[]) => {
    const metrics = task.evaluate(loaded.model, examples, settings);
    const baseline = task.baseline(train, examples);
    warnBelowBaseline(task, metrics, baseline, files[part]!);
    lines.push({ ...evaluationOf(task, part, step, examples, metrics), baseline, final: true });
    return { ...named(part, metrics), ...named(`${part}_baseline`, baseline) };
  };
  return { figures: { ...(dev && of("dev", dev)), ...(test && of("test", test)) }, lines };
}

/** Write the files of the model or adapter, with sentence-transformers settings for embeddings. */
async function save(
  to: WritableFiles,
  options: FinetuneOptions,
  { sentence }: Data,
  loaded: Pretrained | Adapted,
  { tokenizer, labels, maxLength: length }: TaskSettings,
): Promise<void> {
  if ("lora" in loaded) await saveAdapter(to, loaded, options.model, { tokenizer, maxLength: length });
  else await saveModel(to, { ...loaded, labels, tokenizer, maxLength: length });
  if (sentence) await writeSentenceSettings(to, { ...sentence, maxLength: length }, loaded.model.hiddenSize);
}

/** Where training ended, and what accompanied it. */
interface Trained {
  readonly step: number;
  readonly monitor: RunMonitor;
}

/**
 * Train, printing steps and epochs, and write the folder; the model then has the weights of the best epoch.
 *
 * @returns null where the folder was not written
 */
async function train(
  options: FinetuneOptions,
  data: Data,
  loaded: Pretrained | Adapted,
  settings: TaskSettings,
  { schedule, checkpoint, monitorOf }: Pick<Resumed, "checkpoint"> & { schedule: Schedule; monitorOf: MonitorOf },
): Promise<Trained | null> {
  const { batchSize, gradientAccumulationSteps, maxGradNorm, warmupSteps, seed, classWeights } = options;
  const { learningRate, epochs, patience } = schedule;
  const { task, train, dev } = data;
  const factor = rateFactor(loaded, options);
  using optimizer = adamW(loaded.weights, { weightDecay: options.weightDecay, factor });
  const best = new BestWeights(loaded.weights);
  const monitor = monitorOf({ settings: await settingsOf(options, data, loaded, schedule, settings), best });
  const from = await monitor.begin(checkpoint, optimizer);
  const run = finetune({
    ...{ loaded, task, settings, train, epochs, learningRate, batchSize, gradientAccumulationSteps, maxGradNorm, seed },
    recompute: options.recompute ?? false,
    ...{ optimizer, best },
    ...(warmupSteps !== undefined && { warmupSteps }),
    ...(dev && { dev }),
    ...(from && { from }),
    ...(patience > 0 && { patience }),
    ...(classWeights && { classWeights }),
  });
  const json = options.json ?? false;
  const reporting = { title: `fine-tuning (${options.task})`, steps: totalOf, json };
  let step = from?.step ?? 0;
  const stepOf = (event: FinetuneEvent) => {
    if (event.kind !== "step") return null;
    step = event.step.step;
    return event.step;
  };
  const last = await follow(run, stepOf, reporting, monitor, optimizer, async (event) => {
    if (event.kind !== "epoch") return;
    await monitor.evaluated([evaluationOf(task, "dev", step, dev!, event.metrics)]);
    if (json) await writeLine(JSON.stringify({ epoch: event.epoch, best: event.best, ...named("dev", event.metrics) }));
  });
  const complete = await monitor.complete(last, optimizer, (to) => save(to, options, data, loaded, settings));
  return complete ? { step, monitor } : null;
}

const totalOf = (event: FinetuneEvent): number => (event.kind === "step" ? event.total : 0);

/** The figures of a run that is complete. */
export interface Outcome {
  readonly task: AnyTask;
  readonly figures: Metrics;
  readonly examples: number;
}

/**
 * Fine-tune under a monitor.
 *
 * @param read all examples of the files
 * @returns null if the monitor declined the result
 */
export async function finetuneUnder(
  options: FinetuneOptions,
  read: Data,
  { checkpoint }: Resumed,
  monitorOf: MonitorOf,
): Promise<Outcome | null> {
  const { labels, sentence } = read;
  const source = folder((options.model ?? options.scratch)!);
  using engine = await engineOf(options);
  using teacher = await teacherOf(engine, options, labels);
  const data = partOf(teacher ? { ...read, task: taughtBy(teacher, options) } : read, options);
  const { task } = data;
  const { seed, scratch } = options;
  using model = await loadModel(engine, source, {
    ...TRAINABLE,
    ...{ task: task.modelTask, labels, seed, scratch: scratch !== undefined },
  });
  if (options.model !== undefined) sayExpanded(options.model, model);
  using loaded = adaptedAs(model, options);
  const tokenizer = await loadTokenizer(source);
  const folderLength = sentence?.maxLength;
  const { maxLength: positions } = loaded.model;
  const length =
    options.maxLength === undefined
      ? Math.min(folderLength ?? MAX_LENGTH, positions)
      : requirePositions(options.maxLength, positions);
  const settings: TaskSettings = { tokenizer, labels, maxLength: length };
  if (loaded.fresh.length > 0 && !options.json)
    say(`new parameters, initialized at random: ${loaded.fresh.join(", ")}`);
  // Of an adapter a step takes less, which is not estimated.
  if (!("lora" in loaded)) {
    const { batchSize: batch, recompute = false } = options;
    const classes = labels?.names.length ?? 2;
    const { threads } = engine;
    await sayMemory(loaded.config, { task: task.modelTask, batch, length, recompute, threads, classes });
  }
  const schedule = scheduleOf(options, loaded, data.train.length);
  const trained = await train(options, data, loaded, settings, {
    ...{ schedule, monitorOf },
    ...(checkpoint && { checkpoint }),
  });
  if (!trained) return null;
  // The folder is in place: whatever happens from here on, the run is not lost.
  const { figures, lines } = figuresOf(data, loaded, settings, options, trained.step);
  await trained.monitor.evaluated(lines);
  return { task, figures, examples: data.train.length };
}
