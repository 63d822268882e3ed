import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { JsonError, parseJson } from "../sdk/json.js";
import { processorTime } from "./helpers/processor-time.js";

const test = suite("JSON with places");

function refusal(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    assert.instance(error, JsonError);
    return (error as Error).message;
  }
  throw new Error(`${text} was read`);
}

/** Each fault by hand: line and column of the first character that may not be there. */
const FAULTS: readonly (readonly [text: string, problem: string, line: number, column: number])[] = [
  ["", "expected a value, got the end of the text", 1, 1],
  ["\n  ", "expected a value, got the end of the text", 2, 3],
  ["nul", 'expected a value, got "nul"', 1, 1],
  ["[1, 2", 'expected "," or the end of the list or object, got the end of the text', 1, 6],
  ["[1,]", 'expected a value, got "]"', 1, 4],
  ["[}", 'expected a value or "]", got "}"', 1, 2],
  ['{"a": 1,}', 'expected a name in quotes, got "}"', 1, 9],
  ['{"a" 1}', 'expected ":", got "1"', 1, 6],
  ["{a: 1}", 'expected a name in quotes or "}", got "a"', 1, 2],
  ['{"a": 1}\n{"b": 2}', 'expected the end of the text, got "{"', 2, 1],
  ['{"a":\n  01}', 'expected a value, got "01"', 2, 3],
  ['{"a": "b', "a string is not closed, or holds a character that must be escaped,", 1, 7],
  ['["a\tb"]', "a string is not closed, or holds a character that must be escaped,", 1, 2],
  ['["\\x"]', "a string is not closed, or holds a character that must be escaped,", 1, 2],
  ["[1}", 'expected "," or the end of the list or object, got "}"', 1, 3],
  ["<html>", 'expected a value, got "<"', 1, 1],
  ["\u0000", 'expected a value, got "\\u0000"', 1, 1],
];

for (const [text, problem, line, column] of FAULTS)
  test(JSON.stringify(text), () => {
    assert.is(refusal(text), `not valid JSON: ${problem} at line ${line}, column ${column}`);
  });

test("depth is limited, and counted outside of strings", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.ok(Array.isArray(parseJson(nested(500))));
  assert.is(refusal(`\n${nested(501)}`), "not valid JSON: nested more than 500 levels deep at line 2, column 501");
  assert.is(parseJson(JSON.stringify("[".repeat(600))), "[".repeat(600));
  assert.is(parseJson(JSON.stringify('\\"[['.repeat(600))), '\\"[['.repeat(600));
});

test("values are those of JSON.parse", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat({ max: 3 }), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.equal(parseJson(text), JSON.parse(text));
    }),
  );
});

test("a text that JSON.parse refuses is refused, at a place up to which it is valid", () => {
  const edits = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", "}", "]", ",", '"', "x", "\u0001", "\\"));
  let refused = 0;
  fc.assert(
    fc.property(edits, ([json, at, by]) => {
      const place = at % (json.length + 1);
      const text = json.slice(0, place) + by + json.slice(place + 1);
      try {
        JSON.parse(text);
      } catch {
        refused++;
        assert.match(refusal(text), /^not valid JSON: .+ at line \d+, column \d+$/s);
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(refused > 500, `${refused}`);
});

test("depth costs no call stack, and length no second pass", () => {
  const begun = processorTime();
  assert.match(refusal("[".repeat(1_000_000)), /column 1000001$/);
  assert.match(refusal(`${'{"a":'.repeat(200_000)}`), /column 1000001$/);
  assert.match(refusal(`[${"1,".repeat(500_000)}]`), /column 1000002$/);
  // Linear: some tens of milliseconds each; a pass a token would take hours.
  assert.ok(processorTime() - begun < 5000);
});

test.run();
