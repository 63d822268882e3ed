/** The commands that generate text: continuation, translation, summaries. */
import { isMainThread } from "node:worker_threads";
import { type Generated, type GenerationOptions, type Pipeline, text2textGeneration, textGeneration } from "cloze";
import { seed as seedOf } from "cloze/data";
import { type GenerationSettings, generationSettings } from "cloze/generate";
import { exists, folder } from "cloze/node";
import { Command, Option } from "commander";
import {
  engineOf,
  loadingOf,
  type ModelOptions,
  SHARED_LINES,
  withInferenceOptions,
} from "../shared/engine-options.js";
import { parseLine, readFields, textOf } from "../shared/input.js";
import { answerLines, type InputLine, type LineWork, lineWork } from "../shared/threads.js";
import { positive, positiveShare, UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly text?: boolean;
  readonly maxNewTokens?: number;
  readonly numBeams?: number;
  readonly doSample?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  /** of --no-repeat-ngram-size, which commander takes for a negation; true where it is not given */
  readonly repeatNgramSize: number | true;
  readonly seed: number;
  readonly prefix?: string;
  readonly language?: string;
  readonly cacheDtype?: "f32" | "f16";
}

/** The settings given by options; those of the folder apply otherwise. */
function settingsOf(o: Options): Partial<GenerationSettings> {
  if (o.doSample && o.numBeams !== undefined && o.numBeams > 1)
    throw new UsageError("--do-sample and --num-beams exclude each other: sampling within beams is not supported");
  return {
    ...(o.maxNewTokens !== undefined && { max_new_tokens: o.maxNewTokens }),
    ...(o.numBeams !== undefined && { num_beams: o.numBeams }),
    ...(o.doSample && { do_sample: true, num_beams: 1 }),
    ...(o.temperature !== undefined && { temperature: o.temperature }),
    ...(o.topK !== undefined && { top_k: o.topK }),
    ...(o.topP !== undefined && { top_p: o.topP }),
    ...(o.repetitionPenalty !== undefined && { repetition_penalty: o.repetitionPenalty }),
    ...(o.repeatNgramSize !== true && { no_repeat_ngram_size: o.repeatNgramSize }),
  };
}

/** The settings of the folder under those given by options. */
async function allSettings(options: Options, config: Readonly<Record<string, unknown>>): Promise<GenerationSettings> {
  const path = `${options.model}/generation_config.json`;
  const own = generationSettings((await exists(path)) ? await readFields(path) : undefined, config);
  return { ...own, ...settingsOf(options) };
}

/** Options of sampling would be passed over where the most likely tokens are taken. */
function requireSampling(o: Options, { do_sample: samples, num_beams: beams }: GenerationSettings): void {
  const given = { "--temperature": o.temperature, "--top-k": o.topK, "--top-p": o.topP };
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (flag === undefined || samples) return;
  throw new UsageError(
    beams > 1
      ? `${flag} and --num-beams ${beams} exclude each other: a beam search does not sample`
      : `${flag} needs --do-sample: without it the most likely token is taken`,
  );
}

/** Writes a line to standard output while it is written: the first piece comes after the text that the line begins with. */
class LivePieces {
  begun = false;

  constructor(readonly start: string) {}

  readonly write = (piece: string): void => {
    process.stdout.write(this.begun ? piece : this.start + piece);
    this.begun = true;
  };
}

/** The model of the options, as a function of lines. */
export async function openGenerate(options: Options): Promise<LineWork> {
  const { model, prefix, language, seed } = options;
  const engine = await engineOf(options);
  const { cacheDtype } = options;
  const common = { engine, ...loadingOf(options), ...settingsOf(options), seed, ...(cacheDtype && { cacheDtype }) };
  let write: Pipeline<string, Generated, GenerationOptions>;
  const config = await readFields(`${model}/config.json`);
  const settings = await allSettings(options, config);
  requireSampling(options, settings);
  const rewrites = config["is_encoder_decoder"] === true;
  if (rewrites) {
    const asked = { ...(prefix !== undefined && { prefix }), ...(language !== undefined && { language }) };
    write = await text2textGeneration(folder(model), { ...common, ...asked });
  } else {
    if (prefix !== undefined || language !== undefined)
      throw new UsageError("--prefix and --language are for encoder-decoders; this model continues its prompt");
    write = await textGeneration(folder(model), common);
  }
  // The text of a beam search is known only at its end.
  const live = isMainThread && !options.json && settings.num_beams === 1;
  const root = seedOf(seed);
  const one = ({ source, number, index, text }: InputLine): string => {
    const input = options.text ? text : textOf(parseLine(source, number, text));
    // Each line has its own seed, on any thread.
    const own = { seed: root.fork(index).integer(2 ** 31) };
    const pieces = new LivePieces(rewrites ? "" : input);
    const written = input === "" ? "" : write(input, live ? { ...own, onText: pieces.write } : own).generated_text;
    if (pieces.begun) return "";
    return options.json ? JSON.stringify({ text: written }) : written;
  };
  return lineWork((lines) => lines.map(one), write, options.json ? "null" : "", live);
}

interface Kind {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

const KINDS: readonly Kind[] = [
  {
    name: "generate",
    description: "Continue prompts (GPT-2), or generate a text from another (BART, mBART, Marian, T5).",
    example: "echo 'The sea was' | cloze generate --model gpt2 --text --sample --temperature 0.8",
  },
  {
    name: "translate",
    description: "Translate texts with a Marian, mBART or T5 model.",
    example:
      "echo 'The cat sleeps.' | cloze translate --model t5-small --text --prefix 'translate English to German: '",
  },
  {
    name: "summarize",
    description: "Summarize texts with a BART or T5 model.",
    example: "cloze summarize --model bart-large-cnn --text articles.txt --beams 4",
  },
];

/** @param program the file that threads run */
export function generateCommands(program: URL): Command[] {
  return KINDS.map(({ name, description, example }) =>
    withInferenceOptions(new Command(name), SHARED_LINES)
      .description(description)
      .argument("[file...]", 'lines, each a JSON string or {"text"}; - or none for standard input')
      .requiredOption("--model <model>", "a model's folder or published name")
      .option("--text", "lines are plain text, not JSON")
      .option(
        "--tokens, --max-new-tokens <n>",
        "maximum number of new tokens; default: as the folder says, or 64",
        wholeNumber(1),
      )
      .option("--beams, --num-beams <n>", "beam search with this many beams", wholeNumber(1))
      .option("--sample, --do-sample", "sample tokens instead of taking the most likely")
      .option("--temperature <x>", "softmax temperature; below 1 sharpens the distribution", positive)
      .option("--top-k <n>", "sample among the n most likely tokens; 0 for all", wholeNumber(0))
      .option("--top-p <share>", "nucleus sampling: the most likely tokens of this total probability", positiveShare)
      .option("--repetition-penalty <x>", "above 1 makes tokens that already occurred less likely", positive)
      .option("--no-repeat, --no-repeat-ngram-size <n>", "never repeat an n-gram of this length", wholeNumber(1))
      .option("--seed <n>", "seed of sampling", wholeNumber(0), 1)
      .option("--prefix <text>", "text to put before every input, such as T5's task prefix")
      .option("--language <token>", "token of the target language, such as mBART's de_DE")
      .addOption(
        new Option(
          "--cache-dtype <type>",
          "how keys and values of earlier tokens are kept; f16 halves their memory",
        ).choices(["f32", "f16"]),
      )
      .addHelpText("after", `\nExample:\n  ${example}`)
      .action((files: string[], options: Options) =>
        answerLines(files, { name: "generate", program, open: openGenerate }, options),
      ),
  );
}
