/** The `pre_tokenizer` part of a tokenizer.json. */
import { shown } from "../../errors.js";
import { expect, TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import { stringFinder } from "../patterns/pattern.js";
import { readPattern } from "../patterns/read.js";
import { chain, type PreTokenizer } from "../steps.js";
import { bertPreTokenizer, whitespaceSplit } from "./bert.js";
import { bytePreTokenizer, gptPreTokenizer, prefixSpace } from "./byte-level.js";
import { metaspacePreTokenizer, readMetaspace } from "./metaspace.js";
import {
  BEHAVIORS,
  type Behavior,
  digitsPreTokenizer,
  fixedLengthPreTokenizer,
  punctuationPreTokenizer,
  splitPreTokenizer,
  unicodeScriptsPreTokenizer,
  whitespacePreTokenizer,
} from "./split.js";

/**
 * @param path of the field in the file, for messages
 * @param last whether no step follows: bytes are then made when words are looked up (see ByteMapped)
 */
export function readPreTokenizer(json: unknown, path = "pre_tokenizer", last = true): PreTokenizer | null {
  if (json === null || json === undefined) return null;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence":
      return sequence(fields, last);
    case "BertPreTokenizer":
      return bertPreTokenizer();
    case "WhitespaceSplit":
      return whitespaceSplit();
    case "Whitespace":
      return whitespacePreTokenizer();
    case "Punctuation":
      return punctuationPreTokenizer(behavior(fields, "Isolated"));
    case "Digits":
      return digitsPreTokenizer(fields.boolean("individual_digits", false));
    case "UnicodeScripts":
      return unicodeScriptsPreTokenizer();
    case "FixedLength": {
      const length = fields.count("length", 5);
      expect(length > 0, `${path}.length: at least 1 was expected, got ${length}`);
      return fixedLengthPreTokenizer(length);
    }
    case "CharDelimiterSplit":
      return splitPreTokenizer(stringFinder(fields.string("delimiter")), "removed");
    case "Split": {
      const find = readPattern(fields.get("pattern"), `${path}.pattern`);
      return splitPreTokenizer(find, behavior(fields), fields.boolean("invert", false));
    }
    case "Metaspace": {
      const { mark, scheme, split } = readMetaspace(fields);
      return metaspacePreTokenizer(mark.charCodeAt(0), scheme, split);
    }
    case "ByteLevel": {
      const steps: PreTokenizer[] = [];
      if (fields.boolean("add_prefix_space", true)) steps.push(prefixSpace());
      if (fields.boolean("use_regex", true)) steps.push(gptPreTokenizer());
      if (!last) steps.push(bytePreTokenizer());
      return chain(steps);
    }
    default:
      throw new TokenizerError(`${path}: pre-tokenizer ${shown(type)} is not supported`);
  }
}

function sequence(fields: Fields, last: boolean): PreTokenizer | null {
  const list = fields.list("pretokenizers");
  const steps = list.map((step, i) =>
    readPreTokenizer(step, `${fields.path}.pretokenizers[${i}]`, last && i === list.length - 1),
  );
  return chain(steps);
}

/** Files write MergedWithPrevious, or merged_with_previous. */
function behavior(fields: Fields, otherwise?: string): Behavior {
  const name = fields.string("behavior", otherwise);
  const camel = name.replace(/^[A-Z]|_[a-z]/g, (start) =>
    start.length > 1 ? start.slice(1).toUpperCase() : start.toLowerCase(),
  );
  const found = BEHAVIORS.find((known) => known === camel);
  if (found === undefined) throw new TokenizerError(`${fields.path}.behavior: ${shown(name)} is not supported`);
  return found;
}

/** Whether words become byte characters just before the model sees them. */
export function isByteLevel(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return false;
  const { type, pretokenizers } = json as { type?: unknown; pretokenizers?: unknown };
  return (
    type === "ByteLevel" || (type === "Sequence" && Array.isArray(pretokenizers) && isByteLevel(pretokenizers.at(-1)))
  );
}
