/** Zero-shot transfer of part-of-speech tagging from English to other languages. */
import { loadTokenizer, tagTask } from "cloze";
import type { TaggedSentence } from "cloze/data";
import { standardError } from "cloze/metrics";
import { transferred } from "../../examples/lesson/zero-shot.js";
import { type Claim, over } from "./harness/claim.js";
import { MULTILINGUAL, multilingualBase } from "./shared/multilingual.js";

/** Languages of the pre-training text, and two of other scripts that are not in it. */
const [NEAR, FAR] = [
  ["de", "es", "fr", "it", "pt", "sv"],
  ["ja", "zh"],
] as const;

/** The best accuracy without transfer: each word's most frequent English tag, or one tag for all. */
function withoutTransfer(train: readonly TaggedSentence[], test: readonly TaggedSentence[]): number {
  const tags = test.flatMap((sentence) => sentence.tags);
  const one = Math.max(...[...new Set(tags)].map((tag) => tags.filter((other) => other === tag).length / tags.length));
  return Math.max(one, tagTask.baseline(train, test)["accuracy"]!);
}

export const zeroShotTags: Claim = {
  name: "zero-shot-tags",
  claim: "a multilingual model fine-tuned to tag English also tags other languages, near ones better than far ones",
  source: "Pires et al. 2019, arXiv:1906.01502",
  published: "multilingual BERT from English: en 96.8, de 89.4, es 85.9, it 91.6 %; en to ja 49.4 %",
  bar: "above random weights and above each word's most frequent tag by more than two standard errors in at least five of de, es, fr, it, pt, sv (mean over seeds); their mean above that of ja and zh",
  setUp: { ...MULTILINGUAL, near: NEAR, far: FAR, test: "UD PUD, 1,000 sentences each" },
  seeds: [1, 2, 3],
  needs: ["novels", "ntrex128", "tatoeba", "wiktionary-dictionaries", "ud-english-ewt", "ud-pud"],
  minutes: 25,
  async run(context, seed) {
    const { files, languages } = await multilingualBase(context, seed);
    const tokenizer = await loadTokenizer(files);
    const english = await languages.english();
    const train = english.slice(0, context.few(english.length, 64));
    const chosen = (await languages.parallel()).filter(([language]) => ["en", ...NEAR, ...FAR].includes(language));
    const tests = chosen.map(([, sentences]) => sentences.slice(0, context.few(sentences.length, 16)));
    using engine = await context.engine();
    const own = await transferred(engine, files, tokenizer, { train, tests }, false);
    const scratch = await transferred(engine, files, tokenizer, { train, tests }, true);
    const figures: Record<string, number> = {};
    for (const [i, [language]] of chosen.entries()) {
      const words = tagTask.decisions(tests[i]!);
      const other = Math.max(scratch[i]!, withoutTransfer(train, tests[i]!));
      figures[language] = 100 * own[i]!;
      figures[`${language}_without`] = 100 * other;
      figures[`${language}_standard_error`] =
        100 * Math.hypot(standardError(own[i]!, words), standardError(other, words));
    }
    return figures;
  },
  judge(results) {
    const of = (name: string) => over(results, name).mean;
    const wins = NEAR.filter(
      (language) => of(language) - of(`${language}_without`) > 2 * of(`${language}_standard_error`),
    );
    const mean = (list: readonly string[]) => list.reduce((sum, language) => sum + of(language) / list.length, 0);
    const cells = ["en", ...NEAR, ...FAR].map(
      (one) => `${one} ${of(one).toFixed(1)} (${of(`${one}_without`).toFixed(1)})`,
    );
    return {
      holds: wins.length >= 5 && mean(NEAR) > mean(FAR),
      ours: `${cells.join(", ")} %; in parentheses, the best without transfer`,
    };
  },
};
