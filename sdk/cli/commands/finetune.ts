import { createHash } from "node:crypto";
import {
  adamW,
  BestWeights,
  distilClassification,
  type Engine,
  finetune,
  type LabelSet,
  loadModel,
  loadTokenizer,
  type ModelTask,
  type Pretrained,
  readSentenceSettings,
  type SentenceSettings,
  saveAdapter,
  saveModel,
  stepsOfEpochs,
  type TaskSettings,
  writeSentenceSettings,
} from "cloze";
import { folder, requirePlace, writeFolder } from "cloze/node";
import { Command } from "commander";
import {
  type AdaptingOptions,
  adaptedAs,
  adaptingSettings,
  rateFactor,
  withAdaptingOptions,
} from "../shared/adapter-options.js";
import { Checkpoints, interruption } from "../shared/checkpoints.js";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { collect, fileSource, requireFiles } from "../shared/input.js";
import { progress, say, table, writeLine } from "../shared/output.js";
import { follow } from "../shared/step-reporter.js";
import { type AnyTask, fittedTo, PLAIN_SENTENCES, taskNamed } from "../shared/tasks.js";
import { positive, UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions, AdaptingOptions {
  readonly task: string;
  readonly out: string;
  readonly force?: boolean;
  readonly model?: string;
  readonly scratch?: string;
  readonly teacher?: string;
  readonly train: string;
  readonly dev?: string;
  readonly test?: string;
  readonly columns?: string;
  readonly epochs: number;
  readonly rate?: number;
  readonly rows: number;
  readonly length?: number;
  readonly patience?: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly resume?: string;
}

/** Of an adapter, whose B begins at zero. */
const ADAPTER_RATE = 1e-3;

/** Below so many parameters a model wants a larger rate. */
const SMALL = 30_000_000;

async function examplesOf(task: AnyTask, file: string | undefined): Promise<unknown[] | undefined> {
  if (file === undefined) return undefined;
  const examples = await collect(task.read(fileSource(file)));
  if (examples.length === 0) throw new UsageError(`${file} has no examples`);
  return examples;
}

function requireBeginning({ model, scratch }: Options): void {
  if ((model === undefined) === (scratch === undefined))
    throw new UsageError(
      "say where to begin: either --model DIR (its weights) or --scratch DIR (its architecture, random weights)",
    );
}

function requireAdaptable({ lora, scratch, task }: Options): void {
  if (lora === undefined) return;
  if (scratch !== undefined)
    throw new UsageError("--lora: an adapter stands on trained weights; give --model, not --scratch");
  if (task === "embed")
    throw new UsageError(
      "--lora --task embed: adapters of sentence vectors are not supported; fine-tune the model itself",
    );
}

/** The task as a teacher teaches it: half of the loss is what it answers. */
async function taughtTask(
  task: AnyTask,
  engine: Engine,
  path: string,
  labels: LabelSet | null,
): Promise<{ task: AnyTask } & Disposable> {
  if (task.name !== "classify" && task.name !== "pair")
    throw new UsageError(`--teacher: --task ${task.name} cannot be taught; expected classify or pair`);
  const teacher = await loadModel(engine, folder(path), { task: "sequence-classification" });
  if (teacher.fresh.length > 0 || teacher.labels?.names.join() !== labels?.names.join())
    throw new UsageError(
      `--teacher ${path}: it must have been fine-tuned to the labels of the training file, ${labels?.names.join(", ")}; it has ${teacher.labels?.names.join(", ")}`,
    );
  const objective = distilClassification(teacher.model) as unknown as AnyTask["objective"];
  return { task: { ...task, objective }, [Symbol.dispose]: () => teacher[Symbol.dispose]() };
}

function load(
  engine: Engine,
  { model, scratch, seed }: Options,
  task: ModelTask,
  labels: LabelSet | null,
): Promise<Pretrained> {
  return loadModel(engine, folder((model ?? scratch)!), { task: task, labels, seed, scratch: scratch !== undefined });
}

/** Tokens of the longest sequence, where neither the user nor, for vectors, the folder says. */
const LENGTH = 128;

/** How the vectors of the folder's texts are made; the mean, of length 1, where it does not say. */
async function sentenceSettingsOf({ model, scratch }: Options): Promise<SentenceSettings> {
  const files = folder((model ?? scratch)!);
  const settings = await readSentenceSettings(files);
  const said = (await files.read("modules.json")) !== undefined;
  return said ? settings : { ...settings, pooling: PLAIN_SENTENCES.pooling };
}

/** Figures of a part under names such as test_accuracy. */
const named = (part: string, figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${part}_${name}`, value]));

async function run(options: Options): Promise<void> {
  requireBeginning(options);
  requireAdaptable(options);
  const sentence = await sentenceSettingsOf(options);
  const asked = taskNamed(options.task, options.columns, sentence);
  await requireFiles([options.train, options.dev, options.test]);
  await requirePlace(options.out, options.force);
  const training = (await examplesOf(asked, options.train))!;
  const plain = fittedTo(asked, training, sentence, options.columns);
  const [dev, test] = [await examplesOf(plain, options.dev), await examplesOf(plain, options.test)];
  const labels = plain.labels(training);
  const source = folder((options.model ?? options.scratch)!);
  using engine = await engineOf(options);
  using taught = options.teacher === undefined ? null : await taughtTask(plain, engine, options.teacher, labels);
  const task = taught?.task ?? plain;
  using model = await load(engine, options, task.modelTask, labels);
  using loaded = adaptedAs(model, options);
  const tokenizer = await loadTokenizer(source);
  const said = task.name === "embed" ? sentence.length : null;
  const length = Math.min(options.length ?? said ?? LENGTH, loaded.model.positions);
  const settings: TaskSettings = { tokenizer, labels, length };
  if (loaded.fresh.length > 0 && !options.json) say(`new parameters, begun at random: ${loaded.fresh.join(", ")}`);
  const { epochs, rows, seed } = options;
  const usual = model.weights.count < SMALL ? 3e-4 : 5e-5;
  const rate = options.rate ?? ("lora" in loaded ? ADAPTER_RATE : usual);
  using optimizer = adamW(loaded.weights, { weightDecay: 0.01, factor: rateFactor(loaded, options) });
  const best = new BestWeights(loaded.weights);
  const data = createHash("sha256")
    .update(JSON.stringify([loaded.config, training, dev]))
    .digest("hex")
    .slice(0, 16);
  const checkpoints = new Checkpoints(
    options.out,
    options.checkpointEvery,
    {
      command: "finetune",
      task: options.task,
      epochs,
      rate,
      rows,
      seed,
      length: settings.length,
      build: options.build,
      patience: options.patience ?? 0,
      data,
      ...(options.teacher !== undefined && { teacher: options.teacher }),
      ...adaptingSettings(options),
    },
    best,
  );
  const from = options.resume === undefined ? undefined : await checkpoints.resume(options.resume, optimizer);
  const started = performance.now();
  const { signal } = interruption();
  const run = finetune({
    loaded,
    task,
    settings,
    train: training,
    epochs,
    learningRate: rate,
    batchSize: rows,
    seed,
    optimizer,
    best,
    ...(dev && { dev }),
    ...(from && { from }),
    ...(options.patience !== undefined && { patience: options.patience }),
  });
  const total = stepsOfEpochs(task.samples(training, settings).length, rows, epochs);
  const bar = options.json ? null : progress(`fine-tuning (${options.task})`, total);
  try {
    for await (const event of run) {
      if (event.kind === "step") await follow(event.step, { bar, checkpoints, optimizer, signal });
      else if (options.json)
        await writeLine(JSON.stringify({ epoch: event.epoch, best: event.best, ...named("dev", event.metrics) }));
    }
  } finally {
    bar?.stop();
  }
  const figures = {
    ...(dev && {
      ...named("dev", task.evaluate(loaded.model, dev, settings)),
      ...named("dev_baseline", task.baseline(training, dev)),
    }),
    ...(test && {
      ...named("test", task.evaluate(loaded.model, test, settings)),
      ...named("test_baseline", task.baseline(training, test)),
    }),
  };
  await writeFolder(options.out, options.force ?? false, async (to) => {
    if ("lora" in loaded) await saveAdapter(to, loaded, options.model);
    else await saveModel(to, { ...loaded, labels, tokenizer, length: settings.length });
    if (task.name === "embed")
      await writeSentenceSettings(to, { ...sentence, length: settings.length }, loaded.model.width);
  });
  await checkpoints.remove();
  await report(options, {
    ...figures,
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    examples: training.length,
    out: options.out,
  });
}

async function report({ json, task }: Options, figures: Readonly<Record<string, number | string>>): Promise<void> {
  if (json) return writeLine(JSON.stringify({ done: true, task, ...figures }));
  say(
    table(
      ["figure", "value"],
      Object.entries(figures).map(([name, value]) => [
        name,
        typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value),
      ]),
    ),
  );
}

export function finetuneCommand(): Command {
  return withAdaptingOptions(withModelOptions(new Command("finetune")))
    .description("Train a model's head and body for a task, and say how well it does beside a baseline.")
    .requiredOption("--task <name>", "classify, pair, regress, tag, answer or embed")
    .requiredOption("--out <folder>", "the model folder to write")
    .requiredOption(
      "--train <file>",
      "TSV or JSONL (classify, pair, regress, embed), CoNLL-U or two columns (tag), SQuAD JSON or JSONL (answer)",
    )
    .option("--force", "replace an existing folder")
    .option("--model <folder>", "begin with this model's weights")
    .option("--scratch <folder>", "begin with this model's architecture and tokenizer, and random weights")
    .option("--teacher <folder>", "learn what this fine-tuned model answers beside the labels: classify and pair")
    .option("--dev <file>", "choose the best epoch on this part")
    .option("--test <file>", "score this part at the end")
    .option("--columns <names>", "text,label or text,pair,label of the file's own columns")
    .option("--epochs <n>", "", wholeNumber(1), 3)
    .option("--rate <x>", "highest learning rate; 3e-4, for models above 30 M parameters 5e-5", positive)
    .option("--rows <n>", "sequences in a batch", wholeNumber(1), 16)
    .option("--length <n>", "longest sequence in tokens; 128, for vectors what the folder says", wholeNumber(8))
    .option("--patience <n>", "end after so many epochs without a better dev figure", wholeNumber(1))
    .option("--seed <n>", "", wholeNumber(0), 1)
    .option("--checkpoint-every <n>", "steps", wholeNumber(1), 500)
    .option("--resume <folder>", "go on where the interrupted run of this output folder stood")
    .addHelpText(
      "after",
      `\nExamples:\n  cloze finetune --task tag --model my-bert --train train.conllu --dev dev.conllu --test test.conllu --out my-tagger\n  cloze finetune --task classify --model my-bert --lora 8 --train train.tsv --dev dev.tsv --out my-adapter`,
    )
    .action(run);
}
