/** The `decoder` part of a tokenizer.json. */
import { shown } from "../../errors.js";
import { TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import { eachStretch } from "../patterns/pattern.js";
import { readPattern } from "../patterns/read.js";
import { readMetaspace } from "../pre-tokenizers/metaspace.js";
import type { Decoder } from "../steps.js";
import { NormalizedString } from "../text/normalized-string.js";
import { byteLevelDecoder } from "./byte-level.js";
import {
  byteFallbackDecoder,
  decoderSequence,
  fuseDecoder,
  replaceDecoder,
  stripDecoder,
  suffixDecoder,
  wordPieceDecoder,
} from "./decoders.js";
import { metaspaceDecoder } from "./metaspace.js";

/** @param path of the field in the file, for messages */
export function readDecoder(json: unknown, path = "decoder"): Decoder | null {
  if (json === null || json === undefined) return null;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields.list("decoders").map((step, i) => readDecoder(step, `${path}.decoders[${i}]`));
      return decoderSequence(steps.filter((step) => step !== null));
    }
    case "WordPiece":
      return wordPieceDecoder(fields.string("prefix", "##"), fields.boolean("cleanup", true));
    case "ByteLevel":
      return byteLevelDecoder();
    case "Metaspace": {
      const { mark, scheme } = readMetaspace(fields);
      return metaspaceDecoder(mark, scheme);
    }
    case "BPEDecoder":
      return suffixDecoder(fields.string("suffix", "</w>"));
    case "ByteFallback":
      return byteFallbackDecoder();
    case "Fuse":
      return fuseDecoder;
    case "Strip":
      return stripDecoder(fields.string("content"), fields.count("start"), fields.count("stop"));
    case "Replace":
      return replaceDecoder(replacer(fields));
    default:
      throw new TokenizerError(`${path}: decoder ${shown(type)} is not supported`);
  }
}

function replacer(fields: Fields): (token: string) => string {
  const find = readPattern(fields.get("pattern"), `${fields.path}.pattern`);
  const content = fields.string("content");
  const text = new NormalizedString();
  return (token) => {
    text.load(token, 0, token.length);
    let replaced = "";
    eachStretch(find, text, 0, text.length, (start, stop, matched) => {
      replaced += matched ? content : text.slice(start, stop);
    });
    return replaced;
  };
}
