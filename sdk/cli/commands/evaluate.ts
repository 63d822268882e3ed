import {
  type AnyTask,
  loadAdapted,
  loadModel,
  loadTokenizer,
  type Pretrained,
  readSentenceSettings,
  type SentenceSettings,
  type TaskSettings,
} from "cloze";
import { folder } from "cloze/node";
import { Command } from "commander";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { collect, fileSource, requireFiles } from "../shared/input.js";
import { say, table, writeLine } from "../shared/output.js";
import { fittedTo, taskNamed } from "../shared/tasks.js";
import { UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly test: string[];
  readonly train?: string;
  readonly task?: string;
  readonly columns?: string;
  readonly length?: number;
}

/** Tokens of the longest sequence, where neither the user nor, for vectors, the folder says. */
const LENGTH = 128;

/** Sentence models say so by their modules; the pairs of the file say whether they have scores. */
async function embeddingTaskOf(options: Options, sentence: SentenceSettings): Promise<AnyTask> {
  const asked = taskNamed("embed", options.columns, sentence);
  return fittedTo(asked, await collect(asked.read(fileSource(options.test[0]!))), sentence, options.columns);
}

/** The task that a model was saved for; pairs and single texts are told apart by the file. */
function taskOf({ task, config }: Pretrained, options: Options): AnyTask {
  if (options.task !== undefined) return taskNamed(options.task, options.columns);
  if (task === "token-classification" || task === "question-answering") return taskNamed(task);
  if (config["problem_type"] === "multi_label_classification")
    throw new UsageError("the model has several labels for a text at once; files have one, and cannot judge it");
  if (task === "sequence-classification")
    return taskNamed(config["problem_type"] === "regression" ? "regress" : "classify", options.columns);
  throw new UsageError(
    `the model in ${options.model} is not fine-tuned for a task (it is made to ${task}); fine-tune it first`,
  );
}

async function run(options: Options): Promise<void> {
  await requireFiles([...options.test, options.train]);
  using engine = await engineOf(options);
  using loaded = await (options.adapter === undefined
    ? loadModel(engine, folder(options.model))
    : loadAdapted(engine, folder(options.model), folder(options.adapter)));
  const sentences = (await folder(options.model).read("modules.json")) !== undefined;
  const embeds =
    options.task === "embed" || (options.task === undefined && loaded.task === "feature-extraction" && sentences);
  const sentence = embeds ? await readSentenceSettings(folder(options.model)) : null;
  const task = sentence ? await embeddingTaskOf(options, sentence) : taskOf(loaded, options);
  const tokenizer = await loadTokenizer(folder(options.model));
  const settings: TaskSettings = {
    tokenizer,
    labels: loaded.labels,
    length: Math.min(options.length ?? sentence?.length ?? LENGTH, loaded.model.positions),
  };
  const train = options.train === undefined ? null : await collect(task.read(fileSource(options.train)));
  const rows: [string, Figures][] = [];
  for (const name of options.test) {
    const test = await collect(task.read(fileSource(name)));
    if (test.length === 0) throw new UsageError(`${name} has no examples`);
    const started = performance.now();
    const metrics = task.evaluate(loaded.model, test, settings);
    const figures: Figures = {
      task: task.name,
      ...prefixed("test_", metrics),
      ...(train && prefixed("test_baseline_", task.baseline(train, test))),
      examples: test.length,
      seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
    };
    if (options.json) await writeLine(JSON.stringify(options.test.length > 1 ? { test: name, ...figures } : figures));
    rows.push([name, figures]);
  }
  if (!options.json) say(shownTable(rows));
}

type Figures = Readonly<Record<string, number | string>>;

const prefixed = (prefix: string, figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${prefix}${name}`, value]));

const shown = (value: number | string | undefined): string =>
  typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value ?? "");

/** One file downwards; several, a row each. */
function shownTable(rows: readonly (readonly [string, Figures])[]): string {
  const [, first] = rows[0]!;
  if (rows.length === 1)
    return table(
      ["figure", "value"],
      Object.entries(first).map(([name, value]) => [name, shown(value)]),
    );
  const names = Object.keys(first).filter((name) => name !== "task");
  return table(
    ["file", ...names],
    rows.map(([file, figures]) => [file, ...names.map((name) => shown(figures[name]))]),
  );
}

export function evaluateCommand(): Command {
  return withModelOptions(new Command("evaluate"))
    .description("Score a fine-tuned model on a file of its task.")
    .requiredOption("--model <folder>", "a fine-tuned model folder")
    .option("--adapter <folder>", "an adapter of that model")
    .requiredOption("--test <file...>", "the file to score; several, such as one a language, are scored one by one")
    .option("--train <file>", "the training file, for the baseline beside the figures")
    .option("--task <name>", "where the folder does not say: classify, pair, regress, tag, answer or embed")
    .option("--columns <names>", "text,label or text,pair,label of the file's own columns")
    .option("--length <n>", "longest sequence in tokens; 128, for vectors what the folder says", wholeNumber(8))
    .addHelpText(
      "after",
      `\nExamples:\n  cloze evaluate --model my-tagger --test test.conllu --json\n  cloze evaluate --model english-tagger --train en.conllu --test de.conllu fr.conllu es.conllu`,
    )
    .action(run);
}
