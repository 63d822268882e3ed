/**
 * Hugging Face's tokenizer.json. The file's truncation and padding are written back by toJSON but do not affect
 * encodings: those are options of {@link Tokenizer.encode}.
 */
import { shown } from "../../errors.js";
import { buildTokenizer } from "../build.js";
import { expect, TokenizerError } from "../errors.js";
import { JsonScanner } from "../json/scanner.js";
import { readModel, type ScannedModel } from "../models/read.js";
import type { ReadOptions, Tokenizer } from "../tokenizer.js";
import { scanModel } from "./scan-model.js";

/**
 * A tokenizer from the text or bytes of a tokenizer.json.
 *
 * @example
 * readTokenizerJson(JSON.stringify(tokenizer.toJSON())).encode("the cat").ids.length; // 4
 */
export function readTokenizerJson(file: string | Uint8Array, options: ReadOptions = {}): Tokenizer {
  expect(
    typeof file === "string" || ArrayBuffer.isView(file),
    () => `readTokenizerJson: expected the text or bytes of a tokenizer.json, got ${shown(file)}`,
  );
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
  return buildTokenizer(parsed, readModel(scanned), options);
}
