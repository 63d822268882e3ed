/**
 * Text that is too large for memory: read again in every epoch, in blocks of documents that are tokenized as training goes.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { EpochSamples } from "cloze";
import { readDocuments, type Sample, seed as seedOf, type TokenizedDocument, tokenizeDocuments } from "cloze/data";
import type { Tokenizer } from "cloze/tokenizer";
import { chunks, sources } from "../shared/input.js";

/** Text of more bytes or lines is streamed: a line takes a few hundred bytes besides its tokens. */
export const IN_MEMORY = { bytes: 64e6, lines: 500_000 };
/** Tokens or sentences of a block: its documents and samples are in memory together. */
const BLOCK = { tokens: 500_000, sentences: 50_000 };
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

  /** Whether the next document is held out. */
  next(document: readonly string[]): boolean {
    // The last of every twenty: of a few documents none is taken away.
    if (this.full || ++this.#seen % HELD_OUT.every !== 0) return false;
    this.#documents++;
    this.#characters += document.reduce((sum, line) => sum + line.length, 0);
    return true;
  }

  get full(): boolean {
    return this.#documents >= HELD_OUT.documents || this.#characters >= HELD_OUT.characters;
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

/** The held-out documents of a stream: those of its beginning; or of files that are all held out, as many. */
export async function heldDocuments(files: readonly string[]): Promise<string[][]> {
  const held: string[][] = [];
  const chosen = new HeldOut();
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

export class TextStream {
  constructor(
    readonly files: readonly string[],
    readonly tokenizer: Tokenizer,
    /** whether documents of these files are held out */
    readonly holdsOut: boolean,
  ) {}

  /** The documents for training in blocks, the same in every epoch. */
  async *blocks(): AsyncGenerator<TokenizedDocument[]> {
    const held = new HeldOut();
    let block: TokenizedDocument[] = [];
    let [tokens, sentences] = [0, 0];
    for await (const document of documentsOf(this.files)) {
      if (this.holdsOut && held.next(document)) continue;
      for (const tokenized of tokenizeDocuments(this.tokenizer, [document])) {
        block.push(tokenized);
        tokens += tokenized.reduce((sum, { ids }) => sum + ids.length, 0);
        sentences += tokenized.length;
      }
      if (tokens < BLOCK.tokens && sentences < BLOCK.sentences) continue;
      yield block;
      block = [];
      [tokens, sentences] = [0, 0];
    }
    if (block.length > 0) yield block;
  }

  /**
   * The samples of an epoch, block by block.
   *
   * @param make the samples of an epoch of some documents; each block has a seed of its own
   */
  samples(make: MakeSamples, seed: number): (epoch: number) => EpochSamples {
    return (epoch) => this.#epoch(make, seed, epoch);
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

  /** A fingerprint of the text, of every byte of it: a run is resumed with the same text only. */
  async fingerprint(): Promise<string> {
    const hash = createHash("sha256");
    for (const file of this.files) {
      const own = createHash("sha256");
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) own.update(chunk as Uint8Array);
      hash.update(own.digest());
    }
    return hash.digest("hex").slice(0, 16);
  }
}
