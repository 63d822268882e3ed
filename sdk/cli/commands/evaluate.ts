import { loadAdapted, loadModel, loadTokenizer, type Pretrained, type TaskSettings } from "cloze";
import { type AnyTask, readMaxLength, readSentenceSettings, type SentenceSettings } from "cloze/data";
import { classReport } from "cloze/metrics";
import { folder } from "cloze/node";

import { Command } from "commander";
import { classFields, classTables } from "../shared/class-figures.js";
import { engineOf, loadingOf, type ModelOptions, withInferenceOptions } from "../shared/engine-options.js";
import { requireFiles } from "../shared/input.js";
import { say, table, writeLine } from "../shared/output.js";
import { named, warnBelowBaseline } from "../shared/task-figures.js";
import { fittedTo, readExamples, requireCorrelation, requireKnownLabels, taskNamed } from "../shared/tasks.js";
import { requirePositions, UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly test: string[];
  readonly train?: string;
  readonly task?: string;
  readonly columns?: string;
  readonly maxLength?: number;
}

/** Longest sequence in tokens, the same as that of `predict`: as asked, as the folder says, or all positions of the model. */
async function lengthOf({ maxLength, model, adapter }: Options, positions: number): Promise<number> {
  if (maxLength !== undefined) return requirePositions(maxLength, positions);
  const said = await readMaxLength(folder(model), adapter === undefined ? undefined : folder(adapter));
  return Math.min(said?.tokens ?? positions, positions);
}

/** The task must be one that the model was fine-tuned for. */
function requireFitting({ task: made, labels, config, fresh }: Pretrained, { name, modelTask }: AnyTask, o: Options) {
  const refuse = (reason: string): never => {
    throw new UsageError(`--task ${name}: the model in ${o.model} ${reason}`);
  };
  if (modelTask !== made) refuse(`is made for ${made}`);
  if (fresh.length > 0) refuse(`was not fine-tuned: its weights have no ${fresh[0]}`);
  const regression = config["problem_type"] === "regression" || labels?.size === 1;
  const multiLabel = config["problem_type"] === "multi_label_classification";
  if (modelTask === "sequence-classification" && (name === "multi-label") !== multiLabel)
    refuse(multiLabel ? "has several labels for one text; use --task multi-label" : "has one label for each text");
  if (name === "regress" && !regression) refuse(`has classes (${labels?.names.join(", ")}), not a score`);
  if ((name === "classify" || name === "pair") && regression) refuse("gives a score, not a class");
}

/** `embed` for pairs with or without scores, as the file has them. */
async function embeddingTaskOf(options: Options, sentence: SentenceSettings): Promise<AnyTask> {
  const asked = taskNamed("embed", options.columns, sentence);
  return fittedTo(asked, await readExamples(asked, options.test[0]!), sentence, options.columns);
}

/** The task that the model was saved for. */
function taskOf({ task, config }: Pretrained, options: Options): AnyTask {
  if (options.task !== undefined) return taskNamed(options.task, options.columns);
  if (task === "token-classification") return taskNamed("tag");
  if (task === "question-answering") return taskNamed("answer");
  if (config["problem_type"] === "multi_label_classification") return taskNamed("multi-label", options.columns);
  if (task === "sequence-classification")
    return taskNamed(config["problem_type"] === "regression" ? "regress" : "classify", options.columns);
  throw new UsageError(
    `the model in ${options.model} is not fine-tuned for a task (it is made for ${task}); fine-tune it first`,
  );
}

async function run(options: Options): Promise<void> {
  await requireFiles([...options.test, options.train]);
  using engine = await engineOf(options);
  using loaded = await (options.adapter === undefined
    ? loadModel(engine, folder(options.model), loadingOf(options))
    : loadAdapted(engine, folder(options.model), folder(options.adapter), loadingOf(options)));
  const sentences = (await folder(options.model).read("modules.json")) !== undefined;
  const embeds =
    options.task === "embed" || (options.task === undefined && loaded.task === "feature-extraction" && sentences);
  const sentence = embeds ? await readSentenceSettings(folder(options.model)) : null;
  const task = sentence ? await embeddingTaskOf(options, sentence) : taskOf(loaded, options);
  requireFitting(loaded, task, options);
  const tokenizer = await loadTokenizer(folder(options.model));
  const settings: TaskSettings = {
    tokenizer,
    labels: loaded.labels,
    maxLength: await lengthOf(options, loaded.model.maxLength),
  };
  const train = options.train === undefined ? null : await readExamples(task, options.train);
  const rows: [string, Figures][] = [];
  for (const name of options.test) {
    const test = await readExamples(task, name);
    requireCorrelation(task, test, name);
    if (loaded.labels) requireKnownLabels(task, test, loaded.labels, name, "the model's");
    const { figures, fields, tables } = scoresOf(task, loaded, { name, test, train }, settings);
    const line = { ...(options.test.length > 1 && { test: name }), ...figures, ...fields };
    if (options.json) await writeLine(JSON.stringify(line));
    else if (tables !== "") say(options.test.length > 1 ? `${name}\n${tables}` : tables);
    rows.push([name, figures]);
  }
  if (!options.json) say(shownTable(rows));
}

interface Scores {
  readonly figures: Figures;
  /** further fields of the JSON object: calibration and confusion */
  readonly fields: object;
  /** the same for people; empty for tasks without classes */
  readonly tables: string;
}

/** Score a model on one file, beside the baseline where there is a training file. */
function scoresOf(
  task: AnyTask,
  { model, labels }: Pretrained,
  files: { readonly name: string; readonly test: readonly unknown[]; readonly train: readonly unknown[] | null },
  settings: TaskSettings,
): Scores {
  const { name, test, train } = files;
  const started = performance.now();
  const predictions = task.predict?.(model, test, settings);
  const metrics = predictions?.metrics ?? task.evaluate(model, test, settings);
  const baseline = train && task.baseline(train, test);
  const figures = {
    task: task.name,
    ...named("test", metrics),
    ...(baseline && named("test_baseline", baseline)),
    examples: test.length,
    seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
  };
  if (baseline) warnBelowBaseline(task, metrics, baseline, name);
  if (!predictions || !labels || predictions.gold.length === 0) return { figures, fields: {}, tables: "" };
  const report = classReport(predictions, labels);
  return { figures, fields: classFields(report, labels), tables: classTables(report, labels) };
}

type Figures = Readonly<Record<string, number | string>>;

const shown = (value: number | string | undefined): string =>
  typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value ?? "");

/** One file as a column of figures; several as a row each. */
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
  return withInferenceOptions(new Command("evaluate"))
    .description("Score a fine-tuned model on a file of its task.")
    .requiredOption("--model <model>", "a fine-tuned model folder")
    .option("--adapter <model>", "an adapter of that model")
    .requiredOption("--test <file...>", "test files, such as one per language; each is scored on its own")
    .option("--train <file>", "the training file, for the baseline; warns if the model is not above it")
    .option("--task <name>", "classify, pair, multi-label, regress, tag, answer or embed; default: as the folder says")
    .option("--columns <names>", "the file's own columns: text,label or text,pair,label")
    .option("--length, --max-length <n>", "longest sequence in tokens; default: as the folder says", wholeNumber(8))
    .addHelpText(
      "after",
      `\nExamples:\n  cloze evaluate --model my-tagger --test test.conllu --json\n  cloze evaluate --model english-tagger --train en.conllu --test de.conllu fr.conllu es.conllu`,
    )
    .action(run);
}
