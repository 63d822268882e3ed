import { type FeatureExtractionOptions, featureExtraction, type WordVectorsInput, wordVectors } from "cloze";
import { folder } from "cloze/node";
import type { LayerJoin, PoolingMode } from "cloze/tensor";
import { Command, Option } from "commander";
import {
  engineOf,
  loadingOf,
  type ModelOptions,
  SHARED_LINES,
  withInferenceOptions,
} from "../shared/engine-options.js";
import { parseLine, textOf } from "../shared/input.js";
import { floats } from "../shared/output.js";
import { answerLines, type InputLine, type LineWork, lineWork } from "../shared/threads.js";
import { UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly text?: boolean;
  readonly length?: number;
  readonly pooling?: PoolingMode;
  /** --no-special */
  readonly special: boolean;
  readonly layers?: number[];
  readonly join?: LayerJoin;
  readonly prompt?: string;
  readonly prefix?: string;
  readonly words?: boolean;
}

const POOLINGS: readonly PoolingMode[] = ["mean", "cls", "max", "last", "weighted", "mean-sqrt"];
const JOINS: readonly LayerJoin[] = ["mean", "sum", "concat"];

function wordsOf(value: unknown): WordVectorsInput {
  const { words } = (value ?? {}) as Record<string, unknown>;
  if (words === undefined) return textOf(value);
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string"))
    throw new UsageError(`"words" must be a list of texts, got ${JSON.stringify(words)}`);
  return { words };
}

function parseLayers(text: string): number[] {
  const layers = text.split(",").map(Number);
  if (!layers.every(Number.isInteger))
    throw new UsageError(`--layers ${text}: expected whole numbers such as 8 or -4,-3,-2,-1`);
  return layers;
}

/** A line, as an object or as it is. */
const inputOf = ({ source, number, text }: InputLine, { text: plain }: Options): unknown =>
  plain ? text : parseLine(source, number, text);

/** Vectors of texts. */
async function openTexts(options: Options, settings: FeatureExtractionOptions): Promise<LineWork> {
  const { pooling, prompt, prefix } = options;
  const embed = await featureExtraction(folder(options.model), {
    ...settings,
    ...(pooling !== undefined && { pooling }),
    ...(!options.special && { special: false }),
    ...(prompt !== undefined && { prompt }),
    ...(prefix !== undefined && { prefix }),
  });
  return lineWork(
    (lines) =>
      embed(lines.map((line) => textOf(inputOf(line, options)))).map((vector) => `{"embedding":[${floats(vector)}]}`),
    embed,
  );
}

/** Vectors of the words of texts. */
async function openWords(options: Options, settings: FeatureExtractionOptions): Promise<LineWork> {
  for (const name of ["pooling", "prompt", "prefix"] as const)
    if (options[name] !== undefined) throw new UsageError(`--${name} is for vectors of whole texts, not with --words`);
  const embed = await wordVectors(folder(options.model), settings);
  return lineWork(
    (lines) =>
      embed(lines.map((line) => wordsOf(inputOf(line, options)))).map((words) =>
        JSON.stringify({
          words: words.map(({ word, start, end, vector }) => ({ word, start, end, embedding: floats(vector) })),
        }),
      ),
    embed,
  );
}

/** The model of the options, as a function of lines. */
export async function openEmbed(options: Options): Promise<LineWork> {
  if (options.prompt !== undefined && options.prefix !== undefined)
    throw new UsageError("either --prompt, a name of the folder's own, or --prefix, a text; not both");
  const { layers, join, length, adapter } = options;
  const settings: FeatureExtractionOptions = {
    engine: await engineOf(options),
    ...loadingOf(options),
    ...(length !== undefined && { length }),
    ...(adapter !== undefined && { adapter: folder(adapter) }),
    ...(layers && { layers }),
    ...(join && { join }),
  };
  return (options.words ? openWords : openTexts)(options, settings);
}

/** @param program the file that threads run */
export function embedCommand(program: URL): Command {
  return withInferenceOptions(new Command("embed"), SHARED_LINES)
    .description("Compute embeddings of texts, pooled and normalized as the model folder says.")
    .argument("[file...]", 'lines, each a JSON string or {"text"}; - or none for standard input')
    .requiredOption("--model <model>", "a model's folder or published name")
    .option("--adapter <model>", "an adapter of that model, as finetune --lora or PEFT saves it")
    .option("--text", "lines are plain text, not JSON")
    .option("--length <n>", "longest sequence in tokens; default: as the folder says", wholeNumber(2))
    .option("--prompt <name>", "the folder's prompt of this name, such as query or passage")
    .option("--prefix <text>", "text to put before every input")
    .addOption(new Option("--pooling <how>", "pooling mode; default: as the folder says").choices(POOLINGS))
    .option("--no-special", "exclude special tokens from pooling")
    .option("--layers <numbers>", "layers to use: 0 is the embeddings, -1 the last layer", parseLayers)
    .addOption(new Option("--join <how>", "how several layers are combined").choices(JOINS))
    .option("--words", 'a vector for each word of {"text"} or {"words": […]}, with its characters')
    .addHelpText(
      "after",
      `\nExamples:\n  echo 'A cat sleeps.' | cloze embed --model all-MiniLM-L6-v2 --text --json\n  echo 'who sleeps?' | cloze embed --model e5-small-v2 --text --prefix 'query: '\n  echo 'We sat on the bank.' | cloze embed --model bert-base-uncased --text --words --layers 8`,
    )
    .action((files: string[], options: Options) =>
      answerLines(files, { name: "embed", program, open: openEmbed }, options),
    );
}
