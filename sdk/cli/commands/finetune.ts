/** `cloze finetune`: one run, or several over seeds and numbers of examples. */
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { readData } from "../finetune/data.js";
import type { SeveralOptions } from "../finetune/finished-runs.js";
import { type FinetuneOptions, requireUsage } from "../finetune/options.js";
import { finetuneUnder } from "../finetune/run.js";
import { finetuneSeveral } from "../finetune/several.js";
import { withAdaptingOptions } from "../shared/adapter-options.js";
import { Checkpoints, withResumed } from "../shared/checkpoints.js";
import { withModelOptions } from "../shared/engine-options.js";
import { reportFigures } from "../shared/output.js";
import { requireFreeOutput, requireOutput, withTrainingOptions } from "../shared/training-options.js";
import { UsageError, wholeNumber } from "../shared/usage.js";

async function run(given: FinetuneOptions & SeveralOptions, command: Command): Promise<void> {
  const started = performance.now();
  const { options: asked, files, ...resumed } = await withResumed({ files: [], options: given }, command);
  const { seeds, learningCurve, ...options } = asked;
  requireUsage(options);
  requireOutput(options);
  const { lora, model, out } = options;
  if (lora !== undefined && model !== undefined && resolve(out) === resolve(model))
    throw new UsageError(`--lora: the adapter needs its model ${model}, which --out would replace`);
  if (seeds || learningCurve) {
    if (seeds && command.getOptionValueSource("seed") === "cli")
      throw new UsageError("--seed and --seeds exclude each other");
    if (learningCurve && options.examples !== undefined)
      throw new UsageError("--examples and --learning-curve exclude each other");
    return finetuneSeveral(options, { ...(seeds && { seeds }), ...(learningCurve && { learningCurve }) }, resumed);
  }
  await requireFreeOutput(options);
  const data = await readData(options);
  const monitorOf = (parts: ConstructorParameters<typeof Checkpoints>[1]) =>
    new Checkpoints({ files, options }, parts, resumed);
  const outcome = await finetuneUnder(options, data, resumed, monitorOf);
  if (!outcome) return;
  await reportFigures(options, {
    task: options.task,
    ...outcome.figures,
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    examples: outcome.examples,
    out: options.out,
  });
}

/** Different whole numbers separated by commas. */
function seedList(text: string): number[] {
  const seeds = text.split(",").map(wholeNumber(0));
  if (new Set(seeds).size < seeds.length) throw new InvalidArgumentError("a seed is given twice");
  return seeds;
}

/** Ascending numbers of examples separated by commas, the last perhaps `all`. */
function sizeList(text: string): (number | "all")[] {
  const words = text.split(",").map((word) => word.trim());
  const sizes = words.map((word, i) =>
    word === "all" && i === words.length - 1 ? ("all" as const) : wholeNumber(1)(word),
  );
  const ascends = sizes.every((size, i) => i === 0 || size === "all" || size > (sizes[i - 1] as number));
  if (!ascends) throw new InvalidArgumentError("expected ascending numbers of examples");
  return sizes;
}

const EXAMPLES = `
Examples:
  cloze finetune --task tag --model my-bert --train train.conllu --dev dev.conllu --test test.conllu --out my-tagger
  cloze finetune --task classify --model my-bert --lora 8 --train train.tsv --dev dev.tsv --out my-adapter
  cloze finetune --task classify --model my-bert --seeds 1,2,3 --learning-curve 100,500,all --train train.tsv --dev dev.tsv --test test.tsv --out my-classifier`;

export function finetuneCommand(): Command {
  const command = new Command("finetune")
    .description("Fine-tune a model for a task, and compare it with a baseline.")
    .option("--task <name>", "classify, pair, multi-label, regress, tag, answer or embed")
    .option(
      "--train <file>",
      "TSV or JSONL (classify, pair, multi-label, regress, embed), CoNLL-U or columns with the word first and the tag last (tag), SQuAD JSON or JSONL (answer)",
    )
    .option("--model <model>", "start from this model's weights")
    .option("--scratch <model>", "this model's architecture and tokenizer, with random weights")
    .option("--teacher <model>", "also learn from this fine-tuned model: classify and pair")
    .option("--dev <file>", "development set, which selects the best epoch")
    .option("--test <file>", "test set, scored at the end")
    .option("--columns <names>", "the file's own columns: text,label or text,pair,label")
    .option("--examples <n>", "learn from this many examples of --train, drawn with the seed", wholeNumber(1))
    .option(
      "--epochs <n>",
      "passes over the training file; default: 3; with fewer than 8,000 examples up to 20, with early stopping on --dev",
      wholeNumber(1),
    )
    .option(
      "--length, --max-length <n>",
      "longest sequence in tokens; default: 128, for embed as the folder says",
      wholeNumber(8),
    )
    .option("--patience <n>", "stop after this many epochs without improvement on --dev", wholeNumber(1))
    .addOption(
      new Option("--class-weights <how>", "balanced: weight classes inversely to their frequency").choices([
        "balanced",
      ]),
    )
    .option(
      "--seeds <list>",
      "one run per seed, such as 1,2,3, for mean and standard deviation; keeps the best on --dev, without it the first",
      seedList,
    )
    .option(
      "--learning-curve <list>",
      "one run per number of training examples, such as 100,500,all; keeps the models of the last",
      sizeList,
    );
  const defaults = {
    batchSize: 16,
    maxGradNorm: 1,
    warmup: "a tenth",
    learningRate: "default: 3e-4, for models above 30 M parameters 5e-5, for adapters 1e-3",
  };
  return withAdaptingOptions(withModelOptions(withTrainingOptions(command, defaults)))
    .addHelpText("after", EXAMPLES)
    .action(run);
}
