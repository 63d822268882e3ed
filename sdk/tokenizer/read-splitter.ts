/** The `pre_tokenizer` part of a tokenizer.json. */
import { TokenizerError } from "./errors.js";
import { Fields } from "./fields.js";
import { bertSplitter, type Splitter, whiteSplitter } from "./split.js";

/** @param path where the part stands, for messages */
export function readSplitter(json: unknown, path = "pre_tokenizer", depth = 0): Splitter | null {
  if (json === null || json === undefined) return null;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence":
      return sequence(fields, depth);
    case "BertPreTokenizer":
      return bertSplitter();
    case "WhitespaceSplit":
      return whiteSplitter();
    default:
      throw new TokenizerError(`${path}: pre-tokenizer "${type}" is not supported`);
  }
}

function sequence(fields: Fields, depth: number): Splitter | null {
  if (depth > 8) throw new TokenizerError(`${fields.path}: sequences are nested more than 8 deep`);
  const steps = fields
    .list("pretokenizers")
    .map((step, i) => readSplitter(step, `${fields.path}.pretokenizers[${i}]`, depth + 1))
    .filter((step) => step !== null);
  if (steps.length === 0) return null;
  return (text, spare) => {
    let from = text;
    let to = spare;
    for (const step of steps) {
      const result = step(from, to);
      if (result !== from) [from, to] = [to, from];
    }
    return from;
  };
}
