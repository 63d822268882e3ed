import { partsOfLine, type Source, seed } from "cloze/data";
import { requireFilePlace, writeFileAtomically } from "cloze/node";
import { sampleLanguages, type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";
import { Command } from "commander";
import { fileSource, requireFiles, sources } from "../shared/input.js";
import { progress, say, writeLine } from "../shared/output.js";
import { namedInputs, requireInputsKept } from "../shared/run-inputs.js";
import { place, share, UsageError, wholeNumber } from "../shared/usage.js";

interface Options {
  readonly size: number;
  readonly out: string;
  readonly model: string;
  readonly cased?: boolean;
  readonly smoothing?: number;
  readonly texts?: number;
  readonly minFrequency?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Characters after which a line is divided: the words of a line are in memory together. */
const LONGEST_LINE = 1e6;

/** The lines of a source that have text. */
async function* textLines({ lines }: Source): AsyncGenerator<string> {
  for await (const line of lines)
    for (const part of partsOfLine(line, LONGEST_LINE)) if (part.trim() !== "") yield part;
}

/** All lines, one after another. */
async function* allLines(files: readonly string[]): AsyncGenerator<string> {
  for (const source of sources(files)) yield* textLines(source);
}

/** Lines of several languages, each file's as often as its smoothed share says. Files are read again from their beginning. */
async function* sampledLines(files: readonly string[], options: Options, smoothing: number): AsyncGenerator<string> {
  if (files.includes("-"))
    throw new UsageError("--smoothing reads its files more than once; standard input can be read only once");
  const sizes: Record<string, number> = {};
  for (const [i, source] of sources(files).entries()) {
    let count = 0;
    for await (const _ of textLines(source)) count++;
    sizes[files[i]!] = count;
  }
  const total = Object.values(sizes).reduce((sum, count) => sum + count, 0);
  if (total === 0) return;
  const open = new Map<string, AsyncGenerator<string>>();
  const nextOf = async (file: string): Promise<string> => {
    const lines = open.get(file) ?? textLines(fileSource(file));
    open.set(file, lines);
    const { value, done } = await lines.next();
    if (!done) return value;
    open.delete(file);
    return nextOf(file);
  };
  const names = Object.fromEntries(Object.keys(sizes).map((file) => [file, [file]]));
  const draws = { texts: options.texts ?? total, sizes, smoothing, random: seed(options.seed) };
  for (const file of sampleLanguages(names, draws)) yield await nextOf(file);
}

async function train(texts: AsyncIterable<string>, options: Options): Promise<Tokenizer> {
  const { size, model, cased = false, minFrequency, json } = options;
  const bar = json ? null : progress(`learning ${model}`, size);
  const common = {
    size,
    ...(minFrequency !== undefined && { minFrequency }),
    onProgress: ({ phase, done }: { phase: string; done: number }) => bar?.update(Math.min(done, size), phase),
  };
  const trainers: Readonly<Record<string, () => Promise<Tokenizer>>> = {
    wordpiece: () => trainWordPiece(texts, { ...common, lowercase: !cased }),
    bpe: () => trainBpe(texts, common),
    unigram: () => trainUnigram(texts, { ...common, lowercase: !cased }),
  };
  const make = Object.hasOwn(trainers, model) ? trainers[model] : undefined;
  if (!make) throw new UsageError(`--model ${model}: expected one of ${Object.keys(trainers).join(", ")}`);
  try {
    return await make();
  } finally {
    bar?.stop();
  }
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { out, json, smoothing } = options;
  await requireFiles(files);
  await requireFilePlace(out);
  await requireInputsKept(out, namedInputs(files, {}));
  const started = performance.now();
  let lines = 0;
  const counted = async function* (): AsyncGenerator<string> {
    for await (const line of smoothing === undefined ? allLines(files) : sampledLines(files, options, smoothing)) {
      lines++;
      yield line;
    }
    if (lines === 0) throw new UsageError(`there is no text in ${files.join(", ")}`);
  };
  const tokenizer = await train(counted(), options);
  await writeFileAtomically(out, new TextEncoder().encode(`${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`));
  const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
  if (json) await writeLine(JSON.stringify({ size: tokenizer.size, seconds, lines, model: options.model, out }));
  else say(`${tokenizer.size} pieces from ${lines} lines in ${seconds} s, written to ${out}`);
}

export function trainTokenizerCommand(): Command {
  return new Command("train-tokenizer")
    .description(
      "Train a tokenizer on plain text: WordPiece (BERT), byte-level BPE (RoBERTa, GPT-2) or Unigram (ALBERT, XLM-R, T5).",
    )
    .argument("<file...>", "plain text; with --smoothing, a file for each language")
    .requiredOption("--size <n>", "pieces in the vocabulary, special tokens included", wholeNumber(10))
    .requiredOption("--out <file>", "the tokenizer.json to write", place)
    .option("--model <name>", "wordpiece, bpe or unigram", "wordpiece")
    .option("--cased", "keep case and accents; byte-level BPE always does")
    .option("--min-frequency <n>", "do not merge pairs that occur less often (wordpiece, bpe)", wholeNumber(0))
    .option(
      "--smoothing <s>",
      "treat each file as a language and sample it in proportion to its size to this power (mBERT 0.7, XLM-R 0.3)",
      share,
    )
    .option("--texts <n>", "lines to sample with --smoothing; default: as many as there are", wholeNumber(1))
    .option("--seed <n>", "seed of the sampling", wholeNumber(0), 1)
    .option("--json", "print the result as a JSON object")
    .addHelpText(
      "after",
      `\nExamples:\n  cloze train-tokenizer --size 8000 --out tokenizer.json corpus.txt.gz\n  cloze train-tokenizer --model unigram --size 30000 --smoothing 0.3 --out tokenizer.json en.txt de.txt zh.txt`,
    )
    .action(run);
}
