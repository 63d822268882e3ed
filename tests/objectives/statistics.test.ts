/**
 * Statistics of every way of masking over 3,000 sequences of 128 tokens: how many are selected and which, their replacements, and
 * that it follows from seed, epoch and index alone.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelled, type Sample } from "../../sdk/data/sample.js";
import { electraPretraining } from "../../sdk/objectives/electra.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { ngramMaskedLm } from "../../sdk/objectives/ngram-masking.js";
import { spanMaskedLm } from "../../sdk/objectives/span-masking.js";
import { translationPair } from "../../sdk/objectives/translation-lm.js";
import { IGNORE } from "../../sdk/tensor/ops/loss.js";
import { type Rng, seed } from "../../sdk/tensor/random.js";
import { CLS, MASK, SEP, SIZE, sequence, tokenizer } from "../helpers/sequences.js";

const test = suite("masking statistics");
const COUNT = 1000;
const PASSES = 3;
const LENGTH = 128;

/** Words of one to three pieces that fill a sequence with its two special tokens; ids from 10 to 135. */
function pieces(rng: Rng, length: number): number[] {
  const words: number[] = [];
  for (let left = length; left > 0; left -= words.at(-1)!) words.push(Math.min(left, 1 + rng.integer(3)));
  return words;
}
const TEXTS = Array.from({ length: COUNT }, (_, i) => sequence(pieces(seed(i), LENGTH - 2)));
/** Two texts of 62 and 63 tokens in one sequence. */
const TRANSLATIONS = Array.from({ length: COUNT }, (_, i) => {
  const side = (length: number, first: number) => {
    const { ids, words } = sequence(pieces(seed(i), length), first);
    return { ids: ids.slice(1, -1), words: words.slice(1, -1) };
  };
  return translationPair(side(62, 10), side(63, 100), {
    tokenizer: { special: { cls: CLS, sep: SEP } },
    maxLength: LENGTH,
  });
});

interface Way {
  readonly samples?: readonly Sample[];
  readonly corrupt: (sample: Sample, rng: Rng) => Sample;
  /** how many tokens are chosen of each sequence, on average */
  readonly chosen: number;
  /** whether that many are chosen of each */
  readonly exact: boolean;
  readonly mask?: number;
  readonly random?: number;
  /** whether special tokens are chosen as any other */
  readonly special?: boolean;
  /** how many tokens share a fate on average: those of a span do */
  readonly together?: number;
  /** ids below it are never drawn */
  readonly first?: number;
}

/** Of 128 tokens 15 % are 19.2, of the 126 that are not special 18.9. */
const WAYS: Readonly<Record<string, Way>> = {
  "BERT: round(0.15 · 128) tokens": { corrupt: maskedLm({ tokenizer }).corrupt, chosen: 19, exact: true },
  "a coin for each token": {
    corrupt: maskedLm({ tokenizer, selection: "transformers" }).corrupt,
    chosen: 0.15 * 126,
    exact: false,
  },
  "whole words: round(0.15 · 128), or less where no word fits": {
    corrupt: maskedLm({ tokenizer, wholeWords: true }).corrupt,
    chosen: 19,
    exact: true,
  },
  "RoBERTa: floor(0.15 · 128 + u) of all tokens": {
    corrupt: maskedLm({ tokenizer, selection: "roberta", firstRandomId: 4 }).corrupt,
    chosen: 0.15 * LENGTH,
    exact: false,
    special: true,
    first: 4,
  },
  "ModernBERT: every token by its own coin": {
    corrupt: maskedLm({ tokenizer, selection: "modernbert" }).corrupt,
    chosen: 0.15 * LENGTH,
    exact: false,
    special: true,
  },
  "crammed BERT: round(0.15 · 128) of all tokens, their fates by count": {
    corrupt: maskedLm({ tokenizer, selection: "crammed-bert" }).corrupt,
    chosen: 19,
    exact: true,
    special: true,
    // round(0.8 · 19) and round(0.9 · 19) of 19.
    mask: 15 / 19,
    random: 2 / 19,
  },
  "ALBERT: n-grams of words": { corrupt: ngramMaskedLm({ tokenizer }).corrupt, chosen: 19, exact: true },
  "SpanBERT: ceil(0.15 · 126) tokens in spans": {
    corrupt: spanMaskedLm({ tokenizer }).corrupt,
    chosen: 19,
    exact: true,
    together: 10,
  },
  "ELECTRA: nothing random": {
    corrupt: electraPretraining({ tokenizer }).corrupt,
    chosen: 19,
    exact: true,
    mask: 0.85,
    random: 0,
  },
  "translations: both sides": {
    samples: TRANSLATIONS,
    corrupt: maskedLm({ tokenizer }).corrupt,
    chosen: 19,
    exact: true,
  },
};

interface Counts {
  readonly perSample: number[];
  readonly fates: { masked: number; random: number; kept: number };
  special: number;
  readonly drawn: Set<number>;
}

/** Corrupt all samples in three epochs; other tokens must stay, and every label must be the original token. */
function count(samples: readonly Sample[], corrupt: Way["corrupt"]): Counts {
  const counts: Counts = { perSample: [], fates: { masked: 0, random: 0, kept: 0 }, special: 0, drawn: new Set() };
  for (let round = 0; round < PASSES * samples.length; round++) {
    const sample = samples[round % samples.length]!;
    const { ids, labels } = corrupt(sample, seed(1).fork(Math.floor(round / samples.length), round % samples.length));
    const tokens = labels.tokens!;
    const chosen = labelled(tokens);
    const stays = ids.findIndex((id, i) => (tokens[i] === IGNORE ? id : tokens[i]) !== sample.ids[i]);
    assert.is(stays, -1, `token ${stays} or its label`);
    for (const i of chosen) {
      counts.special += sample.special[i]!;
      const fate = ids[i] === MASK ? "masked" : ids[i] === tokens[i] ? "kept" : "random";
      counts.fates[fate]++;
      if (fate === "random") counts.drawn.add(ids[i]!);
    }
    counts.perSample.push(chosen.length);
  }
  return counts;
}

for (const [name, way] of Object.entries(WAYS)) {
  const { samples = TEXTS, corrupt, chosen, exact, mask = 0.8, random = 0.1, together = 1, first = 0 } = way;

  test(`${name}: as many as it says, special tokens only where it says`, () => {
    const { perSample, special } = count(samples, corrupt);
    const mean = perSample.reduce((sum, own) => sum + own) / perSample.length;
    // Of 378,000 coins of 0.15 five standard errors are 1.9 % of their share; the checklist's 0.3 % of all are 2 % of it.
    assert.ok(Math.abs(mean / chosen - 1) < 0.02, `${mean} tokens of each`);
    // Counts are exact except where no word fits the rest.
    if (exact) assert.ok(Math.max(...perSample) === chosen && mean > chosen - 0.2, `${mean}`);
    else assert.ok(new Set(perSample).size > 1, "the count varies");
    // Of 6,000 special tokens 900 are chosen as any other: five standard deviations are 138.
    if (way.special) assert.ok(Math.abs(special - 900) < 138, `${special} special tokens`);
    else assert.is(special, 0);
  });

  test(`${name}: ${Math.round(100 * mask)} % masked, ${Math.round(100 * random)} % random, the rest kept, to ${together === 1 ? 1 : 3} %`, () => {
    const { fates, drawn } = count(samples, corrupt);
    const total = fates.masked + fates.random + fates.kept;
    // Five standard errors of 0.8 over 56,000 fates are 0.84 %; where ten tokens share one, √10 times as much.
    assert.ok(total > 56_000, `${total}`);
    for (const [fate, share] of [
      ["masked", mask],
      ["random", random],
      ["kept", 1 - mask - random],
    ] as const)
      assert.ok(
        Math.abs(fates[fate] / total - share) < (together === 1 ? 0.01 : 0.03),
        `${fate}: ${fates[fate]} of ${total}`,
      );
    // The whole vocabulary is drawn from, from its first id on.
    assert.ok([...drawn].every((id) => id >= first && id < SIZE));
    if (random > 0) assert.ok(Math.min(...drawn) < first + 8 && Math.max(...drawn) > SIZE - 8, `${drawn.size} ids`);
  });

  test(`${name}: one seed, epoch and index give one corruption, other ones others`, () => {
    const [sample] = samples;
    const before = structuredClone(sample!);
    const at = (salt: number, epoch: number, index: number) => corrupt(sample!, seed(salt).fork(epoch, index));
    assert.equal(at(1, 0, 0), at(1, 0, 0));
    for (const other of [at(2, 0, 0), at(1, 1, 0), at(1, 0, 1)]) assert.not.equal(at(1, 0, 0), other);
    assert.equal(sample, before, "the sample itself stays");
  });
}

test.run();
