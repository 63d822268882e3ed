/** A tokenizer from what people have: a tokenizer.json (also gzipped), a vocabulary file, or a model folder. */
import { stat } from "node:fs/promises";
import { loadTokenizer, readTokenizerJson, readVocabulary, type Tokenizer } from "cloze";
import { folder } from "cloze/node";
import { readWhole, requireFiles } from "./input.js";

export async function openTokenizer(path: string): Promise<Tokenizer> {
  await requireFiles([path]);
  if ((await stat(path)).isDirectory()) return loadTokenizer(folder(path));
  const bytes = await readWhole(path);
  if (/\.txt(\.gz)?$/.test(path)) return readVocabulary(new TextDecoder().decode(bytes));
  return readTokenizerJson(bytes);
}
