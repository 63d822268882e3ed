/**
 * Beam search: keep the most probable sequences at every step. Stopping and length normalization follow Hugging Face's
 * GenerationMixin._beam_search.
 */

import { highest, logSumExp } from "../heads/probabilities.js";
import { pow } from "../math.js";
import { ArgumentError } from "../options.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import type { DecodeOptions } from "./decode.js";
import type { Rule } from "./rules.js";
import { beginInSteps, nextInSteps, type Writer } from "./writer.js";

/** Options of beam search. */
export interface BeamOptions extends DecodeOptions {
  /** number of beams */
  readonly beams: number;
  /** exponent of the length normalization: scores are divided by (new tokens)^lengthPenalty; default 1 */
  readonly lengthPenalty?: number;
  /**
   * When to stop. true: once there are as many finished sequences as beams; false (default): once no running sequence, at
   * its present length, beats the worst finished one; "never": once none can.
   */
  readonly early?: boolean | "never";
}

interface Hypothesis {
  readonly ids: readonly number[];
  /** sum of the log-probabilities of its new tokens */
  readonly score: number;
  /** the row of the writer that it continues */
  readonly row: number;
}

/** A finished sequence of beam search, prompt included, and its length-normalized log-probability. */
export interface Finished {
  readonly ids: readonly number[];
  readonly score: number;
}

/** Log-softmax of the model's scores in place, before the rules are applied, as in the reference. */
function toLogProbabilities(scores: Float32Array): void {
  const total = logSumExp(scores);
  for (let i = 0; i < scores.length; i++) scores[i]! -= total;
}

/** The beam search of one row. */
class Search {
  running: Hypothesis[];
  finished: Finished[] = [];
  open = true;
  readonly #prompt: number;
  readonly #options: Required<BeamOptions>;

  constructor(prompt: Int32Array, row: number, options: Required<BeamOptions>) {
    this.#prompt = prompt.length;
    this.#options = options;
    this.running = [{ ids: Array.from(prompt), score: 0, row }];
  }

  /** Extend the running sequences by one token; `scores` are theirs, in order. */
  step(scores: readonly Float32Array[], rules: readonly Rule[]): void {
    const { beams, eosIds, maxNewTokens } = this.#options;
    const candidates = this.#candidates(scores, rules, Math.max(2, 1 + eosIds.length) * beams);
    const isLast = (ids: readonly number[]) => ids.length - this.#prompt >= maxNewTokens;
    const ended = ({ ids }: Hypothesis) => eosIds.includes(ids.at(-1)!) || isLast(ids);
    this.#finish(candidates.slice(0, beams).filter(ended));
    this.running = candidates.filter((candidate) => !ended(candidate)).slice(0, beams);
    this.open = this.running.length > 0 && !this.#full() && this.#promising();
  }

  #candidates(scores: readonly Float32Array[], rules: readonly Rule[], count: number): Hypothesis[] {
    const all: Hypothesis[] = [];
    for (const [i, { ids, score, row }] of this.running.entries()) {
      const own = scores[i]!;
      toLogProbabilities(own);
      for (const rule of rules) rule(own, ids);
      for (const id of highest(own, count)) all.push({ ids: [...ids, id], score: score + own[id]!, row });
    }
    return all.sort((a, b) => b.score - a.score).slice(0, count);
  }

  /** Whether no further finished sequence is accepted. */
  #full(): boolean {
    return this.#options.early === true && this.finished.length >= this.#options.beams;
  }

  #finish(ended: readonly Hypothesis[]): void {
    if (this.#full()) return;
    const made = ended.map(({ ids, score }) => ({ ids, score: score / this.#normalizer(ids.length - this.#prompt) }));
    this.finished = [...this.finished, ...made].sort((a, b) => b.score - a.score).slice(0, this.#options.beams);
  }

  /** The divisor of the score of a sequence with this many new tokens. */
  #normalizer(tokens: number): number {
    return pow(tokens, this.#options.lengthPenalty);
  }

  /** Whether the best running sequence may still beat the worst finished one. */
  #promising(): boolean {
    const { beams, early, lengthPenalty, maxNewTokens } = this.#options;
    if (this.finished.length < beams) return true;
    const { ids, score } = this.running[0]!;
    const length = early === "never" && lengthPenalty > 0 ? maxNewTokens : ids.length - this.#prompt;
    return score / this.#normalizer(length) > this.finished.at(-1)!.score;
  }

  /** Finished sequences, best first. */
  result(): Finished[] {
    return this.finished;
  }
}

/**
 * Search all rows together.
 *
 * @returns for each row its finished sequences, best first, prompt included, with their scores
 * @example
 * const [best] = beamSearch(writer, { beams: 4, maxNewTokens: 20, eosIds: [eos] });
 */
export function beamSearch(writer: Writer, options: BeamOptions): Finished[][] {
  return atOnce(beamSearchInSteps(writer, options));
}

/** The same in steps. */
export function* beamSearchInSteps(writer: Writer, options: BeamOptions): Steps<Finished[][]> {
  const { beams, maxNewTokens } = options;
  if (!(Number.isInteger(beams) && beams > 0))
    throw new ArgumentError(`beams must be a positive whole number, got ${beams}`);
  const longest = Math.max(...writer.prompts.map((ids) => ids.length));
  if (longest + maxNewTokens > writer.maxLength + 1)
    throw new ArgumentError(
      `a prompt of ${longest} tokens and ${maxNewTokens} new ones do not fit the model's ${writer.maxLength} positions; generate fewer tokens or shorten the prompt`,
    );
  const full = { lengthPenalty: 1, early: false, rules: [], ...options } as const;
  const searches = writer.prompts.map((prompt, row) => new Search(prompt, row, full));
  let scores = yield* beginInSteps(writer);
  while (true) {
    for (const [i, search] of searches.entries()) {
      if (search.open) search.step(rowsOf(searches, i, scores), full.rules);
      yield;
    }
    if (!searches.some(({ open }) => open)) return searches.map((search) => search.result());
    scores = yield* advance(writer, searches, beams);
  }
}

/** The scores of one search. After the first step every search has `beams` rows, used or not. */
function rowsOf(searches: readonly Search[], i: number, scores: readonly Float32Array[]): readonly Float32Array[] {
  const each = scores.length / searches.length;
  return scores.slice(i * each, (i + 1) * each);
}

/** Feed the newest tokens. A search with fewer running sequences than beams repeats its last one, which is ignored. */
function advance(writer: Writer, searches: Search[], beams: number): Steps<Float32Array[]> {
  const rows: number[] = [];
  const ids: number[] = [];
  for (const [i, search] of searches.entries()) {
    const used = search.running.slice(0, beams);
    for (let beam = 0; beam < beams; beam++) {
      const one = used[Math.min(beam, used.length - 1)];
      const row = i * (writer.rows / searches.length);
      rows.push(one ? one.row : row);
      ids.push(one ? one.ids.at(-1)! : 0);
    }
    search.running = used.map((one, beam) => ({ ...one, row: i * beams + beam }));
  }
  return nextInSteps(writer, Int32Array.from(rows), Int32Array.from(ids));
}
