/** Options that every command with a model takes. */
import type { Build, Engine, Pretrained, WeightDtypeName } from "cloze";
import { type Command, Option } from "commander";
import { say } from "./output.js";
import { createEngine } from "./turbo.js";
import { UsageError, wholeNumber } from "./usage.js";

export interface ModelOptions {
  readonly dtype?: WeightDtypeName;
  readonly build: Build;
  readonly threads: number;
  readonly turbo?: boolean;
  readonly json?: boolean;
}

/** Help for --threads in commands that answer line by line, and in the others. */
export const SHARED_LINES = "threads that share the lines; each loads its own copy of the model";
const SHARED_KERNELS = "threads that share the work; the bits do not depend on their number";

export function withModelOptions(command: Command, threads = SHARED_KERNELS): Command {
  return command
    .option("--revision <revision>", "of models given by name: a branch, a tag or a commit; default: main")
    .option("--build <build>", "strict (the same bits everywhere) or relaxed (faster)", parseBuild, "strict")
    .option("--threads <n>", threads, wholeNumber(1), 1)
    .option("--turbo", "wider vectors, the same bits: on by default in Node 24 and newer, an error elsewhere")
    .option("--no-turbo", "leave turbo off")
    .option("--json", "one JSON object per line on standard output, nothing else");
}

/** The same for commands that only run a model: with the type that its weights are kept in. */
export function withInferenceOptions(command: Command, threads = SHARED_KERNELS): Command {
  return withModelOptions(command, threads).addOption(
    new Option(
      "--dtype <type>",
      "element type of the weights: f32, f16, q8 (8 bits, faster), q4; default: that of the folder, else f32",
    ).choices(["f32", "f16", "q8", "q4", "float32", "fp32", "float16", "fp16", "int8", "int4"]),
  );
}

/** Options for loading a model. */
export const loadingOf = ({ dtype }: ModelOptions): { dtype?: WeightDtypeName } =>
  dtype === undefined ? {} : { dtype };

/** Options for loading a model to train it or to change its weights: those of a quantized folder are expanded. */
export const TRAINABLE = { dtype: "f32" } as const;

/** Say that a quantized folder is expanded: the new folder will be larger. */
export function sayExpanded(path: string, { config }: Pick<Pretrained, "config">): void {
  const { dtype } = (config["quantization_config"] ?? {}) as { readonly dtype?: unknown };
  if (dtype !== undefined) say(`${path} is kept in ${dtype}; the new folder is in f32`);
}

function parseBuild(text: string): Build {
  if (text !== "strict" && text !== "relaxed") throw new UsageError(`--build must be strict or relaxed, got "${text}"`);
  return text;
}

/** The engine that the options ask for. On a machine with fewer cores it has fewer threads, and a message says how many. */
export async function engineOf({ build, threads, turbo }: ModelOptions): Promise<Engine> {
  const engine = await createEngine({ build, threads }, turbo);
  if (engine.threads < threads) say(`--threads ${threads}: ${engine.threads} on this machine`);
  return engine;
}
