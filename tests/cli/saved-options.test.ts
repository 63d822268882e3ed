/** Options in a record of a run are held to the rules of the command line. */
import { Command } from "commander";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkedOptions } from "../../sdk/cli/shared/saved-options.js";
import { nameList, wholeNumber } from "../../sdk/cli/shared/usage.js";

const test = suite("saved options");
const command = new Command("train")
  .option("--rows, --batch-size <n>", "rows", wholeNumber(1))
  .option("--freeze <names>", "parameters", nameList)
  .option("--from <model>", "a model")
  .option("--cased", "keep case")
  .option("--turbo", "threads")
  .option("--no-turbo", "no threads");

test("options of the command line are kept unchanged", () => {
  const saved = { batchSize: 4, freeze: ["a", "b"], from: "x", cased: true, turbo: false };
  assert.equal(checkedOptions("run", command, saved), saved);
  assert.equal(checkedOptions("run", command, {}), {});
});

test("everything else is refused, naming the record, the flag and the value", () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ["batchSize", 0, /^run: --batch-size is 0: expected a whole number of at least 1/],
    ["batchSize", "four", /--batch-size is "four"/],
    ["batchSize", null, /--batch-size is null/],
    ["batchSize", {}, /--batch-size is \{\}/],
    ["batchSize", [[]], /--batch-size is \[\[\]\]/],
    ["batchSize", [], /--batch-size is \[\]/],
    ["freeze", ["a", null], /--freeze is \["a",null\]/],
    ["freeze", true, /--freeze is true/],
    ["from", 1, /--from is 1: expected a text/],
    ["from", ["x"], /--from is \["x"\]/],
    ["cased", "true", /--cased is "true": expected true or false/],
    ["turbo", 1, /--turbo is 1/],
    ["speed", 1, /^run: cloze train has no option "speed"/],
    ["__proto__", 1, /no option "__proto__"/],
  ];
  for (const [name, value, message] of cases) {
    const saved = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as Record<string, unknown>;
    assert.throws(() => checkedOptions("run", command, saved), message, `${name}: ${JSON.stringify(value)}`);
  }
});

test.run();
