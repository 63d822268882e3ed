/** Sentences with their translations, for translation language modeling. */
import type { EpochSamples } from "cloze";
import { readTextRows, type Sample, type TokenizedDocument, translationPair } from "cloze/data";
import type { Tokenizer } from "cloze/tokenizer";
import { fileSource } from "../shared/input.js";
import { UsageError } from "../shared/usage.js";
import { fingerprint } from "./documents.js";
import type { SampleStream } from "./interleaved.js";
import { areLarge, fingerprintOfFiles } from "./text-stream.js";

/** A sentence and its translation, as tokens. */
export type TokenizedPair = readonly [TokenizedDocument[number], TokenizedDocument[number]];

export interface Translations {
  /** number of pairs */
  readonly count: number;
  /** identifies them, for resuming */
  readonly text: string;
  /** the pairs in memory; undefined where they are read again in every epoch */
  readonly list?: readonly TokenizedPair[];
  read(): AsyncIterable<TokenizedPair> | Iterable<TokenizedPair>;
}

/** The pairs of a file, one after another. */
async function* pairsOf(file: string): AsyncGenerator<readonly [string, string]> {
  for await (const { text, pair, line } of readTextRows(fileSource(file))) {
    if (pair === undefined) throw new UsageError(`${file}:${line}: expected two texts per line, text and pair`);
    yield [text, pair];
  }
}

/** The pairs of a file; a large one is read again in every epoch. Every line is checked before the first step either way. */
export async function translationsIn(file: string, tokenizer: Tokenizer): Promise<Translations> {
  const side = (text: string) => {
    const { ids, words } = tokenizer.encode(text, undefined, { special: false });
    return { ids, words };
  };
  async function* tokenized(): AsyncGenerator<TokenizedPair> {
    for await (const [a, b] of pairsOf(file)) yield [side(a), side(b)];
  }
  if (await areLarge([file])) {
    let count = 0;
    for await (const _ of pairsOf(file)) count++;
    return { count, text: await fingerprintOfFiles([file]), read: tokenized };
  }
  const list: TokenizedPair[] = [];
  for await (const pair of tokenized()) list.push(pair);
  return { count: list.length, text: fingerprint(list), list, read: () => list };
}

/** What a sequence of a pair depends on. */
export interface PairSequences {
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
}

/** The sequence of the i-th pair; which sentence is first changes every epoch. */
function sequenceOf([a, b]: TokenizedPair, i: number, epoch: number, options: PairSequences): Sample {
  return (epoch + i) % 2 === 0 ? translationPair(a, b, options) : translationPair(b, a, options);
}

/** The sequences of pairs in memory after those of text in memory. */
export function withListedPairs(
  text: (epoch: number) => readonly Sample[],
  list: readonly TokenizedPair[],
  options: PairSequences,
): (epoch: number) => EpochSamples {
  return (epoch) => [...text(epoch), ...list.map((pair, i) => sequenceOf(pair, i, epoch, options))];
}

/** The sequences of pairs as a stream, to be read beside streamed text. */
export function pairStream(translations: Translations, options: PairSequences): SampleStream {
  return {
    size: async () => translations.count,
    async *read(epoch) {
      let i = 0;
      for await (const pair of translations.read()) yield sequenceOf(pair, i++, epoch, options);
    },
  };
}
