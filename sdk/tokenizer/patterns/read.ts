import { shown } from "../../errors.js";
import { TokenizerError } from "../errors.js";
import { Fields } from "../json/fields.js";
import { type Finder, regexFinder, stringFinder } from "./pattern.js";

/** {"String": "x"}, {"Regex": "x+"} or plain "x" in old files. */
export function readPattern(json: unknown, path: string): Finder {
  if (typeof json === "string") return stringFinder(json);
  const fields = new Fields(json, path);
  if (fields.get("String") !== undefined) return stringFinder(fields.string("String"));
  if (fields.get("Regex") === undefined)
    throw new TokenizerError(`${path}: {"String": …} or {"Regex": …} was expected, got ${shown(json)}`);
  return regexFinder(fields.string("Regex"), path);
}
