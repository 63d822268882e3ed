/**
 * Entity-level scores of tag sequences, as the seqeval library counts: an entity is right when its type and both of
 * its borders are.
 */
import { ArgumentError } from "../../options.js";

export interface Entity {
  readonly type: string;
  /** first word */
  readonly begin: number;
  /** one past the last word */
  readonly end: number;
}

/** `B-PER` -> ["B", "PER"]; `O` -> ["O", ""]. A tag without prefix counts as inside. */
function partsOf(tag: string): readonly [string, string] {
  if (tag === "O") return ["O", ""];
  const dash = tag.indexOf("-");
  return dash < 0 ? ["I", tag] : [tag.slice(0, dash), tag.slice(dash + 1)];
}

/**
 * The entities of a sequence.
 *
 * @param reading `lenient` (the default of seqeval): I-X after O or another type begins an entity.
 *   `strict` (IOB2): only B-X begins one; words tagged I-X without a beginning belong to none.
 */
export function entitiesOf(tags: readonly string[], reading: "lenient" | "strict" = "lenient"): Entity[] {
  const entities: Entity[] = [];
  let open: { type: string; begin: number } | null = null;
  for (let i = 0; i <= tags.length; i++) {
    const [prefix, type] = partsOf(tags[i] ?? "O");
    const continues = open !== null && prefix === "I" && type === open.type;
    if (continues) continue;
    if (open) entities.push({ ...open, end: i });
    const begins = prefix === "B" || (prefix === "I" && reading === "lenient");
    open = begins ? { type, begin: i } : null;
  }
  return entities;
}

/** Precision, recall and F1 over the entities of all sentences together (micro-average). */
export function entityF1(
  predicted: readonly (readonly string[])[],
  gold: readonly (readonly string[])[],
  reading: "lenient" | "strict" = "lenient",
): { precision: number; recall: number; f1: number } {
  if (predicted.length !== gold.length)
    throw new ArgumentError(`entity F1: ${predicted.length} predicted sentences for ${gold.length}`);
  let [right, found, wanted] = [0, 0, 0];
  for (const [i, tags] of gold.entries()) {
    if (tags.length !== predicted[i]!.length)
      throw new ArgumentError(`entity F1: sentence ${i} has ${tags.length} tags but ${predicted[i]!.length} predicted`);
    const key = ({ type, begin, end }: Entity) => `${begin}:${end}:${type}`;
    const truth = new Set(entitiesOf(tags, reading).map(key));
    const guess = entitiesOf(predicted[i]!, reading).map(key);
    wanted += truth.size;
    found += guess.length;
    right += guess.filter((entity) => truth.has(entity)).length;
  }
  const precision = found === 0 ? 0 : right / found;
  const recall = wanted === 0 ? 0 : right / wanted;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
