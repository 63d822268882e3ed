/**
 * Tokenizers compared with other libraries: MB of UTF-8 per second, one thread, ids with offsets, on English, Chinese and text in 21
 * languages (NTREX-128). Rounds of separate processes in alternating order; ratios are taken within a round, to the
 * faster library on each text. Then the time until each tokenizer is ready (tokenizer-loading.ts).
 *
 *   npm run bench -- tokenizers          the peers: npm ci in bench/peers, pip install tokenizers
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readTokenizerJson } from "../sdk/tokenizer/index.js";
import { median } from "./measure.js";
import { loading } from "./tokenizer-loading.js";

export interface TokenizerBenchOptions {
  readonly json: boolean;
  readonly rounds: number;
  /** Part of a tokenizer's name. */
  readonly only?: string;
}

interface Speed {
  readonly name: string;
  readonly text: string;
  readonly mb_per_s: number;
}

const LANGUAGES = "arb ces deu fin fra heb hin ind ita jpn kor nld pol por rus spa tha tur vie zho-CN eng".split(" ");
const NAMES = ["bert-base-uncased", "bert-base-multilingual-cased", "gpt2", "albert-base", "xlm-roberta-base"];
const ROUND = "CLOZE_TOKENIZER_ROUND";
const SECONDS = "0.5";

const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const shared = process.env["CLOZE_SHARED"] ?? join(root, "..", "shared");
const golden = join(shared, "golden", "tokenizers");

/** Print the measurements; resolves to false without the shared data. */
export async function run(options: TokenizerBenchOptions): Promise<boolean> {
  const child = process.env[ROUND];
  if (child !== undefined) {
    const [textsFile, ...names] = child.split("\n");
    measureOurs(JSON.parse(readFileSync(textsFile!, "utf8")) as Record<string, string[]>, names);
    return true;
  }
  if (!existsSync(golden)) {
    console.error(`skipped: tokenizers (needs golden/tokenizers of the shared data)`);
    return false;
  }
  const names = NAMES.filter((name) => name.includes(options.only ?? ""));
  const folder = mkdtempSync(join(tmpdir(), "cloze-bench-"));
  try {
    const textsFile = join(folder, "texts.json");
    writeFileSync(textsFile, JSON.stringify(readTexts()));
    report(rounds(options.rounds, textsFile, names), options.json);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  loading(golden, names, root, options.json);
  return true;
}

function readTexts(): Record<string, string[]> {
  const rows = LANGUAGES.map((code) => {
    const path = join(shared, "data", "ntrex128", "full", `${code}.txt.gz`);
    return gunzipSync(readFileSync(path)).toString("utf8").split("\n").filter(Boolean);
  });
  const mixed = Array.from({ length: 400 }, (_, i) => rows.map((row) => row[i] ?? "")).flat();
  return { english: rows.at(-1)!, chinese: rows.at(-2)!, "21 languages": mixed };
}

/** Speeds of all programs, round by round. */
function rounds(count: number, textsFile: string, names: readonly string[]): Record<string, Speed[]>[] {
  const peers = join(root, "bench", "peers");
  const programs: Record<string, () => Speed[]> = {
    cloze: () => spawnLines(process.execPath, process.argv.slice(1), { [ROUND]: [textsFile, ...names].join("\n") }),
    native: () => spawnLines("python3", [join(peers, "native-tokenizers.py"), golden, textsFile, SECONDS, ...names]),
    javascript: () =>
      spawnLines(process.execPath, [join(peers, "javascript-tokenizers.mjs"), golden, textsFile, SECONDS, ...names]),
  };
  return Array.from({ length: count }, (_, round) => {
    const order = Object.keys(programs);
    if (round % 2 === 1) order.reverse();
    return Object.fromEntries(order.map((program) => [program, programs[program]!()]));
  });
}

function spawnLines(program: string, args: readonly string[], environment: Record<string, string> = {}): Speed[] {
  const { stdout, status } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, ...environment } });
  if (status !== 0) return []; // not installed: the report says so
  return stdout
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Speed);
}

function measureOurs(texts: Record<string, string[]>, names: readonly string[]): void {
  for (const name of names) {
    const tokenizer = readTokenizerJson(gunzipSync(readFileSync(join(golden, name, "tokenizer.json.gz"))));
    for (const [text, rows] of Object.entries(texts)) {
      const bytes = rows.reduce((sum, row) => sum + Buffer.byteLength(row), 0);
      let best = Number.POSITIVE_INFINITY;
      for (let spent = 0; spent < Number(SECONDS); ) {
        const begin = performance.now();
        for (const row of rows) tokenizer.encode(row);
        const took = (performance.now() - begin) / 1e3;
        best = Math.min(best, took);
        spent += took;
      }
      console.log(JSON.stringify({ name, text, mb_per_s: bytes / best / 1e6 }));
    }
  }
}

function report(all: readonly Record<string, Speed[]>[], json: boolean): void {
  for (const { name, text } of all[0]!["cloze"] ?? []) {
    const speed = (round: Record<string, Speed[]>, program: string): number =>
      round[program]!.find((row) => row.name === name && row.text === text)?.mb_per_s ?? Number.NaN;
    const of = (program: string): number => medianOfKnown(all.map((round) => speed(round, program)));
    const ratios = all.map((round) => {
      const peers = [speed(round, "native"), speed(round, "javascript")].filter((mb) => !Number.isNaN(mb));
      return speed(round, "cloze") / Math.max(...peers);
    });
    const row = {
      name,
      text,
      mb_per_s: of("cloze"),
      native: of("native"),
      javascript: of("javascript"),
      ratio: medianOfKnown(ratios),
    };
    if (json) console.log(JSON.stringify(row));
    else {
      const parts = [row.mb_per_s, row.native, row.javascript].map((mb) =>
        (Number.isNaN(mb) ? "not installed" : mb.toFixed(1)).padStart(6),
      );
      console.log(
        `${name.padEnd(30)} ${text.padEnd(13)} ${parts[0]} MB/s  native ${parts[1]}  JavaScript ${parts[2]}  ${row.ratio.toFixed(1)}x the faster`,
      );
    }
  }
}

/** The median of the measurements, NaN if there are none. */
function medianOfKnown(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? Number.NaN : median(known);
}
