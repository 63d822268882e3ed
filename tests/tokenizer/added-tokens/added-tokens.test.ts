/** Added tokens: the leftmost, then the longest match, against a search of every place. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { seed } from "../../../sdk/tensor/random.js";
import type { AddedToken } from "../../../sdk/tokenizer/added-tokens/added-token.js";
import { AddedMatcher } from "../../../sdk/tokenizer/added-tokens/matcher.js";
import { findSpecialTokens } from "../../../sdk/tokenizer/added-tokens/special-tokens.js";
import { smallBertTokenizer, tokensOf } from "../../helpers/small-bert-tokenizer.js";
import { unitsOf } from "../../helpers/tokenizer-steps.js";

const test = suite("added tokens");

function token(content: string, id: number, options: Partial<AddedToken> = {}): AddedToken {
  return {
    id,
    content,
    special: false,
    singleWord: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    ...options,
  };
}

const found = (tokens: readonly AddedToken[], text: string): [number, string][] =>
  new AddedMatcher(tokens, null)
    .find(unitsOf(text), text.length)
    .map(({ token: { id }, start, end }) => [id, text.slice(start, end)]);

test("the leftmost, then the longest, of equal ones the first", () => {
  const random = seed(2);
  for (let round = 0; round < 300; round++) {
    const text = (most: number): string =>
      Array.from({ length: 1 + random.integer(most) }, () => "ab<"[random.integer(3)]).join("");
    const tokens = Array.from({ length: 6 }, (_, id) => token(text(4), id));
    const sentence = text(20);
    const expected: [number, string][] = [];
    for (let at = 0; at < sentence.length; ) {
      const here = tokens.filter(({ content }) => sentence.startsWith(content, at));
      const best = here.reduce<AddedToken | null>(
        (a, b) => (a !== null && a.content.length >= b.content.length ? a : b),
        null,
      );
      if (best !== null) expected.push([best.id, best.content]);
      at += best?.content.length ?? 1;
    }
    assert.equal(found(tokens, sentence), expected, `${tokens.map(({ content }) => content)} in ${sentence}`);
  }
});

test("white space on either side, and words of their own", () => {
  assert.equal(found([token("<m>", 1, { lstrip: true })], "a \t<m> b"), [[1, " \t<m>"]]);
  assert.equal(found([token("<m>", 1, { rstrip: true })], "a <m>\u3000 b"), [[1, "<m>\u3000 "]]);
  const word = [token("new", 1, { singleWord: true })];
  assert.equal(found(word, "new renew newer (new) new_ new"), [
    [1, "new"],
    [1, "new"],
    [1, "new"],
  ]);
});

test("a quick test rules out texts without a first character of any token", () => {
  const matcher = new AddedMatcher([token("[MASK]", 1), token("\u{1f600}x", 2)], null);
  assert.equal(
    [matcher.possible("plain text"), matcher.possible("a ["), matcher.possible("\u{1f601}")],
    [false, true, true],
  );
  assert.is(new AddedMatcher([], null).empty, true);
});

test("special tokens have the names that the settings give, else well-known ones", () => {
  const ids = new Map([
    ["[CLS]", 1],
    ["<s>", 2],
    ["<mask>", 3],
    ["<blank>", 4],
  ]);
  const id = (name: string): number | undefined => ids.get(name);
  assert.equal(findSpecialTokens(id), { mask: 3, cls: 1, bos: 2 });
  assert.equal(findSpecialTokens(id, { mask_token: { content: "<blank>" }, cls_token: "<s>" }), {
    mask: 4,
    cls: 2,
    bos: 2,
  });
  assert.throws(
    () => findSpecialTokens(id, { mask_token: 5 }),
    /mask_token must be a string or an object with "content", got 5/,
  );
});

test("special tokens are found in the text, in their own case only", () => {
  const tokenizer = smallBertTokenizer();
  assert.equal(
    tokensOf(tokenizer, tokenizer.encode("a[MASK]b [mask]", undefined, { special: false }).ids).slice(0, 3),
    ["a", "[MASK]", "b"],
  );
  assert.is(tokenizer.encode("[mask]").ids.includes(tokenizer.special.mask!), false);
});

test.run();
