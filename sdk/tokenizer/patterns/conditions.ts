/** Conditions of regular expressions: on a character (classes), and on a position between two (anchors, lookarounds). */
import {
  classOf,
  codePointAt,
  codePointBefore,
  LETTER,
  MARK,
  NUMBER,
  PUNCTUATION_STRICT,
  SYMBOL,
  WHITE,
  WORD,
} from "../text/unicode.js";

/** A condition on a character. */
export type Test = (codePoint: number) => boolean;

/** A condition on a position between two characters of units [begin, end). */
export type Look = (units: Uint16Array, at: number, end: number, begin: number) => boolean;

const has =
  (mask: number): Test =>
  (c) =>
    (classOf(c) & mask) !== 0;
/** The opposite of a condition. */
export const not =
  (test: Test): Test =>
  (c) =>
    !test(c);
const digit: Test = (c) => /\p{Nd}/u.test(String.fromCodePoint(c));

/** In brackets the reference's \w excludes ² ³ ¹ ¼ ½ ¾; elsewhere it includes them. */
export const wordInClass: Test = (c) => (classOf(c) & WORD) !== 0 && !"²³¹¼½¾".includes(String.fromCodePoint(c));

/** Classes by letter: \s and others. */
export const ESCAPES: Readonly<Record<string, Test>> = {
  s: /* @__PURE__ */ has(WHITE),
  d: digit,
  w: /* @__PURE__ */ has(WORD),
};
/** Classes by name: \p{L}. Those below a general category come from the engine. */
export const PROPERTIES: Readonly<Record<string, Test>> = {
  L: /* @__PURE__ */ has(LETTER),
  N: /* @__PURE__ */ has(NUMBER),
  P: /* @__PURE__ */ has(PUNCTUATION_STRICT),
  S: /* @__PURE__ */ has(SYMBOL),
  M: /* @__PURE__ */ has(MARK),
};

const NEWLINE = 10;
export const startsLine: Look = (units, at, end, begin) => at === begin || (at < end && units[at - 1] === NEWLINE);
export const endsLine: Look = (units, at, end) => at === end || units[at] === NEWLINE;
const nextIs =
  (test: Test): Look =>
  (units, at, end) =>
    at < end && test(codePointAt(units, at));
const previousIs =
  (test: Test): Look =>
  (units, at, _end, begin) =>
    at > begin && test(codePointBefore(units, at, begin));
const unless =
  (look: Look): Look =>
  (units, at, end, begin) =>
    !look(units, at, end, begin);
const wordBoundary: Look = (units, at, end, begin) =>
  nextIs(has(WORD))(units, at, end, begin) !== previousIs(has(WORD))(units, at, end, begin);

/** Anchors by letter: \A and others. */
export const PLACES: Readonly<Record<string, Look>> = {
  A: (_units, at, _end, begin) => at === begin,
  z: (_units, at, end) => at === end,
  Z: (units, at, end) => at === end || (at === end - 1 && units[at] === NEWLINE),
  b: wordBoundary,
  B: /* @__PURE__ */ unless(wordBoundary),
};
/** Lookarounds by their opening. */
export const LOOKS: readonly (readonly [string, (test: Test) => Look])[] = [
  ["?=", nextIs],
  ["?!", (test) => unless(nextIs(test))],
  ["?<=", previousIs],
  ["?<!", (test) => unless(previousIs(test))],
];
