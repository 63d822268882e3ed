/** Single steps of a tokenizer, by the JSON that a tokenizer.json has for them. */
import { readNormalizer } from "../../sdk/tokenizer/normalizers/read.js";
import { readPreTokenizer } from "../../sdk/tokenizer/pre-tokenizers/read.js";
import { type Model, Pieces } from "../../sdk/tokenizer/steps.js";
import { NormalizedString } from "../../sdk/tokenizer/text/normalized-string.js";

/** The UTF-16 units of a text. */
export function unitsOf(text: string): Uint16Array {
  return Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

/** The normalized text, and the range of the original text that each unit comes from. */
export function normalize(json: unknown, text: string): { text: string; ranges: [number, number][] } {
  const from = new NormalizedString();
  from.load(text, 0, text.length);
  const step = readNormalizer(json);
  const result = step === null ? from : step(from, new NormalizedString());
  const ranges = Array.from({ length: result.length }, (_, i): [number, number] => [
    result.startOf(i),
    result.endOf(i + 1),
  ]);
  return { text: result.slice(), ranges };
}

/** The words into which a pre-tokenizer cuts a text. */
export function preTokenize(json: unknown, text: string): string[] {
  const from = new NormalizedString();
  from.load(text, 0, text.length);
  from.whole();
  const step = readPreTokenizer(json, "pre_tokenizer", false);
  const result = step === null ? from : step(from, new NormalizedString());
  return Array.from({ length: result.words }, (_, i) => result.slice(result.cuts[2 * i], result.cuts[2 * i + 1]));
}

/** The pieces of a word: [piece, start, end]. */
export function piecesOf(model: Model, word: string): [string | undefined, number, number][] {
  const pieces = new Pieces();
  const units = unitsOf(`<${word}>`); // a word is rarely all of its text
  model.encode(units, 1, units.length - 1, pieces);
  return Array.from({ length: pieces.length }, (_, i) => [
    model.vocabulary.piece(pieces.ids[i]!),
    pieces.starts[i]!,
    pieces.ends[i]!,
  ]);
}
