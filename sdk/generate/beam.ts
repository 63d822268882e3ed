/**
 * Beam search: several continuations side by side, the most probable as a whole is kept. As Hugging Face's
 * GenerationMixin._beam_search decides what is finished, when to stop, and what a longer sequence is worth.
 */

import { highest } from "../heads/probabilities.js";
import { exp, log, pow } from "../math.js";
import { ArgumentError } from "../options.js";
import type { DecodeOptions } from "./decode.js";
import type { Rule } from "./rules.js";
import type { Writer } from "./writer.js";

export interface BeamOptions extends DecodeOptions {
  /** continuations side by side */
  readonly beams: number;
  /** a finished sequence's score is divided by its new tokens to this power; 0: not at all */
  readonly lengthPenalty?: number;
  /**
   * true: as soon as there are as many finished sequences as beams; false: when none of the running ones is better than
   * the worst finished one at its present length; "never": when none could become so.
   */
  readonly early?: boolean | "never";
}

interface Hypothesis {
  readonly ids: readonly number[];
  /** sum of the log-probabilities of its new tokens */
  readonly score: number;
  /** which of the rows in the writer it goes on from */
  readonly row: number;
}

interface Finished {
  readonly ids: readonly number[];
  readonly score: number;
}

/** log(exp(score) / Σ exp(score)), after the model's scores and before the rules, as the reference applies them. */
function logProbabilities(scores: Float32Array): Float32Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const score of scores) largest = Math.max(largest, score);
  let sum = 0;
  for (const score of scores) sum += exp(score - largest);
  const total = largest + log(sum);
  return scores.map((score) => score - total);
}

/** The search for one row. */
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

  /** Go on with the best of all continuations; `scores` belong to the running ones. */
  step(scores: readonly Float32Array[], rules: readonly Rule[]): void {
    const { beams, ends, most } = this.#options;
    const candidates = this.#candidates(scores, rules, Math.max(2, 1 + ends.length) * beams);
    const isLast = (ids: readonly number[]) => ids.length - this.#prompt >= most;
    const ended = ({ ids }: Hypothesis) => ends.includes(ids.at(-1)!) || isLast(ids);
    this.#finish(candidates.slice(0, beams).filter(ended));
    this.running = candidates.filter((candidate) => !ended(candidate)).slice(0, beams);
    this.open = this.running.length > 0 && !this.#full() && this.#promising();
  }

  #candidates(scores: readonly Float32Array[], rules: readonly Rule[], count: number): Hypothesis[] {
    const all: Hypothesis[] = [];
    for (const [i, { ids, score, row }] of this.running.entries()) {
      const own = logProbabilities(scores[i]!);
      for (const rule of rules) rule(own, ids);
      for (const id of highest(own, count)) all.push({ ids: [...ids, id], score: score + own[id]!, row });
    }
    return all.sort((a, b) => b.score - a.score).slice(0, count);
  }

  /** Whether nothing may be added any more. */
  #full(): boolean {
    return this.#options.early === true && this.finished.length >= this.#options.beams;
  }

  #finish(ended: readonly Hypothesis[]): void {
    if (this.#full()) return;
    const made = ended.map(({ ids, score }) => ({ ids, score: score / this.#worth(ids.length - this.#prompt) }));
    this.finished = [...this.finished, ...made].sort((a, b) => b.score - a.score).slice(0, this.#options.beams);
  }

  /** What a sequence of so many new tokens is divided by. */
  #worth(tokens: number): number {
    return pow(tokens, this.#options.lengthPenalty);
  }

  /** Whether the best running sequence may still be better than the worst finished one. */
  #promising(): boolean {
    const { beams, early, lengthPenalty, most } = this.#options;
    if (this.finished.length < beams) return true;
    const { ids, score } = this.running[0]!;
    const length = early === "never" && lengthPenalty > 0 ? most : ids.length - this.#prompt;
    return score / this.#worth(length) > this.finished.at(-1)!.score;
  }

  /** The best first; what still ran when the search was ended for good counts as it stands. */
  result(): Finished[] {
    return this.finished;
  }
}

/**
 * Search all rows at once.
 *
 * @returns for each row its finished sequences, prompt included, the best first, with their scores
 * @example
 * const [best] = beamSearch(writer, { beams: 4, most: 20, ends: [eos] });
 */
export function beamSearch(writer: Writer, options: BeamOptions): Finished[][] {
  const { beams, most } = options;
  if (!(Number.isInteger(beams) && beams > 0))
    throw new ArgumentError(`beams must be a positive whole number, got ${beams}`);
  const longest = Math.max(...writer.prompts.map((ids) => ids.length));
  if (longest + most > writer.positions + 1)
    throw new ArgumentError(
      `a prompt of ${longest} tokens and ${most} new ones do not fit the model's ${writer.positions} positions; write fewer, or cut the prompt`,
    );
  const full = { lengthPenalty: 1, early: false, rules: [], ...options } as const;
  const searches = writer.prompts.map((prompt, row) => new Search(prompt, row, full));
  let scores = writer.begin();
  while (true) {
    for (const [i, search] of searches.entries()) if (search.open) search.step(rowsOf(searches, i, scores), full.rules);
    if (!searches.some(({ open }) => open)) return searches.map((search) => search.result());
    scores = goOn(writer, searches, beams);
  }
}

/** Where the rows of a search lie among the writer's: after the first step every search has `beams` rows, used or not. */
function rowsOf(searches: readonly Search[], i: number, scores: readonly Float32Array[]): readonly Float32Array[] {
  const each = scores.length / searches.length;
  return scores.slice(i * each, (i + 1) * each);
}

/** Feed the newest tokens. A search with fewer running sequences than beams repeats its last: nobody looks at it. */
function goOn(writer: Writer, searches: Search[], beams: number): Float32Array[] {
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
  return writer.next(Int32Array.from(rows), Int32Array.from(ids));
}
