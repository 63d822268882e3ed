/** Tags of every scheme: which neighbors are one entity. What is expected follows from the schemes' definitions. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beginsSpan, marksEntities, OUTSIDE, tagReader } from "../../sdk/heads/entity-tags.js";

const test = suite("entity tags");

/** Stretches of one entity, or of none: "type:first-last". */
function spans(tags: readonly string[], labels: readonly string[] = tags): string[] {
  const read = tagReader(labels);
  const found: { type: string; first: number; last: number }[] = [];
  let previous = OUTSIDE;
  for (const [i, tag] of tags.map(read).entries()) {
    const open = found.at(-1);
    if (open && !beginsSpan(previous, tag)) open.last = i;
    else found.push({ type: tag.type || "O", first: i, last: i });
    previous = tag;
  }
  return found.map(({ type, first, last }) => `${type}:${first}-${last}`);
}

const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  // The same words in each scheme: an entity of three, two of one and two that touch, one outside.
  IOB1: ["I-A", "I-A", "I-A", "O", "I-B", "B-B", "I-B"],
  IOB2: ["B-A", "I-A", "I-A", "O", "B-B", "B-B", "I-B"],
  IOE1: ["I-A", "I-A", "I-A", "O", "E-B", "I-B", "I-B"],
  IOE2: ["I-A", "I-A", "E-A", "O", "E-B", "I-B", "E-B"],
  BIOES: ["B-A", "I-A", "E-A", "O", "S-B", "B-B", "E-B"],
  BILOU: ["B-A", "I-A", "L-A", "O", "U-B", "B-B", "L-B"],
};

for (const [name, tags] of Object.entries(SCHEMES))
  test(`${name}: an entity of three words, one of one, and one that touches it`, () => {
    assert.equal(spans(tags), ["A:0-2", "O:3-3", "B:4-4", "B:5-6"]);
    // Types with hyphens are types like any other.
    const hyphens = tags.map((tag) => tag.replace(/[AB]$/, "$&-x-y"));
    assert.equal(spans(hyphens), ["A-x-y:0-2", "O:3-3", "B-x-y:4-4", "B-x-y:5-6"]);
  });

test("labels without prefix: adjacent words with one label are one entity, and hyphens belong to the name", () => {
  assert.equal(spans(["LOC", "LOC", "O", "geo-loc", "geo-loc", "per-son", "E-MAIL"]), [
    "LOC:0-1",
    "O:2-2",
    "geo-loc:3-4",
    "per-son:5-5",
    "E-MAIL:6-6",
  ]);
});

test("labels with some prefixes: B- and I- are read, as transformers reads them", () => {
  assert.equal(spans(["B-PER", "I-PER", "MISC", "MISC", "S-BAHN"]), ["PER:0-1", "MISC:2-3", "S-BAHN:4-4"]);
});

test("all labels of a model say how its tags are read", () => {
  assert.equal(spans(["E-MAIL", "E-MAIL"], ["O", "E-MAIL", "PHONE"]), ["E-MAIL:0-1"]);
  assert.equal(spans(["E-A", "E-A"], ["O", "B-A", "I-A", "E-A"]), ["A:0-0", "A:1-1"]);
});

test("whether labels mark entities", () => {
  for (const labels of Object.values(SCHEMES)) assert.ok(marksEntities(labels));
  for (const labels of [["NOUN", "VERB"], ["O"], [], ["B-PER", "MISC"]]) assert.not(marksEntities(labels));
});

test.run();
