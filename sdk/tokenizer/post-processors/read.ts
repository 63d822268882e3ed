/** The `post_processor` part of a tokenizer.json. */
import { shown } from "../../errors.js";
import { expect, TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import type { Place, PostProcessor, TrimOffsets } from "../steps.js";
import { bare, bertPostProcessor, robertaPostProcessor } from "./template.js";

/** @param trimming excludes white space from byte-level offsets */
export function readPostProcessor(
  json: unknown,
  trimming: (addPrefixSpace: boolean) => TrimOffsets,
  path = "post_processor",
): PostProcessor {
  if (json === null || json === undefined) return bare;
  const fields = new Fields(json, path);
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields
        .list("processors")
        .map((step, i) => readPostProcessor(step, trimming, `${path}.processors[${i}]`));
      return merge(steps, path);
    }
    case "TemplateProcessing":
      return readPlaces(fields);
    case "BertProcessing":
      return bertPostProcessor(tokenId(fields, "cls"), tokenId(fields, "sep"));
    case "RobertaProcessing": {
      const trim = fields.boolean("trim_offsets", true) ? trimming(fields.boolean("add_prefix_space", true)) : null;
      return robertaPostProcessor(tokenId(fields, "cls"), tokenId(fields, "sep"), trim);
    }
    case "ByteLevel":
      return {
        ...bare,
        trim: fields.boolean("trim_offsets", true) ? trimming(fields.boolean("add_prefix_space", true)) : null,
      };
    default:
      throw new TokenizerError(`${path}: post-processor ${shown(type)} is not supported`);
  }
}

/** One step may trim and one may add tokens; two that add tokens would have to be nested, which no published file does. */
function merge(steps: readonly PostProcessor[], path: string): PostProcessor {
  const adding = steps.filter((step) => step.single !== bare.single);
  const trimming = steps.filter((step) => step.trim !== null);
  expect(
    adding.length <= 1 && trimming.length <= 1,
    `${path}: more than one post-processor that adds tokens, or trims offsets, is not supported`,
  );
  return { ...(adding[0] ?? bare), trim: trimming[0]?.trim ?? null };
}

/** ["[SEP]", 102] */
function tokenId(fields: Fields, name: string): number {
  const [, id] = fields.list(name);
  expect(
    Number.isInteger(id),
    () => `${fields.path}.${name}: [token, id] was expected, got ${shown(fields.get(name))}`,
  );
  return id as number;
}

function readPlaces(fields: Fields): PostProcessor {
  const special = fields.object("special_tokens");
  const places = (name: "single" | "pair"): Place[] =>
    fields.list(name).map((json, i) => {
      const path = `${fields.path}.${name}[${i}]`;
      const place = new Fields(json, path);
      if (place.get("Sequence") !== undefined) {
        const sequence = place.object("Sequence");
        const id = sequence.string("id");
        expect(id === "A" || id === "B", () => `${path}: the sequence must be "A" or "B", got ${shown(id)}`);
        expect(name === "pair" || id === "A", `${path}: a template for one text cannot use sequence B`);
        return { sequence: id === "A" ? 0 : 1, segment: sequence.count("type_id", 0) };
      }
      const token = place.object("SpecialToken");
      const name_ = token.string("id");
      expect(special.get(name_) !== undefined, () => `${path}: ${shown(name_)} is missing from special_tokens`);
      const ids = special.object(name_).list("ids");
      expect(
        ids.every(Number.isInteger),
        () => `${path}: the ids of ${shown(name_)} must be whole numbers, got ${shown(ids)}`,
      );
      return { ids: ids as number[], segment: token.count("type_id", 0) };
    });
  return { single: places("single"), pair: places("pair"), trim: null, numbered: true };
}
