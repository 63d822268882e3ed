/** The pattern engine against the platform's regular expressions, which prefer the same match; and its linear time. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../../sdk/tensor/random.js";
import { regexFinder, stringFinder } from "../../../sdk/tokenizer/patterns/pattern.js";
import { readPattern } from "../../../sdk/tokenizer/patterns/read.js";
import { processorTime } from "../../helpers/processor-time.js";
import { unitsOf } from "../../helpers/tokenizer-steps.js";

const test = suite("patterns");

/** All matches, an empty one not directly after another match. */
function matches(source: string, text: string): [number, number][] {
  const find = regexFinder(source, "pattern");
  const units = unitsOf(text);
  const found: [number, number][] = [];
  for (let from = 0; from <= text.length; ) {
    const match = find(units, from, text.length, 0);
    if (match === null) break;
    found.push([match[0], match[1]]);
    from = match[1] > match[0] ? match[1] : match[1] + (text.codePointAt(match[1])! > 0xffff ? 2 : 1);
  }
  return found;
}

function platform(source: string, text: string): [number, number][] {
  return Array.from(text.matchAll(new RegExp(source, "gum")), ({ index, 0: { length } }) => [index, index + length]);
}

/** A pattern within both dialects. Groups match no empty text: the dialects repeat those differently. */
function pattern(random: Rng, depth = 0): string {
  const pick = (list: readonly string[]): string => list[random.integer(list.length)]!;
  const single = (): string =>
    pick(["a", "b", "é", "\u{1f600}", ".", "[ab]", "[^a]", "[a-cé]", "\\p{L}", "\\P{L}", "\\n", "\\d", "x"]);
  const atom = (): string => (depth < 2 && random.integer(3) === 0 ? `(?:${pattern(random, depth + 1)})` : single());
  const count = (): string => pick(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{1,}", "{0,2}?"]);
  const place = (): string => pick(["", "", "", "", "^", "$", "(?=a)", "(?!b)", "(?<=a)", "(?<!\\p{L})"]);
  const sequence = (): string =>
    (depth > 0 ? single() : "") +
    Array.from({ length: 1 + random.integer(3) }, () => place() + atom() + count()).join("");
  return Array.from({ length: 1 + random.integer(3) }, sequence).join("|");
}

test("random patterns find the platform's matches", () => {
  const random = seed(11);
  const letters = ["a", "b", "c", "é", "\u{1f600}", "\n", "1", "x"];
  let some = 0;
  for (let i = 0; i < 1500; i++) {
    const source = pattern(random);
    // V8 looks behind from within a surrogate pair: no pairs then.
    const kinds = source.includes("(?<") ? letters.filter((letter) => letter.length === 1) : letters;
    // The reference's ^ does not match after a line feed that ends the text; JavaScript's does.
    const text = `${Array.from({ length: random.integer(10) }, () => kinds[random.integer(kinds.length)]).join("")}b`;
    const expected = platform(source, text);
    if (expected.length > 0) some++;
    assert.equal(matches(source, text), expected, `${source} in ${JSON.stringify(text)}`);
  }
  assert.ok(some > 500, `${some} with a match`);
});

test("classes, escapes, places and case as tokenizer files write them", () => {
  for (const [source, text, expected] of [
    [
      "'(?i:[sdmt]|ll|ve|re)",
      "'S 'LL 's",
      [
        [0, 2],
        [3, 6],
        [7, 9],
      ],
    ],
    [
      "\\p{N}{1,3}",
      "12345",
      [
        [0, 3],
        [3, 5],
      ],
    ],
    [
      "\\s+(?!\\S)|\\s+",
      "a   b",
      [
        [1, 3],
        [3, 4],
      ],
    ],
    [
      "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
      "-ab c",
      [
        [0, 3],
        [3, 5],
      ],
    ],
    ["\\A.", "ab", [[0, 1]]],
    [
      "\\bab?\\b",
      "ab a",
      [
        [0, 2],
        [3, 4],
      ],
    ],
    ["\\x41\\u0042\\x{1f600}", "AB\u{1f600}", [[0, 4]]],
    [
      "[[a-c]x]+",
      "abx-c",
      [
        [0, 3],
        [4, 5],
      ],
    ],
    ["\\p{Han}|\\p{Script_Extensions=Greek}", "東α", null],
    ["\\p{Han}", "a東", [[1, 2]]],
  ] as const)
    if (expected === null) assert.throws(() => matches(source, text), /is not supported/);
    else assert.equal(matches(source, text), expected, source);
});

test("requests beyond the engine are refused by name", () => {
  for (const [source, why] of [
    ["(a)\\1", /the escape \\1/],
    ["a(?=bc)", /a lookaround of more than one character/],
    ["a++", /a possessive quantifier/],
    ["(?>a)", /a special group/],
    ["[a&&b]", /an intersection of classes/],
    ["(a", /a group without end/],
    ["[a", /a class without end/],
    ["*", /a character was expected/],
    ["(((a{1,500}){1,500}){1,500})", /too large/],
  ] as const)
    assert.throws(() => regexFinder(source, "Split.pattern"), why, source);
  assert.throws(
    () => readPattern({}, "Split.pattern"),
    /Split\.pattern: \{"String": …\} or \{"Regex": …\} was expected/,
  );
});

test("time is linear in the text, whatever the pattern", () => {
  const find = regexFinder("(a*)*b|(a|a)*c|(a?){30}a{30}d", "pattern");
  const times = [20_000, 40_000].map((length) => {
    const units = unitsOf("a".repeat(length));
    const begin = processorTime();
    assert.is(find(units, 0, length, 0), null);
    return processorTime() - begin;
  });
  // Twice the text takes about twice the time; four times would be quadratic, and backtracking never ends.
  assert.ok(times[1]! < 3.5 * times[0]! + 50, `${times}`);
});

test("a plain text is found as it is", () => {
  const find = stringFinder("aab");
  assert.equal(find(unitsOf("aaab"), 0, 4, 0), [1, 4]);
  assert.is(find(unitsOf("aaab"), 2, 4, 0), null);
  assert.is(stringFinder("")(unitsOf("a"), 0, 1, 0), null);
});

test.run();
