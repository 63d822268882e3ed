import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as data from "../sdk/data.js";
import * as cloze from "../sdk/index.js";
import * as multilingual from "../sdk/multilingual.js";
import * as tensor from "../sdk/tensor.js";
import * as tokenizer from "../sdk/tokenizer/index.js";

const test = suite("errors");

/** Failures of the run, and misuse that is a fault in the calling program. */
const OTHERS = ["DisposedError", "OutOfMemoryError", "ShapeError", "TrainingError"];

const classes = Object.entries({ ...cloze, ...data, ...multilingual, ...tensor, ...tokenizer }).filter(([name]) =>
  /^[A-Z]\w*Error$/.test(name),
) as unknown as [string, new (message: string) => Error][];

test("every error that is the caller's to mend has one base class, and says its own name", () => {
  assert.ok(classes.length > OTHERS.length + 8, `only ${classes.length} classes are exported`);
  for (const [name, Class] of classes) {
    const error = new Class("text");
    assert.is(error.name, name);
    assert.instance(error, Error);
    assert.is(error instanceof cloze.InputError, !OTHERS.includes(name), name);
  }
});

test.run();
