import { writeFileAtomically } from "cloze/node";
import { trainWordPiece } from "cloze/tokenizer";
import { Command } from "commander";
import { requireFiles, sources } from "../input.js";
import { say, writeLine } from "../output.js";
import { wholeNumber } from "../usage.js";

interface Options {
  readonly size: number;
  readonly out: string;
  readonly cased?: boolean;
  readonly json?: boolean;
}

async function run(files: readonly string[], { size, out, cased = false, json }: Options): Promise<void> {
  await requireFiles(files);
  const started = performance.now();
  const texts: string[] = [];
  for (const source of sources(files)) for await (const line of source.lines) if (line.trim() !== "") texts.push(line);
  const tokenizer = trainWordPiece(texts, { size, lowercase: !cased });
  await writeFileAtomically(out, new TextEncoder().encode(`${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`));
  const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
  if (json) await writeLine(JSON.stringify({ size: tokenizer.size, seconds, lines: texts.length, out }));
  else say(`${tokenizer.size} pieces from ${texts.length} lines in ${seconds} s, written to ${out}`);
}

export function trainTokenizerCommand(): Command {
  return new Command("train-tokenizer")
    .description("Learn a WordPiece vocabulary from plain text.")
    .argument("<file...>", "plain text")
    .requiredOption("--size <n>", "pieces in the vocabulary, special tokens included", wholeNumber(10))
    .requiredOption("--out <file>", "the tokenizer.json to write")
    .option("--cased", "keep the case (and accents)")
    .option("--json", "the result as a JSON object")
    .addHelpText("after", `\nExample:\n  cloze train-tokenizer --size 8000 --out tokenizer.json corpus.txt.gz`)
    .action(run);
}
