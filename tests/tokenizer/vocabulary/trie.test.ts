/** The trie of pieces, against a map of all their prefixes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Rng, seed } from "../../../sdk/tensor/random.js";
import { Trie } from "../../../sdk/tokenizer/vocabulary/trie.js";
import { Vocabulary } from "../../../sdk/tokenizer/vocabulary/vocabulary.js";

const test = suite("tries");

/** Many pieces, with nodes of one child up to thousands. */
function manyPieces(random: Rng, count: number): string[] {
  const unit = (among: number): string => String.fromCharCode(random.integer(among));
  const pieces = new Set<string>([""]);
  while (pieces.size < count) {
    const stem = ["\u2581", "\u2581", "", "ab"][random.integer(4)]!;
    const tail = Array.from({ length: random.integer(4) }, () => unit(random.integer(2) === 0 ? 26 : 3000));
    pieces.add(stem + tail.join(""));
    if (random.integer(1000) === 0) pieces.add(stem + "z".repeat(random.integer(200)));
  }
  return [...pieces];
}

/** Every prefix of the pieces with the id of the piece that it is, or -1. */
function prefixesOf(pieces: readonly string[]): Map<string, number> {
  const prefixes = new Map<string, number>();
  for (const [id, piece] of pieces.entries()) {
    for (let length = 1; length < piece.length; length++) {
      const prefix = piece.slice(0, length);
      if (!prefixes.has(prefix)) prefixes.set(prefix, -1);
    }
    prefixes.set(piece, id);
  }
  return prefixes;
}

for (const [number, count, walks] of [
  [0, 60_000, 120_000],
  [1, 2000, 50_000],
] as const)
  test(`walks along ${count} pieces visit the same prefixes, wherever they begin and while the table grows`, () => {
    const random = seed(number);
    const pieces = manyPieces(random, count);
    const prefixes = prefixesOf(pieces);
    const trie = new Trie(Vocabulary.of(pieces).pool);
    assert.is(trie.value(0), 0);
    for (let walk = 0; walk < walks; walk++) {
      const text = pieces[random.integer(pieces.length)]! + (random.integer(3) === 0 ? "a\u0bb8" : "");
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        node = trie.child(node, text.charCodeAt(i));
        const expected = prefixes.get(text.slice(0, i + 1));
        if ((node === 0) !== (expected === undefined)) assert.unreachable(`${JSON.stringify(text)} ends elsewhere`);
        if (node === 0) break;
        if (trie.value(node) !== expected) assert.is(trie.value(node), expected, JSON.stringify(text));
      }
    }
  });

test("the last of equal pieces counts", () => {
  const trie = new Trie(Vocabulary.of(["a", "ab", "a", "ab", "b"]).pool);
  const find = (text: string): number =>
    trie.find(
      Uint16Array.from(text, (unit) => unit.charCodeAt(0)),
      0,
      text.length,
    );
  assert.equal(["a", "ab", "b", "", "c", "abc"].map(find), [2, 3, 4, -1, -1, -1]);
});

test.run();
