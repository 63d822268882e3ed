/** The commands that write: on from a prompt, in another language, in fewer words. */
import { type Generated, type Pipeline, text2textGeneration, textGeneration } from "cloze";
import type { GenerationSettings } from "cloze/generate";
import { folder } from "cloze/node";
import { Command } from "commander";
import { engineOf, type ModelOptions, SHARED_LINES, withModelOptions } from "../shared/engine-options.js";
import { parseLine, readWhole } from "../shared/input.js";
import { answerLines, type InputLine, type LineWork } from "../shared/threads.js";
import { positive, UsageError, wholeNumber } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly text?: boolean;
  readonly tokens?: number;
  readonly beams?: number;
  readonly sample?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly noRepeat?: number;
  readonly seed: number;
  readonly prefix?: string;
  readonly language?: string;
}

/** What is said on the command line; the folder says the rest. */
function settingsOf(o: Options): Partial<GenerationSettings> {
  return {
    ...(o.tokens !== undefined && { max_new_tokens: o.tokens }),
    ...(o.beams !== undefined && { num_beams: o.beams }),
    ...(o.sample && { do_sample: true, num_beams: 1 }),
    ...(o.temperature !== undefined && { temperature: o.temperature }),
    ...(o.topK !== undefined && { top_k: o.topK }),
    ...(o.topP !== undefined && { top_p: o.topP }),
    ...(o.repetitionPenalty !== undefined && { repetition_penalty: o.repetitionPenalty }),
    ...(o.noRepeat !== undefined && { no_repeat_ngram_size: o.noRepeat }),
  };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const { text } = (value ?? {}) as Record<string, unknown>;
  if (typeof text !== "string")
    throw new UsageError(`expected a JSON string or {"text"}, got ${JSON.stringify(value)}`);
  return text;
}

/** Encoder-decoders say so in their configuration. */
async function isEncoderDecoder(model: string): Promise<boolean> {
  const config = JSON.parse(new TextDecoder().decode(await readWhole(`${model}/config.json`))) as Record<
    string,
    unknown
  >;
  return config["is_encoder_decoder"] === true;
}

/** The model of the options, as a function of lines. */
export async function openGenerate(options: Options): Promise<LineWork> {
  const { model, prefix, language, seed } = options;
  const engine = await engineOf(options);
  const common = { engine, ...settingsOf(options), seed };
  let write: Pipeline<string, Generated>;
  if (await isEncoderDecoder(model)) {
    const asked = { ...(prefix !== undefined && { prefix }), ...(language !== undefined && { language }) };
    write = await text2textGeneration(folder(model), { ...common, ...asked });
  } else {
    if (prefix !== undefined || language !== undefined)
      throw new UsageError("--prefix and --language are for encoder-decoders; this model writes on from its prompt");
    write = await textGeneration(folder(model), common);
  }
  const one = ({ source, number, text }: InputLine): string => {
    const { generated_text: written } = write(options.text ? text : textOf(parseLine(source, number, text)));
    return options.json ? JSON.stringify({ text: written }) : written;
  };
  return Object.assign((lines: readonly InputLine[]) => lines.filter(({ text }) => text !== "").map(one), {
    [Symbol.dispose]: () => write[Symbol.dispose](),
  });
}

interface Kind {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

const KINDS: readonly Kind[] = [
  {
    name: "generate",
    description: "Write on from prompts (GPT-2), or write a text from another (BART, mBART, Marian, T5).",
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
    description: "Say texts in fewer words, with a BART or T5 model.",
    example: "cloze summarize --model bart-large-cnn --text articles.txt --beams 4",
  },
];

/** @param program the file that threads run */
export function generateCommands(program: URL): Command[] {
  return KINDS.map(({ name, description, example }) =>
    withModelOptions(new Command(name), SHARED_LINES)
      .description(description)
      .argument("[file...]", 'lines, each a JSON string or {"text"}; - or none for standard input')
      .requiredOption("--model <folder>", "a model folder")
      .option("--text", "lines are plain text, not JSON")
      .option("--tokens <n>", "new tokens at most; as the folder says, or 64", wholeNumber(1))
      .option("--beams <n>", "texts side by side, of which the best is kept", wholeNumber(1))
      .option("--sample", "draw tokens by chance instead of taking the best")
      .option("--temperature <x>", "below 1 the likely become likelier", positive)
      .option("--top-k <n>", "draw among the n best; 0 for all", wholeNumber(0))
      .option("--top-p <share>", "draw among the best that have this share of the probability", positive)
      .option("--repetition-penalty <x>", "above 1 what was written becomes less likely", positive)
      .option("--no-repeat <n>", "no run of n tokens comes twice", wholeNumber(1))
      .option("--seed <n>", "", wholeNumber(0), 1)
      .option("--prefix <text>", "put before every text, as T5 is told what to do")
      .option("--language <token>", "the token of the language to write in, as mBART has them")
      .addHelpText("after", `\nExample:\n  ${example}`)
      .action((files: string[], options: Options) =>
        answerLines(files, { name: "generate", program, open: openGenerate }, options),
      ),
  );
}
