/** The rows of CLAIMS.md in the report of the tour. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seedsSection } from "../../sdk/tour/seeds-table.js";

const test = suite("three seeds");
const HEADER = `# Claims

| name | claim | source | published | bar | ours | holds | seeds | minutes |
|---|---|---|---|---|---|---|---|---|
`;
const SENTIMENT =
  "| pretrained-sentiment | a claim | a paper | 83.2 % | 3 points | 71.0 % against 64.2 %, gap 6.8 (5.1 to 8.5) \\| n 3 | yes | 1, 2, 3 | 44 |\n";

test("existing rows, and the names of missing ones", () => {
  const section = seedsSection(`${HEADER}| character-counts | x | y | z | b | o | yes | 1 | < 1 |\n${SENTIMENT}`);
  assert.is(section.kind, "table");
  if (section.kind !== "table") return;
  assert.equal(section.rows, [
    ["sentiment", "71.0 % against 64.2 %, gap 6.8 (5.1 to 8.5) | n 3", "3 points", "yes", "1, 2, 3"],
  ]);
  assert.match(section.note!, /Not run yet: .*inference.*parts of speech.*npm run claims -- .*pretrained-tags/);
});

test("without any of them, and without the file, a sentence explains it", () => {
  for (const markdown of [HEADER, ""]) {
    const section = seedsSection(markdown);
    assert.is(section.kind, "text");
    if (section.kind === "text") assert.match(section.paragraphs.join(" "), /Not run yet: sentiment;/);
  }
});

test.run();
