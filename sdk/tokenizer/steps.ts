/**
 * The steps of a tokenizer, named as in a tokenizer.json:
 *
 *   text -> normalizer -> pre-tokenizer -> model -> post-processor -> encoding;   ids -> decoder -> text
 */
import { grown } from "./text/buffers.js";
import type { NormalizedString } from "./text/normalized-string.js";
import type { Vocabulary } from "./vocabulary/vocabulary.js";

/** A step that rewrites text. It reads `text`, may write `spare`, and returns the one that holds the result. */
export type Normalizer = (text: NormalizedString, spare: NormalizedString) => NormalizedString;

/** A step that cuts the words of `text` further. It may rewrite into `spare`, and returns the one that holds the result. */
export type PreTokenizer = (text: NormalizedString, spare: NormalizedString) => NormalizedString;

/** Steps applied in order, alternating between two buffers; null when there are none. */
export function chain(steps: readonly (Normalizer | null)[]): Normalizer | null {
  const present = steps.filter((step) => step !== null);
  if (present.length <= 1) return present[0] ?? null;
  return (text, spare) => {
    let from = text;
    let to = spare;
    for (const step of present) {
      const result = step(from, to);
      if (result !== from) [from, to] = [to, from];
    }
    return from;
  };
}

/** A step that turns words into pieces. */
export interface Model {
  readonly vocabulary: Vocabulary;
  /** Id of the unknown token, or -1 when the model has none. */
  readonly unknown: number;
  /** The unknown token, where a folder's settings may name another one than the file. */
  unknownToken?: string;
  /** Append the pieces of the word `units[start, end)` to `out`, with offsets from `start`. */
  encode(units: Uint16Array, start: number, end: number, out: Pieces): void;
  /** The `model` part of a tokenizer.json, without its tables. */
  settings(): Record<string, unknown>;
  /** The tables of that part: vocab, and merges where there are any. */
  tables(): Record<string, unknown>;
}

/** Pieces of a word: ids and the units [start, end) of the word that each covers. */
export class Pieces {
  ids = new Int32Array(64);
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  length = 0;

  push(id: number, start: number, end: number): void {
    const at = this.length++;
    if (at === this.ids.length) {
      this.ids = grown(this.ids, new Int32Array(2 * at));
      this.starts = grown(this.starts, new Int32Array(2 * at));
      this.ends = grown(this.ends, new Int32Array(2 * at));
    }
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
  }
}

/** One place of a template: a sequence (0 = text, 1 = pair), or special tokens. */
export type Place =
  | { readonly sequence: 0 | 1; readonly segment: number }
  | { readonly ids: readonly number[]; readonly segment: number };

/** A step that adds special tokens and segments: templates for one text and for two. */
export interface PostProcessor {
  readonly single: readonly Place[];
  readonly pair: readonly Place[];
  /** Exclude the white space at both ends of a byte-level token from its offsets. */
  readonly trim: TrimOffsets | null;
  /** In windows made for compatibility, segments after the first window are the text's number (TemplateProcessing). */
  readonly numbered?: boolean;
}

export interface TrimOffsets {
  readonly addPrefixSpace: boolean;
  /** White space at the start and at the end of a token, in one number: see `whiteCounts` in post-processors/. */
  readonly white: (id: number) => number;
}

/** A step of decoding, from the tokens of a text to the strings that are joined in the end. */
export interface Decoder {
  /** @param cleanUp whether to remove spaces before punctuation; undefined for the step's own setting */
  decode(tokens: string[], cleanUp: boolean | undefined): string[];
}
