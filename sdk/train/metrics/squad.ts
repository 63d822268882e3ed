/**
 * Exact match and F1 of extracted answers.
 *
 * SQuAD: the official script's normalization (lower case, no ASCII punctuation, no articles, single spaces). MLQA: by
 * language, for Chinese by character. CMRC 2018: longest common substring of characters instead of a bag of words.
 */
import { aString, checkArguments, listOf, oneOf } from "../../options.js";
import { treebankWords } from "./treebank.js";

const PUNCTUATION = /* @__PURE__ */ new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

const collapse = (text: string): string => text.split(/\s+/u).filter(Boolean).join(" ");
const withoutPunctuation = (text: string): string => [...text].filter((c) => !PUNCTUATION.has(c)).join("");

/** Articles as whole words. Word boundaries are those of Python's \b: letters and digits of any script. */
const articles = (words: string): RegExp => new RegExp(`(?<![\\p{L}\\p{N}_])(?:${words})(?![\\p{L}\\p{N}_])`, "gu");
const ENGLISH = /* @__PURE__ */ articles("a|an|the");

/** Example: squadNormalized("The  Cat's hat.") -> "cats hat". */
export function squadNormalized(answer: string): string {
  const plain = withoutPunctuation(answer.toLowerCase());
  return collapse(plain.replace(ENGLISH, " "));
}

/** Overlap of two bags: 2 · common / (sizes); with one side empty it is 1 only if both are. */
function bagF1(predicted: readonly string[], gold: readonly string[]): number {
  const left = new Map<string, number>();
  for (const token of gold) left.set(token, (left.get(token) ?? 0) + 1);
  let common = 0;
  for (const token of predicted) {
    const count = left.get(token) ?? 0;
    if (count === 0) continue;
    common++;
    left.set(token, count - 1);
  }
  if (common === 0) return 0;
  const [precision, recall] = [common / predicted.length, common / gold.length];
  return (2 * precision * recall) / (precision + recall);
}

/** Exact match and F1 of an answer, from 0 to 1. */
export interface AnswerScore {
  readonly exactMatch: number;
  readonly f1: number;
}

const best = (scores: readonly AnswerScore[]): AnswerScore => ({
  exactMatch: Math.max(0, ...scores.map((score) => score.exactMatch)),
  f1: Math.max(0, ...scores.map((score) => score.f1)),
});

/**
 * Score an answer against each accepted one; the best counts.
 *
 * @param gold accepted answers; none when the question has no answer (SQuAD 2.0), then only "" is right
 * @see Rajpurkar et al. 2016, arXiv:1606.05250, and the official evaluation scripts
 * @example
 * squadScore("the red cat", ["red cats", "a red cat"]); // { exactMatch: 1, f1: 1 }
 */
export function squadScore(predicted: string, gold: readonly string[], version: "1.1" | "2.0" = "1.1"): AnswerScore {
  checkArguments(
    "squadScore",
    { predicted, gold, version },
    { predicted: aString, gold: listOf(aString), version: oneOf("1.1", "2.0") },
  );
  // SQuAD 2.0 drops accepted answers of articles and punctuation only. If none remains, the question has no answer.
  const said = version === "2.0" ? gold.filter((answer) => squadNormalized(answer) !== "") : gold;
  const accepted = said.length === 0 ? [""] : said;
  const guess = squadNormalized(predicted);
  const tokens = guess.split(" ").filter(Boolean);
  return best(
    accepted.map((answer) => {
      const truth = squadNormalized(answer);
      const wanted = truth.split(" ").filter(Boolean);
      const exactMatch = guess === truth ? 1 : 0;
      // If one side is empty, SQuAD 2.0 gives 1 if both are; SQuAD 1.1 finds no common token.
      const empty = tokens.length === 0 || wanted.length === 0;
      const f1 = empty ? (version === "2.0" && tokens.length === wanted.length ? 1 : 0) : bagF1(tokens, wanted);
      return { exactMatch, f1 };
    }),
  );
}

const ARTICLES: Readonly<Record<string, RegExp>> = {
  en: ENGLISH,
  es: /* @__PURE__ */ articles("un|una|unos|unas|el|la|los|las"),
  de: /* @__PURE__ */ articles("ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des"),
  vi: /* @__PURE__ */ articles("của|là|cái|chiếc|những"),
};

/** Chinese by character, other runs by spaces. */
function mixedTokens(text: string): string[] {
  return [...text.matchAll(/[\u4e00-\u9fa5]|[^\s\u4e00-\u9fa5]+/gu)].map(([token]) => token);
}

/** Lower case, without punctuation of any script and without the language's articles. */
export function mlqaNormalized(answer: string, language: string): string {
  const plain = answer.toLowerCase().replace(/\p{P}/gu, "");
  let text = withoutPunctuation(plain);
  if (language === "ar") text = text.replace(/\sال^|ال/gu, " ");
  const own = ARTICLES[language];
  if (own) text = text.replace(own, " ");
  return (language === "zh" ? mixedTokens(text) : text.split(/\s+/u).filter(Boolean)).join(" ");
}

/**
 * MLQA's score (Lewis et al. 2020, arXiv:1910.07475): SQuAD's with the language's own normalization.
 *
 * @param language code of the language: "de", "zh", …
 * @example
 * mlqaScore("der Hund", ["Hund"], "de"); // { exactMatch: 1, f1: 1 }
 */
export function mlqaScore(predicted: string, gold: readonly string[], language: string): AnswerScore {
  checkArguments(
    "mlqaScore",
    { predicted, gold, language },
    { predicted: aString, gold: listOf(aString, 1), language: aString },
  );
  const guess = mlqaNormalized(predicted, language);
  const tokens = guess.split(" ").filter(Boolean);
  return best(
    gold.map((answer) => {
      const truth = mlqaNormalized(answer, language);
      return { exactMatch: guess === truth ? 1 : 0, f1: bagF1(tokens, truth.split(" ").filter(Boolean)) };
    }),
  );
}

/** The list of the official CMRC script; `, . ? !` of ASCII are not in it, nor is … alone: the script looks for two at once. */
const CMRC_PUNCTUATION = /* @__PURE__ */ new Set("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』");

/** Delete the listed punctuation, joining its two sides. */
const cmrcPlain = (text: string): string =>
  [...text.toLowerCase().trim()].filter((c) => !CMRC_PUNCTUATION.has(c)).join("");

/** Each Chinese character, and the words between them. */
function cmrcTokens(text: string): string[] {
  const parts = cmrcPlain(text).match(/[\u4e00-\u9fa5]|[^\u4e00-\u9fa5]+/gu) ?? [];
  return parts.flatMap((part) => (/[\u4e00-\u9fa5]/u.test(part) ? part : treebankWords(part)));
}

function longestCommonRun(a: readonly string[], b: readonly string[]): number {
  let previous = new Int32Array(b.length + 1);
  let longest = 0;
  for (const token of a) {
    const row = new Int32Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      if (token !== b[j]) continue;
      row[j + 1] = previous[j]! + 1;
      longest = Math.max(longest, row[j + 1]!);
    }
    previous = row;
  }
  return longest;
}

/**
 * CMRC 2018's score: F1 over the longest common run of characters and words.
 *
 * @see Cui et al. 2019, arXiv:1810.07366, and the official evaluation script
 * @example
 * cmrcScore("北京", ["北京市"]); // { exactMatch: 0, f1: 0.8 }
 */
export function cmrcScore(predicted: string, gold: readonly string[]): AnswerScore {
  checkArguments("cmrcScore", { predicted, gold }, { predicted: aString, gold: listOf(aString, 1) });
  const tokens = cmrcTokens(predicted);
  return best(
    gold.map((answer) => {
      const wanted = cmrcTokens(answer);
      const common = longestCommonRun(tokens, wanted);
      const f1 = common === 0 ? 0 : (2 * common) / (tokens.length + wanted.length);
      return { exactMatch: cmrcPlain(predicted) === cmrcPlain(answer) ? 1 : 0, f1 };
    }),
  );
}
