/** Entities in every scheme, as seqeval 1.2.2 finds and scores them (entities.py): in its default mode, and strictly. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type EntityReading, entitiesOf, entityF1 } from "../../../sdk/train/metrics/entities.js";
import type { Scheme } from "../../../sdk/train/metrics/entity-schemes.js";
import { near } from "../../helpers/near.js";
import { refused } from "../../helpers/refused.js";
import { root } from "../../helpers/shared.js";

type Found = readonly (readonly [type: string, begin: number, end: number])[];

interface Case {
  readonly scheme: Scheme;
  readonly gold: readonly (readonly string[])[];
  readonly predicted: readonly (readonly string[])[];
  readonly strict: readonly Found[];
  readonly strict_scores: readonly number[];
  readonly lenient?: readonly Found[];
  readonly lenient_scores?: readonly number[];
}

const test = suite("entities");
const cases = JSON.parse(readFileSync(join(root, "tests/train/metrics/seqeval.json"), "utf8")) as readonly Case[];
const bound = { atol: 1e-12 };

const sorted = (found: Found): Found => [...found].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
const entities = (tags: readonly string[], reading: EntityReading): Found =>
  sorted(entitiesOf(tags, reading).map(({ type, begin, end }) => [type, begin, end]));

function agrees(one: Case, reading: EntityReading, found: readonly Found[], scores: readonly number[]): void {
  for (const [i, want] of found.entries()) assert.equal(entities(one.gold[i]!, reading), want, one.gold[i]!.join(" "));
  const { precision, recall, f1 } = entityF1(one.predicted, one.gold, reading);
  near([precision, recall, f1], scores, bound);
}

for (const one of cases) {
  test(`${one.scheme}, strictly`, () => agrees(one, one.scheme, one.strict, one.strict_scores));
  if (one.lenient)
    test(`${one.scheme} in the default mode`, () => agrees(one, "lenient", one.lenient!, one.lenient_scores!));
}

test("strict is IOB2", () => {
  const { gold, predicted } = cases.find(({ scheme }) => scheme === "IOB2")!;
  assert.equal(entityF1(predicted, gold, "strict"), entityF1(predicted, gold, "IOB2"));
});

test("BILOU in the lenient reading: spans that follow the scheme are found as in the strict reading", () => {
  const tags = ["B-PER", "I-PER", "L-PER", "U-PER", "U-PER", "O", "B-geo-loc", "L-geo-loc", "B-PER", "L-PER"];
  const want: Found = [
    ["PER", 0, 3],
    ["PER", 3, 4],
    ["PER", 4, 5],
    ["PER", 8, 10],
    ["geo-loc", 6, 8],
  ];
  assert.equal(entities(tags, "lenient"), want);
  assert.equal(entities(tags, "BILOU"), want);
});

test("labels without prefix keep their names, hyphens included; adjacent words with one label are one entity", () => {
  assert.equal(entities(["geo-loc", "geo-loc", "O", "PER", "E-MAIL"], "lenient"), [
    ["E-MAIL", 4, 5],
    ["PER", 3, 4],
    ["geo-loc", 0, 2],
  ]);
});

test("S-X is an entity and E-X ends one", () => {
  const gold = [
    ["B-LOC", "I-LOC", "E-LOC", "S-LOC"],
    ["B-PER", "I-PER", "E-PER"],
    ["S-PER", "O"],
  ];
  const predicted = [
    ["O", "O", "O", "O"],
    ["O", "O", "O"],
    ["S-PER", "O"],
  ];
  const { precision, recall, f1 } = entityF1(predicted, gold);
  near([precision, recall, f1], [1, 0.25, 0.4], bound);
});

test("a tag that the scheme does not have is refused by name", async () => {
  await refused(() => entitiesOf(["S-PER"], "IOB2"), /the tag "S-PER" is none of IOB2, whose prefixes are IOB/);
  await refused(() => entitiesOf(["NOUN"], "BILOU"), /the tag "NOUN" is none of BILOU/);
  await refused(() => entityF1([["O"]], [["O", "O"]]), /sentence 0 has 2 tags but 1 predicted/);
});

test.run();
