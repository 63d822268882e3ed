/** Options that every command with a model takes. */
import { type Build, Engine } from "cloze";
import type { Command } from "commander";
import { UsageError, wholeNumber } from "./usage.js";

export interface ModelOptions {
  readonly build: Build;
  readonly threads: number;
  readonly json?: boolean;
}

/** Help for --threads in commands that answer line by line, and in the others. */
export const SHARED_LINES = "threads that share the lines; each loads its own copy of the model";
const ONE_THREAD = "this command runs on 1 thread";

export function withModelOptions(command: Command, threads = ONE_THREAD): Command {
  return command
    .option("--build <build>", "strict (the same bits everywhere) or relaxed (faster)", parseBuild, "strict")
    .option("--threads <n>", threads, wholeNumber(1), 1)
    .option("--json", "one JSON object per line on standard output, nothing else");
}

function parseBuild(text: string): Build {
  if (text !== "strict" && text !== "relaxed") throw new UsageError(`--build must be strict or relaxed, got "${text}"`);
  return text;
}

/** The engine that the options ask for. */
export function engineOf({ build, threads }: ModelOptions): Promise<Engine> {
  if (threads !== 1)
    throw new UsageError(
      `--threads ${threads}: this command runs on one thread; commands that answer lines, such as embed and predict, share them among several`,
    );
  return Engine.create({ build });
}
