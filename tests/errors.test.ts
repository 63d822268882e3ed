import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as data from "../sdk/data.js";
import { InputError, shown } from "../sdk/errors.js";
import * as cloze from "../sdk/index.js";
import * as multilingual from "../sdk/multilingual.js";
import * as tensor from "../sdk/tensor.js";
import * as tokenizer from "../sdk/tokenizer/index.js";

const test = suite("errors that are the caller's");

/** Failures of the run, and use of disposed objects. */
const OTHERS = ["DisposedError", "OutOfMemoryError", "TrainingError", "WorkerError"];

const classes = Object.entries({ ...cloze, ...data, ...multilingual, ...tensor, ...tokenizer }).filter(([name]) =>
  /^[A-Z]\w*Error$/.test(name),
) as unknown as [string, new (message: string) => Error][];

test("every error that the caller can fix has one base class and its own name", () => {
  assert.ok(classes.length > OTHERS.length + 8, `only ${classes.length} classes are exported`);
  for (const [name, Class] of classes) {
    const error = new Class("text");
    assert.is(error.name, name);
    assert.instance(error, Error);
    assert.is(error instanceof cloze.InputError, !OTHERS.includes(name), name);
  }
});

test("control characters and halves of surrogate pairs are escaped, line ends stay", () => {
  const { message } = new InputError("a\u001b[31m\u0000b\nc\ud800d\u2028e\u0085 東京 😀");
  assert.is(message, "a\\u001b[31m\\u0000b\nc\\ud800d\\u2028e\\u0085 東京 😀");
});

test("a long message is cut", () => {
  const { message } = new InputError("x".repeat(1_000_000));
  assert.is(message, `${"x".repeat(2500)}… (cut)`);
});

test("escapes do not make a message long", () => {
  const { message } = new InputError("\u0001".repeat(1000));
  assert.is(message, "\\u0001".repeat(80) + "?".repeat(920));
});

test("the cause is kept", () => {
  const cause = new RangeError("why");
  assert.is(new InputError("what", { cause }).cause, cause);
});

const VALUES: readonly (readonly [value: unknown, text: string])[] = [
  [undefined, "nothing"],
  [null, "null"],
  [Number.NaN, "NaN"],
  ["a\tb", '"a\\tb"'],
  ["x".repeat(100), `"${"x".repeat(80)}"… (100 characters)`],
  [[2, 3], "[2, 3]"],
  [[undefined, "a"], '[nothing, "a"]'],
  [[[1]], "an array of 1"],
  [new Array(1000).fill(0), "an array of 1000"],
  [{}, "an empty object"],
  [Object.create(null), "an empty object"],
  [[], "[]"],
  [new Map(), "an object of class Map"],
  [Symbol("a"), "Symbol(a)"],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, "an object with a, b, c, d, e and 1 more"],
  [new Float32Array(3), "an object of class Float32Array"],
  [() => 1, "a function"],
  [2n, "2"],
];

for (const [value, text] of VALUES) test(`shown: ${text}`, () => assert.is(shown(value), text));

test.run();
