/** Readers of the shared data. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readDocuments, type Source, textSource } from "cloze/data";

/** The text of a file, gzipped or not. */
export function textOf(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** All examples of a task's file. */
export const examplesOf = <T>(read: (source: Source) => AsyncIterable<T>, path: string): Promise<T[]> =>
  all(read(textSource(path, textOf(path))));

/** Sentences, which end with a full stop, question mark or exclamation mark before a space. */
const sentencesOf = (paragraph: string): string[] =>
  paragraph.split(/(?<=[.!?]["”’»]?) +/).filter((sentence) => /\p{L}/u.test(sentence));

/** Articles of WikiText-2 as lists of sentences. Headings of level one begin an article; all headings are dropped. */
export function wikiDocuments(path: string): string[][] {
  const documents: string[][] = [];
  for (const line of textOf(path).split("\n")) {
    const text = line.trim();
    if (/^= [^=].* =$/.test(text)) documents.push([]);
    else if (text !== "" && !text.startsWith("=")) documents.at(-1)?.push(...sentencesOf(text));
  }
  return documents.filter((sentences) => sentences.length > 1);
}

/** The first novels of a folder in the order of their names, each chapter as a list of sentences. */
export async function novelDocuments(folder: string, count: number): Promise<string[][]> {
  const names = readdirSync(folder).sort().slice(0, count);
  const read = await Promise.all(names.map((name) => all(readDocuments(textSource(name, textOf(join(folder, name)))))));
  return read
    .flat()
    .map((paragraphs) => paragraphs.flatMap(sentencesOf))
    .filter((sentences) => sentences.length > 1);
}
