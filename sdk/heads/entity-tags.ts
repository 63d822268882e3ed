/**
 * Tags that mark entities by a prefix, in every common scheme: IOB1, IOB2, IOE1, IOE2, BIOES (IOBES) and BILOU.
 * Ramshaw & Marcus 1995 (arXiv:cmp-lg/9505040); Ratinov & Roth 2009. The borders are those of conlleval and of seqeval's
 * default mode, with L and U of BILOU read as E and S.
 */

/** B: begin, I: inside, E: end, S: single, O: outside. */
export type TagPrefix = "B" | "I" | "E" | "S" | "O";

/** A tag split into its prefix and its type: "B-PER" has the prefix B and the type PER. */
export interface EntityTag {
  readonly prefix: TagPrefix;
  /** type of entity; empty outside entities */
  readonly type: string;
}

const PREFIXES: Readonly<Record<string, TagPrefix>> = { B: "B", I: "I", E: "E", S: "S", L: "E", U: "S" };

const PREFIXED = /^[BIESLU]-./s;

export const OUTSIDE: EntityTag = { prefix: "O", type: "" };

/**
 * A reader of tags. Where all labels but O have a prefix, all prefixes are read; else B- and I- alone, and a label without
 * either counts as inside an entity of its whole name, hyphens included.
 *
 * @example
 * tagReader(["O", "B-geo-loc", "I-geo-loc"])("B-geo-loc"); // { prefix: "B", type: "geo-loc" }
 * tagReader(["O", "geo-loc"])("geo-loc"); // { prefix: "I", type: "geo-loc" }
 */
export function tagReader(labels: Iterable<string>): (tag: string) => EntityTag {
  let all = true;
  for (const label of labels) all &&= label === "O" || PREFIXED.test(label);
  const pattern = all ? /^([BIESLU])-(.+)$/s : /^([BI])-(.+)$/s;
  return (tag) => {
    if (tag === "O") return OUTSIDE;
    const [, prefix, type] = pattern.exec(tag) ?? ["", "I", tag];
    return { prefix: PREFIXES[prefix!]!, type: type! };
  };
}

/** Whether labels mark entities: all but O have a prefix of one of the schemes. */
export function marksEntities(labels: readonly string[]): boolean {
  const named = labels.filter((label) => label !== "O");
  return named.length > 0 && named.every((label) => PREFIXED.test(label));
}

/** Whether an entity, or a stretch outside of all, begins with `tag`, after `previous`. */
export function beginsSpan(previous: EntityTag, tag: EntityTag): boolean {
  if (previous.type !== tag.type || (previous.prefix === "O") !== (tag.prefix === "O")) return true;
  if (tag.prefix === "O") return false;
  return tag.prefix === "B" || tag.prefix === "S" || previous.prefix === "E" || previous.prefix === "S";
}
