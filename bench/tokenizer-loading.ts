/**
 * Time to load a tokenizer.json, and to encode a first text with it: in new processes, as a serverless function starts, and
 * in a process that has loaded the file before. Beside it JSON.parse of the file and @huggingface/tokenizers, in new processes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { readTokenizerJson } from "../sdk/tokenizer/index.js";
import { median } from "./measure.js";

const ROUNDS = 9;
const WARM_ROUNDS = 5;
const PEERS = "bench/peers";

/** The program of a new process: it prepares, is timed while it reads `bytes`, and encodes a first text. */
interface Reader {
  readonly prepare: string;
  readonly read: string;
  readonly encode?: string;
}

/** Print one row for each of the tokenizers in `golden`. */
export function loading(golden: string, names: readonly string[], root: string, json: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), "cloze-bench-"));
  try {
    for (const name of names) {
      const file = gunzipSync(readFileSync(join(golden, name, "tokenizer.json.gz")));
      const path = join(folder, "tokenizer.json");
      writeFileSync(path, file);
      const fresh = inNewProcesses(readers(root), path, join(root, PEERS));
      const row = {
        name: `load ${name}`,
        json_ready_ms: fresh["json"]!.ready,
        json_new_ms: fresh["json"]!.encoded,
        json_again_ms: again(() => readTokenizerJson(file)),
        parse_new_ms: fresh["parse"]!.ready,
        javascript_new_ms: fresh["javascript"]?.encoded ?? null,
      };
      console.log(json ? JSON.stringify(row) : written(row));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readers(root: string): Record<string, Reader> {
  const ours = `const { readTokenizerJson } = await import(${JSON.stringify(pathToFileURL(join(root, "dist/tokenizer.js")).href)});`;
  const encode = `result.encode("Hello world!");`;
  const installed = existsSync(join(root, PEERS, "node_modules/@huggingface/tokenizers"));
  return {
    json: { prepare: ours, read: "readTokenizerJson(bytes)", encode },
    parse: { prepare: "", read: "JSON.parse(bytes.toString())" },
    ...(installed && {
      javascript: {
        prepare: `const { Tokenizer } = await import("@huggingface/tokenizers");`,
        read: "new Tokenizer(JSON.parse(bytes.toString()), {})",
        encode,
      },
    }),
  };
}

/** Medians of milliseconds. */
interface Times {
  /** Until the file has been read. */
  readonly ready: number;
  /** Until the first text has its ids. */
  readonly encoded: number;
}

function inNewProcesses(programs: Record<string, Reader>, path: string, cwd: string): Record<string, Times> {
  const times: Record<string, Times[]> = {};
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, { prepare, read, encode }] of Object.entries(programs)) {
      const source = `
        import { readFileSync } from "node:fs";
        const bytes = readFileSync(${JSON.stringify(path)});
        ${prepare}
        const begin = performance.now();
        const result = ${read};
        const ready = performance.now() - begin;
        ${encode ?? ""}
        console.log(JSON.stringify({ ready, encoded: performance.now() - begin }));`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", source], {
        encoding: "utf8",
        cwd, // where the peer is found
      });
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      (times[name] ??= []).push(JSON.parse(stdout) as Times);
    }
  const medians = (all: readonly Times[]): Times => ({
    ready: median(all.map(({ ready }) => ready)),
    encoded: median(all.map(({ encoded }) => encoded)),
  });
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, medians(all)]));
}

function again(read: () => unknown): number {
  return median(
    Array.from({ length: WARM_ROUNDS }, () => {
      const begin = performance.now();
      read();
      return performance.now() - begin;
    }),
  );
}

function written(row: Readonly<Record<string, number | string | null>>): string {
  const ms = (key: string): string => (row[key] === null ? "not installed" : `${(row[key] as number).toFixed(1)} ms`);
  return (
    `${String(row["name"]).padEnd(35)} new process, ready / first text: tokenizer.json ${ms("json_ready_ms")} / ` +
    `${ms("json_new_ms")}, ` +
    `JSON.parse alone ${ms("parse_new_ms")}, JavaScript ${ms("javascript_new_ms")}; ` +
    `again: ${ms("json_again_ms")}`
  );
}
