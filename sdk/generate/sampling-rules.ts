/** Rules of sampling: which tokens can be drawn. Tokens of equal score are kept or excluded together, unless a rule says otherwise. */
import { exp, log } from "../math.js";
import { ArgumentError } from "../options.js";
import { bestFirst, kthHighest } from "./ranking.js";
import type { Rule } from "./rules.js";

const NEVER = Number.NEGATIVE_INFINITY;

/** The softmax that a rule uses. */
type Probabilities = (scores: Float32Array) => Float32Array;

/** Divide the scores by the temperature; below 1 the distribution gets sharper. */
export function temperatureRule(temperature: number): Rule {
  if (!(temperature > 0)) throw new ArgumentError(`temperature must be positive, got ${temperature}`);
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / temperature;
  };
}

/** Keep the `k` best tokens and those that tie with the last of them. Fan et al. 2018 (arXiv:1805.04833). */
export function topKRule(k: number): Rule {
  if (!(Number.isInteger(k) && k > 0)) throw new ArgumentError(`top-k must be a positive whole number, got ${k}`);
  return (scores) => {
    if (k >= scores.length) return;
    const least = kthHighest(scores, k);
    for (let i = 0; i < scores.length; i++) if (scores[i]! < least) scores[i] = NEVER;
  };
}

/**
 * Nucleus sampling: keep the smallest set of best tokens whose probabilities sum to at least `p`. Holtzman et al. 2020
 * (arXiv:1904.09751).
 *
 * @param probabilities the softmax to use
 */
export function topPRule(p: number, probabilities: Probabilities): Rule {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`top-p must be from 0 to 1, got ${p}`);
  return (scores) => {
    const share = probabilities(scores);
    let sum = 0;
    let last = -1;
    for (const i of bestFirst(share)) {
      last = i;
      sum += share[i]!;
      if (sum >= p) break;
    }
    // Rounding may leave the sum of all below p: then all are kept.
    if (!(sum >= p)) return;
    const least = share[last]!;
    for (let i = 0; i < scores.length; i++)
      if (share[i]! < least || (share[i] === least && i > last)) scores[i] = NEVER;
  };
}

/** Keep tokens whose probability is at least `p` times that of the best. Nguyen et al. 2024 (arXiv:2407.01082). */
export function minPRule(p: number, probabilities: Probabilities): Rule {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`min-p must be from 0 to 1, got ${p}`);
  return (scores) => {
    const share = probabilities(scores);
    let best = 0;
    for (let i = 0; i < share.length; i++) best = Math.max(best, share[i]!);
    const least = p * best;
    for (let i = 0; i < scores.length; i++) if (share[i]! < least) scores[i] = NEVER;
  };
}

/** -Σ p log p */
function entropyOf(share: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < share.length; i++) if (share[i]! > 0) sum -= share[i]! * log(share[i]!);
  return sum;
}

/** Exclude tokens whose probability is below `least`, but never the best. */
function excludeBelow(scores: Float32Array, share: Float32Array, least: number): void {
  let best = 0;
  for (let i = 0; i < share.length; i++) best = Math.max(best, share[i]!);
  for (let i = 0; i < scores.length; i++) if (share[i]! < least && share[i]! < best) scores[i] = NEVER;
}

/** Keep tokens whose probability is at least `epsilon`. Hewitt et al. 2022 (arXiv:2210.15191). */
export function epsilonRule(epsilon: number, probabilities: Probabilities): Rule {
  if (!(epsilon > 0 && epsilon < 1)) throw new ArgumentError(`epsilon must be between 0 and 1, got ${epsilon}`);
  return (scores) => excludeBelow(scores, probabilities(scores), epsilon);
}

/** Keep tokens whose probability is at least min(η, √η exp(-entropy)). Hewitt et al. 2022 (arXiv:2210.15191). */
export function etaRule(eta: number, probabilities: Probabilities): Rule {
  if (!(eta > 0 && eta < 1)) throw new ArgumentError(`eta must be between 0 and 1, got ${eta}`);
  return (scores) => {
    const share = probabilities(scores);
    excludeBelow(scores, share, Math.min(eta, Math.sqrt(eta) * exp(-entropyOf(share))));
  };
}

/**
 * Locally typical sampling: keep the tokens whose information, -log p, is nearest to the entropy, until their probabilities
 * sum to at least `mass`. Meister et al. 2022 (arXiv:2202.00666).
 */
export function typicalRule(mass: number, probabilities: Probabilities): Rule {
  if (!(mass > 0 && mass <= 1)) throw new ArgumentError(`typical-p must be above 0 and at most 1, got ${mass}`);
  return (scores) => {
    const share = probabilities(scores);
    const entropy = entropyOf(share);
    const shift = Float32Array.from(share, (p) => (p > 0 ? Math.abs(-log(p) - entropy) : Number.POSITIVE_INFINITY));
    const order = Array.from(share.keys()).sort((a, b) => shift[a]! - shift[b]! || a - b);
    let sum = 0;
    const last = order.find((i) => (sum += share[i]!) >= mass) ?? order.at(-1)!;
    for (let i = 0; i < scores.length; i++) if (shift[i]! > shift[last]!) scores[i] = NEVER;
  };
}

/** Tokens that {@link topHRule} considers, as in the reference. */
const TOP_H_TOKENS = 100;

/**
 * Keep the best tokens while the sum of their -p log p is at most a share of the entropy of the 100 best. Potraghloo et al.
 * 2025 (arXiv:2509.02510).
 */
export function topHRule(share: number, probabilities: Probabilities): Rule {
  if (!(share > 0 && share <= 1)) throw new ArgumentError(`top-h must be above 0 and at most 1, got ${share}`);
  return (scores) => {
    const best: number[] = [];
    for (const i of bestFirst(probabilities(scores))) {
      best.push(i);
      if (best.length === TOP_H_TOKENS) break;
    }
    const among = probabilities(Float32Array.from(best, (i) => scores[i]!));
    const most = entropyOf(among) * share;
    const kept = new Set(best.slice(0, 1));
    let sum = 0;
    for (const [rank, i] of best.entries()) {
      sum -= among[rank]! * log(among[rank]!);
      if (!(sum <= most)) break;
      kept.add(i);
    }
    for (let i = 0; i < scores.length; i++) if (!kept.has(i)) scores[i] = NEVER;
  };
}
