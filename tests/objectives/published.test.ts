/** The table of published objectives: its names, and that every entry corrupts text as its kind needs. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sampleOf } from "../../sdk/data/sample.js";
import { InputError } from "../../sdk/errors.js";
import { denoising } from "../../sdk/objectives/bart-noise.js";
import { electraPretraining } from "../../sdk/objectives/electra.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { mass } from "../../sdk/objectives/mass.js";
import { ngramMaskedLm } from "../../sdk/objectives/ngram-masking.js";
import {
  objectiveAliases,
  objectiveNames,
  PUBLISHED_OBJECTIVES,
  parseObjective,
} from "../../sdk/objectives/published.js";
import { spanCorruption } from "../../sdk/objectives/span-corruption.js";
import { spanMaskedLm } from "../../sdk/objectives/span-masking.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { seed } from "../../sdk/tensor/random.js";
import { trainWordPiece } from "../../sdk/tokenizer/index.js";
import { filesNaming } from "../helpers/files-naming.js";

const test = suite("published objectives");

const TEXT = "The cat sat on the mat. The dog ran after the cat! Where did they go?";
const sentinels = Array.from({ length: 100 }, (_, i) => `<extra_id_${i}>`);
const tokenizer = trainWordPiece([TEXT], {
  size: 200,
  special: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "</s>", ...sentinels],
});
const sample = sampleOf(tokenizer.encode(TEXT));

test("a new objective is one file and one entry in the table", () => {
  const named = filesNaming("gap-sentences", "gapSentences", "pegasus");
  assert.equal(named, ["objectives/gap-sentences.ts", "objectives/published.ts"]);
});

test("every name and alias is known, is unique, and names its entry", () => {
  const all = objectiveNames().flatMap((name) => [name, ...objectiveAliases(name)]);
  assert.is(new Set(all).size, all.length);
  for (const name of objectiveNames()) {
    const entry = PUBLISHED_OBJECTIVES[name as keyof typeof PUBLISHED_OBJECTIVES];
    assert.match(entry.summary, /\S/);
    if (entry.kind === "pairs") continue;
    for (const known of [name, ...objectiveAliases(name)]) {
      const parsed = parseObjective(known);
      assert.is(parsed.name, name);
      assert.is(parsed.main, entry);
      assert.is(parsed.arrangement, "sentences");
    }
  }
});

test("the names of earlier commands are still there", () => {
  const earlier = {
    "masked-lm+next-sentence": "masked-lm+next-sentence-prediction",
    "sentence-order+ngrams": "ngram-masked-lm+sentence-order-prediction",
    "whole-words": "whole-word-masked-lm",
    spans: "span-masked-lm",
    "replaced-tokens": "replaced-token-detection",
    "bart-mask": "bart-token-masking",
    "bart-delete": "bart-token-deletion",
    "bart-infill": "bart-text-infilling",
    "bart-permute": "bart-sentence-permutation",
    "bart-rotate": "bart-document-rotation",
    "span-corruption": "t5",
  };
  for (const [old, name] of Object.entries(earlier)) assert.is(parseObjective(old).name, name);
  const albert = parseObjective("sentence-order+ngrams");
  assert.is(albert.arrangement, "sentence-order-prediction");
  assert.is(albert.pairs?.make({ tokenizer }).name, "sentence-order-prediction");
});

test("unknown objectives and impossible combinations are refused, naming the argument", () => {
  const wrong: [string, RegExp][] = [
    ["magic", /--objective "magic": expected one of masked-lm, /],
    ["", /expected one of/],
    ["constructor", /expected one of/],
    ["masked-lm+", /expected one of/],
    ["next-sentence", /expected one objective, or a masked LM/],
    ["masked-lm+spans", /expected one objective/],
    ["masked-lm+next-sentence+sentence-order", /expected one objective/],
    ["causal-lm+next-sentence", /expected one objective/],
    ["translation-lm+next-sentence", /translations are pairs already/],
  ];
  for (const [text, message] of wrong)
    assert.throws(
      () => parseObjective(text, "--objective"),
      (error: unknown) => error instanceof InputError && message.test(error.message),
      text,
    );
});

test("every objective of one text corrupts it: one seed, one corruption; the rate applies where tokens are masked", () => {
  const targets = (name: string, maskingRate?: number): number => {
    const { main } = parseObjective(name);
    const objective = main.make({ tokenizer, ...(maskingRate !== undefined && { maskingRate }) });
    let count = 0;
    for (let i = 0; i < 20; i++) {
      const noisy = objective.corrupt(sample, seed(i));
      assert.equal(objective.corrupt(sample, seed(i)), noisy, `${name}: a function of sample and seed`);
      const labels = (noisy.target ?? noisy).labels.tokens!;
      assert.is(labels.length, (noisy.target ?? noisy).ids.length);
      count += labels.filter((label) => label !== IGNORE).length;
      // The target of BART is the whole text; masking shows in the source.
      if (main.family === "bart" && name !== "mass")
        count += noisy.ids.filter((id) => id === tokenizer.special.mask).length + noisy.ids.length;
    }
    return count;
  };
  for (const name of objectiveNames()) {
    const { kind, masks } = PUBLISHED_OBJECTIVES[name as keyof typeof PUBLISHED_OBJECTIVES];
    if (kind === "pairs") continue;
    assert.ok(targets(name) > 0, name);
    if (masks) assert.is.not(targets(name, 0.05), targets(name, 0.8), `${name}: the masking rate changes nothing`);
  }
});

test("an unknown option of an objective, or a value of another type, is refused by name", () => {
  const factories = { maskedLm, ngramMaskedLm, spanMaskedLm, denoising, mass, spanCorruption, electraPretraining };
  for (const [name, make] of Object.entries(factories)) {
    const wrong: [object, RegExp][] = [
      [{ rate: 0.15 }, /unknown option "rate"/],
      [{ maskingrate: 0.15 }, /unknown option "maskingrate"; did you mean "maskingRate"\?/],
      [{ maskingRate: 15 }, /maskingRate must be a number from 0 to 1, got 15/],
      [{ maskingRate: "0.15" }, /maskingRate must be a number from 0 to 1, got "0\.15"/],
      [{ tokenizer: "bert" }, /tokenizer must be a tokenizer, got "bert"/],
    ];
    for (const [options, message] of wrong)
      assert.throws(
        () => (make as (options: object) => unknown)({ tokenizer, ...options }),
        (error: unknown) =>
          error instanceof InputError && message.test(error.message) && error.message.startsWith(`${name}: `),
        `${name} ${JSON.stringify(options)}`,
      );
  }
});

test.run();
