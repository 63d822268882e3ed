import {
  type ObjectiveTokenizer,
  objectiveNames,
  parseObjective,
  type Rng,
  type Sample,
  sampleOf,
  seed,
  translationPair,
} from "cloze/data";
import { IGNORE } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { Command } from "commander";
import { parseLine, sources } from "../shared/input.js";
import { writeLine } from "../shared/output.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { positiveShare, UsageError, wholeNumber } from "../shared/usage.js";

interface Options {
  readonly objective: string;
  readonly tokenizer: string;
  readonly text?: boolean;
  readonly json?: boolean;
  readonly maskingRate?: number;
  readonly seed: number;
}

type Corrupt = (sample: Sample, rng: Rng) => Sample;

const SENTINELS = 100;

/** The id of T5's first sentinel; a vocabulary without sentinels borrows 100 ids after its end. */
const firstSentinel = (tokenizer: Tokenizer): number => tokenizer.id("<extra_id_0>") ?? tokenizer.size + SENTINELS - 1;

/** The tokenizer, with the sentinels and the end token that T5's corruption needs. */
function withSentinels(tokenizer: Tokenizer): ObjectiveTokenizer {
  const first = firstSentinel(tokenizer);
  const { size, special } = tokenizer;
  const end = special.eos ?? special.sep;
  const id = (token: string): number | undefined => {
    const number = Number(/^<extra_id_(\d+)>$/.exec(token)?.[1] ?? Number.NaN);
    return tokenizer.id(token) ?? (number < SENTINELS ? first - number : undefined);
  };
  return {
    size,
    special: { ...special, ...(end !== undefined && { eos: end }) },
    id,
    encode: (text, pair, options) => tokenizer.encode(text, pair, options),
    decode: (ids, options) => tokenizer.decode(ids, options),
  };
}

/** A line's text as a sample; with `translations`, a sentence and its translation. */
function sampleOfLine(tokenizer: Tokenizer, value: unknown, translations: boolean): Sample {
  const { text, pair } =
    typeof value === "string" ? { text: value, pair: undefined } : ((value ?? {}) as Record<string, unknown>);
  if (typeof text !== "string" || (pair !== undefined && typeof pair !== "string"))
    throw new UsageError(`expected a JSON string or {"text", "pair"?}, got ${JSON.stringify(value)}`);
  if (!translations) return sampleOf(tokenizer.encode(text, pair));
  if (pair === undefined) throw new UsageError(`translation-lm needs {"text", "pair"}: a sentence and its translation`);
  const side = (one: string) => tokenizer.encode(one, undefined, { special: false });
  return translationPair(side(text), side(pair), { tokenizer, maxLength: 512 });
}

interface Shown {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** the label of each position; null where there is none */
  readonly labels: readonly (number | null)[];
}

function shown(tokenizer: Tokenizer, { ids, labels }: Sample): Shown {
  const first = firstSentinel(tokenizer);
  const name = (id: number) =>
    tokenizer.token(id) ?? (id <= first && id > first - 100 ? `<extra_id_${first - id}>` : "?");
  const goals = labels.tokens ?? new Int32Array(ids.length).fill(IGNORE);
  return {
    ids: Array.from(ids),
    tokens: Array.from(ids, name),
    labels: Array.from(goals, (id) => (id === IGNORE ? null : id)),
  };
}

/** Two rows for people: the input, and the labels below it. */
function readable(tokenizer: Tokenizer, title: string, { tokens, labels }: Shown): string {
  const first = firstSentinel(tokenizer);
  const goals = labels.map((id) => (id === null ? "" : (tokenizer.token(id) ?? `<extra_id_${first - id}>`)));
  const widths = tokens.map((token, i) => Math.max(token.length, goals[i]!.length));
  const row = (words: readonly string[]) =>
    words
      .map((word, i) => word.padEnd(widths[i]!))
      .join(" ")
      .trimEnd();
  return `${title.padEnd(8)} ${row(tokens)}\n${"".padEnd(8)} ${row(goals)}`;
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { maskingRate } = options;
  const { main, name } = parseObjective(options.objective, "--objective");
  if (maskingRate !== undefined && !main.masks) throw new UsageError(`--masking-rate does not apply to ${name}`);
  const tokenizer = await openTokenizer(options.tokenizer);
  const settings = { tokenizer: withSentinels(tokenizer), ...(maskingRate !== undefined && { maskingRate }) };
  const { corrupt }: { corrupt: Corrupt } = main.make(settings);
  const rng = seed(options.seed);
  let index = 0;
  for (const source of sources(files)) {
    let number = 0;
    for await (const text of source.lines) {
      number++;
      if (text === "") continue;
      const value = options.text ? text : parseLine(source.name, number, text);
      const sample = corrupt(sampleOfLine(tokenizer, value, main.translations ?? false), rng.fork(0, index++));
      const input = shown(tokenizer, sample);
      const target = sample.target && shown(tokenizer, sample.target);
      if (options.json) await writeLine(JSON.stringify({ ...input, ...(target && { target }) }));
      else
        await writeLine(
          `${readable(tokenizer, target ? "source" : "input", input)}\n${target ? `${readable(tokenizer, "decoder", target)}\n` : ""}`,
        );
    }
  }
}

export function corruptCommand(): Command {
  const names = objectiveNames().filter((name) => !objectiveNames("pairs").includes(name));
  return new Command("corrupt")
    .description("Show how a pre-training objective corrupts texts: the model's input and its labels.")
    .argument("[file...]", 'lines, each a JSON string or {"text", "pair"?}; - or none for standard input')
    .requiredOption("--tokenizer <tokenizer>", "tokenizer.json (also .gz), vocab.txt, a model folder or name")
    .requiredOption("--objective <name>", names.join(", "))
    .option("--text", "lines are plain text, not JSON")
    .option("--json", "one JSON object per line: ids, tokens, labels and, for encoder-decoders, target")
    .option("--rate, --masking-rate <share>", "share of tokens to mask; default: as published", positiveShare)
    .option("--seed <n>", "seed of all random numbers", wholeNumber(0), 1)
    .addHelpText(
      "after",
      `\nExample:\n  echo 'The cat sat. The dog ran.' | cloze corrupt --objective bart --tokenizer my-model --text`,
    )
    .action(run);
}
