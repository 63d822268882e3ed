/**
 * Entity-level scores of tag sequences, as the seqeval library counts: an entity is right when its type and both of
 * its borders are.
 */
import { beginsSpan, type EntityTag, OUTSIDE, tagReader } from "../../heads/entity-tags.js";
import { ArgumentError } from "../../options.js";

export interface Entity {
  readonly type: string;
  /** first word */
  readonly begin: number;
  /** one past the last word */
  readonly end: number;
}

/**
 * The entities of a sequence, in any of the schemes IOB1, IOB2, IOE, BIOES and BILOU.
 *
 * @param reading `lenient` (the default of seqeval): I-X after O or another type begins an entity.
 *   `strict` (IOB2): only B-X begins one; words tagged I-X without a beginning belong to none.
 * @param read a reader of tags that knows all labels; by default those of this sequence
 */
export function entitiesOf(
  tags: readonly string[],
  reading: "lenient" | "strict" = "lenient",
  read: (tag: string) => EntityTag = tagReader(tags),
): Entity[] {
  const entities: Entity[] = [];
  let open: { type: string; begin: number } | null = null;
  let previous = OUTSIDE;
  for (let i = 0; i <= tags.length; i++) {
    const tag = i < tags.length ? read(tags[i]!) : OUTSIDE;
    if (beginsSpan(previous, tag)) {
      if (open) entities.push({ ...open, end: i });
      const begins = tag.prefix !== "O" && (reading === "lenient" || tag.prefix === "B");
      open = begins ? { type: tag.type, begin: i } : null;
    }
    previous = tag;
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
  const read = tagReader([...predicted, ...gold].flat());
  let [right, found, wanted] = [0, 0, 0];
  for (const [i, tags] of gold.entries()) {
    if (tags.length !== predicted[i]!.length)
      throw new ArgumentError(`entity F1: sentence ${i} has ${tags.length} tags but ${predicted[i]!.length} predicted`);
    const key = ({ type, begin, end }: Entity) => `${begin}:${end}:${type}`;
    const truth = new Set(entitiesOf(tags, reading, read).map(key));
    const guess = entitiesOf(predicted[i]!, reading, read).map(key);
    wanted += truth.size;
    found += guess.length;
    right += guess.filter((entity) => truth.has(entity)).length;
  }
  const precision = found === 0 ? 0 : right / found;
  const recall = wanted === 0 ? 0 : right / wanted;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
