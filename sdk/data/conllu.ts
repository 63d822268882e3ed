/**
 * Sentences of words with tags: CoNLL-U, its reduction to four columns (id, form, tag, SpaceAfter), or two columns
 * (word, tag). A blank line ends a sentence.
 *
 * In a range line such as `3-4` the written word stands, and its syntactic words follow. Words are the syntactic ones.
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
}

interface Row {
  readonly word: string;
  readonly tag: string;
  readonly spaceAfter: boolean;
  /** number of syntactic words that a written word stands for; 0 for a word itself */
  readonly covers: number;
}

/** A written word stands for a handful of syntactic ones. */
const MOST_COVERED = 1000;

/** One line of any of the three forms; null for lines that carry no word (empty nodes). */
function parseRow(source: Source, line: number, text: string): Row | null {
  const cells = text.split("\t");
  if (cells.length === 2)
    return checked(source, line, { word: cells[0]!, tag: cells[1]!, spaceAfter: true, covers: 0 });
  if (cells.length !== 4 && cells.length !== 10) {
    throw dataError(
      source,
      line,
      `expected 2 (word, tag), 4 or 10 (CoNLL-U) columns separated by tabs, got ${cells.length}`,
    );
  }
  const [id, word] = [cells[0]!, cells[1]!];
  if (/^\d+\.\d+$/.test(id)) return null;
  const spaceAfter = !cells.at(-1)!.split("|").includes("SpaceAfter=No");
  const range = /^(\d+)-(\d+)$/.exec(id);
  if (range) {
    const covers = Number(range[2]) - Number(range[1]) + 1;
    if (covers < 1 || covers > MOST_COVERED)
      throw dataError(
        source,
        line,
        `a range such as 3-4 must ascend, over at most ${MOST_COVERED} words, got ${shown(id)}`,
      );
    return { word, tag: "_", spaceAfter, covers };
  }
  if (!/^\d+$/.test(id))
    throw dataError(source, line, `the first column must be a word's number or a range such as 3-4, got ${shown(id)}`);
  return checked(source, line, { word, tag: cells[cells.length === 4 ? 2 : 3]!, spaceAfter, covers: 0 });
}

function checked(source: Source, line: number, row: Row): Row {
  if (row.word === "") throw dataError(source, line, "the word is empty");
  if (row.tag === "" || row.tag === "_") throw dataError(source, line, `the word ${shown(row.word)} has no tag`);
  return row;
}

/** Lay the words out as they are written. */
function sentenceOf(rows: readonly Row[]): TaggedSentence {
  const words: string[] = [];
  const tags: string[] = [];
  const offsets: number[] = [];
  let text = "";
  let shared = 0;
  for (const row of rows) {
    if (row.covers > 0) {
      text += row.word + (row.spaceAfter ? " " : "");
      shared = row.covers;
      offsets.push(
        ...Array.from({ length: shared }, () => [
          text.trimEnd().length - row.word.length,
          text.trimEnd().length,
        ]).flat(),
      );
      continue;
    }
    words.push(row.word);
    tags.push(row.tag);
    if (shared > 0) shared--;
    else {
      offsets.push(text.length, text.length + row.word.length);
      text += row.word + (row.spaceAfter ? " " : "");
    }
  }
  return { words, tags, offsets: Int32Array.from(offsets), text: text.trimEnd() };
}

/**
 * The sentences of a file.
 *
 * @throws {DataError} naming file and line
 */
export async function* readTagged(source: Source): AsyncGenerator<TaggedSentence> {
  let rows: Row[] = [];
  for await (const [line, text] of numbered(source)) {
    if (text.trim() === "") {
      if (rows.some((row) => row.covers === 0)) yield sentenceOf(rows);
      rows = [];
      continue;
    }
    // A comment, unless it is the word "#" with its tag.
    if (text.startsWith("#") && text.split("\t").length < 2) continue;
    const row = parseRow(source, line, text);
    if (row) rows.push(row);
  }
  if (rows.some((row) => row.covers === 0)) yield sentenceOf(rows);
}
