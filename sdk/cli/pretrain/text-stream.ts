/**
 * Text that is too large for memory: read again in every epoch, in blocks of documents that are tokenized as training goes.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { readDocuments, type Sample, seed as seedOf, type TokenizedDocument, tokenizeDocuments } from "cloze/data";
import type { Tokenizer } from "cloze/tokenizer";
import { chunks, sources } from "../shared/input.js";
import { UsageError } from "../shared/usage.js";
import type { SampleStream } from "./interleaved.js";

/** Text of more bytes or lines is streamed: a line takes a few hundred bytes in addition to its tokens. */
export const IN_MEMORY = { bytes: 64e6, lines: 500_000 };
/** {@link IN_MEMORY} in words. */
export const LIMIT = `${IN_MEMORY.bytes / 1e6} MB or ${IN_MEMORY.lines} lines`;
/** Tokens or sentences of a block: its documents and samples are in memory together. Languages share them, down to a least. */
const BLOCK = { tokens: 500_000, sentences: 50_000, leastShare: 1 / 25 };
/** Characters after which a document is divided. */
const LONGEST_DOCUMENT = 1e6;
/** Every n-th document is held out, up to a number of documents and of characters. */
const HELD_OUT = { every: 20, documents: 1000, characters: 200_000 };

/** The text of a gzip file, in multiples of the file's bytes. */
const GZIP_RATIO = 4;

/** The size of large text in bytes, of gzip by estimate; undefined for text that is not too large for memory. */
export async function largeSize(files: readonly string[]): Promise<number | undefined> {
  let total = 0;
  const left = { ...IN_MEMORY };
  for (const file of files) {
    // Standard input and pipes cannot be read twice: they are held in memory, up to a limit of their own.
    if (file === "-" || !(await stat(file)).isFile()) continue;
    const { size } = await stat(file);
    total += size * (file.endsWith(".gz") ? GZIP_RATIO : 1);
    if (left.bytes >= 0 && left.lines >= 0) await countDown(file, size, left);
  }
  return left.bytes < 0 || left.lines < 0 ? total : undefined;
}

/** Whether any of these files is large text. */
export async function areLarge(files: readonly string[]): Promise<boolean> {
  return (await largeSize(files)) !== undefined;
}

/** Text that is streamed is read again in every epoch, which standard input and pipes cannot be. */
export async function requireRegularFiles(files: readonly string[]): Promise<void> {
  for (const file of files)
    if (file === "-" || !(await stat(file)).isFile())
      throw new UsageError(
        `${file === "-" ? "standard input" : file} can be read only once, but with more than ${LIMIT} of text or pairs it is read in every epoch; write it to a file`,
      );
}

/** Subtract a file's bytes and lines, as far as is needed to see that there are too many. */
async function countDown(file: string, size: number, left: { bytes: number; lines: number }): Promise<void> {
  if (!file.endsWith(".gz") && size > left.bytes) {
    left.bytes -= size;
    return;
  }
  for await (const chunk of chunks(file)) {
    left.bytes -= chunk.length;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) left.lines--;
    if (left.bytes < 0 || left.lines < 0) return;
  }
}

const LINE_FEED = 10;

/** The documents of all files; a long one is divided. */
async function* documentsOf(files: readonly string[]): AsyncGenerator<string[]> {
  for (const source of sources(files)) yield* readDocuments(source, { longest: LONGEST_DOCUMENT });
}

/**
 * A share of large text to train a vocabulary on, spread evenly over it: one document out of every {@link shareOf}.
 *
 * @param size of all text in bytes
 */
export async function* sharedText(files: readonly string[], size: number): AsyncGenerator<string> {
  const every = shareOf(size);
  let at = 0;
  for await (const document of documentsOf(files)) if (at++ % every === 0) yield* document;
}

/** One document out of this many is taken. */
export const shareOf = (size: number): number => Math.max(1, Math.ceil(size / IN_MEMORY.bytes));

/** Which documents of a stream are held out: every twentieth, from its beginning. */
class HeldOut {
  #seen = 0;
  #documents = 0;
  #characters = 0;

  /** @param share of the documents and characters that are held out in all */
  constructor(readonly share: number) {}

  /** Whether the next document is held out. */
  next(document: readonly string[]): boolean {
    // The last of every twenty: of a few documents none is taken away.
    if (this.full || ++this.#seen % HELD_OUT.every !== 0) return false;
    this.#documents++;
    this.#characters += document.reduce((sum, line) => sum + line.length, 0);
    return true;
  }

  get full(): boolean {
    const { documents, characters } = HELD_OUT;
    return this.#documents >= documents * this.share || this.#characters >= characters * this.share;
  }
}

/** The part of a held-out document that is scored. */
function beginningOf(document: readonly string[]): string[] {
  let left = HELD_OUT.characters;
  return document.flatMap((line) => {
    const part = line.slice(0, Math.max(0, left));
    left -= line.length;
    return part === "" ? [] : [part];
  });
}

/**
 * The held-out documents of a stream: those of its beginning; or of files that are all held out, as many.
 *
 * @param share as {@link TextStream} has it
 */
export async function heldDocuments(files: readonly string[], share = 1): Promise<string[][]> {
  const held: string[][] = [];
  const chosen = new HeldOut(share);
  for await (const document of documentsOf(files)) {
    if (chosen.next(document)) held.push(beginningOf(document));
    if (chosen.full) break;
  }
  return held;
}

/** Makes the samples of an epoch out of documents. */
export type MakeSamples = (
  documents: readonly TokenizedDocument[],
  seed: number,
) => (epoch: number) => readonly Sample[];

/** A fingerprint of files, of every byte of them: a run is resumed with the same text only. */
export async function fingerprintOfFiles(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) {
    const own = createHash("sha256");
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) own.update(chunk as Uint8Array);
    hash.update(own.digest());
  }
  return hash.digest("hex").slice(0, 16);
}

/** Bytes of text, unpacked. */
async function bytesOf(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files)
    if (!file.endsWith(".gz")) bytes += (await stat(file)).size;
    else for await (const chunk of chunks(file)) bytes += chunk.length;
  return bytes;
}

/** Documents that are in memory together. */
interface Block {
  readonly documents: TokenizedDocument[];
  /** bytes of text that were read for it */
  readonly bytes: number;
}

export class TextStream {
  /** the only block of a short text, which is not read again */
  #only: Block | undefined;

  constructor(
    readonly files: readonly string[],
    readonly tokenizer: Tokenizer,
    /** whether documents of these files are held out */
    readonly holdsOut: boolean,
    /** its share of the text in memory and of the held-out text, where several streams are read side by side */
    readonly share = 1,
  ) {}

  /** The documents for training in blocks, the same in every epoch. */
  async *blocks(): AsyncGenerator<TokenizedDocument[]> {
    for await (const { documents } of this.#blocks()) yield documents;
  }

  async *#blocks(): AsyncGenerator<Block> {
    if (this.#only) {
      yield this.#only;
      return;
    }
    let count = 0;
    let last: Block | undefined;
    for await (const block of this.#read()) {
      count++;
      last = block;
      yield block;
    }
    if (count === 1) this.#only = last;
  }

  async *#read(): AsyncGenerator<Block> {
    const share = Math.max(this.share, BLOCK.leastShare);
    const held = new HeldOut(this.share);
    let documents: TokenizedDocument[] = [];
    let [tokens, sentences, bytes] = [0, 0, 0];
    for await (const document of documentsOf(this.files)) {
      for (const line of document) bytes += Buffer.byteLength(line) + 1;
      if (this.holdsOut && held.next(document)) continue;
      for (const tokenized of tokenizeDocuments(this.tokenizer, [document])) {
        documents.push(tokenized);
        tokens += tokenized.reduce((sum, { ids }) => sum + ids.length, 0);
        sentences += tokenized.length;
      }
      if (tokens < BLOCK.tokens * share && sentences < BLOCK.sentences * share) continue;
      yield { documents, bytes };
      documents = [];
      [tokens, sentences, bytes] = [0, 0, 0];
    }
    if (documents.length > 0) yield { documents, bytes };
  }

  /**
   * The samples of an epoch, block by block.
   *
   * @param make the samples of an epoch of some documents; each block has a seed of its own
   */
  samples(make: MakeSamples, seed: number): SampleStream {
    return { size: () => this.#size(make, seed), read: (reading) => this.#epoch(make, seed, reading) };
  }

  /** The samples of an epoch, estimated from the first block and the bytes of the text. */
  async #size(make: MakeSamples, seed: number): Promise<number> {
    for await (const { documents, bytes } of this.#blocks())
      return Math.ceil((make(documents, seed)(0).length * (await bytesOf(this.files))) / bytes);
    return 0;
  }

  async *#epoch(make: MakeSamples, seed: number, epoch: number): AsyncGenerator<Sample> {
    let number = 0;
    for await (const block of this.blocks()) {
      const own = seedOf(seed)
        .fork(3, number++)
        .integer(2 ** 31);
      yield* make(block, own)(epoch);
    }
  }

  /** A fingerprint of the text. */
  fingerprint(): Promise<string> {
    return fingerprintOfFiles(this.files);
  }
}
