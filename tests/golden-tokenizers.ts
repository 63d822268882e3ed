/**
 * Compare tokenizers with the reference's results, line by line:
 *
 *   npm run golden:tokenizers -- DIR [NAME…] [--json]
 *
 * DIR holds texts.jsonl.gz and a folder a tokenizer: tokenizer.json.gz, expected.jsonl.gz, pairs.jsonl.gz. A line of
 * expected.jsonl.gz is null where the reference itself fails (see native/variants.py).
 * Prints a line a tokenizer with the numbers of lines that differ. Status 0 only if at least one tokenizer was selected
 * and every selected one is without difference.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readTokenizerJson, type Tokenizer, type Truncate, toCodePoints } from "../sdk/tokenizer/index.js";

interface Expected {
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [number, number])[];
  readonly words: readonly (number | null)[];
  readonly decoded: string;
}

interface ExpectedPair {
  readonly a: number;
  readonly b: number;
  readonly max: number;
  readonly stride: number;
  readonly strategy: "longest_first" | "only_first" | "only_second";
  readonly direction?: "left" | "right";
  readonly windows: readonly {
    readonly ids: readonly number[];
    readonly types: readonly number[];
    readonly offsets: readonly (readonly [number, number])[];
  }[];
}

type Strategy = NonNullable<Truncate["strategy"]>;

const MEASURES = ["ids", "offsets", "words", "decoding", "pairs"] as const;
type Differences = Record<(typeof MEASURES)[number], number>;

function lines<T>(path: string): T[] {
  const rows = gunzipSync(readFileSync(path)).toString("utf8").split("\n");
  return rows.filter((row) => row !== "").map((row) => JSON.parse(row) as T);
}

function same(got: ArrayLike<number>, want: readonly number[]): boolean {
  return got.length === want.length && want.every((value, i) => value === got[i]);
}

/** Offsets of the first and of the second text, in code points, as one list. */
function codePoints(tokenizerOffsets: Int32Array, sequences: Int8Array, texts: readonly string[]): number[] {
  const byText = texts.map((text) => toCodePoints(tokenizerOffsets, text));
  return Array.from(tokenizerOffsets, (_, i) => byText[sequences[i >> 1]!]?.[i] ?? 0);
}

const examples: string[] = [];

function compareTexts(
  tokenizer: Tokenizer,
  texts: readonly string[],
  expected: readonly (Expected | null)[],
  differ: Differences,
): void {
  texts.forEach((text, line) => {
    const want = expected[line];
    if (!want) return;
    const got = tokenizer.encode(text);
    const note = (what: keyof Differences, right: boolean, detail: () => string): void => {
      if (right) return;
      differ[what]++;
      if (process.env["CLOZE_DEBUG"] === "1")
        examples.push(`line ${line} ${what}: ${JSON.stringify(text).slice(0, 200)}\n   ${detail()}`);
    };
    note("ids", same(got.ids, want.ids), () => `got ${got.ids}\n   not ${want.ids}`);
    const offsets = codePoints(got.offsets, got.sequences, [text]);
    note("offsets", same(offsets, want.offsets.flat()), () => `got ${offsets}\n   not ${want.offsets}`);
    const words = want.words.map((word) => word ?? -1);
    note("words", same(got.words, words), () => `got ${got.words}\n   not ${words}`);
    const decoded = tokenizer.decode(want.ids, { skipSpecial: true });
    note(
      "decoding",
      decoded === want.decoded,
      () => `got ${JSON.stringify(decoded)}\n   not ${JSON.stringify(want.decoded)}`,
    );
  });
}

function comparePairs(
  tokenizer: Tokenizer,
  texts: readonly string[],
  pairs: readonly ExpectedPair[],
  differ: Differences,
): void {
  for (const { a, b, max, stride, strategy, direction = "right", windows } of pairs) {
    const pair = [texts[a]!, texts[b]!] as const;
    const truncate = { length: max, stride, direction, strategy: strategy.replace("_", "-") as Strategy };
    // The library reads long texts to their end from 0.23.3 on: either version's windows are right.
    const made = (["0.23.2", "0.23.3"] as const).map((compatibility) =>
      tokenizer.windows(pair[0], pair[1], { truncate, compatibility }),
    );
    const got = made.find((own) => own.length === windows.length) ?? made[1]!;
    const right = made.some(
      (own) =>
        own.length === windows.length &&
        windows.every(({ ids, types, offsets }, i) => {
          const window = own[i]!;
          const places = codePoints(window.offsets, window.sequences, pair);
          return same(window.ids, ids) && same(window.segments, types) && same(places, offsets.flat());
        }),
    );
    if (right) continue;
    differ.pairs++;
    if (process.env["CLOZE_DEBUG"] === "1")
      examples.push(
        `pair ${a} ${b} max ${max} stride ${stride} ${strategy}: ${got.length} windows, not ${windows.length}\n   got ${got.map((w) => w.ids.join())}\n   not ${windows.map((w) => w.ids.join())}`,
      );
  }
}

function main(argv: readonly string[]): number {
  const json = argv.includes("--json");
  const [dir, ...names] = argv.filter((word) => word !== "--json");
  if (dir === undefined || !existsSync(join(dir, "texts.jsonl.gz"))) {
    console.error(
      `usage: npm run golden:tokenizers -- DIR [NAME…]\n${dir === undefined ? "DIR is missing" : `${dir} has no texts.jsonl.gz`}`,
    );
    return 2;
  }
  const found = readdirSync(dir).filter((name) => existsSync(join(dir, name, "expected.jsonl.gz")));
  const unknown = names.filter((name) => !found.includes(name));
  if (unknown.length > 0) {
    console.error(`no such tokenizer in ${dir}: ${unknown.join(", ")}; there are ${found.join(", ")}`);
    return 2;
  }
  const texts = lines<string>(join(dir, "texts.jsonl.gz"));
  let good = found.length > 0;
  for (const name of names.length > 0 ? names : found.sort()) {
    const differ: Differences = { ids: 0, offsets: 0, words: 0, decoding: 0, pairs: 0 };
    let failure = "";
    try {
      const tokenizer = readTokenizerJson(gunzipSync(readFileSync(join(dir, name, "tokenizer.json.gz"))));
      compareTexts(tokenizer, texts, lines(join(dir, name, "expected.jsonl.gz")), differ);
      comparePairs(tokenizer, texts, lines(join(dir, name, "pairs.jsonl.gz")), differ);
    } catch (error) {
      failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
    const right = failure === "" && MEASURES.every((measure) => differ[measure] === 0);
    good &&= right;
    if (json) console.log(JSON.stringify({ name, ok: right, ...differ, ...(failure && { error: failure }) }));
    else
      console.log(
        `${name.padEnd(30)} ${right ? "ok  " : "FAIL"} ${failure || MEASURES.map((measure) => `${measure} ${differ[measure]}`).join("  ")}`,
      );
    for (const example of examples.splice(0).slice(0, 12)) console.error(`   ${example}`);
  }
  return good ? 0 : 1;
}

process.exit(main(process.argv.slice(2)));
