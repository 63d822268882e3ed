/**
 * Texts and pairs of texts with a label or a score: TSV with a header line, or JSON lines; told apart by content.
 */

import { shown, shownNames } from "../errors.js";
import { ArgumentError } from "../options.js";
import { dataError, jsonObject, numbered, type Source } from "./source.js";

export interface TextRow {
  readonly text: string;
  readonly pair?: string;
  readonly label?: string;
  readonly score?: number;
}

/** Which column holds what; a pair has two texts. */
export interface Columns {
  readonly text: string;
  readonly pair?: string;
  /** the label's or score's column */
  readonly target?: string;
}

const PAIRS = [
  ["premise", "hypothesis"],
  ["sentence1", "sentence2"],
  ["text1", "text2"],
  ["text", "pair"],
  ["sentence", "pair"],
] as const;
const SINGLE = ["text", "sentence"] as const;
const TARGETS = ["label", "score"] as const;

/** `a,b,label`, `a,label`: what --columns says. */
export function columnsNamed(list: string): Columns {
  const names = list.split(",").map((name) => name.trim());
  if (names.length < 2 || names.length > 3 || names.includes("")) {
    throw new ArgumentError(`columns ${shown(list)}: expected text,label or text,pair,label`);
  }
  return names.length === 3
    ? { text: names[0]!, pair: names[1]!, target: names[2]! }
    : { text: names[0]!, target: names[1]! };
}

function detect(source: Source, line: number, names: readonly string[]): Columns {
  const has = (name: string) => names.includes(name);
  const target = TARGETS.find(has);
  const both = PAIRS.find((pair) => pair.every(has));
  const single = SINGLE.find(has);
  const texts = both ? { text: both[0], pair: both[1] } : single ? { text: single } : null;
  if (!texts) {
    throw dataError(
      source,
      line,
      `no text column: expected text or sentence, premise and hypothesis, or sentence1 and sentence2, got ${shownNames(names)}; name them with --columns`,
    );
  }
  return { ...texts, ...(target && { target }) };
}

/**
 * Rows of a file, checked one by one.
 *
 * @throws {DataError} naming file and line
 */
export async function* readTextRows(source: Source, columns?: Columns): AsyncGenerator<TextRow> {
  let header: string[] | null = null;
  let chosen = columns;
  let json = false;
  for await (const [line, text] of numbered(source)) {
    if (text.trim() === "") continue;
    if (line === 1 || (header === null && !json)) {
      json = text.trimStart().startsWith("{");
      if (!json) {
        header = text.split("\t");
        chosen ??= detect(source, line, header);
        requireColumns(source, line, header, chosen);
        continue;
      }
    }
    const fields = json ? jsonObject(source, line, text) : tsvFields(source, line, text, header!);
    chosen ??= detect(source, line, Object.keys(fields));
    yield rowOf(source, line, fields, chosen);
  }
}

const own = (fields: Record<string, unknown>, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

function requireColumns(source: Source, line: number, header: readonly string[], columns: Columns): void {
  for (const name of [columns.text, columns.pair, columns.target]) {
    if (name === undefined) continue;
    if (!header.includes(name))
      throw dataError(source, line, `no column ${shown(name)}; the header has ${shownNames(header)}`);
    if (header.indexOf(name) !== header.lastIndexOf(name))
      throw dataError(source, line, `the header has two columns called ${shown(name)}; which one counts?`);
  }
}

function tsvFields(source: Source, line: number, text: string, header: readonly string[]): Record<string, unknown> {
  const cells = text.split("\t");
  if (cells.length !== header.length)
    throw dataError(source, line, `${header.length} columns expected as in the header, got ${cells.length}`);
  return Object.fromEntries(header.map((name, i) => [name, cells[i]!]));
}

function rowOf(source: Source, line: number, fields: Record<string, unknown>, columns: Columns): TextRow {
  const text = stringOf(source, line, fields, columns.text);
  const pair = columns.pair === undefined ? undefined : stringOf(source, line, fields, columns.pair);
  const target = columns.target === undefined ? undefined : own(fields, columns.target);
  return { text, ...(pair !== undefined && { pair }), ...targetOf(source, line, columns, target) };
}

function targetOf(source: Source, line: number, columns: Columns, target: unknown): { label?: string; score?: number } {
  if (target === undefined || target === null) {
    if (columns.target === undefined) return {};
    throw dataError(source, line, `no ${columns.target}`);
  }
  if (typeof target === "object")
    throw dataError(source, line, `${columns.target} must be a text or a number, got ${shown(target)}`);
  const label = String(target).trim();
  if (label === "") throw dataError(source, line, `${columns.target} is empty`);
  const score = Number(label);
  return { label, ...(Number.isFinite(score) && { score }) };
}

function stringOf(source: Source, line: number, fields: Record<string, unknown>, column: string): string {
  const value = own(fields, column);
  if (typeof value !== "string") throw dataError(source, line, `${column} must be a text, got ${shown(value)}`);
  return value;
}
