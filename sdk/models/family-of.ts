/** The family of a configuration, from any table: that of all families, or the few that a small bundle has. */
import { shown } from "../errors.js";
import { requireKnownNetwork } from "./config-fields.js";
import { ConfigError, section } from "./family/config.js";
import type { EncoderFamily } from "./family/family.js";

/** The fields of a family by which a table finds it. */
type Named = { readonly type: string };

/**
 * The family that config.json names.
 *
 * @throws {ConfigError} when the table does not have it
 */
export function familyAmong(table: readonly Named[], json: unknown): EncoderFamily<unknown> {
  const type = section(json)["model_type"];
  const family = table.find((known) => known.type === type);
  if (family) {
    requireKnownNetwork(section(json));
    return family as EncoderFamily<unknown>;
  }
  const supported = table.map((known) => known.type).join(", ");
  throw new ConfigError(
    `config.json: model_type ${type === undefined ? "is missing" : `${shown(type)} is not supported`}; supported are ${supported}`,
  );
}
