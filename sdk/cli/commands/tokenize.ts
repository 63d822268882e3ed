import { InputError } from "cloze";
import { type Encoding, type Tokenizer, toCodePoints } from "cloze/tokenizer";
import { Command } from "commander";
import { TokenLines } from "../shared/id-writer.js";
import { parseLine } from "../shared/input.js";
import { faultAt, LineFaults } from "../shared/line-faults.js";
import { writeLine } from "../shared/output.js";
import { inputLines } from "../shared/threads.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { UsageError, wholeNumber } from "../shared/usage.js";

interface Options {
  readonly tokenizer: string;
  readonly family?: string;
  readonly json?: boolean;
  readonly text?: boolean;
  readonly special: boolean;
  readonly truncate?: number;
  readonly codePoints?: boolean;
}

interface Line {
  readonly text: string;
  readonly pair?: string;
}

function lineOf(value: unknown): Line {
  if (typeof value === "string") return { text: value };
  const { text, pair } = (value ?? {}) as Record<string, unknown>;
  if (typeof text !== "string" || (pair !== undefined && typeof pair !== "string"))
    throw new UsageError(`expected a JSON string or {"text", "pair"?}, got ${JSON.stringify(value)}`);
  return { text, ...(pair !== undefined && { pair }) };
}

/** Offsets of each token in its own text, in the unit asked for. */
function offsetsOf(encoding: Encoding, { text, pair }: Line, codePoints: boolean): Int32Array {
  if (!codePoints) return encoding.offsets;
  const [first, second] = [
    toCodePoints(encoding.offsets, text),
    pair === undefined ? null : toCodePoints(encoding.offsets, pair),
  ];
  return encoding.offsets.map((_, i) => (encoding.sequences[i >> 1] === 1 ? second![i]! : first[i]!));
}

/** Tokens for a reader: each with its place; unknown ones marked. */
function readable(tokenizer: Tokenizer, encoding: Encoding, line: Line): string {
  const rows = Array.from(encoding.ids, (id, i) => {
    const [start, end] = [encoding.offsets[2 * i]!, encoding.offsets[2 * i + 1]!];
    const written = encoding.special[i] ? "" : (encoding.sequences[i] === 1 ? line.pair! : line.text).slice(start, end);
    const mark = id === tokenizer.special.unknown ? "  unknown" : "";
    return `${String(id).padStart(7)}  ${(tokenizer.token(id) ?? "?").padEnd(18)} ${`${start}-${end}`.padEnd(10)} ${JSON.stringify(written)}${mark}`;
  });
  return `${JSON.stringify(line.text)}${line.pair === undefined ? "" : ` + ${JSON.stringify(line.pair)}`}\n${rows.join("\n")}\n`;
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const tokenizer = await openTokenizer(options.tokenizer, options.family);
  const settings = {
    special: options.special,
    ...(options.truncate !== undefined && { truncate: { length: options.truncate } }),
  };
  const lines = new TokenLines();
  const answer = async (line: Line): Promise<void> => {
    const encoding = tokenizer.encode(line.text, line.pair, settings);
    if (options.json) await lines.write(encoding, offsetsOf(encoding, line, options.codePoints ?? false));
    else await writeLine(readable(tokenizer, encoding, line));
  };
  const faults = new LineFaults();
  let count = 0;
  try {
    for await (const line of inputLines(files)) {
      count++;
      const { source, number, text, unreadable } = line;
      if (unreadable !== undefined) faults.name(unreadable);
      else if (options.text || text.trim() !== "") {
        try {
          await answer(lineOf(options.text ? text : parseLine(source, number, text)));
          continue;
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          faults.name(faultAt(line, error.message));
        }
      }
      // One line out for each line in.
      if (options.json) await lines.writeNone();
    }
  } finally {
    // A line that cannot be read does not lose the answers before it.
    await lines.flush();
  }
  faults.end(count);
}

export function tokenizeCommand(): Command {
  return new Command("tokenize")
    .description("Show the tokens of texts, with ids, offsets and words.")
    .argument("[file...]", 'lines, each a JSON string or {"text", "pair"?}; - or none for standard input')
    .requiredOption(
      "--tokenizer <tokenizer>",
      "tokenizer.json (also .gz), vocab.txt, vocab.json with its merges.txt, a .model file, a model folder or name",
    )
    .option("--family <name>", "of a .model file: albert, xlnet, xlm-roberta or t5")
    .option("--text", "lines are plain text, not JSON")
    .option("--json", "one JSON object per line")
    .option("--no-special", "omit special tokens")
    .option("--truncate <n>", "keep at most n tokens", wholeNumber(1))
    .option("--code-points", "offsets count Unicode code points instead of UTF-16 units")
    .addHelpText(
      "after",
      `\nExamples:\n  echo 'The unwanted guest' | cloze tokenize --tokenizer my-model --text\n  cloze tokenize --tokenizer tokenizer.json.gz --json texts.jsonl.gz > tokens.jsonl`,
    )
    .action(run);
}
