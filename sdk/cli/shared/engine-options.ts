/** Options that every command with a model takes. */
import { type Build, Engine } from "cloze";
import type { Command } from "commander";
import { UsageError, wholeNumber } from "./usage.js";

export interface ModelOptions {
  readonly build: Build;
  readonly threads: number;
  readonly json?: boolean;
}

/** What --threads does in commands that answer line by line, and in the others. */
export const SHARED_LINES = "threads that share the lines; each has the model in a memory of its own";
const ONE_THREAD = "this command computes on 1";

export function withModelOptions(command: Command, threads = ONE_THREAD): Command {
  return command
    .option("--build <build>", "strict (same bits everywhere) or relaxed (faster)", parseBuild, "strict")
    .option("--threads <n>", threads, wholeNumber(1), 1)
    .option("--json", "one JSON object a line on standard output, nothing else");
}

function parseBuild(text: string): Build {
  if (text !== "strict" && text !== "relaxed") throw new UsageError(`--build must be strict or relaxed, got "${text}"`);
  return text;
}

/** The engine that the options ask for. */
export function engineOf({ build, threads }: ModelOptions): Promise<Engine> {
  if (threads !== 1)
    throw new UsageError(
      `--threads ${threads}: a step of training and its evaluation compute on one thread; embed and predict share lines among several`,
    );
  return Engine.create({ build });
}
