/**
 * The strict schemes of seqeval: which neighboring tags begin, continue and end an entity. Tags that break the
 * scheme form no entity.
 */
import { shown } from "../../errors.js";
import { ArgumentError } from "../../options.js";

/** A tagging scheme of entities. */
export type Scheme = "IOB1" | "IOB2" | "IOE1" | "IOE2" | "IOBES" | "BILOU";

/**
 * Patterns of two adjacent tags: the prefix of the first, that of the second, and whether their types are the same (=),
 * different (!) or any (*). A prefix of * is any.
 */
interface Patterns {
  readonly prefixes: string;
  readonly start: readonly string[];
  readonly inside: readonly string[];
  readonly end: readonly string[];
}

const SCHEMES: Readonly<Record<Scheme, Patterns>> = {
  IOB1: {
    prefixes: "IOB",
    start: ["OI*", "II!", "BI*", "IB=", "BB="],
    inside: ["BI=", "II="],
    end: ["II!", "IO*", "IB*", "BO*", "BI!", "BB="],
  },
  IOB2: {
    prefixes: "IOB",
    start: ["*B*"],
    inside: ["BI=", "II="],
    end: ["IO*", "II!", "IB*", "BO*", "BI!", "BB*"],
  },
  IOE1: {
    prefixes: "IOE",
    start: ["OI*", "II!", "EI*", "EE="],
    inside: ["II=", "IE="],
    end: ["II!", "IO*", "IE!", "EI=", "EE="],
  },
  IOE2: {
    prefixes: "IOE",
    start: ["OI*", "OE*", "EI*", "EE*", "II!", "IE!"],
    inside: ["IE=", "II="],
    end: ["E**"],
  },
  IOBES: { prefixes: "IOBES", start: ["*B*", "*S*"], inside: ["BI=", "BE=", "II=", "IE="], end: ["S**", "E**"] },
  BILOU: { prefixes: "BILOU", start: ["*B*", "*U*"], inside: ["BI=", "BL=", "II=", "IL="], end: ["U**", "L**"] },
};

interface Tag {
  readonly prefix: string;
  readonly type: string;
}

const OUTSIDE: Tag = { prefix: "O", type: "" };

function tagOf(tag: string, scheme: Scheme): Tag {
  const prefix = tag[0] ?? "";
  const fits = SCHEMES[scheme].prefixes.includes(prefix) && (tag === "O" || (prefix !== "O" && /^.-./s.test(tag)));
  if (fits) return tag === "O" ? OUTSIDE : { prefix, type: tag.slice(2) };
  throw new ArgumentError(
    `entities: the tag ${shown(tag)} is none of ${scheme}, whose prefixes are ${SCHEMES[scheme].prefixes}`,
  );
}

function matches(patterns: readonly string[], a: Tag, b: Tag): boolean {
  const same = a.type === b.type ? "=" : "!";
  return patterns.some(
    ([first, second, types]) =>
      (first === "*" || first === a.prefix) &&
      (second === "*" || second === b.prefix) &&
      (types === "*" || types === same),
  );
}

/** The entities of tags that follow a scheme strictly: [type, first word, one past the last]. */
export function strictEntities(tags: readonly string[], scheme: Scheme): [type: string, begin: number, end: number][] {
  const { start, inside, end } = SCHEMES[scheme];
  const all = [...tags.map((tag) => tagOf(tag, scheme)), OUTSIDE];
  const entities: [string, number, number][] = [];
  for (let i = 0; i < all.length; ) {
    if (!matches(start, all[i - 1] ?? OUTSIDE, all[i]!)) {
      i++;
      continue;
    }
    let next = i + 1;
    while (next < all.length && matches(inside, all[next - 1]!, all[next]!)) next++;
    if (next < all.length && matches(end, all[next - 1]!, all[next]!)) entities.push([all[i]!.type, i, next]);
    i = next;
  }
  return entities;
}
