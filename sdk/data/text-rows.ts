/**
 * Texts and pairs of texts with a label or a score: TSV with a header line, or JSON lines; told apart by content.
 */
import { shown, shownNames } from "../errors.js";
import { ArgumentError, aString, checkArgument } from "../options.js";
import { dataError, jsonObject, numbered, type Source } from "./source.js";

/** A row of a task file: one text or two, with whatever labels it has. */
export interface TextRow {
  readonly text: string;
  readonly pair?: string;
  readonly label?: string;
  /** several labels of one text: a list in JSON, or names divided by commas in a column labels */
  readonly labels?: readonly string[];
  /** the score column's number, or the label's where there is no such column and it is a number */
  readonly score?: number;
  /** line of the file, from 1 */
  readonly line?: number;
}

/** Which column holds what; a pair has two texts. */
export interface Columns {
  readonly text: string;
  readonly pair?: string;
  /** the label's or score's column */
  readonly target?: string;
}

/** As the files of GLUE, SNLI and MultiNLI, and data sets of the same kinds, call their columns. */
const PAIRS = [
  ["premise", "hypothesis"],
  ["sentence1", "sentence2"],
  ["question1", "question2"],
  ["question", "sentence"],
  ["text1", "text2"],
  ["text", "text_pair"],
  ["text", "pair"],
  ["sentence", "pair"],
] as const;
const SINGLE = ["text", "sentence"] as const;
const LABELS = ["label", "labels", "gold_label"] as const;

/**
 * `a,b,label`, `a,label`: the value of --columns.
 *
 * @throws {ArgumentError} for other numbers of names
 * @example
 * columnsNamed("a,b,label"); // { text: "a", pair: "b", target: "label" }
 */
export function columnsNamed(list: string): Columns {
  checkArgument("columnsNamed", "list", list, aString);
  const names = list.split(",").map((name) => name.trim());
  if (names.length < 2 || names.length > 3 || names.includes("") || new Set(names).size < names.length)
    throw new ArgumentError(
      `columns ${shown(list)}: expected the names of different columns, text,label or text,pair,label`,
    );
  return names.length === 3
    ? { text: names[0]!, pair: names[1]!, target: names[2]! }
    : { text: names[0]!, target: names[1]! };
}

/** The columns of a row: those named by the caller, or found by their usual names. */
interface Found {
  readonly text: string;
  readonly pair?: string;
  readonly label?: string;
  readonly score?: string;
}

function find(source: Source, line: number, names: readonly string[], given: Columns | undefined): Found {
  // A named target is a label, and a score when it is a number.
  if (given) return { text: given.text, ...pick("pair", given.pair), ...pick("label", given.target) };
  const has = (name: string) => names.includes(name);
  const both = PAIRS.find((pair) => pair.every(has));
  const single = SINGLE.find(has);
  const texts = both ? { text: both[0], pair: both[1] } : single ? { text: single } : null;
  if (!texts)
    throw dataError(
      source,
      line,
      `no text column: expected text or sentence, premise and hypothesis, or sentence1 and sentence2, got ${shownNames(names)}; give the file a header line, or name its columns with --columns`,
    );
  const label = LABELS.find(has);
  return { ...texts, ...(label !== undefined && { label }), ...(has("score") && { score: "score" }) };
}

const pick = (key: "pair" | "label", name: string | undefined) => (name === undefined ? {} : { [key]: name });

/** The fields of a row by column. */
type Fields = Readonly<Record<string, unknown>>;

const own = (fields: Fields, name: string): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);

/**
 * Rows of a file, checked one by one. In JSON lines each row may have a second text or not.
 *
 * @throws {DataError} naming file and line
 * @example
 * for await (const { text, label } of readTextRows(textSource("a.tsv", "text\tlabel\nhello\tgood"))) console.assert(text === "hello" && label === "good");
 */
export async function* readTextRows(source: Source, columns?: Columns): AsyncGenerator<TextRow> {
  let header: readonly string[] | null = null;
  let json = false;
  for await (const [line, text] of numbered(source)) {
    if (text.trim() === "") continue;
    if (header === null && !json) {
      json = text.trimStart().startsWith("{");
      if (!json) {
        header = headerOf(source, line, text, columns);
        continue;
      }
    }
    const fields: Fields = json ? jsonObject(source, line, text) : tsvFields(source, line, text, header!);
    const names = json ? Object.keys(fields).filter((name) => fields[name] !== null) : header!;
    yield rowOf(source, line, fields, find(source, line, names, columns), json);
  }
}

function headerOf(source: Source, line: number, text: string, columns: Columns | undefined): readonly string[] {
  const names = text.split("\t").map((name) => name.trim());
  if (text.trimStart().startsWith("["))
    throw dataError(source, line, "a JSON array; expected JSON lines, an object on each");
  // A column that the caller names may have a space in its name.
  if (names.length === 1 && (/[,;]/.test(text) || (columns === undefined && names[0]!.includes(" "))))
    throw dataError(
      source,
      line,
      `the header ${shown(text)} has no tab; columns are divided by tabs (TSV), not by commas or spaces; save the table as tab-separated text, or as JSON lines`,
    );
  // Columns without a name are ignored: spreadsheets leave some after the last.
  const repeated = names.find((name, i) => name !== "" && names.indexOf(name) !== i);
  if (repeated !== undefined)
    throw dataError(source, line, `the header has two columns called ${shown(repeated)}; which one is right?`);
  const { text: first, pair, label } = find(source, line, names, columns);
  for (const name of [first, pair, label])
    if (name !== undefined && !names.includes(name))
      throw dataError(source, line, `no column ${shown(name)}; the header has ${shownNames(names)}`);
  return names;
}

function tsvFields(source: Source, line: number, text: string, header: readonly string[]): Fields {
  const cells = text.split("\t");
  if (cells.length !== header.length)
    throw dataError(source, line, `expected ${header.length} columns as in the header, got ${cells.length}`);
  return Object.fromEntries(header.map((name, i) => [name, cells[i]!]));
}

function rowOf(source: Source, line: number, fields: Fields, columns: Found, json: boolean): TextRow {
  const text = textIn(source, line, fields, columns.text);
  const absent = columns.pair === undefined || (json && (own(fields, columns.pair) ?? null) === null);
  const pair = absent ? undefined : textIn(source, line, fields, columns.pair!);
  const labels = columns.label === undefined ? undefined : labelsIn(source, line, fields, columns.label);
  const label =
    columns.label === undefined || labels !== undefined ? undefined : labelIn(source, line, fields, columns.label);
  const score = scoreOf(source, line, fields, columns, label);
  return {
    text,
    ...(pair !== undefined && { pair }),
    ...(label !== undefined && { label }),
    ...(labels !== undefined && { labels }),
    ...(score !== undefined && { score }),
    line,
  };
}

/** Several labels: a list, or the names in a column called labels; undefined where the row has a single one. */
function labelsIn(source: Source, line: number, fields: Fields, column: string): readonly string[] | undefined {
  const value = own(fields, column);
  if (column === "labels" && typeof value === "string")
    return value
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
  if (!Array.isArray(value)) return undefined;
  const odd = value.find((name) => typeof name === "object");
  if (odd !== undefined)
    throw dataError(source, line, `${column} must be a list of texts or numbers, and one entry is ${shown(odd)}`);
  for (const name of value) requireExact(source, line, column, name);
  return value.map(String);
}

/** Two whole numbers beyond 2^53 can be the same number to a machine, and so become one label. */
function requireExact(source: Source, line: number, column: string, value: unknown): void {
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw dataError(source, line, `${column} is a number of more digits than are kept; write it as a text in quotes`);
}

function labelIn(source: Source, line: number, fields: Fields, column: string): string {
  const value = own(fields, column);
  if (value === undefined || value === null) throw dataError(source, line, `no ${column}`);
  if (typeof value === "object")
    throw dataError(source, line, `${column} must be a text or a number, got ${shown(value)}`);
  requireExact(source, line, column, value);
  const label = String(value).trim();
  if (label === "") throw dataError(source, line, `${column} is empty`);
  return label;
}

/**
 * The number of the score column; without one, the label's where it is a number. Beside a label the column may hold
 * something else, which does not make the label invalid.
 */
function scoreOf(
  source: Source,
  line: number,
  fields: Fields,
  columns: Found,
  label: string | undefined,
): number | undefined {
  if (columns.score === undefined) return label === undefined ? undefined : numberIn(label);
  if (columns.label !== undefined) return numberIn(String(own(fields, columns.score) ?? ""));
  const text = labelIn(source, line, fields, columns.score);
  const score = numberIn(text);
  if (score === undefined) throw dataError(source, line, `${columns.score} must be a number, got ${shown(text)}`);
  return score;
}

/** A decimal number that f32 can hold; undefined for any other text. */
function numberIn(text: string): number | undefined {
  const isDecimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text);
  return isDecimal && Number.isFinite(Math.fround(Number(text))) ? Number(text) : undefined;
}

function textIn(source: Source, line: number, fields: Fields, column: string): string {
  const value = own(fields, column);
  if (typeof value !== "string") throw dataError(source, line, `${column} must be a text, got ${shown(value)}`);
  return value;
}
