/** The table of families. A new architecture is one file of this folder and one word here. */
import { shown } from "../errors.js";
import { albert } from "./albert.js";
import { bart, marian, mbart } from "./bart.js";
import { bert } from "./bert.js";
import { ConfigError, section } from "./config.js";
import { debertaV2 } from "./deberta.js";
import { distilbert } from "./distilbert.js";
import { electra } from "./electra.js";
import { eurobert } from "./eurobert.js";
import type { EncoderFamily } from "./family.js";
import { gpt2 } from "./gpt2.js";
import { gte } from "./gte.js";
import { modernbert } from "./modernbert.js";
import { mpnet } from "./mpnet.js";
import { nomicBert } from "./nomic-bert.js";
import { camembert, roberta, xlmRoberta } from "./roberta.js";
import { mt5, t5, umt5 } from "./t5.js";

/** All families, by the names that config.json has for them. */
export const FAMILIES = [
  albert,
  bart,
  bert,
  camembert,
  debertaV2,
  distilbert,
  electra,
  eurobert,
  gpt2,
  gte,
  marian,
  mbart,
  modernbert,
  mpnet,
  mt5,
  nomicBert,
  roberta,
  t5,
  umt5,
  xlmRoberta,
] as const;

/** The family that config.json names. */
export function familyOf(json: unknown): EncoderFamily<unknown> {
  const type = section(json)["model_type"];
  const family = FAMILIES.find((known) => known.type === type);
  if (family) return family as EncoderFamily<unknown>;
  const supported = FAMILIES.map((known) => known.type).join(", ");
  throw new ConfigError(
    `config.json: model_type ${type === undefined ? "is missing" : `${shown(type)} is not supported`}; supported are ${supported}`,
  );
}
