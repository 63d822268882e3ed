/**
 * Extractive question answering: two vectors point at the first and the last token of the answer.
 *
 * Devlin et al. 2019, section 4.2; google-research/bert, run_squad.py; for answers as character ranges, Hugging Face's
 * utils_qa.py. Long contexts are read through overlapping windows; scores are logits, so that windows can be compared.
 */

import { type Sample, sampleOf } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { add, columns, scale } from "../tensor/ops/elementwise.js";

import { IGNORE, raggedCrossEntropy } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Encoding, Tokenizer } from "../tokenizer/index.js";
import { highest } from "./probabilities.js";

export interface SpanHead {
  /** @returns (tokens, 2): column 0 scores each token as the first of the answer, column 1 as the last */
  spanScores(hidden: Tensor): Tensor;
}

export interface WindowOptions {
  /** longest window, question and special tokens included; BERT: 384 */
  readonly length: number;
  /** context tokens that neighbouring windows share; BERT's scripts: 128 */
  readonly overlap: number;
  /** longest question in tokens; BERT: 64 */
  readonly question?: number;
}

/** An answer as data sets give it: its characters, and where they start in the context. */
export interface ReferenceAnswer {
  readonly text: string;
  readonly start: number;
}

/** One window over a context: a sample, and where its context tokens lie in the text. */
export interface Window {
  readonly sample: Sample;
  /** (tokens × 2) character ranges in the context */
  readonly offsets: Int32Array;
  /** tokens [begin, end) that are of the context */
  readonly context: readonly [number, number];
}

/** The overlap that makes windows advance by `step` context tokens: how the original scripts count. */
export function overlapOfStep(step: number, contextTokens: number): number {
  return contextTokens - step;
}

/** The windows over a question and its context; only the context is ever cut. */
export function encodeQuestion(
  tokenizer: Tokenizer,
  question: string,
  context: string,
  options: WindowOptions,
): Window[] {
  const { length, overlap, question: longest = 64 } = options;
  const shortened = shortenQuestion(tokenizer, question, longest);
  return tokenizer
    .windows(shortened, context, { truncate: { length, strategy: "only-second", stride: overlap } })
    .map((encoding) => ({ sample: sampleOf(encoding), offsets: encoding.offsets, context: contextRange(encoding) }));
}

/** The question without what lies beyond its longest allowed token. */
function shortenQuestion(tokenizer: Tokenizer, question: string, longest: number): string {
  const { ids, offsets } = tokenizer.encode(question, undefined, { special: false });
  return ids.length <= longest ? question : question.slice(0, offsets[2 * longest - 1]!);
}

function contextRange({ sequences }: Encoding): readonly [number, number] {
  const begin = sequences.indexOf(1);
  return begin < 0 ? [0, 0] : [begin, sequences.lastIndexOf(1) + 1];
}

/**
 * The tokens that cover the answer, or [0, 0] (the first special token) when this window does not hold all of it.
 */
export function answerTokens(
  { offsets, context: [begin, end] }: Window,
  answer: ReferenceAnswer | null,
): readonly [number, number] {
  if (!answer || begin === end) return [0, 0];
  // No token covers the spaces around an answer.
  const start = answer.start + answer.text.length - answer.text.trimStart().length;
  const last = answer.start + answer.text.trimEnd().length;
  let first = begin;
  while (first < end && offsets[2 * first + 1]! <= start) first++;
  let final = end - 1;
  while (final >= begin && offsets[2 * final]! >= last) final--;
  if (start >= last || first > final || first === end || final < begin) return [0, 0];
  const complete = offsets[2 * first]! <= start && offsets[2 * final + 1]! >= last;
  return complete ? [first, final] : [0, 0];
}

/** The mean of two cross-entropies, each over the tokens of one sequence. */
export function spanObjective(): HeadObjective<SpanHead> {
  return {
    name: "span",
    corrupt: (sample) => sample,
    count: (batch) => (batch.labels.span ? batch.labels.span.first.filter((label) => label !== IGNORE).length : 0),
    loss(model, hidden, batch, count) {
      const { span } = batch.labels;
      if (!span) throw new ArgumentError("span: the batch has no answers; every sample needs labels.span");
      const scores = model.spanScores(hidden);
      const first = raggedCrossEntropy(columns(scores, 0, 1), batch.starts, span.first, { divisor: count });
      const last = raggedCrossEntropy(columns(scores, 1, 2), batch.starts, span.last, { divisor: count });
      return scale(add(first, last), 0.5);
    },
  };
}

export interface SpanOptions {
  /** starts and ends that are considered in each window; BERT: 20 */
  readonly best?: number;
  /** longest answer in tokens; BERT: 30 */
  readonly longest?: number;
  /** take a start only from the window where it has the most context on both sides, as the original scripts do */
  readonly maximumContext?: boolean;
}

/** A candidate answer: a character range of the context and the sum of its two logits. */
export interface SpanCandidate {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** Scores of one window: (tokens) each. */
export interface WindowScores {
  readonly window: Window;
  readonly first: ArrayLike<number>;
  readonly last: ArrayLike<number>;
}

/**
 * The best valid answers over all windows, best first, and the score of "no answer" (the lowest over the windows).
 * Valid: both ends in the context, the last not before the first, and not longer than allowed.
 */
export function decodeSpans(
  windows: readonly WindowScores[],
  options: SpanOptions = {},
): { candidates: SpanCandidate[]; none: number } {
  const { best = 20, longest = 30, maximumContext = false } = options;
  const found = new Map<string, SpanCandidate>();
  let none = Number.POSITIVE_INFINITY;
  for (const [index, { window, first, last }] of windows.entries()) {
    none = Math.min(none, first[0]! + last[0]!);
    const { offsets, context } = window;
    const starts = highestIn(first, context, best);
    const ends = highestIn(last, context, best);
    for (const s of starts) {
      if (maximumContext && !hasMostContext(windows, index, s)) continue;
      for (const e of ends) {
        if (e < s || e - s + 1 > longest) continue;
        const candidate = { start: offsets[2 * s]!, end: offsets[2 * e + 1]!, score: first[s]! + last[e]! };
        const key = `${candidate.start}:${candidate.end}`;
        if (candidate.score > (found.get(key)?.score ?? Number.NEGATIVE_INFINITY)) found.set(key, candidate);
      }
    }
  }
  const candidates = [...found.values()].sort((a, b) => b.score - a.score || a.start - b.start || a.end - b.end);
  return { candidates: candidates.slice(0, best), none };
}

function highestIn(scores: ArrayLike<number>, [begin, end]: readonly [number, number], count: number): number[] {
  const part = Array.from({ length: end - begin }, (_, i) => scores[begin + i]!);
  return highest(part, count).map((i) => begin + i);
}

/** Whether no other window sees more around this token: min(left, right) + 0.01 × window length; of equals the earliest. */
function hasMostContext(windows: readonly WindowScores[], index: number, token: number): boolean {
  const place = windows[index]!.window.offsets[2 * token]!;
  let most = Number.NEGATIVE_INFINITY;
  let winner = -1;
  for (const [i, { window }] of windows.entries()) {
    const [begin, end] = window.context;
    for (let t = begin; t < end; t++) {
      if (window.offsets[2 * t] !== place) continue;
      const score = Math.min(t - begin, end - 1 - t) + 0.01 * (end - begin);
      if (score > most) [most, winner] = [score, i];
      break;
    }
  }
  return winner === index;
}
