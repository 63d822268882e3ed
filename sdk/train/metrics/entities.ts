/**
 * Entity-level scores of tag sequences, as the seqeval library counts: an entity is correct when its type and both
 * boundaries are.
 */
import { beginsSpan, OUTSIDE, tagReader } from "../../heads/entity-tags.js";
import { ArgumentError, anIterable, aString, checkArguments, listOf, oneOf } from "../../options.js";
import { type Scheme, strictEntities } from "./entity-schemes.js";

/** An entity: its type, and the words that it spans. */
export interface Entity {
  readonly type: string;
  /** first word */
  readonly begin: number;
  /** one past the last word */
  readonly end: number;
}

/**
 * How tags are read. `lenient`, the default of seqeval and of conlleval: an entity begins wherever neighbors differ, in any
 * scheme. The name of a scheme selects seqeval's strict mode: tags that break the scheme form no entity. `strict` is `IOB2`.
 */
const READINGS = ["lenient", "strict", "IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"];

/** The reading of entities: seqeval's default mode, its strict mode, or a fixed scheme. */
export type EntityReading = "lenient" | "strict" | Scheme;

/**
 * The entities of a sequence of tags.
 *
 * @param labels all tags there are, which say whether a hyphen ends a prefix; those of the sequence by default
 * @example
 * entitiesOf(["B-PER", "E-PER", "O", "S-LOC"]); // [{ type: "PER", begin: 0, end: 2 }, { type: "LOC", begin: 3, end: 4 }]
 */
export function entitiesOf(
  tags: readonly string[],
  reading: EntityReading = "lenient",
  labels: Iterable<string> = tags,
): Entity[] {
  checkArguments(
    "entitiesOf",
    { tags, reading, labels },
    { tags: listOf(aString), reading: oneOf(...READINGS), labels: anIterable },
  );
  if (reading !== "lenient")
    return strictEntities(tags, reading === "strict" ? "IOB2" : reading).map(([type, begin, end]) => ({
      type,
      begin,
      end,
    }));
  const read = tagReader(labels);
  const entities: Entity[] = [];
  let previous = OUTSIDE;
  let begin = 0;
  for (let i = 0; i <= tags.length; i++) {
    const tag = i < tags.length ? read(tags[i]!) : OUTSIDE;
    if (!beginsSpan(previous, tag)) {
      previous = tag;
      continue;
    }
    if (previous.prefix !== "O") entities.push({ type: previous.type, begin, end: i });
    previous = tag;
    begin = i;
  }
  return entities;
}

/**
 * Precision, recall and F1 over the entities of all sentences together (micro-average).
 *
 * @throws {ArgumentError} if the sentences differ in number or length
 * @example
 * entityF1([["B-PER", "O", "O"]], [["B-PER", "O", "B-LOC"]]); // { precision: 1, recall: 0.5, f1: 0.667 }
 */
export function entityF1(
  predicted: readonly (readonly string[])[],
  gold: readonly (readonly string[])[],
  reading: EntityReading = "lenient",
): { precision: number; recall: number; f1: number } {
  const sentences = listOf(listOf(aString));
  checkArguments(
    "entityF1",
    { predicted, gold, reading },
    { predicted: sentences, gold: sentences, reading: oneOf(...READINGS) },
  );
  if (predicted.length !== gold.length)
    throw new ArgumentError(`entity F1: ${predicted.length} predicted sentences for ${gold.length}`);
  const labels = new Set([...gold.flat(), ...predicted.flat()]);
  let [right, found, wanted] = [0, 0, 0];
  for (const [i, tags] of gold.entries()) {
    if (tags.length !== predicted[i]!.length)
      throw new ArgumentError(`entity F1: sentence ${i} has ${tags.length} tags but ${predicted[i]!.length} predicted`);
    const key = ({ type, begin, end }: Entity) => `${begin}:${end}:${type}`;
    const truth = new Set(entitiesOf(tags, reading, labels).map(key));
    const guess = entitiesOf(predicted[i]!, reading, labels).map(key);
    wanted += truth.size;
    found += guess.length;
    right += guess.filter((entity) => truth.has(entity)).length;
  }
  const precision = found === 0 ? 0 : right / found;
  const recall = wanted === 0 ? 0 : right / wanted;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
