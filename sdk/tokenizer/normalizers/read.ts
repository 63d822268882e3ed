/** The `normalizer` part of a tokenizer.json. */
import { shown } from "../../errors.js";
import { TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import { readPattern } from "../patterns/read.js";
import { chain, type Normalizer } from "../steps.js";
import { lowerCase } from "../text/character-forms.js";
import { eachCharacter } from "../text/rewriter.js";
import { classOf, MARK } from "../text/unicode.js";
import { bertNormalizer } from "./bert.js";
import { byteNormalizer } from "./byte-level.js";
import { characterMap } from "./character-map.js";
import { compose } from "./compose.js";
import { decompose } from "./decompose.js";
import { precompiledNormalizer } from "./precompiled.js";
import { nmtCharacter, prependNormalizer, replaceNormalizer, stripNormalizer } from "./replace.js";

/** @param path of the field in the file, for messages */
export function readNormalizer(json: unknown, path = "normalizer"): Normalizer | null {
  if (json === null || json === undefined) return null;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence":
      return chain(fields.list("normalizers").map((step, i) => readNormalizer(step, `${path}.normalizers[${i}]`)));
    case "BertNormalizer": {
      const lowercase = fields.boolean("lowercase", true);
      return bertNormalizer({
        cleanText: fields.boolean("clean_text", true),
        chineseCharacters: fields.boolean("handle_chinese_chars", true),
        // Published files omit it or have null: accents are then stripped if the text is lower-cased.
        stripAccents: fields.boolean("strip_accents", lowercase),
        lowercase,
      });
    }
    case "Lowercase":
      return characterMap((c) => lowerCase(c) ?? [c]);
    case "StripAccents":
      return characterMap((c) => ((classOf(c) & MARK) !== 0 ? [] : [c]));
    case "NFD":
    case "NFKD":
      return (text, spare) => decompose(text, spare, type);
    case "NFC":
    case "NFKC":
      return (text, spare) => compose(text, spare, type);
    case "Nmt":
      return (text, spare) => eachCharacter(text, spare, nmtCharacter)[0];
    case "Replace":
      return replaceNormalizer(readPattern(fields.get("pattern"), `${path}.pattern`), fields.string("content"));
    case "ByteLevel":
      return byteNormalizer();
    case "Prepend":
      return prependNormalizer(fields.string("prepend"));
    case "Strip":
      return stripNormalizer(fields.boolean("strip_left", true), fields.boolean("strip_right", true));
    case "Precompiled":
      return precompiledNormalizer(base64(fields.string("precompiled_charsmap"), `${path}.precompiled_charsmap`));
    default:
      throw new TokenizerError(`${path}: normalizer ${shown(type)} is not supported`);
  }
}

function base64(text: string, path: string): Uint8Array {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
    return bytes;
  } catch (cause) {
    throw new TokenizerError(`${path}: base64 was expected`, { cause });
  }
}
