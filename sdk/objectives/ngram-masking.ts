/**
 * Masked LM over n-grams of whole words (ALBERT). Lan et al. 2020 (arXiv:1909.11942), section 3.1; google-research/ALBERT,
 * create_pretraining_data.py. The official code lets n-grams cross a separator and draws lengths from an unseeded
 * generator; here they end at special tokens, and the same seed gives the same masks.
 */
import type { Sample } from "../data/sample.js";
import { type Rng, shuffle } from "../tensor/random.js";
import {
  checkMasking,
  type LmHead,
  labelsAt,
  type MaskedLmOptions,
  maskedCount,
  showMasked,
  tokenTargets,
} from "./masked-lm.js";
import type { HeadObjective } from "./objective.js";
import { maskId } from "./vocabulary.js";

/** Most words masked together. */
const LONGEST = 3;

/** P(n) = (1/n) / Σ(1/k). Example: ngramProbabilities(3) -> [0.5454…, 0.2727…, 0.1818…] */
export function ngramProbabilities(longest = LONGEST): number[] {
  const weights = Array.from({ length: longest }, (_, i) => 1 / (i + 1));
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
}

function drawLength(probabilities: readonly number[], rng: Rng): number {
  let left = rng();
  for (const [i, p] of probabilities.entries()) {
    left -= p;
    if (left < 0) return i + 1;
  }
  return probabilities.length;
}

/** Runs of words between special tokens; each word is the positions of its pieces. */
function wordRuns({ ids, special, words }: Sample): number[][][] {
  const runs: number[][][] = [[]];
  for (let i = 0; i < ids.length; i++) {
    if (special[i]) {
      runs.push([]);
      continue;
    }
    const run = runs.at(-1)!;
    const continues = i > 0 && !special[i - 1] && words[i]! >= 0 && words[i] === words[i - 1];
    if (continues) run.at(-1)!.push(i);
    else run.push([i]);
  }
  return runs.filter((run) => run.length > 0);
}

/** Positions to predict: n-grams from shuffled starts, shorter ones when the budget is nearly used up. */
export function chooseNgrams(sample: Sample, rng: Rng, budget: number): number[] {
  const runs = wordRuns(sample);
  const starts = shuffle(
    runs.flatMap((run, r) => run.map((_, word) => [r, word] as const)),
    rng,
  );
  const probabilities = ngramProbabilities();
  const covered = new Set<number>();
  for (const [r, word] of starts) {
    if (covered.size >= budget) break;
    for (let n = drawLength(probabilities, rng); n > 0; n--) {
      const pieces = runs[r]!.slice(word, word + n).flat();
      if (covered.size + pieces.length > budget) continue;
      if (!pieces.some((piece) => covered.has(piece))) for (const piece of pieces) covered.add(piece);
      break;
    }
  }
  return [...covered].sort((a, b) => a - b);
}

/**
 * Masked LM over n-grams of words: as many positions as BERT; 80 % masked, 10 % random, 10 % kept, drawn for each piece.
 *
 * @example
 * combine(ngramMaskedLm({ tokenizer }), sentenceOrderPrediction()); // ALBERT
 * @throws {TokenizerError} when the tokenizer has no mask token
 */
export function ngramMaskedLm(options: MaskedLmOptions): HeadObjective<LmHead> {
  checkMasking("ngramMaskedLm", options);
  const { maskingRate = 0.15, maxPredictions = Number.POSITIVE_INFINITY } = options;
  maskId(options.tokenizer, "ngram-masked-lm");
  return {
    name: "ngram-masked-lm",
    ...tokenTargets("ngram-masked-lm"),
    corrupt(sample, rng) {
      const chosen = chooseNgrams(sample, rng, maskedCount(sample.ids.length, maskingRate, maxPredictions));
      const tokens = labelsAt(sample, chosen);
      return { ...sample, ids: showMasked(sample.ids, chosen, rng, options), labels: { ...sample.labels, tokens } };
    },
  };
}
