/**
 * Extractive question answering: two scores per token, for the first and the last token of the answer.
 *
 * Devlin et al. 2019, section 4.2; google-research/bert, run_squad.py; for answers as character ranges, Hugging Face's
 * utils_qa.py. Long contexts are split into overlapping windows; logits are comparable across windows.
 */

import { type Sample, sampleOf } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";
import { ArgumentError, aNumber, checkArguments } from "../options.js";
import { add, columns, scale } from "../tensor/ops/elementwise.js";

import { IGNORE, raggedCrossEntropy } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Encoding, Tokenizer } from "../tokenizer/index.js";
import { highest } from "./probabilities.js";

/** The head of extractive question answering. */
export interface SpanHead {
  /** @returns (tokens, 2): column 0 scores each token as the first of the answer, column 1 as the last */
  spanScores(hidden: Tensor): Tensor;
}

export interface WindowOptions {
  /** longest window in tokens, question and special tokens included; BERT: 384 */
  readonly length: number;
  /** context tokens shared by adjacent windows; BERT's scripts: 128 */
  readonly overlap: number;
  /** longest question in tokens; BERT: 64 */
  readonly question?: number;
}

/** An answer as data sets give it: its characters, and where they start in the context. */
export interface ReferenceAnswer {
  readonly text: string;
  readonly start: number;
}

/** One window over a context: a sample, and the offsets of its context tokens. */
export interface Window {
  readonly sample: Sample;
  /** (tokens × 2) character ranges in the context */
  readonly offsets: Int32Array;
  /** the range [begin, end) of tokens that belong to the context */
  readonly context: readonly [number, number];
}

/**
 * The overlap of windows that advance by `step` context tokens, which is how the original scripts count.
 *
 * @example
 * overlapOfStep(128, 300); // 172
 */
export function overlapOfStep(step: number, contextTokens: number): number {
  checkArguments("overlapOfStep", { step, contextTokens }, { step: aNumber, contextTokens: aNumber });
  return contextTokens - step;
}

/**
 * The windows over a question and its context; only the context is split. They begin at the end that the tokenizer does not cut
 * off, and where it pads on the left, the context precedes the question, as in Hugging Face's pipeline.
 */
export function encodeQuestion(
  tokenizer: Tokenizer,
  question: string,
  context: string,
  options: WindowOptions,
): Window[] {
  const { length, overlap, question: longest = 64 } = options;
  const shortened = shortenQuestion(tokenizer, question, longest);
  const contextFirst = tokenizer.paddingSide === "left";
  const [first, second] = contextFirst ? [context, shortened] : [shortened, context];
  const strategy = contextFirst ? "only-first" : "only-second";
  return tokenizer
    .windows(first, second, { truncate: { length, strategy, stride: overlap, direction: tokenizer.truncationSide } })
    .map((encoding) => ({
      sample: sampleOf(encoding),
      offsets: encoding.offsets,
      context: rangeOf(encoding, contextFirst ? 0 : 1),
    }));
}

/** The question, truncated to `longest` tokens. */
function shortenQuestion(tokenizer: Tokenizer, question: string, longest: number): string {
  const { ids, offsets } = tokenizer.encode(question, undefined, { special: false });
  return ids.length <= longest ? question : question.slice(0, offsets[2 * longest - 1]!);
}

function rangeOf({ sequences }: Encoding, sequence: 0 | 1): readonly [number, number] {
  const begin = sequences.indexOf(sequence);
  return begin < 0 ? [0, 0] : [begin, sequences.lastIndexOf(sequence) + 1];
}

/**
 * The first and last token of the answer, or [0, 0] (the first special token) if this window does not contain all of it.
 */
export function answerTokens(
  { offsets, context: [begin, end] }: Window,
  answer: ReferenceAnswer | null,
): readonly [number, number] {
  if (!answer || begin === end) return [0, 0];
  // No token covers whitespace around an answer.
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

/** The mean of the two cross-entropies, each over the tokens of a sequence. */
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

/** Options of the search for the best answer span. */
export interface SpanOptions {
  /** number of start and end candidates per window; BERT: 20 */
  readonly best?: number;
  /** longest answer in tokens; BERT: 30 */
  readonly longest?: number;
  /** accept a start only from the window where it has the most context on both sides, as the original scripts do */
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
 * The best valid answers over all windows, best first, and the score of "no answer" (the lowest over the windows). A valid
 * answer lies within the context, does not end before it starts, and is at most `longest` tokens long.
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

/** Whether this window has the most context around a token: min(left, right) + 0.01 × window length, ties to the earliest. */
function hasMostContext(windows: readonly WindowScores[], index: number, token: number): boolean {
  const offset = windows[index]!.window.offsets[2 * token]!;
  let most = Number.NEGATIVE_INFINITY;
  let winner = -1;
  for (const [i, { window }] of windows.entries()) {
    const [begin, end] = window.context;
    for (let t = begin; t < end; t++) {
      if (window.offsets[2 * t] !== offset) continue;
      const score = Math.min(t - begin, end - 1 - t) + 0.01 * (end - begin);
      if (score > most) [most, winner] = [score, i];
      break;
    }
  }
  return winner === index;
}
