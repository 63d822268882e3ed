/**
 * Sentences of words with tags: CoNLL-U, its reduction to four columns (id, form, tag, SpaceAfter), or columns of which the
 * first is the word and the last the tag, as in the shared tasks before: two, three (CoNLL-2000), four (CoNLL-2003). A blank
 * line ends a sentence, and so does a line of -DOCSTART-.
 *
 * A range line such as `3-4` holds a written word; its syntactic words follow. Words are the syntactic ones.
 */
import { shown } from "../errors.js";
import { dataError, numbered, type Source } from "./source.js";

/** A sentence with one tag per word, as {@link readTagged} yields it. */
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

/** The columns of the first line of a file, which the others must have too. */
interface Form {
  readonly columns: number;
  readonly tabs: boolean;
  /** whether words have numbers */
  readonly numbered: boolean;
}

/** The columns of a line: separated by tabs, or, in files without word numbers, by blanks. */
function cellsOf(text: string): string[] {
  const cells = text.includes("\t") ? text.split("\t") : text.trim().split(/ +/);
  return cells.map((cell) => cell.trim());
}

/** A word's number, a range such as 3-4, or an empty node's number. */
const NUMBER = /^\d+([-.]\d+)?$/;

function formOf(source: Source, line: number, cells: readonly string[], tabs: boolean): Form {
  const { length: columns } = cells;
  if (tabs && (columns === 10 || (columns === 4 && NUMBER.test(cells[0]!)))) return { columns, tabs, numbered: true };
  if (columns === 3 && cells[0] === "1")
    throw dataError(source, line, "three columns that begin with 1: a word, or its number? Expected a word first");
  if (/^[{[]["\]}]/.test(cells[0]!))
    throw dataError(source, line, "JSON; words and tags are read from lines of their own, and from CoNLL-U");
  if (columns >= 2 && columns <= 4) return { columns, tabs, numbered: false };
  throw dataError(
    source,
    line,
    `expected 2 to 4 columns, a word first and its tag last, or 4 or 10 of CoNLL-U, separated by tabs; got ${columns}`,
  );
}

/**
 * Whether a line is a comment. In files with word numbers every line that begins with # is one; in others # can be a word
 * too, but no word and no tag has a blank in it. Two words such as "# note" are a comment.
 */
function isComment(text: string, form: Form | null): boolean {
  if (!text.startsWith("#")) return false;
  if (form?.numbered) return true;
  const cells = cellsOf(text);
  if (text.includes("\t")) return cells.some((cell) => cell.includes(" "));
  return form === null || form.tabs || form.columns === 2 || cells.length !== form.columns;
}

/** One line; null for lines without a word (empty nodes). */
function parseRow(source: Source, line: number, cells: readonly string[], { numbered: hasNumbers }: Form): Row | null {
  if (!hasNumbers)
    return checked(source, { line, word: cells[0]!, tag: cells.at(-1)!, spaceAfter: true, number: 0, covers: 0 });
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
 * @example
 * const source = textSource("a.tsv", "Anna\tPROPN\nsleeps\tVERB\n");
 * for await (const { words, tags } of readTagged(source)) console.assert(words.length === 2 && tags[1] === "VERB");
 */
export async function* readTagged(source: Source): AsyncGenerator<TaggedSentence> {
  let rows: Row[] = [];
  let form: Form | null = null;
  for await (const [line, text] of numbered(source)) {
    if (text.trim() === "" || text.startsWith("-DOCSTART-")) {
      if (rows.some((row) => row.covers === 0)) yield sentenceOf(source, rows);
      rows = [];
      continue;
    }
    if (isComment(text, form)) continue;
    const cells = cellsOf(text);
    form ??= formOf(source, line, cells, text.includes("\t"));
    if (cells.length !== form.columns)
      throw dataError(source, line, `expected ${form.columns} columns as in the lines before, got ${cells.length}`);
    const row = parseRow(source, line, cells, form);
    if (row) rows.push(row);
  }
  if (rows.some((row) => row.covers === 0)) yield sentenceOf(source, rows);
}
