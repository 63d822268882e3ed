import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError, shown } from "../sdk/errors.js";
import {
  ArgumentError,
  aBoolean,
  aNull,
  aString,
  checkArgument,
  checkOptions,
  either,
  listOf,
  numberBetween,
  oneOf,
  type Rule,
  wholeNumber,
  withMethods,
} from "../sdk/options.js";

const test = suite("options");

const message = (what: () => void): string => {
  try {
    what();
  } catch (error) {
    assert.instance(error, ArgumentError);
    assert.instance(error, InputError);
    return (error as Error).message;
  }
  return "";
};

test("each rule accepts the values that it names, and refuses the rest", () => {
  const cases: readonly (readonly [Rule, readonly unknown[], readonly unknown[]])[] = [
    [aBoolean, [true, false], [0, "true", null]],
    [aString, ["", "a"], [1, null, ["a"], new String("a")]],
    [aNull, [null], [undefined, 0]],
    [wholeNumber(1), [1, 7], [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1", 2 ** 60, -1, null, 1n]],
    [wholeNumber(0, 3), [0, 3], [4, -1]],
    [numberBetween(0, 1), [0, 0.5, 1], [-0.1, 1.1, Number.NaN, "0.5", null]],
    [oneOf("mean", "cls"), ["mean", "cls"], ["max", "", null, ["mean"], "toString"]],
    [listOf(aString), [[], ["a"]], ["a", [1], [undefined], { length: 0 }, null]],
    [listOf(aString, 1), [["a"]], [[]]],
    [either(aNull, wholeNumber(1)), [null, 1], [0, "1"]],
    [withMethods("files", "read"), [{ read() {} }], ["a", null, {}, { read: 1 }]],
  ];
  for (const [rule, good, bad] of cases) {
    for (const value of good) assert.ok(rule.accepts(value), `${rule.expected} takes ${shown(value)}`);
    for (const value of bad) assert.not(rule.accepts(value), `${rule.expected} refuses ${shown(value)}`);
  }
});

test("a refused argument: function, argument, expected, got, cause", () => {
  assert.is(
    message(() => checkArgument("fillMask", "topK", 0, wholeNumber(1), "It counts guesses.")),
    "fillMask: topK must be a whole number of at least 1, got 0. It counts guesses.",
  );
  assert.is(
    message(() => checkArgument("f", "x", 1, aString)),
    "f: x must be a string, got 1",
  );
});

test("options: known names with values of their kind pass; undefined is not given", () => {
  const rules = { length: wholeNumber(1), pooling: oneOf("mean", "cls") };
  const said = (options: unknown, elsewhere = {}) => message(() => checkOptions("embed", options, rules, elsewhere));
  for (const good of [undefined, {}, { length: 3 }, { length: undefined, pooling: "cls" }]) assert.is(said(good), "");
  assert.match(said({ lenght: 3 }), 'embed: unknown option "lenght"; did you mean "length"?');
  assert.match(said({ Pooling: "mean" }), 'did you mean "pooling"?');
  assert.match(said({ quantized: true }), 'unknown option "quantized"; its options are length, pooling');
  assert.match(said({ q: true }, { q: "weights keep their type" }), 'unknown option "q": weights keep their type');
  assert.match(said({ toString: 1 }), 'unknown option "toString"');
  assert.match(said({ constructor: 1 }), 'unknown option "constructor"');
  assert.match(said({ length: Number.NaN }), "embed: length must be a whole number of at least 1, got NaN");
  assert.match(said({ pooling: { mode: "cls" } }), 'pooling must be one of "mean", "cls", got an object with mode');
  for (const [bad, got] of [
    [null, "null"],
    ["mean", '"mean"'],
    [5, "5"],
    [[], "[]"],
    [() => 1, "a function"],
  ] as const)
    assert.match(said(bad), `embed: options must be an object (length, pooling), got ${got}`);
  assert.match(
    message(() => checkOptions("f", { topk: 1 }, { topK: wholeNumber(1) })),
    'did you mean "topK"?',
  );
  assert.match(
    message(() => checkOptions("f", { top_k: 1 }, { topK: wholeNumber(1) })),
    'did you mean "topK"?',
  );
  assert.match(
    message(() => checkOptions("f", { a: 1 }, {})),
    "it takes none",
  );
});

test("a long name does not make a long message", () => {
  assert.ok(message(() => checkOptions("f", { ["y".repeat(1e5)]: 1 }, { topK: aString })).length < 300);
});

test.run();
