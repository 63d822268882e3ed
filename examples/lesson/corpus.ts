/** The embedded corpus, read for lessons. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { answerTask, classifyTask, type LabelledText, tagTask } from "cloze";
import { type Question, readDocuments, type Source, type TaggedSentence, textSource } from "cloze/data";

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

/** The same of files, gzipped or not; of a table (.tsv) every different last column is a text of its own. */
export async function documentsOf(files: readonly string[]): Promise<string[][]> {
  const sentences = new Set<string>();
  const read = files.map(async (file) => {
    const bytes = readFileSync(file);
    const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
    if (!/\.tsv(\.gz)?$/.test(file)) return all(readDocuments(textSource(file, text)));
    for (const line of text.split("\n")) sentences.add(line.slice(line.lastIndexOf("\t") + 1).trim());
    return [];
  });
  const documents = (await Promise.all(read)).flat();
  sentences.delete("");
  return [...documents, ...Array.from(sentences, (sentence) => [sentence])];
}

/** Texts that no lesson trains on. */
export const heldOut = (): Promise<string[][]> => all(readDocuments(source("held-out/english.txt")));

/** Sentences of a language (en, de, fr, es, zh), the same in each; 486 to learn from, 75 held out. */
export async function parallel(language: string): Promise<{ train: string[]; test: string[] }> {
  const read = async (name: string) => (await all(readDocuments(source(`parallel/${name}.txt`)))).flat();
  return { train: await read(language), test: await read(`${language}.held-out`) };
}

/** Training and test parts. */
interface Parts<T> {
  readonly train: T[];
  readonly test: T[];
}

async function parts<T>(read: (from: Source) => AsyncIterable<T>, folder: string, ending: string): Promise<Parts<T>> {
  const part = (name: string) => all(read(source(`${folder}/${name}.${ending}`)));
  return { train: await part("train"), test: await part("test") };
}

/** Sentences with their sentiment: 1,168 to learn from, 200 to be tested on. */
export const sentiment = (): Promise<Parts<LabelledText>> => parts(classifyTask("classify").read, "sentiment", "tsv");
/** Pairs of sentences: does the one follow from the other, contradict it, or neither? */
export const inference = (): Promise<Parts<LabelledText>> => parts(classifyTask("pair").read, "inference", "tsv");
/** Sentences with the part of speech of each word. */
export const tags = (): Promise<Parts<TaggedSentence>> => parts(tagTask.read, "tags", "tsv");
/** Questions with a text that has the answer. */
export const questions = (): Promise<Parts<Question>> => parts(answerTask.read, "questions", "json");
