/**
 * BENCHMARKS.md: one row a figure, with the machine, runtime and commit that it was measured with. A figure that is
 * measured again replaces its row; the others stay as they were.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { runtime } from "./measure.js";

/** A line of `--json`, whatever part of the bench printed it. */
type Line = Readonly<Record<string, string | number | readonly number[] | null | undefined>>;

const BEGIN = "<!-- written by npm run bench -- --write: begin -->";
const END = "<!-- end -->";
const HEADER = ["| What | Figure | Machine | Runtime | Commit |", "|---|---|---|---|---|"];

const number = (value: unknown, digits = 3): string => Number(Number(value).toPrecision(digits)).toString();
const percent = (share: unknown): string => `${(100 * Number(share)).toFixed(1)} %`;

/** The figure of a line, in words. */
function figureOf(line: Line): string {
  if (line["kept"] !== undefined)
    return `engine ${number(line["kept"])}, peak ${number(line["peak"])} times the weights' bytes in f32`;
  if (line["peak_bytes"] !== undefined) {
    const megabytes = (bytes: unknown): string => `${(Number(bytes) / 1e6).toFixed(1)} MB`;
    return `engine ${megabytes(line["memory_bytes"])}, process ${megabytes(line["peak_bytes"])} at most`;
  }
  if (line["json_ready_ms"] !== undefined) {
    const others = [`JSON.parse ${number(line["parse_new_ms"])} ms`];
    if (line["javascript_new_ms"])
      others.push(`the JavaScript library's first ids ${number(line["javascript_new_ms"])} ms`);
    return `ready ${number(line["json_ready_ms"])} ms, first ids ${number(line["json_new_ms"])} ms, again ${number(line["json_again_ms"])} ms; ${others.join(", ")}`;
  }
  if (line["mb_per_s"] !== undefined) {
    const peers = ["native", "javascript"].filter((peer) => typeof line[peer] === "number");
    const beside = peers.map((peer) => `${peer} ${number(line[peer])}`).join(", ");
    return `${number(line["mb_per_s"])} MB/s${beside && `; ${beside}; ${number(line["ratio"], 2)} times the faster`}`;
  }
  if (line["ratio"] !== undefined && line["beside"] !== undefined) {
    const quartiles = (line["ratio_quartiles"] as readonly number[]).map((value) => number(value)).join("–");
    return `${number(line["ratio"])} times as fast (${quartiles})`;
  }
  if (line["median_ms"] === undefined) throw new Error(`no figure in ${JSON.stringify(line)}`);
  const parts = [`${number(line["median_ms"])} ms`];
  if (line["tokens_per_s"]) parts.push(`${Math.round(Number(line["tokens_per_s"]))} tokens/s`);
  if (line["share"]) {
    const quartiles = (line["share_quartiles"] as readonly number[] | undefined)?.map(percent).join("–");
    const of = line["gb_per_s"] === undefined ? "peak" : "read bandwidth";
    parts.push(`${percent(line["share"])} of the ${of}${quartiles ? ` (${quartiles})` : ""}`);
  }
  if (line["speedup"]) {
    const quartiles = (line["speedup_quartiles"] as readonly number[]).map((value) => number(value)).join("–");
    parts.push(`${number(line["speedup"])} times ${line["speedup_over"]} (${quartiles})`);
  }
  if (line["resident_bytes"]) parts.push(`${Math.round(Number(line["resident_bytes"]) / 1e6)} MB resident`);
  return parts.join(", ");
}

/** What a line measures: its name, and settings that are not the defaults. */
function subjectOf(line: Line): string {
  const text = line["text"] === undefined ? "" : `, ${line["text"]}`;
  const build = line["build"] === "relaxed" ? ", relaxed build" : "";
  const beside = line["beside"] === undefined ? "" : ` beside ${line["beside"]}`;
  return `${line["name"]}${text}${build}${beside}`;
}

/** The commit of the checkout, with a `+` when files differ from it. */
function commitOf(root: string): string {
  const git = (...words: string[]): string => execFileSync("git", words, { cwd: root, encoding: "utf8" }).trim();
  return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+");
}

/** Put lines of `--json` into the table of BENCHMARKS.md; returns how many rows it wrote. */
export function record(output: string, root: string): number {
  const path = join(root, "BENCHMARKS.md");
  const text = readFileSync(path, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`BENCHMARKS.md: expected a table between "${BEGIN}" and "${END}"`);
  const rows = new Map<string, string>();
  for (const row of text
    .slice(begin, end)
    .split("\n")
    .filter((one) => one.startsWith("| ")))
    if (!HEADER.includes(row)) rows.set(keyOf(row), row);
  const machine = `${cpus()[0]?.model ?? "unknown"} (${cpus().length})`;
  const commit = commitOf(root);
  const lines = output.split("\n").filter((one) => one.startsWith("{"));
  for (const line of lines.map((one): Line => JSON.parse(one))) {
    const row = `| ${subjectOf(line)} | ${figureOf(line)} | ${machine} | ${line["runtime"] ?? runtime} | ${commit} |`;
    rows.set(keyOf(row), row);
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  writeFileSync(path, `${text.slice(0, begin)}${[BEGIN, ...HEADER, ...sorted].join("\n")}\n${text.slice(end)}`);
  return lines.length;
}

/** Rows of one subject and one major version of a runtime replace each other. */
function keyOf(row: string): string {
  const [, what = "", , , on = ""] = row.split(" | ").join("|").replace(/^\| /, "|").split("|");
  return `${what} on ${on.split(".")[0]}`;
}
