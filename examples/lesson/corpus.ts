/** The embedded corpus, read for lessons. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { classifyTask, type LabelledText, readDocuments, type Source, textSource } from "cloze";

const corpus = join(process.env["CLOZE_ROOT"] ?? ".", "corpus");
const source = (name: string): Source => textSource(name, readFileSync(join(corpus, name), "utf8"));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Every text as its sentences. */
export async function documents(): Promise<string[][]> {
  const read = readdirSync(join(corpus, "text")).map((name) => all(readDocuments(source(`text/${name}`))));
  return (await Promise.all(read)).flat();
}

/** Sentences with their sentiment: 1,168 to learn from, 200 to be tested on. */
export async function sentiment(): Promise<{ train: LabelledText[]; test: LabelledText[] }> {
  const read = (part: string) => all(classifyTask("classify").read(source(`sentiment/${part}.tsv`)));
  return { train: await read("train"), test: await read("test") };
}
