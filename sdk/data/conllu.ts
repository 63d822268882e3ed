/**
 * Sentences of words with tags: CoNLL-U, its reduction to four columns (id, form, tag, SpaceAfter), or two columns
 * (word, tag). A blank line ends a sentence.
 *
 * A range line such as `3-4` holds a written word; its syntactic words follow. Words are the syntactic ones.
 */
import { shown } from "../errors.js";
import { dataError, numbered, type Source } from "./source.js";

export interface TaggedSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
  /** (words × 2) where each word is written in `text`; the words of a range share the characters of the written one */
  readonly offsets: Int32Array;
  /** the sentence as it is written */
  readonly text: string;
  /** (words) line of each word in the file, from 1 */
  readonly lines?: Int32Array;
}

interface Row {
  readonly line: number;
  readonly word: string;
  readonly tag: string;
  readonly spaceAfter: boolean;
  /** number of the word in its sentence; 0 where the file has no numbers */
  readonly number: number;
  /** number of syntactic words in a written word; 0 for a syntactic word */
  readonly covers: number;
}

/** A written word has a handful of syntactic ones. */
const MOST_COVERED = 1000;

/** The columns of a line: separated by tabs, or, in files of two columns, by blanks. */
function cellsOf(text: string): string[] {
  if (text.includes("\t")) return text.split("\t");
  const words = text.trim().split(/ +/);
  return words.length === 2 ? words : [text];
}

/**
 * Whether a line is a comment. In files with word numbers every line that begins with # is one; in files of two columns # can
 * be a word, but no blank follows a word.
 */
function isComment(text: string, columns: number): boolean {
  if (!text.startsWith("#")) return false;
  return columns > 2 || !text.includes("\t") || /^#[^\t]* /.test(text);
}

/** One line of any of the three forms; null for lines without a word (empty nodes). */
function parseRow(source: Source, line: number, text: string): Row | null {
  const cells = cellsOf(text).map((cell) => cell.trim());
  if (cells.length === 2)
    return checked(source, { line, word: cells[0]!, tag: cells[1]!, spaceAfter: true, number: 0, covers: 0 });
  if (cells.length !== 4 && cells.length !== 10)
    throw dataError(
      source,
      line,
      `expected 2 (word, tag), 4 or 10 (CoNLL-U) columns separated by tabs, got ${cells.length}`,
    );
  const [id, word] = [cells[0]!, cells[1]!];
  if (/^\d+\.\d+$/.test(id)) return null;
  const spaceAfter = !cells.at(-1)!.split("|").includes("SpaceAfter=No");
  const range = /^(\d+)-(\d+)$/.exec(id);
  if (range) {
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last <= first || last - first >= MOST_COVERED)
      throw dataError(
        source,
        line,
        `a range such as 3-4 must ascend, over at most ${MOST_COVERED} words, got ${shown(id)}`,
      );
    return { line, word, tag: "_", spaceAfter, number: first, covers: last - first + 1 };
  }
  if (!/^\d+$/.test(id))
    throw dataError(source, line, `the first column must be a word's number or a range such as 3-4, got ${shown(id)}`);
  const tag = cells[cells.length === 4 ? 2 : 3]!;
  return checked(source, { line, word, tag, spaceAfter, number: Number(id), covers: 0 });
}

function checked(source: Source, row: Row): Row {
  if (row.word === "") throw dataError(source, row.line, "the word is empty");
  if (row.tag === "" || row.tag === "_") throw dataError(source, row.line, `the word ${shown(row.word)} has no tag`);
  return row;
}

/** The words must be numbered 1, 2, 3 …, and a range must come before its words, which must all be there. */
function checkNumbers(source: Source, rows: readonly Row[]): void {
  let next = 1;
  let end = 0;
  for (const { line, number, covers } of rows) {
    if (number === 0) continue;
    if (number !== next) throw dataError(source, line, `expected word ${next}, got ${number}`);
    if (covers === 0) next++;
    else if (number <= end) throw dataError(source, line, "the range begins inside another");
    else end = number + covers - 1;
  }
  const last = rows.at(-1)!;
  if (end >= next && last.number > 0)
    throw dataError(source, last.line, `a range ends with word ${end}, the sentence with word ${next - 1}`);
}

/** The sentence as it is written. */
function sentenceOf(source: Source, rows: readonly Row[]): TaggedSentence {
  checkNumbers(source, rows);
  const words: string[] = [];
  const tags: string[] = [];
  const offsets: number[] = [];
  const lines: number[] = [];
  let text = "";
  let shared = 0;
  let written: [number, number] = [0, 0];
  for (const { line, word, tag, spaceAfter, covers } of rows) {
    if (covers === 0) {
      words.push(word);
      tags.push(tag);
      lines.push(line);
    }
    if (covers > 0 || shared === 0) {
      written = [text.length, text.length + word.length];
      text += word + (spaceAfter ? " " : "");
      shared = covers;
    }
    if (covers > 0) continue;
    offsets.push(...written);
    if (shared > 0) shared--;
  }
  return {
    ...{ words, tags, offsets: Int32Array.from(offsets) },
    text: text.trimEnd(),
    lines: Int32Array.from(lines),
  };
}

/**
 * The sentences of a file.
 *
 * @throws {DataError} naming file and line
 */
export async function* readTagged(source: Source): AsyncGenerator<TaggedSentence> {
  let rows: Row[] = [];
  let columns = 0;
  for await (const [line, text] of numbered(source)) {
    if (text.trim() === "") {
      if (rows.some((row) => row.covers === 0)) yield sentenceOf(source, rows);
      rows = [];
      continue;
    }
    if (isComment(text, columns)) continue;
    const own = cellsOf(text).length;
    const row = parseRow(source, line, text);
    if (columns > 0 && own !== columns)
      throw dataError(source, line, `expected ${columns} columns as in the lines before, got ${own}`);
    columns = own;
    if (row) rows.push(row);
  }
  if (rows.some((row) => row.covers === 0)) yield sentenceOf(source, rows);
}
