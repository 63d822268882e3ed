/** Values and texts that a careless caller passes. */
import fc from "fast-check";

/** Characters that break naive text processing, alone and between others. */
const hostileCharacter = fc.constantFrom(
  "\ud800",
  "\udc00",
  "\u0000",
  "\ufffd",
  "\ufeff",
  "\u200b",
  "\u200d",
  "\u0301",
  "\u202e",
  "\u2028",
  "\u0085",
  "\uffff",
  "ﬃ",
  "İ",
  "ß",
  "ǅ",
  "가",
  "각",
  "東京",
  "👩‍👩‍👧‍👦",
  "🇩🇪",
  "▁",
  "Ġ",
  "##",
  "[MASK]",
  "</s>",
  "<unk>",
  "\r\n",
  "\t",
  " ",
  "the lowest",
);

/** A unit repeated: one word that never ends, combining marks without an end, spaces without an end. */
const longText = fc
  .record({
    unit: fc.constantFrom(
      "a",
      "low",
      " ",
      "\u0301",
      "e\u0301",
      "\ud800",
      "東",
      "👩‍",
      "[MASK]",
      "\u0000",
      "▁",
      "1",
      ".",
    ),
    length: fc.constantFrom(10, 1000, 20_000),
  })
  .map(({ unit, length }) => unit.repeat(Math.ceil(length / unit.length)));

/** Any code point, halves of surrogate pairs too. fc.string({ unit: "binary" }) takes 70 MB for the same. */
const codePoint = fc.oneof(
  fc.integer({ min: 0, max: 0x24f }),
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0, max: 0x10ffff }),
);

/** Texts no reader may fail on: half surrogates, NUL, marks without a base, words of thousands of characters. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 10, arbitrary: fc.array(hostileCharacter, { maxLength: 12 }).map((parts) => parts.join("")) },
  { weight: 10, arbitrary: fc.array(codePoint, { maxLength: 40 }).map((points) => String.fromCodePoint(...points)) },
  { weight: 1, arbitrary: longText },
);

/** Values of every type, for arguments that want another. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom<unknown>(
      undefined,
      null,
      true,
      false,
      0,
      -0,
      1,
      -1,
      2,
      0.5,
      -0.5,
      3,
      16,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      1e308,
      -1e9,
      1n,
      "",
      "a",
      "1",
      "mean",
      "\u001b[31m",
      "\ud800",
      "x".repeat(5000),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<() => unknown>(
        () => [],
        () => ({}),
        () => [null],
        () => [undefined],
        () => [Number.NaN],
        () => [[]],
        () => ["a", 1],
        () => [1, 2, 3],
        () => Symbol("s"),
        () => () => 1,
        () => new Map(),
        () => new Date(Number.NaN),
        () => new Float32Array(3),
        () => new Uint8Array(0),
        () => Object.create(null) as object,
        () => new Proxy({}, {}),
        () => new Array(3),
        () => ({ length: -1 }),
        () => ({ length: 1e9 }),
        () => ({ length: 3, 0: "a" }),
        () => ({ toString: () => Symbol("t") }),
        () => ({ constructor: null }),
        () => Promise.resolve(1),
      )
      .map((make) => make()),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
