/**
 * Text that is too large for memory: read again in every epoch, in blocks of documents that are tokenized as training goes.
 */
import { createHash, type Hash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import type { EpochSamples } from "cloze";
import { readDocuments, type Sample, seed as seedOf, type TokenizedDocument, tokenizeDocuments } from "cloze/data";
import type { Tokenizer } from "cloze/tokenizer";
import { sources } from "../shared/input.js";

/** Text of more bytes is streamed; a file of gzip counts four times. */
export const IN_MEMORY = 64e6;
/** Tokens of a block: its documents and samples are in memory together. */
const BLOCK = 500_000;
/** Characters after which a document is divided. */
const LONGEST_DOCUMENT = 1e6;
/** Every n-th document is held out, up to a number of documents and of characters. */
const HELD_OUT = { every: 20, documents: 1000, characters: 200_000 };

/** The size of some files in bytes of text; standard input, which cannot be read again, counts as none. */
export async function sizeOf(files: readonly string[]): Promise<number> {
  let size = 0;
  for (const file of files) {
    if (file === "-") continue;
    size += (await stat(file)).size * (file.endsWith(".gz") ? 4 : 1);
  }
  return size;
}

/** The documents of all files; a long one is divided. */
async function* documentsOf(files: readonly string[]): AsyncGenerator<string[]> {
  for (const source of sources(files)) yield* readDocuments(source, { longest: LONGEST_DOCUMENT });
}

/** The first documents, up to a number of characters, to train a vocabulary on. */
export async function firstDocuments(files: readonly string[], characters: number): Promise<string[][]> {
  const first: string[][] = [];
  let left = characters;
  for await (const document of documentsOf(files)) {
    first.push(document);
    left -= document.reduce((sum, line) => sum + line.length, 0);
    if (left <= 0) break;
  }
  return first;
}

/** Which documents of a stream are held out: every twentieth at its beginning. */
class HeldOut {
  #seen = 0;
  #documents = 0;
  #characters = 0;

  /** Whether the next document is held out. */
  next(document: readonly string[]): boolean {
    if (this.full || this.#seen++ % HELD_OUT.every !== 0) return false;
    this.#documents++;
    this.#characters += document.reduce((sum, line) => sum + line.length, 0);
    return true;
  }

  get full(): boolean {
    return this.#documents >= HELD_OUT.documents || this.#characters >= HELD_OUT.characters;
  }
}

/** The held-out documents of a stream. */
export async function heldDocuments(files: readonly string[]): Promise<string[][]> {
  const held: string[][] = [];
  const chosen = new HeldOut();
  for await (const document of documentsOf(files)) {
    if (chosen.next(document)) held.push(document);
    if (chosen.full) break;
  }
  return held;
}

/** Blocks of a file that its fingerprint is made of, and their bytes. */
const FINGERPRINT = { blocks: 1024, bytes: 1 << 16 };

async function hashBlocks(hash: Hash, file: string): Promise<void> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    hash.update(`${size};`);
    const step = Math.max(FINGERPRINT.bytes, Math.floor(size / FINGERPRINT.blocks));
    const block = new Uint8Array(FINGERPRINT.bytes);
    for (let at = 0; at < size; at += step) {
      const { bytesRead } = await handle.read(block, 0, block.length, at);
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
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
    let tokens = 0;
    for await (const document of documentsOf(this.files)) {
      if (this.holdsOut && held.next(document)) continue;
      for (const tokenized of tokenizeDocuments(this.tokenizer, [document])) {
        block.push(tokenized);
        tokens += tokenized.reduce((sum, { ids }) => sum + ids.length, 0);
      }
      if (tokens < BLOCK) continue;
      yield block;
      block = [];
      tokens = 0;
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

  /**
   * A fingerprint of the text: a run is resumed with the same text only. It is made of the files' sizes and of evenly spaced
   * blocks of their bytes, so that gigabytes do not delay the first step; only changes in place between two blocks escape it.
   */
  async fingerprint(): Promise<string> {
    const hash = createHash("sha256");
    for (const file of this.files) await hashBlocks(hash, file);
    return hash.digest("hex").slice(0, 16);
  }
}
