/** Vocabularies: pieces to ids and back, however they are filled. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../sdk/tensor/random.js";
import { JsonScanner } from "../../sdk/tokenizer/json-scan.js";
import { scanVocabulary } from "../../sdk/tokenizer/scan-vocabulary.js";
import { Vocabulary } from "../../sdk/tokenizer/vocabulary.js";

const test = suite("vocabularies");

/** What a vocabulary must answer: the piece of each id, and for each piece the id that was given it last and still has it. */
class Expected {
  private readonly entries: { piece: string; id: number }[] = [];
  add(piece: string, id: number): void {
    const before = this.entries.findIndex((entry) => entry.id === id);
    if (before >= 0) this.entries.splice(before, 1);
    this.entries.push({ piece, id });
  }
  check(vocabulary: Vocabulary): void {
    assert.is(vocabulary.count, this.entries.length);
    for (const { piece, id } of this.entries) {
      assert.is(vocabulary.piece(id), piece);
      assert.is(vocabulary.find(piece), this.entries.findLast((entry) => entry.piece === piece)?.id);
    }
  }
}

const WORDS = ["", "a", "##a", "b", "ab", "ba", "aab", "é", "東", "\u{1f600}", '"', "\\", "\n", "x".repeat(300)];

/** Pieces and ids in any order, with repeated ids and repeated pieces, in the end beyond the ids so far. */
function entriesOf(random: Rng, count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => {
    const piece = WORDS[random.integer(WORDS.length)]! + (random.integer(3) === 0 ? "" : String(random.integer(count)));
    return [piece, random.integer(i + 2)];
  });
}

test("finds the last of equal pieces; an id has the piece it was given last", () => {
  for (let number = 0; number < 40; number++) {
    const random = seed(number);
    const vocabulary = new Vocabulary();
    const expected = new Expected();
    // The table is made by the first question: either at once, or after pieces in the order of their ids.
    const ordered = random.integer(3) * 100;
    for (const [i, [piece, id]] of entriesOf(random, 300).entries()) {
      if (i === ordered) vocabulary.find("");
      vocabulary.add(piece, i < ordered ? i : id);
      expected.add(piece, i < ordered ? i : id);
    }
    expected.check(vocabulary);
  }
});

test("reads the same from JSON, however it is written", () => {
  for (let number = 0; number < 40; number++) {
    const expected = new Expected();
    const entries = entriesOf(seed(number), 300);
    for (const [piece, id] of entries) expected.add(piece, id);
    for (const [open, colon, comma] of [
      ["{", ":", ","],
      ["{\n  ", ": ", ",\n  "],
      [" { ", " :\t", "\r\n, "],
    ] as const) {
      const text = `${open}${entries.map(([piece, id]) => JSON.stringify(piece) + colon + id).join(comma)}}`;
      const bytes = new TextEncoder().encode(text);
      expected.check(scanVocabulary(new JsonScanner(bytes), bytes.length));
    }
  }
});

test("says what is wrong with an entry", () => {
  for (const [text, message] of [
    ['{"a":0,"b"', /":" was expected at byte 10/],
    ['{"a":0,"b":1', /"}" was expected/],
    ['{"a":0,"b":01}', /a number was expected/],
    ['{"a":0,"b":1.5}', /whole numbers without wide gaps, got 1.5/],
    ['{"a":0,"b":99999999999999999999}', /without wide gaps/],
    ['{"a":0,"b":4000000000}', /without wide gaps, got 4000000000/],
    ['{"a":0,"b\u0001":1}', /the end of a string/],
  ] as const) {
    const bytes = new TextEncoder().encode(text);
    assert.throws(() => scanVocabulary(new JsonScanner(bytes), bytes.length), message);
  }
});

test.run();
