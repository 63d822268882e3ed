import { featureExtraction, type Pipeline } from "cloze";
import { folder } from "cloze/node";
import { Command } from "commander";
import { parseLine, sources } from "../input.js";
import { engineOf, type ModelOptions, withModelOptions } from "../model-options.js";
import { floats, writeLine } from "../output.js";
import { UsageError, wholeNumber } from "../usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly text?: boolean;
  readonly length?: number;
}

/** Texts held at a time: input of any length needs memory for so many. */
const CHUNK = 64;

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const { text } = (value ?? {}) as Record<string, unknown>;
  if (typeof text !== "string")
    throw new UsageError(`expected a JSON string or {"text"}, got ${JSON.stringify(value)}`);
  return text;
}

async function flush(embed: Pipeline<string, Float32Array>, texts: string[]): Promise<void> {
  for (const vector of embed(texts)) await writeLine(`{"embedding":[${floats(vector)}]}`);
  texts.length = 0;
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const engine = await engineOf(options);
  using embed = await featureExtraction(folder(options.model), {
    engine,
    ...(options.length !== undefined && { length: options.length }),
  });
  const texts: string[] = [];
  for (const source of sources(files)) {
    let number = 0;
    for await (const line of source.lines) {
      number++;
      if (line === "" && !options.text) continue;
      texts.push(options.text ? line : textOf(parseLine(source.name, number, line)));
      if (texts.length === CHUNK) await flush(embed, texts);
    }
  }
  if (texts.length > 0) await flush(embed, texts);
}

export function embedCommand(): Command {
  return withModelOptions(new Command("embed"))
    .description("Turn texts into vectors, pooled and normalised as the model folder says.")
    .argument("[file...]", 'lines, each a JSON string or {"text"}; - or none for standard input')
    .requiredOption("--model <folder>", "a model folder")
    .option("--text", "lines are plain text, not JSON")
    .option("--length <n>", "longest sequence, instead of what the folder says", wholeNumber(2))
    .addHelpText("after", `\nExample:\n  echo 'A cat sleeps.' | cloze embed --model all-MiniLM-L6-v2 --text --json`)
    .action(run);
}
