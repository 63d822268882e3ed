/** The texts of the playground's page: faults in Chinese, and plurals in English. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { en } from "../../examples/playground/strings/en.js";
import { zh } from "../../examples/playground/strings/zh.js";
import { root } from "../helpers/shared.js";

const test = suite("texts of the playground");

const place = join(root, "examples/playground");
const sources = readdirSync(place, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("strings"))
  .map((name) => readFileSync(join(place, name), "utf8"))
  .join("\n");

/** The parts of a pattern that are text. */
const fixedParts = ({ source }: RegExp): string[] =>
  source
    .replace(/^\^|\$$/g, "")
    .split(/\(\.\*\)|\(\\d\+\)|\.\*|s\?/)
    .map((part) => part.replaceAll("\\", "").trim())
    .filter((part) => part.length > 1);

test("every fault that the Chinese page translates is a message of the playground", () => {
  const parts = zh.faults.flatMap(([pattern]) => fixedParts(pattern));
  assert.ok(parts.length >= zh.faults.length);
  assert.equal(
    parts.filter((part) => !sources.includes(part)),
    [],
  );
});

test("groups of a message get into its translation", () => {
  const translated = (message: string): string => {
    const known = zh.faults.find(([pattern]) => pattern.test(message));
    assert.ok(known, message);
    return message.replace(...known!);
  };
  assert.is(translated("the word “light” is not in the sentence “It rains.”"), "句子“It rains.”中没有“light”这个词");
  assert.is(
    translated("1 example: 5 are needed, one of which is held out"),
    "只有 1 个样本；至少需要 5 个，其中一个留出用于测试",
  );
});

test("one thing is not many", () => {
  assert.is(en.search.linesHint(1), "1 line");
  assert.is(en.search.linesHint(2000), "2,000 lines");
  assert.is(en.inside.probing(1), "1 layer done …");
  assert.is(en.benchmark.running(3, 7), "round 3 of 7 done …");
  assert.is(en.finetune.doing("pre-trained", "1", "0.50"), "pre-trained, 1 example: loss 0.50");
});

test.run();
