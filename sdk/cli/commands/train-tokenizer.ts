import { seed } from "cloze/data";
import { writeFileAtomically } from "cloze/node";
import { sampleLanguages, type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";
import { Command } from "commander";
import { requireFiles, sources } from "../shared/input.js";
import { progress, say, writeLine } from "../shared/output.js";
import { share, UsageError, wholeNumber } from "../shared/usage.js";

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

/** The lines of each file that have text. */
async function linesOf(files: readonly string[]): Promise<Record<string, string[]>> {
  const byFile: Record<string, string[]> = {};
  for (const [i, source] of sources(files).entries()) {
    const lines: string[] = [];
    byFile[files[i]!] = lines;
    for await (const line of source.lines) if (line.trim() !== "") lines.push(line);
  }
  return byFile;
}

/** All lines; or, of several languages, each file's as often as its smoothed share says. */
function textsOf(byFile: Record<string, string[]>, { smoothing, texts, seed: value }: Options): Iterable<string> {
  const all = Object.values(byFile);
  const count = all.reduce((sum, lines) => sum + lines.length, 0);
  if (count === 0) throw new UsageError(`there is no text in ${Object.keys(byFile).join(", ")}`);
  if (smoothing === undefined) return all.flat();
  return sampleLanguages(byFile, { texts: texts ?? count, smoothing, random: seed(value) });
}

function train(texts: Iterable<string>, options: Options): Tokenizer {
  const { size, model, cased = false, minFrequency, json } = options;
  const bar = json ? null : progress(`learning ${model}`, size);
  const common = {
    size,
    ...(minFrequency !== undefined && { minFrequency }),
    onProgress: ({ phase, done }: { phase: string; done: number }) => bar?.update(Math.min(done, size), phase),
  };
  const trainers: Readonly<Record<string, () => Tokenizer>> = {
    wordpiece: () => trainWordPiece(texts, { ...common, lowercase: !cased }),
    bpe: () => trainBpe(texts, common),
    unigram: () => trainUnigram(texts, { ...common, lowercase: !cased }),
  };
  const make = Object.hasOwn(trainers, model) ? trainers[model] : undefined;
  if (!make) throw new UsageError(`--model ${model}: expected one of ${Object.keys(trainers).join(", ")}`);
  try {
    return make();
  } finally {
    bar?.stop();
  }
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { out, json } = options;
  await requireFiles(files);
  const started = performance.now();
  const byFile = await linesOf(files);
  const tokenizer = train(textsOf(byFile, options), options);
  await writeFileAtomically(out, new TextEncoder().encode(`${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`));
  const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
  const lines = Object.values(byFile).reduce((sum, own) => sum + own.length, 0);
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
    .requiredOption("--out <file>", "the tokenizer.json to write")
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
