/** Options that every command with a model takes. */
import { type Build, Engine } from "cloze";
import type { Command } from "commander";
import { UsageError, wholeNumber } from "./usage.js";

export interface ModelOptions {
  readonly build: Build;
  readonly threads: number;
  readonly json?: boolean;
}

export function withModelOptions(command: Command): Command {
  return command
    .option("--build <build>", "strict (same bits everywhere) or relaxed (faster)", parseBuild, "strict")
    .option("--threads <n>", "threads that compute; this version has 1", wholeNumber(1), 1)
    .option("--json", "one JSON object a line on standard output, nothing else");
}

function parseBuild(text: string): Build {
  if (text !== "strict" && text !== "relaxed") throw new UsageError(`--build must be strict or relaxed, got "${text}"`);
  return text;
}

/** The engine that the options ask for. */
export function engineOf({ build, threads }: ModelOptions): Promise<Engine> {
  if (threads !== 1)
    throw new UsageError(`--threads ${threads}: this version computes on one thread; leave --threads out`);
  return Engine.create({ build });
}
