import { featureExtraction } from "cloze";
import { folder } from "cloze/node";
import { Command } from "commander";
import { parseLine } from "../input.js";
import { answerLines, type InputLine, type LineWork } from "../lines.js";
import { engineOf, type ModelOptions, SHARED_LINES, withModelOptions } from "../model-options.js";
import { floats } from "../output.js";
import { UsageError, wholeNumber } from "../usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly text?: boolean;
  readonly length?: number;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const { text } = (value ?? {}) as Record<string, unknown>;
  if (typeof text !== "string")
    throw new UsageError(`expected a JSON string or {"text"}, got ${JSON.stringify(value)}`);
  return text;
}

/** The model of the options, as a function of lines. */
export async function openEmbed(options: Options): Promise<LineWork> {
  const engine = await engineOf(options);
  const embed = await featureExtraction(folder(options.model), {
    engine,
    ...(options.length !== undefined && { length: options.length }),
  });
  const read = ({ source, number, text }: InputLine) => (options.text ? text : textOf(parseLine(source, number, text)));
  return Object.assign(
    (lines: readonly InputLine[]) =>
      embed(lines.filter(({ text }) => options.text || text !== "").map(read)).map(
        (vector) => `{"embedding":[${floats(vector)}]}`,
      ),
    { [Symbol.dispose]: () => embed[Symbol.dispose]() },
  );
}

/** @param program the file that threads run */
export function embedCommand(program: URL): Command {
  return withModelOptions(new Command("embed"), SHARED_LINES)
    .description("Turn texts into vectors, pooled and normalised as the model folder says.")
    .argument("[file...]", 'lines, each a JSON string or {"text"}; - or none for standard input')
    .requiredOption("--model <folder>", "a model folder")
    .option("--text", "lines are plain text, not JSON")
    .option("--length <n>", "longest sequence, instead of what the folder says", wholeNumber(2))
    .addHelpText("after", `\nExample:\n  echo 'A cat sleeps.' | cloze embed --model all-MiniLM-L6-v2 --text --json`)
    .action((files: string[], options: Options) =>
      answerLines(files, { name: "embed", program, open: openEmbed }, options),
    );
}
