/**
 * Templates: the order of the text, its pair and the special tokens, and the segment of each.
 * BERT: [CLS]:0 text:0 [SEP]:0, and for pairs [CLS]:0 text:0 [SEP]:0 pair:1 [SEP]:1.
 */
import type { Place, PostProcessor, TrimOffsets } from "../steps.js";
import type { Encoding } from "./encoding.js";
import type { Tokens } from "./tokens.js";

/** Two small counts in one number. */
export function whiteCounts(leading: number, trailing: number): number {
  return (leading << 16) | trailing;
}

const leadingOf = (white: number): number => white >> 16;
const trailingOf = (white: number): number => white & 0xffff;

/** No special tokens: the text, then its pair. */
export const bare: PostProcessor = {
  single: [{ sequence: 0, segment: 0 }],
  pair: [
    { sequence: 0, segment: 0 },
    { sequence: 1, segment: 1 },
  ],
  trim: null,
};

/** [CLS] text [SEP], and [CLS] text [SEP] pair [SEP] with segments 0 and 1. */
export function bertPostProcessor(cls: number, sep: number): PostProcessor {
  const single = around(cls, sep);
  return { single, pair: [...single, { sequence: 1, segment: 1 }, { ids: [sep], segment: 1 }], trim: null };
}

function around(cls: number, sep: number): Place[] {
  return [
    { ids: [cls], segment: 0 },
    { sequence: 0, segment: 0 },
    { ids: [sep], segment: 0 },
  ];
}

/** <s> text </s>, and <s> text </s></s> pair </s>; all in segment 0. */
export function robertaPostProcessor(cls: number, sep: number, trim: TrimOffsets | null): PostProcessor {
  const single = around(cls, sep);
  const end: Place = { ids: [sep], segment: 0 };
  return { single, pair: [...single, end, { sequence: 1, segment: 0 }, end], trim };
}

/** Number of special tokens that a template adds. */
export function addedBy(places: readonly Place[]): number {
  return places.reduce((sum, place) => sum + ("ids" in place ? place.ids.length : 0), 0);
}

/** Whether the pair precedes the text: its windows then come first. */
export function pairFirst({ pair }: PostProcessor): boolean {
  return pair.find((place) => "sequence" in place)?.sequence === 1;
}

/** Tokens [from, to) of a text. */
export interface Range {
  readonly from: number;
  readonly to: number;
  /** A window after the first, made for compatibility (see {@link PostProcessor.numbered}). */
  readonly further?: boolean;
}

/** Assemble one encoding from ranges of the text's tokens and of its pair's. */
export function assemble(
  template: PostProcessor,
  special: boolean,
  texts: readonly [Tokens] | readonly [Tokens, Tokens],
  ranges: readonly Range[],
): Encoding {
  const places = texts.length === 2 ? template.pair : template.single;
  let length = 0;
  for (const place of places) {
    if ("sequence" in place) length += ranges[place.sequence]!.to - ranges[place.sequence]!.from;
    else if (special) length += place.ids.length;
  }
  const encoding = room(length);
  let at = 0;
  for (const place of places) {
    if ("sequence" in place) {
      const tokens = texts[place.sequence] as Tokens;
      const range = ranges[place.sequence]!;
      const segment = range.further && template.numbered ? place.sequence : place.segment;
      copy(encoding, at, tokens, range, place.sequence, segment);
      if (template.trim) trimOffsets(encoding, at, tokens, range, template.trim);
      at += range.to - range.from;
    } else if (special) {
      for (const id of place.ids) {
        encoding.ids[at] = id;
        encoding.segments[at] = place.segment;
        encoding.special[at] = 1;
        encoding.words[at] = -1;
        encoding.sequences[at++] = -1;
      }
    }
  }
  return encoding;
}

/** An encoding of `length` tokens, all zero. Its arrays share one buffer: one allocation instead of six. */
function room(length: number): Encoding {
  const buffer = new ArrayBuffer(19 * length);
  return {
    ids: new Int32Array(buffer, 0, length),
    words: new Int32Array(buffer, 4 * length, length),
    offsets: new Int32Array(buffer, 8 * length, 2 * length),
    segments: new Uint8Array(buffer, 16 * length, length),
    special: new Uint8Array(buffer, 17 * length, length),
    sequences: new Int8Array(buffer, 18 * length, length),
  };
}

function copy(
  to: Encoding,
  at: number,
  tokens: Tokens,
  { from, to: end }: Range,
  sequence: 0 | 1,
  segment: number,
): void {
  const { ids, words, offsets } = to;
  for (let i = from, out = at; i < end; i++, out++) {
    ids[out] = tokens.ids[i]!;
    words[out] = tokens.words[i]!;
    offsets[2 * out] = tokens.starts[i]!;
    offsets[2 * out + 1] = tokens.ends[i]!;
  }
  const stop = at + end - from;
  if (segment !== 0) to.segments.fill(segment, at, stop);
  if (sequence !== 0) to.sequences.fill(sequence, at, stop);
}

/**
 * Byte-level pieces carry the space before them: "Ġhello". Their offsets exclude it, except at the start of a text
 * whose first space the tokenizer added.
 */
function trimOffsets({ ids, offsets }: Encoding, at: number, tokens: Tokens, range: Range, trim: TrimOffsets): void {
  const plain = tokens.white.size === 0;
  for (let i = at; i < at + range.to - range.from; i++) {
    const added = plain ? undefined : tokens.white.get(range.from + i - at);
    const white = added ? whiteCounts(added[0], added[1]) : trim.white(ids[i]!);
    if (white === 0) continue;
    const { text } = tokens;
    const written = typeof text === "string" ? text : text[tokens.words[range.from + i - at]!]!;
    let leading = leadingOf(white);
    let start = offsets[2 * i]!;
    let end = offsets[2 * i + 1]!;
    if (leading === 1 && trim.addPrefixSpace && (i === at || start === 0)) leading = 0;
    for (; leading > 0 && start < end; leading--) start += isHigh(written, start) ? 2 : 1;
    for (let left = trailingOf(white); left > 0 && end > start; left--) end -= isHigh(written, end - 2) ? 2 : 1;
    offsets[2 * i] = start;
    offsets[2 * i + 1] = end;
  }
}

/** Whether the unit is the first half of a surrogate pair. */
function isHigh(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
