/**
 * Hugging Face's tokenizer.json: reading. Every part is built by a file of its own; what is not supported is an error.
 * Truncation and padding of the file are kept for writing it back, but change no encoding: they are asked for by name.
 */

import { shown } from "../../errors.js";
import { readAdded } from "../added-tokens/read.js";
import { readDecoder } from "../decoders/read.js";
import { expect, TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import { JsonScanner } from "../json/scanner.js";
import type { Model } from "../models/model.js";
import { readModel } from "../models/read.js";
import { readNormalizer } from "../normalizers/read.js";
import { readTemplate } from "../post-processors/read.js";
import { type TrimOffsets, whiteCounts } from "../post-processors/template.js";
import { ByteMapped } from "../pre-tokenizers/byte-level.js";
import { isByteLevel, readSplitter } from "../pre-tokenizers/read.js";
import { classOf, WHITE } from "../text/unicode.js";
import { Tokenizer } from "../tokenizer.js";
import { type ScannedModel, scanModel } from "./scan-model.js";

export interface ReadOptions {
  /** The parsed special_tokens_map.json or tokenizer_config.json beside it: they name the mask, the separator, … */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A tokenizer from the text or bytes of a tokenizer.json. */
export function readTokenizerJson(file: string | Uint8Array, options: ReadOptions = {}): Tokenizer {
  const bytes = typeof file === "string" ? new TextEncoder().encode(file) : file;
  const scanner = new JsonScanner(bytes);
  const parsed: Record<string, unknown> = {};
  let scanned: ScannedModel | undefined;
  scanner.object((key) => {
    if (key === "model" && scanner.peek() === 0x7b) scanned = scanModel(scanner, bytes.length);
    else parsed[key] = scanner.value();
  });
  scanner.end();
  if (scanned === undefined) throw new TokenizerError(`tokenizer.json: "model" is missing. Is this a tokenizer.json?`);
  return tokenizerFromObject(parsed, readModel(scanned), options);
}

/** A tokenizer from the parts of a tokenizer.json and a model, which stands in for the one in the file. */
export function tokenizerFromObject(parsed: unknown, model: Model, options: ReadOptions = {}): Tokenizer {
  const fields = new Fields(parsed, "tokenizer.json");
  const version = fields.get("version");
  expect(
    version === undefined || version === "1.0",
    () => `tokenizer.json: version must be "1.0", got ${shown(version)}. Was it written by a newer library?`,
  );
  const added = readAdded(fields.get("added_tokens"));
  for (const { id, content } of added)
    expect(
      id <= model.vocabulary.size + 65536 + added.length,
      () => `added_tokens: the id ${id} of ${shown(content)} is far beyond the vocabulary of ${model.vocabulary.size}`,
    );
  const { model: _, ...json } = parsed as Record<string, unknown>;
  return new Tokenizer({
    normalizer: readNormalizer(fields.get("normalizer")),
    splitter: readSplitter(fields.get("pre_tokenizer")),
    model: isByteLevel(fields.get("pre_tokenizer")) ? new ByteMapped(model) : model,
    added,
    template: readTemplate(fields.get("post_processor"), (addPrefixSpace) => trimming(model, addPrefixSpace)),
    decoder: readDecoder(fields.get("decoder")),
    continues: continuation(json, model),
    ...(options.settings && { settings: options.settings }),
    json,
  });
}

/** How a piece shows that it continues a word: by WordPiece's prefix, or by having no mark of a space. */
function continuation(json: Record<string, unknown>, model: Model): (piece: string) => boolean {
  const prefix = (model as { prefix?: string }).prefix;
  if (prefix) return (piece) => piece.startsWith(prefix);
  const text = JSON.stringify(json["pre_tokenizer"] ?? null);
  const mark = text.includes("ByteLevel") ? "Ġ" : text.includes("Metaspace") ? "▁" : null;
  return mark === null ? () => false : (piece) => !piece.startsWith(mark);
}

/** Pieces of white space at either end of a token: Ġ, or a space as it is. Counted when first asked for. */
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

function isSpace(unit: number): boolean {
  return unit === 0x120 || (classOf(unit) & WHITE) !== 0;
}
