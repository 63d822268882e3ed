/** Vocabularies: pieces to ids and back, whatever the order in which pieces and ids come. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../../sdk/tensor/random.js";
import { EMPTY_HASH, extendHash, PieceTable } from "../../../sdk/tokenizer/vocabulary/piece-table.js";
import { Trie } from "../../../sdk/tokenizer/vocabulary/trie.js";
import { Vocabulary, vocabularyJSON } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";
import { ExpectedVocabulary } from "./expected.js";

const test = suite("vocabularies");
const WORDS = ["", "a", "##a", "b", "ab", "ba", "aab", "é", "東", "\u{1f600}", '"', "\\", "\n", "x".repeat(300)];

/** Pieces with ids in any order, some repeated. */
function entriesOf(random: Rng, count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => {
    const piece = WORDS[random.integer(WORDS.length)]! + (random.integer(3) === 0 ? "" : String(random.integer(count)));
    return [piece, random.integer(i + 2)];
  });
}

test("the last of equal pieces is found; an id has the piece it was given last", () => {
  for (let number = 0; number < 40; number++) {
    const random = seed(number);
    const vocabulary = new Vocabulary();
    const expected = new ExpectedVocabulary();
    // The first lookup builds the table: either at once, or after pieces in the order of their ids.
    const ordered = random.integer(3) * 100;
    for (const [i, [piece, id]] of entriesOf(random, 300).entries()) {
      if (i === ordered) vocabulary.find("");
      vocabulary.add(piece, i < ordered ? i : id);
      expected.add(piece, i < ordered ? i : id);
    }
    expected.check(vocabulary);
  }
});

test("a vocabulary with an index of its own can be added to, and ids can get other pieces", () => {
  const vocabulary = Vocabulary.of(["", "un", "able", "unable", "un"]);
  vocabulary.useIndex(new Trie(vocabulary.pool));
  assert.equal([vocabulary.find(""), vocabulary.find("un"), vocabulary.find("ab")], [0, 4, -1]);
  vocabulary.add("abs", 5);
  vocabulary.add("unabled", 3);
  assert.equal([vocabulary.find("abs"), vocabulary.find("able"), vocabulary.find("unabled")], [5, 2, 3]);
  assert.is(vocabulary.find("unable"), -1);
});

test("ids far beyond the number of pieces are refused", () => {
  const vocabulary = new Vocabulary(undefined, 10);
  vocabulary.add("a", 1033);
  for (const id of [-1, 1.5, Number.NaN, 1035])
    assert.throws(() => vocabulary.add("b", id), new RegExp(`without wide gaps, got ${id} after 1 pieces`));
});

test("seek finds a prefix and a rest by the hash of both, and nothing else of the same hash", () => {
  const { pool } = Vocabulary.of(["##ing", "ing", "##in", "é#東"]);
  const table = PieceTable.of(pool);
  const units = (text: string): Uint16Array => Uint16Array.from(text, (unit) => unit.charCodeAt(0));
  const seek = (prefix: string, rest: string, hash = [...units(prefix + rest)].reduce(extendHash, EMPTY_HASH)) =>
    table.seek(hash, units(rest), 0, rest.length, units(prefix));
  assert.equal([seek("##", "ing"), seek("", "ing"), seek("##", "in"), seek("é#", "東")], [0, 1, 2, 3]);
  const hash = [...units("##ing")].reduce(extendHash, EMPTY_HASH);
  assert.equal([seek("#!", "ing", hash), seek("##", "inG", hash), seek("", "##in", hash)], [-1, -1, -1]);
});

test("a table grows and keeps finding the last of equal pieces", () => {
  const pieces = Array.from({ length: 5000 }, (_, i) => `piece ${i % 4000}`);
  const { pool } = Vocabulary.of(pieces);
  const table = new PieceTable(pool, 1);
  for (const id of pieces.keys()) table.add(id);
  for (const [id, piece] of pieces.entries()) {
    const found = table.find(pool.units, pool.begins[id]!, pool.ends[id]!);
    assert.is(found, pieces.lastIndexOf(piece));
  }
  assert.is(pool.longest, "piece 1000".length);
});

test("the JSON of a vocabulary has one id for equal pieces, and may hold __proto__", () => {
  const vocabulary = new Vocabulary();
  vocabulary.table;
  for (const [piece, id] of [
    ["b", 1],
    ["a", 5],
    ["a", 3],
    ["b", 4],
    ["__proto__", 0],
  ] as const)
    vocabulary.add(piece, id);
  assert.is(JSON.stringify(vocabularyJSON(vocabulary)), '{"__proto__":0,"b":4,"a":3}');
});

test.run();
