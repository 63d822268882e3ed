/** The `decoder` part of a tokenizer.json. */
import { type Decoder, decoderSequence, wordPieceDecoder } from "./decode.js";
import { TokenizerError } from "./errors.js";
import { Fields } from "./fields.js";

/** @param path where the part stands, for messages */
export function readDecoder(json: unknown, path = "decoder", depth = 0): Decoder | null {
  if (json === null || json === undefined) return null;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      if (depth > 8) throw new TokenizerError(`${path}: sequences are nested more than 8 deep`);
      const steps = fields.list("decoders").map((step, i) => readDecoder(step, `${path}.decoders[${i}]`, depth + 1));
      return decoderSequence(steps.filter((step) => step !== null));
    }
    case "WordPiece":
      return wordPieceDecoder(fields.string("prefix", "##"), fields.boolean("cleanup", true));
    default:
      throw new TokenizerError(`${path}: decoder "${type}" is not supported`);
  }
}
