/** A tokenizer from the parsed parts of a tokenizer.json and its model. Anything unsupported is an error. */
import { shown } from "../errors.js";
import type { MoreMatches } from "./added-tokens/matcher.js";
import { readAdded } from "./added-tokens/read.js";
import { readDecoder } from "./decoders/read.js";
import { expect } from "./errors.js";
import { Fields } from "./json/fields.js";
import { ByteMapped } from "./models/byte-mapped.js";
import { readNormalizer } from "./normalizers/read.js";
import { readPostProcessor } from "./post-processors/read.js";
import { whiteCounts } from "./post-processors/template.js";
import { isByteLevel, readPreTokenizer } from "./pre-tokenizers/read.js";
import type { Model, TrimOffsets } from "./steps.js";
import { isWhite } from "./text/unicode.js";
import { type ReadOptions, Tokenizer } from "./tokenizer.js";

/**
 * @param model replaces the model in `parsed`
 * @param more finds tokens other than the added ones
 */
export function buildTokenizer(
  parsed: unknown,
  model: Model,
  options: ReadOptions = {},
  more?: MoreMatches,
): Tokenizer {
  const revised = options.revise?.(parsed as Record<string, unknown>, model) ?? parsed;
  const fields = new Fields(revised, "tokenizer.json");
  const version = fields.get("version");
  expect(
    version === undefined || version === "1.0",
    () => `tokenizer.json: version must be "1.0", got ${shown(version)}; is it newer?`,
  );
  const listed = fields.get("added_tokens");
  const added = readAdded(listed, model.vocabulary);
  const { model: _, ...json } = revised as Record<string, unknown>;
  if (listed) json["added_tokens"] = added.map(({ id }, i) => ({ ...(listed as object[])[i], id }));
  return Tokenizer.of({
    normalizer: readNormalizer(fields.get("normalizer")),
    preTokenizer: readPreTokenizer(fields.get("pre_tokenizer")),
    model: isByteLevel(fields.get("pre_tokenizer")) ? new ByteMapped(model) : model,
    added,
    ...(more && { more }),
    postProcessor: readPostProcessor(fields.get("post_processor"), (addPrefixSpace) => trimming(model, addPrefixSpace)),
    decoder: readDecoder(fields.get("decoder")),
    continues: continuation(json, model),
    ...(options.settings && { settings: options.settings }),
    json,
  });
}

/** How to tell that a piece continues a word: by WordPiece's prefix, or by the absence of a space marker. */
function continuation(json: Record<string, unknown>, model: Model): (piece: string) => boolean {
  const prefix = (model as { prefix?: string }).prefix;
  if (prefix) return (piece) => piece.startsWith(prefix);
  const text = JSON.stringify(json["pre_tokenizer"] ?? null);
  const mark = text.includes("ByteLevel") ? "Ġ" : text.includes("Metaspace") ? "▁" : null;
  return mark === null ? () => false : (piece) => !piece.startsWith(mark);
}

/** White space at either end of a token, Ġ or literal; counted on demand. */
function trimming(model: Model, addPrefixSpace: boolean): TrimOffsets {
  const count = (id: number, step: 1 | -1): number => {
    const piece = model.vocabulary.piece(id) ?? "";
    let white = 0;
    while (white < piece.length && isSpace(piece.charCodeAt(step === 1 ? white : piece.length - 1 - white))) white++;
    return white;
  };
  const { size } = model.vocabulary;
  let known: Int32Array | undefined;
  const white = (id: number): number => {
    if (id >= size) return whiteCounts(count(id, 1), count(id, -1));
    known ??= new Int32Array(size).fill(-1);
    let both = known[id]!;
    if (both < 0) known[id] = both = whiteCounts(count(id, 1), count(id, -1));
    return both;
  };
  return { addPrefixSpace, white };
}

/** White space, or Ġ. */
function isSpace(unit: number): boolean {
  return unit === 0x120 || isWhite(unit);
}
