/** Hand-made cases; each expected value follows from the official script's rules as said beside it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cmrcScore, mlqaScore, squadNormalized, squadScore } from "../../../sdk/train/metrics/squad.js";
import { treebankWords } from "../../../sdk/train/metrics/treebank.js";
import { near } from "../../helpers/near.js";
import official from "./official.json" with { type: "json" };

const test = suite("answers");
const bound = { atol: 1e-12 };

test("SQuAD normalization: case, punctuation, articles as whole words, spaces", () => {
  assert.is(squadNormalized("The  Cat's hat."), "cats hat");
  assert.is(squadNormalized("An apple a day, the doctor!"), "apple day doctor");
  assert.is(squadNormalized("theatre and antler"), "theatre and antler");
  assert.is(squadNormalized("...!?"), "");
});

const cases: [string, string[], number, number][] = [
  ["Denver Broncos", ["Denver Broncos"], 1, 1],
  ["the Denver Broncos", ["Denver Broncos", "Broncos"], 1, 1],
  ["Broncos", ["Denver Broncos"], 0, 2 / 3],
  ["Carolina Panthers", ["Denver Broncos"], 0, 0],
  ["in 1990", ["1990"], 0, 2 / 3],
  ["a a b", ["b b a"], 0, 2 / 3], // articles go: "b" against "b b"
  ["cat cat dog", ["cat dog dog"], 0, 2 / 3], // bag: cat 1 + dog 1 of three each
  ["1,000 km", ["1000 km"], 1, 1],
  ["U.S.", ["US"], 1, 1],
  ["north-west", ["north west"], 0, 0], // the hyphen joins: "northwest" is one token
];
for (const [predicted, gold, exactMatch, f1] of cases) {
  test(`SQuAD 1.1: "${predicted}" for ${gold.map((g) => `"${g}"`).join(" or ")}`, () => {
    const score = squadScore(predicted, gold);
    near([score.exactMatch, score.f1], [exactMatch, f1], bound);
  });
}

test("no answer: both empty is right in 2.0, one empty is wrong, 1.1 finds no token in common", () => {
  assert.equal(squadScore("", [], "2.0"), { exactMatch: 1, f1: 1 });
  assert.equal(squadScore("something", [], "2.0"), { exactMatch: 0, f1: 0 });
  assert.equal(squadScore("", ["something"], "2.0"), { exactMatch: 0, f1: 0 });
  assert.equal(squadScore("the", ["a"], "2.0"), { exactMatch: 1, f1: 1 });
  assert.equal(squadScore("the", ["a"], "1.1"), { exactMatch: 1, f1: 0 });
});

test("MLQA: Chinese by character, punctuation of any script, articles of the language", () => {
  near([mlqaScore("北京市", ["北京"], "zh").f1], [0.8], bound);
  assert.equal(mlqaScore("《红楼梦》", ["红楼梦"], "zh"), { exactMatch: 1, f1: 1 });
  near([mlqaScore("2008年 Beijing", ["2008年"], "zh").f1], [0.8], bound); // 2008, 年 of three tokens
  assert.equal(mlqaScore("der Hund", ["Hund"], "de"), { exactMatch: 1, f1: 1 });
  assert.equal(mlqaScore("los gatos", ["gatos"], "es"), { exactMatch: 1, f1: 1 });
  near([mlqaScore("the red house", ["red house"], "de").f1], [0.8], bound); // "the" is no German article
});

test("CMRC: longest common run of characters", () => {
  near([cmrcScore("在北京的大学", ["北京大学"]).f1], [0.4], bound); // "北京" or "大学": 2 of 6 and 4
  assert.equal(cmrcScore("北京，大学。", ["北京大学"]), { exactMatch: 1, f1: 1 });
  near([cmrcScore("1998年5月", ["1998年"]).f1], [(2 * 2) / 6], bound); // 1998, 年 | 5, 月
  assert.equal(cmrcScore("", ["北京"]), { exactMatch: 0, f1: 0 });
});

test("English SQuAD rules leave Chinese whole: F1 is all or nothing", () => {
  assert.equal(squadScore("北京市", ["北京"]), { exactMatch: 0, f1: 0 });
});

test("Latin words: as the Treebank divides them", () => {
  const cases: Readonly<Record<string, string>> = {
    "don't pay 1,000$!": "do|n't|pay|1,000|$|!",
    "u.s. law, u.s.": "u.s.|law|,|u.s|.",
    "12:30: it's (3.5%)...": "12:30|:|it|'s|(|3.5|%|)|...",
    "\"so\" 'we'll' go": "``|so|''|'|we|'ll|'|go",
  };
  for (const [text, words] of Object.entries(cases)) assert.is(treebankWords(text).join("|"), words);
});

/** Cases by script and language, with the official scripts' figures: written by official.py. */
for (const [name, own] of Object.entries(official)) {
  test(`${name}: the official script's figures, in ${own.length} cases`, () => {
    assert.ok(own.length >= 20);
    const [kind, language = ""] = name.split(" ");
    for (const [predicted, gold, exactMatch, f1] of own as [string, string[], number, number][]) {
      const score =
        kind === "mlqa"
          ? mlqaScore(predicted, gold, language)
          : kind === "cmrc"
            ? cmrcScore(predicted, gold)
            : squadScore(predicted, gold, kind === "squad-2.0" ? "2.0" : "1.1");
      near([score.exactMatch, score.f1], [exactMatch, f1], bound, `${name}: "${predicted}" for "${gold}"`);
    }
  });
}

test.run();
