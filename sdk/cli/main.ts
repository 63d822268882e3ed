#!/usr/bin/env node
/** The `cloze` command: every command is a file of `commands/`. */
import { isMainThread } from "node:worker_threads";
import { InputError } from "cloze";
import { Command, CommanderError } from "commander";
import { alignCommand } from "./commands/align.js";
import { benchCommand } from "./commands/bench.js";
import { compareCommands, openRerank, openSimilarity, openZeroShot } from "./commands/compare.js";
import { corruptCommand } from "./commands/corrupt.js";
import { distillCommand } from "./commands/distill.js";
import { downloadCommand } from "./commands/download.js";
import { embedCommand, openEmbed } from "./commands/embed.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { finetuneCommand } from "./commands/finetune.js";
import { generateCommands, openGenerate } from "./commands/generate.js";
import { inspectCommand } from "./commands/inspect.js";
import { mergeCommand } from "./commands/merge.js";
import { openPredict, predictCommand } from "./commands/predict.js";
import { pretrainCommand } from "./commands/pretrain.js";
import { quantizeCommand } from "./commands/quantize.js";
import { reportCommand } from "./commands/report.js";
import { tokenizeCommand } from "./commands/tokenize.js";
import { trainTokenizerCommand } from "./commands/train-tokenizer.js";
import { verifyCommand } from "./commands/verify.js";
import { findModels } from "./shared/models.js";
import { serveLines } from "./shared/threads.js";
import { version } from "./shared/version.js";

/** Exit status 2 for wrong usage or input, 1 for a failure of the run. */
function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof InputError ? 2 : 1;
}

/** This file; worker threads run it too. */
const here = new URL(import.meta.url);

/** Errors quote arguments or files: their control characters must not reach the terminal. */
const printable = (text: string): string => new InputError(text).message;

const OUTPUT = { outputError: (text: string, write: (text: string) => void) => write(printable(text)) };

const program = new Command("cloze")
  .description("Pre-train, fine-tune and run BERT-family language models.")
  .version(version, "--version", "print the version")
  .exitOverride()
  .configureOutput(OUTPUT)
  .hook("preAction", (_, command) => findModels(command))
  .addHelpText("after", "\nA command's own options and examples: cloze COMMAND --help");

const commands: Command[] = [
  tokenizeCommand(),
  trainTokenizerCommand(),
  corruptCommand(),
  pretrainCommand(),
  distillCommand(),
  finetuneCommand(),
  evaluateCommand(),
  predictCommand(here),
  embedCommand(here),
  ...generateCommands(here),
  ...compareCommands(here),
  alignCommand(),
  mergeCommand(),
  quantizeCommand(),
  downloadCommand(),
  inspectCommand(),
  verifyCommand(),
  benchCommand(),
  reportCommand(),
];
for (const command of commands)
  program.addCommand(command.version(version, "--version", "print the version").configureOutput(OUTPUT).exitOverride());

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader that stops early, such as head, is not an error.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`cloze: cannot write to standard output: ${error.code ?? error.message}\n`);
  process.exit(1);
});
// A closed standard error must not end a run: progress is lost, the result is written.
process.stderr.on("error", () => {});

async function main(): Promise<void> {
  if (isMainThread) await program.parseAsync();
  else
    await serveLines({
      embed: openEmbed,
      predict: openPredict,
      generate: openGenerate,
      "zero-shot-classification": openZeroShot,
      rerank: openRerank,
      similarity: openSimilarity,
    });
}

try {
  await main();
} catch (error) {
  const status = statusOf(error);
  const { message, stack } = error as Error;
  if (!(error instanceof CommanderError))
    process.stderr.write(`cloze: ${process.env["CLOZE_DEBUG"] === "1" ? stack : printable(message)}\n`);
  process.exitCode = status;
}
