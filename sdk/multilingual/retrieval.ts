/**
 * Cross-lingual retrieval: find the counterpart of a text or word in another language by its vector.
 *
 * Retrieval and its measures: Conneau et al. 2018 (arXiv:1710.04087) for CSLS; Artetxe & Schwenk 2019 (arXiv:1811.01136)
 * for margins; google-research/xtreme, utils_retrieve.py. Computed in double precision on the host, with the same result
 * everywhere. The matrix of all pairs is never stored, so memory is linear in the number of texts.
 */
import { checkArgument, checkArguments, listOf, numbers, oneOf, withFields } from "../options.js";
import type { Vectors } from "./alignment.js";
import { DirectionError } from "./errors.js";

/**
 * `cosine`; `csls`: twice the cosine minus both sides' mean cosine with their nearest neighbors; `ratio`: the cosine
 * divided by the mean of these two; `distance`: the cosine minus their mean. The last three correct for hubs, vectors
 * that are near all others.
 */
export type Scoring = "cosine" | "csls" | "ratio" | "distance";

/** Options of retrieval: the similarity, and its correction for hubs. */
export interface ScoringOptions {
  readonly scoring?: Scoring;
  /** number of nearest neighbors to average over; default as published, 10 for csls and 4 for margins */
  readonly neighbours?: number;
}

/** Unit vectors, concatenated. */
interface Directions {
  readonly count: number;
  readonly width: number;
  readonly data: Float64Array;
}

function directions(vectors: Vectors, width: number, side: string): Directions {
  const data = new Float64Array(vectors.length * width);
  for (const [row, vector] of vectors.entries()) {
    if (vector.length !== width)
      throw new DirectionError(`${side} vector ${row} has ${vector.length} numbers, the first source has ${width}`);
    let square = 0;
    for (let d = 0; d < width; d++) square += vector[d]! * vector[d]!;
    const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
    for (let d = 0; d < width; d++) data[row * width + d] = vector[d]! * scale;
  }
  return { count: vectors.length, width, data };
}

/** Cosines of one source with all targets. */
function cosinesOf(sources: Directions, row: number, targets: Directions, into: Float64Array): void {
  const { width } = sources;
  const from = row * width;
  for (let column = 0; column < targets.count; column++) {
    const to = column * width;
    let [even, odd] = [0, 0]; // two independent sums hide latency
    let d = 0;
    for (; d + 1 < width; d += 2) {
      even += sources.data[from + d]! * targets.data[to + d]!;
      odd += sources.data[from + d + 1]! * targets.data[to + d + 1]!;
    }
    if (d < width) even += sources.data[from + d]! * targets.data[to + d]!;
    into[column] = even + odd;
  }
}

/** The largest values of each row, in descending order. */
class Largest {
  private readonly values: Float64Array;

  constructor(
    rows: number,
    private readonly count: number,
  ) {
    this.values = new Float64Array(rows * count).fill(Number.NEGATIVE_INFINITY);
  }

  add(row: number, value: number): void {
    const { values, count } = this;
    const begin = row * count;
    let at = begin + count - 1;
    if (value <= values[at]!) return;
    for (; at > begin && values[at - 1]! < value; at--) values[at] = values[at - 1]!;
    values[at] = value;
  }

  mean(row: number): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.values[row * this.count + i]!;
    return sum / this.count;
  }
}

/** Mean cosine of each vector with its nearest neighbors on the other side. */
function neighbourhoods(sources: Directions, targets: Directions, neighbours: number): [Float64Array, Float64Array] {
  const ofSources = new Largest(sources.count, Math.min(neighbours, targets.count));
  const ofTargets = new Largest(targets.count, Math.min(neighbours, sources.count));
  const cosines = new Float64Array(targets.count);
  for (let row = 0; row < sources.count; row++) {
    cosinesOf(sources, row, targets, cosines);
    for (let column = 0; column < targets.count; column++) {
      ofSources.add(row, cosines[column]!);
      ofTargets.add(column, cosines[column]!);
    }
  }
  return [
    Float64Array.from({ length: sources.count }, (_, row) => ofSources.mean(row)),
    Float64Array.from({ length: targets.count }, (_, column) => ofTargets.mean(column)),
  ];
}

const FORMULAS: Readonly<Record<Scoring, (cosine: number, source: number, target: number) => number>> = {
  cosine: (cosine) => cosine,
  csls: (cosine, source, target) => 2 * cosine - source - target,
  ratio: (cosine, source, target) => (2 * cosine) / (source + target),
  distance: (cosine, source, target) => cosine - (source + target) / 2,
};

/**
 * Score every pair of a source and a target.
 *
 * @param visit called for each source in order with its scores of all targets; the array is reused for the next source
 * @example
 * const best: number[] = [];
 * eachScore(english, german, { scoring: "csls", neighbours: 2 }, (_, scores) => best.push(argmax(scores)));
 * best.slice(0); // [0, 1, 2]
 */
export function eachScore(
  sources: Vectors,
  targets: Vectors,
  options: ScoringOptions,
  visit: (row: number, scores: Float64Array) => void,
): void {
  checkArgument("eachScore", "options", options, withFields("an object with scoring and neighbours"));
  const { scoring = "cosine", neighbours = scoring === "csls" ? 10 : 4 } = options;
  checkArguments(
    "eachScore",
    { sources, targets, scoring },
    { sources: listOf(numbers), targets: listOf(numbers), scoring: oneOf("cosine", "csls", "ratio", "distance") },
  );
  if (sources.length === 0 || targets.length === 0) throw new DirectionError("one side has no vectors");
  if (!Number.isInteger(neighbours) || neighbours < 1)
    throw new DirectionError(`neighbours must be a positive whole number, got ${neighbours}`);
  const width = sources[0]!.length;
  const from = directions(sources, width, "source");
  const to = directions(targets, width, "target");
  const formula = FORMULAS[scoring];
  const [ofSources, ofTargets] = scoring === "cosine" ? [null, null] : neighbourhoods(from, to, neighbours);
  const scores = new Float64Array(to.count);
  for (let row = 0; row < from.count; row++) {
    cosinesOf(from, row, to, scores);
    if (ofSources)
      for (let column = 0; column < to.count; column++)
        scores[column] = formula(scores[column]!, ofSources[row]!, ofTargets[column]!);
    visit(row, scores);
  }
}

/** A vector's best counterpart. */
export interface Best {
  readonly index: number;
  readonly score: number;
}

/**
 * Best target of every source and best source of every target; the first of equals.
 *
 * @example
 * bestMatches([[1, 0], [0, 1]], [[0, 2], [2, 0]]).forward.map(({ index }) => index); // [1, 0]
 */
export function bestMatches(
  sources: Vectors,
  targets: Vectors,
  options: ScoringOptions = {},
): { readonly forward: Best[]; readonly backward: Best[] } {
  checkArguments("bestMatches", { sources, targets }, { sources: listOf(numbers), targets: listOf(numbers) });
  const none: Best = { index: -1, score: Number.NEGATIVE_INFINITY };
  const forward: Best[] = [];
  const backward: Best[] = targets.map(() => none);
  eachScore(sources, targets, options, (row, scores) => {
    let best = none;
    for (let column = 0; column < scores.length; column++) {
      const score = scores[column]!;
      if (score > best.score) best = { index: column, score };
      if (score > backward[column]!.score) backward[column] = { index: row, score };
    }
    forward.push(best);
  });
  return { forward, backward };
}

/** Fractions of texts whose best counterpart is correct. */
export interface RetrievalFigures {
  readonly forward: number;
  readonly backward: number;
  /** mean of both directions */
  readonly mean: number;
}

/**
 * Precision at 1 on parallel texts: source i corresponds to target i.
 *
 * @example
 * retrievalFigures(english, german, { scoring: "csls" }).mean; // the share of texts whose nearest text is their translation
 */
export function retrievalFigures(sources: Vectors, targets: Vectors, options: ScoringOptions = {}): RetrievalFigures {
  checkArguments("retrievalFigures", { sources, targets }, { sources: listOf(numbers), targets: listOf(numbers) });
  if (sources.length !== targets.length)
    throw new DirectionError(`expected as many sources as targets, got ${sources.length} and ${targets.length}`);
  const { forward, backward } = bestMatches(sources, targets, options);
  const share = (best: readonly Best[]): number => best.filter(({ index }, i) => index === i).length / best.length;
  const [there, back] = [share(forward), share(backward)];
  return { forward: there, backward: back, mean: (there + back) / 2 };
}

/** Figures of word translation by nearest neighbors. */
export interface TranslationFigures {
  /** mean reciprocal rank of the best correct answer */
  readonly reciprocalRank: number;
  /** fraction of queries whose first answer is correct */
  readonly precision: number;
  readonly queries: number;
  /** number of candidates, on which the figures depend */
  readonly candidates: number;
}

/**
 * Word translation: the rank of the first correct candidate. Ties count against it: a candidate with an equal score ranks
 * first.
 *
 * @param gold for each query, the indices of its translations among the candidates
 * @example
 * translationFigures([[1, 0]], [[0, 1], [1, 0]], [[1]]); // { reciprocalRank: 1, precision: 1, queries: 1, candidates: 2 }
 */
export function translationFigures(
  queries: Vectors,
  candidates: Vectors,
  gold: readonly (readonly number[])[],
  options: ScoringOptions = {},
): TranslationFigures {
  if (gold.length !== queries.length)
    throw new DirectionError(
      `a list of translations for each of ${queries.length} queries was expected, got ${gold.length} lists`,
    );
  let [sum, first] = [0, 0];
  eachScore(queries, candidates, options, (row, scores) => {
    const right = gold[row]!;
    if (right.length === 0) throw new DirectionError(`query ${row} has no translation`);
    const best = Math.max(...right.map((index) => scores[index] ?? Number.NaN));
    if (Number.isNaN(best)) throw new DirectionError(`query ${row}: a translation is not among the candidates`);
    const others = new Set(right);
    let rank = 1;
    for (let i = 0; i < scores.length; i++) if (scores[i]! >= best && !others.has(i)) rank++;
    sum += 1 / rank;
    if (rank === 1) first++;
  });
  const { length } = queries;
  return { reciprocalRank: sum / length, precision: first / length, queries: length, candidates: candidates.length };
}
