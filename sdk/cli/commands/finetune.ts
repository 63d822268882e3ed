import { createHash } from "node:crypto";
import {
  type Adapted,
  adamW,
  classifyTask,
  distilClassification,
  type Engine,
  type FinetuneEvent,
  finetune,
  LabelSet,
  loadModel,
  loadTokenizer,
  type Metrics,
  type Pretrained,
  saveAdapter,
  saveModel,
  type TaskSettings,
  type WritableFiles,
} from "cloze";
import {
  type AnyTask,
  anyTask,
  columnsNamed,
  readSentenceSettings,
  type SentenceSettings,
  writeSentenceSettings,
} from "cloze/data";
import { folder } from "cloze/node";
import { BestWeights } from "cloze/tensor";
import { Command } from "commander";
import {
  type AdaptingOptions,
  adaptedAs,
  adaptingSettings,
  rateFactor,
  withAdaptingOptions,
} from "../shared/adapter-options.js";
import {
  Checkpoints,
  type Invocation,
  type MonitorOf,
  type Resumed,
  tokenizerHash,
  withResumed,
} from "../shared/checkpoints.js";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { requireFiles } from "../shared/input.js";
import { reportFigures, say, writeLine } from "../shared/output.js";
import { hashInput } from "../shared/run-inputs.js";
import { follow } from "../shared/step-reporter.js";
import { named, warnBelowBaseline } from "../shared/task-figures.js";
import {
  fittedTo,
  folderLabels,
  PLAIN_SENTENCES,
  readExamples,
  requireCorrelation,
  requireKnownLabels,
  taskNamed,
} from "../shared/tasks.js";
import {
  requireFreeOutput,
  type TrainingOptions,
  trainingSettings,
  withTrainingOptions,
} from "../shared/training-options.js";
import { requirePositions, UsageError, wholeNumber } from "../shared/usage.js";

export interface FinetuneOptions extends ModelOptions, TrainingOptions, AdaptingOptions {
  readonly task: string;
  readonly model?: string;
  readonly scratch?: string;
  readonly teacher?: string;
  readonly train: string;
  readonly dev?: string;
  readonly test?: string;
  readonly columns?: string;
  readonly epochs: number;
  readonly maxLength?: number;
  readonly patience?: number;
}

/** Longest sequence in tokens, when neither the user nor the folder gives one. */
const MAX_LENGTH = 128;

/** Default learning rates: of an adapter, whose B starts at zero; of small and of large models. */
const LEARNING_RATES = { adapter: 1e-3, small: 3e-4, large: 5e-5 };
/** Models below this many parameters count as small. */
const SMALL = 30_000_000;

function requireUsage({ task, train, model, scratch, lora }: FinetuneOptions): void {
  if (task === undefined || train === undefined)
    throw new UsageError("--task and --train: say what to learn, and from which file");
  if ((model === undefined) === (scratch === undefined))
    throw new UsageError(
      "give either --model DIR (start from its weights) or --scratch DIR (its architecture, random weights)",
    );
  if (lora === undefined) return;
  if (scratch !== undefined)
    throw new UsageError("--lora and --scratch exclude each other: an adapter needs trained weights; give --model");
  if (task === "embed")
    throw new UsageError(
      "--lora --task embed: adapters of embedding models are not supported; fine-tune the model itself",
    );
}

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

/** How the folder pools; the mean, of length 1, where it does not say. */
async function sentenceSettingsOf({ model, scratch }: FinetuneOptions): Promise<SentenceSettings> {
  const files = folder((model ?? scratch)!);
  const settings = await readSentenceSettings(files);
  const configured = (await files.read("modules.json")) !== undefined;
  return configured ? settings : { ...settings, pooling: PLAIN_SENTENCES.pooling };
}

/**
 * The labels of the training file. A model that already has all of them keeps its own set, in its own order, so that training
 * can continue; others must be as many as the model's head has.
 */
async function labelsFor(task: AnyTask, train: readonly unknown[], options: FinetuneOptions): Promise<LabelSet | null> {
  const found = task.labels(train);
  if (!found) return null;
  const { multiLabel } = found;
  const own = await folderLabels(folder((options.model ?? options.scratch)!), task.modelTask);
  if (own && found.size > 0 && found.names.every((name) => own.has(name)))
    return new LabelSet(own.names, { multiLabel });
  if (found.size < 2) throw new UsageError(`${options.train}: ${tooFew(found)}`);
  if (own && options.model !== undefined && own.size !== found.size)
    requireKnownLabels(
      task,
      train,
      own,
      options.train,
      `those of the model in ${options.model}, which has a head for them`,
    );
  else if (own && options.model !== undefined)
    say(`the labels ${found.names.join(", ")} replace ${own.names.join(", ")}, which the model has learned`);
  return found;
}

/** What is wrong with fewer than two labels. */
function tooFew({ names: [only], multiLabel }: LabelSet): string {
  if (only === undefined) return "no row has a label";
  return multiLabel
    ? `the only label is "${only}"; whether a text has a single label is learned by --task classify`
    : `every label is "${only}"; a classifier needs two classes`;
}

/** The files of a run, read and checked. */
interface Data {
  readonly task: AnyTask;
  readonly sentence: SentenceSettings;
  readonly train: readonly unknown[];
  readonly dev: readonly unknown[] | undefined;
  readonly test: readonly unknown[] | undefined;
  readonly labels: LabelSet | null;
}

async function readData(options: FinetuneOptions): Promise<Data> {
  const sentence = await sentenceSettingsOf(options);
  const asked = taskNamed(options.task, options.columns, sentence);
  await requireFiles([options.train, options.dev, options.test]);
  const train = await readExamples(asked, options.train);
  const read = async (file: string | undefined) => (file === undefined ? undefined : readExamples(asked, file));
  const [dev, test] = [await read(options.dev), await read(options.test)];
  // The best epoch is that of the development set: whether its pairs have scores decides by which figure.
  const task = fittedTo(asked, dev ?? train, sentence, options.columns);
  const labels = await labelsFor(task, train, options);
  if (labels) {
    requireKnownLabels(task, dev ?? [], labels, options.dev!, "those of the training file");
    requireKnownLabels(task, test ?? [], labels, options.test!, "those of the training file");
  }
  if (dev) requireCorrelation(task, dev, options.dev!);
  if (test) requireCorrelation(task, test, options.test!);
  return { task, sentence, train, dev, test, labels };
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
  rate: number,
  { maxLength, tokenizer }: TaskSettings,
) {
  const { task, epochs, build, patience = 0, teacher } = options;
  return {
    command: "finetune",
    ...{ task, epochs, build, patience },
    "learning-rate": rate,
    "warmup-steps": options.warmupSteps ?? "a tenth",
    "max-length": maxLength,
    ...trainingSettings(options),
    data: fingerprint(loaded.config, train, dev ?? []),
    tokenizer: tokenizerHash(tokenizer),
    ...(teacher !== undefined && { teacher: (await hashInput(teacher)).slice(0, 16) }),
    ...adaptingSettings(options),
  };
}

/** The learning rate of the options, or the usual one of a model of this size. */
function learningRateOf({ learningRate }: FinetuneOptions, model: Pretrained, adapter: boolean): number {
  if (learningRate !== undefined) return learningRate;
  if (adapter) return LEARNING_RATES.adapter;
  return model.weights.count < SMALL ? LEARNING_RATES.small : LEARNING_RATES.large;
}

/** The metrics of the development and test sets, each beside those of its baseline. */
function figuresOf(
  { task, train, dev, test }: Data,
  loaded: Pretrained,
  settings: TaskSettings,
  files: FinetuneOptions,
): Metrics {
  const of = (part: "dev" | "test", examples: readonly unknown[]) => {
    const metrics = task.evaluate(loaded.model, examples, settings);
    const baseline = task.baseline(train, examples);
    warnBelowBaseline(task, metrics, baseline, files[part]!);
    return { ...named(part, metrics), ...named(`${part}_baseline`, baseline) };
  };
  return { ...(dev && of("dev", dev)), ...(test && of("test", test)) };
}

/** Write the files of the model or adapter, with sentence-transformers settings for embeddings. */
async function save(
  to: WritableFiles,
  options: FinetuneOptions,
  { task, sentence }: Data,
  loaded: Pretrained | Adapted,
  { tokenizer, labels, maxLength: length }: TaskSettings,
): Promise<void> {
  if ("lora" in loaded) await saveAdapter(to, loaded, options.model, { tokenizer, maxLength: length });
  else await saveModel(to, { ...loaded, labels, tokenizer, maxLength: length });
  if (task.name === "embed")
    await writeSentenceSettings(to, { ...sentence, maxLength: length }, loaded.model.hiddenSize);
}

/**
 * Train, printing steps and epochs, and write the folder; the model then has the weights of the best epoch.
 *
 * @returns whether the folder was written
 */
async function train(
  options: FinetuneOptions,
  data: Data,
  loaded: Pretrained | Adapted,
  settings: TaskSettings,
  { learningRate, checkpoint, monitorOf }: Pick<Resumed, "checkpoint"> & { learningRate: number; monitorOf: MonitorOf },
): Promise<boolean> {
  const { epochs, batchSize, gradientAccumulationSteps, maxGradNorm, warmupSteps, seed, patience } = options;
  const { task, train, dev } = data;
  const factor = rateFactor(loaded, options);
  using optimizer = adamW(loaded.weights, { weightDecay: options.weightDecay, factor });
  const best = new BestWeights(loaded.weights);
  const monitor = monitorOf({ settings: await settingsOf(options, data, loaded, learningRate, settings), best });
  const from = await monitor.begin(checkpoint, optimizer);
  const run = finetune({
    ...{ loaded, task, settings, train, epochs, learningRate, batchSize, gradientAccumulationSteps, maxGradNorm, seed },
    ...{ optimizer, best },
    ...(warmupSteps !== undefined && { warmupSteps }),
    ...(dev && { dev }),
    ...(from && { from }),
    ...(patience !== undefined && { patience }),
  });
  const json = options.json ?? false;
  const reporting = { title: `fine-tuning (${options.task})`, steps: totalOf, json };
  const last = await follow(run, stepOf, reporting, monitor, optimizer, async (event) => {
    if (json && event.kind === "epoch")
      await writeLine(JSON.stringify({ epoch: event.epoch, best: event.best, ...named("dev", event.metrics) }));
  });
  return monitor.complete(last, optimizer, (to) => save(to, options, data, loaded, settings));
}

const stepOf = (event: FinetuneEvent) => (event.kind === "step" ? event.step : null);

const totalOf = (event: FinetuneEvent): number => (event.kind === "step" ? event.total : 0);

async function run(given: FinetuneOptions, command: Command): Promise<void> {
  const { options, files, ...resumed } = await withResumed({ files: [], options: given }, command);
  requireUsage(options);
  await requireFreeOutput(options);
  await finetuneUnder({ files, options }, resumed, (parts) => new Checkpoints({ files, options }, parts, resumed));
}

/** Fine-tune under a monitor. */
export async function finetuneUnder(
  { options }: Invocation<FinetuneOptions>,
  { checkpoint }: Resumed,
  monitorOf: MonitorOf,
): Promise<void> {
  const started = performance.now();
  const read = await readData(options);
  const { labels, sentence } = read;
  const source = folder((options.model ?? options.scratch)!);
  using engine = await engineOf(options);
  using teacher = await teacherOf(engine, options, labels);
  const data = teacher ? { ...read, task: taughtBy(teacher, options) } : read;
  const { task } = data;
  const { seed, scratch } = options;
  using model = await loadModel(engine, source, { task: task.modelTask, labels, seed, scratch: scratch !== undefined });
  using loaded = adaptedAs(model, options);
  const tokenizer = await loadTokenizer(source);
  const folderLength = task.name === "embed" ? sentence.maxLength : null;
  const { maxLength: positions } = loaded.model;
  const length =
    options.maxLength === undefined
      ? Math.min(folderLength ?? MAX_LENGTH, positions)
      : requirePositions(options.maxLength, positions);
  const settings: TaskSettings = { tokenizer, labels, maxLength: length };
  if (loaded.fresh.length > 0 && !options.json)
    say(`new parameters, initialized at random: ${loaded.fresh.join(", ")}`);
  const learningRate = learningRateOf(options, model, "lora" in loaded);
  const resumed = checkpoint && { checkpoint };
  if (!(await train(options, data, loaded, settings, { learningRate, monitorOf, ...resumed }))) return;
  // The folder is in its place: whatever happens from here on, the run is not lost.
  const figures = figuresOf(data, loaded, settings, options);
  await reportFigures(options, {
    task: options.task,
    ...figures,
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    examples: data.train.length,
    out: options.out,
  });
}

const EXAMPLES = `
Examples:
  cloze finetune --task tag --model my-bert --train train.conllu --dev dev.conllu --test test.conllu --out my-tagger
  cloze finetune --task classify --model my-bert --lora 8 --train train.tsv --dev dev.tsv --out my-adapter`;

export function finetuneCommand(): Command {
  const command = new Command("finetune")
    .description("Fine-tune a model for a task, and score it beside a baseline.")
    .option("--task <name>", "classify, pair, multi-label, regress, tag, answer or embed")
    .option(
      "--train <file>",
      "TSV or JSONL (classify, pair, multi-label, regress, embed), CoNLL-U or two columns (tag), SQuAD JSON or JSONL (answer)",
    )
    .option("--model <folder>", "start from this model's weights")
    .option("--scratch <folder>", "this model's architecture and tokenizer, with random weights")
    .option("--teacher <folder>", "also learn from this fine-tuned model: classify and pair")
    .option("--dev <file>", "development set, which selects the best epoch")
    .option("--test <file>", "test set, scored at the end")
    .option("--columns <names>", "the file's own columns: text,label or text,pair,label")
    .option("--epochs <n>", "passes over the training file", wholeNumber(1), 3)
    .option(
      "--length, --max-length <n>",
      "longest sequence in tokens; default: 128, for embed what the folder says",
      wholeNumber(8),
    )
    .option("--patience <n>", "stop after this many epochs without improvement on --dev", wholeNumber(1));
  const rates = `default: ${LEARNING_RATES.small}, for models above 30 M parameters ${LEARNING_RATES.large}, for adapters ${LEARNING_RATES.adapter}`;
  const defaults = { batchSize: 16, maxGradNorm: 1, warmup: "a tenth", learningRate: rates };
  return withAdaptingOptions(withModelOptions(withTrainingOptions(command, defaults)))
    .addHelpText("after", EXAMPLES)
    .action(run);
}
