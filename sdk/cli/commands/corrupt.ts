import {
  maskedLm,
  mass,
  nextTokens,
  ngramMaskedLm,
  type SentinelVocabulary,
  spanCorruption,
  spanMaskedLm,
  translationPair,
} from "cloze";
import { boundaries, type Rng, type Sample, sampleOf, seed } from "cloze/data";
import { IGNORE } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import { Command } from "commander";
import { BART_CORRUPTIONS, bartCorruption } from "../shared/bart-corruptions.js";
import { parseLine, sources } from "../shared/input.js";
import { writeLine } from "../shared/output.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { positive, UsageError, wholeNumber } from "../shared/usage.js";

interface Options {
  readonly objective: string;
  readonly tokenizer: string;
  readonly text?: boolean;
  readonly json?: boolean;
  readonly rate?: number;
  readonly seed: number;
}

type Corrupt = (sample: Sample, rng: Rng) => Sample;

/** The first of T5's sentinels; a vocabulary without lends the ids behind its end. */
const sentinelOf = (tokenizer: Tokenizer): number => tokenizer.id("<extra_id_0>") ?? tokenizer.size + 99;

/** A vocabulary without sentinels borrows 100 ids after its end. */
function withSentinels(tokenizer: Tokenizer): SentinelVocabulary {
  const first = sentinelOf(tokenizer);
  const number = (token: string): number => Number(/^<extra_id_(\d\d?)>$/.exec(token)?.[1] ?? Number.NaN);
  return {
    id: (token) => tokenizer.id(token) ?? (number(token) < 100 ? first - number(token) : undefined),
    special: { ...tokenizer.special, eos: tokenizer.special.eos ?? boundaries(tokenizer).sep },
  };
}

/** What each --objective makes of a text. */
function corruptions(tokenizer: Tokenizer, rate: number | undefined): Readonly<Record<string, () => Corrupt>> {
  const given = { tokenizer, ...(rate !== undefined && { maskingRate: rate }) };
  return {
    "masked-lm": () => maskedLm({ ...given }).corrupt,
    "whole-words": () => maskedLm({ wholeWords: true, ...given }).corrupt,
    roberta: () => maskedLm({ selection: "rounded", firstRandomId: 4, ...given }).corrupt,
    ngrams: () => ngramMaskedLm({ ...given }).corrupt,
    spans: () => spanMaskedLm({ ...given }).corrupt,
    mass: () => mass(given).corrupt,
    ...Object.fromEntries(BART_CORRUPTIONS.map((name) => [name, () => bartCorruption(name, tokenizer, rate)])),
    t5: () =>
      spanCorruption({ tokenizer: withSentinels(tokenizer), ...(rate !== undefined && { noiseDensity: rate }) }),
    "causal-lm": () => (sample) => ({ ...sample, labels: { tokens: nextTokens(sample.ids) } }),
    "translation-lm": () => maskedLm({ ...given }).corrupt,
  };
}

/** A line's text as a sample; translations are two texts in one. */
function sampleOfLine(tokenizer: Tokenizer, value: unknown, objective: string): Sample {
  const { text, pair } =
    typeof value === "string" ? { text: value, pair: undefined } : ((value ?? {}) as Record<string, unknown>);
  if (typeof text !== "string" || (pair !== undefined && typeof pair !== "string"))
    throw new UsageError(`expected a JSON string or {"text", "pair"?}, got ${JSON.stringify(value)}`);
  if (objective !== "translation-lm") return sampleOf(tokenizer.encode(text, pair));
  if (pair === undefined) throw new UsageError(`translation-lm needs {"text", "pair"}: a sentence and its translation`);
  const side = (one: string) => tokenizer.encode(one, undefined, { special: false });
  return translationPair(side(text), side(pair), { tokenizer, length: 512 });
}

interface Shown {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** what is to be predicted at each place; null where nothing is */
  readonly labels: readonly (number | null)[];
}

function shown(tokenizer: Tokenizer, { ids, labels }: Sample): Shown {
  const first = sentinelOf(tokenizer);
  const name = (id: number) =>
    tokenizer.token(id) ?? (id <= first && id > first - 100 ? `<extra_id_${first - id}>` : "?");
  const goals = labels.tokens ?? new Int32Array(ids.length).fill(IGNORE);
  return {
    ids: Array.from(ids),
    tokens: Array.from(ids, name),
    labels: Array.from(goals, (id) => (id === IGNORE ? null : id)),
  };
}

/** Two rows for people: what is shown, and below it what is to be said. */
function readable(tokenizer: Tokenizer, title: string, { tokens, labels }: Shown): string {
  const first = sentinelOf(tokenizer);
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
  const tokenizer = await openTokenizer(options.tokenizer);
  const known = corruptions(tokenizer, options.rate);
  const make = Object.hasOwn(known, options.objective) ? known[options.objective] : undefined;
  if (!make) throw new UsageError(`--objective ${options.objective}: expected one of ${Object.keys(known).join(", ")}`);
  const corrupt = make();
  const rng = seed(options.seed);
  let index = 0;
  for (const source of sources(files)) {
    let number = 0;
    for await (const text of source.lines) {
      number++;
      if (text === "") continue;
      const value = options.text ? text : parseLine(source.name, number, text);
      const sample = corrupt(sampleOfLine(tokenizer, value, options.objective), rng.fork(0, index++));
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
  return new Command("corrupt")
    .description("Show what a pre-training objective makes of texts: what the model is shown, and what it must say.")
    .argument("[file...]", 'lines, each a JSON string or {"text", "pair"?}; - or none for standard input')
    .requiredOption("--tokenizer <file>", "tokenizer.json (also .gz), vocab.txt or a model folder")
    .requiredOption(
      "--objective <name>",
      "masked-lm, whole-words, roberta, ngrams, spans, mass, bart, bart-mask, bart-delete, bart-infill, bart-permute, bart-rotate, t5, causal-lm or translation-lm",
    )
    .option("--text", "lines are plain text, not JSON")
    .option("--json", "one JSON object a line: ids, tokens, labels and, of encoder-decoders, target")
    .option("--rate <share>", "instead of the published share of tokens", positive)
    .option("--seed <n>", "", wholeNumber(0), 1)
    .addHelpText(
      "after",
      `\nExample:\n  echo 'The cat sat. The dog ran.' | cloze corrupt --objective bart --tokenizer my-model --text`,
    )
    .action(run);
}
