/** The `pre_tokenizer` part of a tokenizer.json. */

import { shown } from "../../errors.js";
import { expect, TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import { readPattern, stringFinder } from "../patterns/pattern.js";
import { bertSplitter, type Splitter, whiteSplitter } from "./bert.js";
import { byteSplitter, gptSplitter, prefixSpace } from "./byte-level.js";
import { metaspaceSplitter, type PrependScheme } from "./metaspace.js";
import {
  BEHAVIORS,
  type Behavior,
  digitSplitter,
  lengthSplitter,
  patternSplitter,
  punctuationSplitter,
  scriptSplitter,
  wordSplitter,
} from "./split.js";

/**
 * @param path where the part stands, for messages
 * @param last whether no step follows: bytes are then made when words are looked up (see ByteMapped)
 */
export function readSplitter(json: unknown, path = "pre_tokenizer", depth = 0, last = true): Splitter | null {
  if (json === null || json === undefined) return null;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence":
      return sequence(fields, depth, last);
    case "BertPreTokenizer":
      return bertSplitter();
    case "WhitespaceSplit":
      return whiteSplitter();
    case "Whitespace":
      return wordSplitter();
    case "Punctuation":
      return punctuationSplitter(behavior(fields, "Isolated"));
    case "Digits":
      return digitSplitter(fields.boolean("individual_digits", false));
    case "UnicodeScripts":
      return scriptSplitter();
    case "FixedLength": {
      const length = fields.count("length", 5);
      expect(length > 0, `${path}.length: at least 1 was expected, got ${length}`);
      return lengthSplitter(length);
    }
    case "CharDelimiterSplit":
      return patternSplitter(stringFinder(fields.string("delimiter")), "removed");
    case "Split": {
      const find = readPattern(fields.get("pattern"), `${path}.pattern`);
      return patternSplitter(find, behavior(fields), fields.boolean("invert", false));
    }
    case "Metaspace": {
      const { mark, scheme, split } = readMetaspace(fields);
      return metaspaceSplitter(mark.charCodeAt(0), scheme, split);
    }
    case "ByteLevel": {
      const steps: Splitter[] = [];
      if (fields.boolean("add_prefix_space", true)) steps.push(prefixSpace());
      if (fields.boolean("use_regex", true)) steps.push(gptSplitter());
      if (!last) steps.push(byteSplitter());
      return chain(steps);
    }
    default:
      throw new TokenizerError(`${path}: pre-tokenizer "${type}" is not supported`);
  }
}

function sequence(fields: Fields, depth: number, last: boolean): Splitter | null {
  if (depth > 8) throw new TokenizerError(`${fields.path}: sequences are nested more than 8 deep`);
  const list = fields.list("pretokenizers");
  const steps = list.map((step, i) =>
    readSplitter(step, `${fields.path}.pretokenizers[${i}]`, depth + 1, last && i === list.length - 1),
  );
  return chain(steps.filter((step) => step !== null));
}

function chain(steps: readonly Splitter[]): Splitter | null {
  if (steps.length <= 1) return steps[0] ?? null;
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

function behavior(fields: Fields, otherwise?: string): Behavior {
  const name = fields.string("behavior", otherwise);
  const found = Object.hasOwn(BEHAVIORS, name) ? BEHAVIORS[name] : undefined;
  if (found === undefined) throw new TokenizerError(`${fields.path}.behavior: ${shown(name)} is not supported`);
  return found;
}

/** The settings that the Metaspace pre-tokenizer and decoder share; old files say add_prefix_space for the scheme. */
export function readMetaspace(fields: Fields): { mark: string; scheme: PrependScheme; split: boolean } {
  const mark = fields.string("replacement", "▁");
  expect(
    mark.length === 1,
    () => `${fields.path}.replacement: one character up to U+FFFF was expected, got ${shown(mark)}`,
  );
  const old = fields.get("add_prefix_space") === undefined ? true : fields.boolean("add_prefix_space");
  const scheme = fields.string("prepend_scheme", old ? "always" : "never");
  expect(
    scheme === "always" || scheme === "first" || scheme === "never",
    () => `${fields.path}.prepend_scheme: always, first or never was expected, got ${shown(scheme)}`,
  );
  return { mark, scheme, split: fields.boolean("split", true) };
}

/** Whether words become byte characters just before the model sees them. */
export function isByteLevel(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return false;
  const { type, pretokenizers } = json as { type?: unknown; pretokenizers?: unknown };
  return (
    type === "ByteLevel" || (type === "Sequence" && Array.isArray(pretokenizers) && isByteLevel(pretokenizers.at(-1)))
  );
}
