/**
 * A tokenizer from any common file: a tokenizer.json (also gzipped), a vocab.txt, a vocab.json beside its merges.txt, a
 * SentencePiece model, or a model folder.
 */
import { stat } from "node:fs/promises";
import { loadTokenizer } from "cloze";
import { folder } from "cloze/node";
import {
  readMerges,
  readSentencePiece,
  readTokenizerJson,
  readVocabulary,
  type SentencePieceOptions,
  type Tokenizer,
} from "cloze/tokenizer";
import { readWhole, requireFiles } from "./input.js";
import { UsageError } from "./usage.js";

/** The family whose special tokens a SentencePiece model is used with, which its file does not record. */
type Family = SentencePieceOptions["family"];

/** @param family of a SentencePiece model */
export async function openTokenizer(path: string, family?: string): Promise<Tokenizer> {
  await requireFiles([path]);
  if ((await stat(path)).isDirectory()) return loadTokenizer(folder(path));
  const bytes = await readWhole(path);
  if (/\.model$/.test(path)) {
    if (family === undefined)
      throw new UsageError(`${path} is a SentencePiece model: say with --family which model it is used with`);
    return readSentencePiece(bytes, { family: family as Family });
  }
  if (/vocab\.json(\.gz)?$/.test(path)) {
    const merges = await readWhole(path.replace(/vocab\.json(\.gz)?$/, "merges.txt"));
    return readMerges(new TextDecoder().decode(bytes), new TextDecoder().decode(merges));
  }
  if (/\.txt(\.gz)?$/.test(path)) return readVocabulary(new TextDecoder().decode(bytes));
  return readTokenizerJson(bytes);
}
