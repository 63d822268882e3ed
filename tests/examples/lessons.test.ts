/** Lessons are short, say at their head how to run them, and use public exports only. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../helpers/shared.js";

const test = suite("lessons");
const folder = join(root, "examples");
const names = readdirSync(folder).filter((name) => name.endsWith(".ts"));

/** The systems that have a lesson. */
const SYSTEMS =
  "albert answers bart bert character-gpt distil electra fake-english gpt inference lora mass multilingual roberta sentence-vectors sentiment spanbert t5 tagging tokens translation word-in-context zero-shot-tags";

test("every system has a lesson", () => {
  assert.equal(names.map((name) => name.replace(".ts", "")).sort(), SYSTEMS.split(" "));
});

for (const name of names)
  test(`${name} has fewer than 60 lines, its command, and a note on how to read its output`, () => {
    const text = readFileSync(join(folder, name), "utf8");
    const lines = text.trimEnd().split("\n").length;
    assert.ok(lines < 60, `${lines} lines`);
    assert.match(text, new RegExp(`npm run example ${name.replace(".ts", "")}\\b`));
    assert.match(text, /^lookAt\(/m);
    const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, from]) => from!);
    const allowed = (from: string) => /^(cloze(\/\w+)?|node:\w+|\.\/lesson\/[\w-]+\.js)$/.test(from);
    assert.equal(
      imports.filter((from) => !allowed(from)),
      [],
    );
  });

test.run();
