/** Tokenizers: those of models, those learned from the playground's text, and those learned from the reader's own. */
import { loadTokenizer } from "cloze";
import { readTokenizerJson, type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "cloze/tokenizer";
import { BUILT_IN, modelFiles } from "../model-files.js";

export type Algorithm = "wordpiece" | "bpe" | "unigram";

export interface Piece {
  readonly piece: string;
  readonly id: number;
  /** place in the text, in UTF-16 units; both 0 for tokens that the template adds */
  readonly start: number;
  readonly end: number;
  readonly word: number;
  readonly special: boolean;
  readonly unknown: boolean;
}

export interface TokenizerRequest {
  readonly algorithm: Algorithm;
  readonly size: number;
  readonly lowercase: boolean;
  readonly text: string;
}

const known = new Map<string, Promise<Tokenizer>>();

/** Pieces of the vocabularies that are learned from the playground's text. */
const LEARNED = 2000;

async function builtInText(): Promise<string> {
  const response = await fetch(new URL("./texts/english.txt", self.location.href));
  if (!response.ok) throw new Error(`the text cannot be loaded: the server answers ${response.status}`);
  return response.text();
}

function learn({ algorithm, size, lowercase, text }: TokenizerRequest): Tokenizer {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (algorithm === "wordpiece") return trainWordPiece(lines, { size, lowercase });
  if (algorithm === "bpe") return trainBpe(lines, { size });
  return trainUnigram(lines, { size, lowercase });
}

async function made(id: string): Promise<Tokenizer> {
  if ((BUILT_IN as readonly string[]).includes(id)) return loadTokenizer(await modelFiles(id));
  const [, algorithm] = /^english-(\w+)$/.exec(id) ?? [];
  if (algorithm !== undefined) {
    const text = await builtInText();
    return learn({ algorithm: algorithm as Algorithm, size: LEARNED, lowercase: algorithm === "wordpiece", text });
  }
  return loadTokenizer(await modelFiles(id));
}

/** A tokenizer by its id: `cloze-tiny`, `english-bpe`, a model of the shelf, or one that was learned or opened here. */
export function tokenizerOf(id: string): Promise<Tokenizer> {
  const found = known.get(id) ?? made(id);
  known.set(id, found);
  found.catch(() => known.delete(id));
  return found;
}

export async function learnTokenizer(request: TokenizerRequest): Promise<{ id: string; size: number }> {
  const id = `own-${known.size}`;
  const tokenizer = learn(request);
  known.set(id, Promise.resolve(tokenizer));
  return { id, size: tokenizer.size };
}

/** @param json of a tokenizer.json */
export async function openTokenizer(json: string): Promise<{ id: string; size: number }> {
  const id = `own-${known.size}`;
  const tokenizer = readTokenizerJson(json);
  known.set(id, Promise.resolve(tokenizer));
  return { id, size: tokenizer.size };
}

export async function tokenize(id: string, text: string): Promise<Piece[]> {
  const tokenizer = await tokenizerOf(id);
  const { ids, offsets, words, special } = tokenizer.encode(text);
  const { unknown } = tokenizer.special;
  return Array.from(ids, (piece, i) => ({
    piece: tokenizer.token(piece) ?? "?",
    id: piece,
    start: offsets[2 * i]!,
    end: offsets[2 * i + 1]!,
    word: words[i]!,
    special: special[i] === 1,
    unknown: piece === unknown,
  }));
}
