/**
 * Finding a text's or a word's counterpart in another language by its vector.
 *
 * Retrieval and its measures: Conneau et al. 2018 (arXiv:1710.04087) for CSLS; Artetxe & Schwenk 2019 (arXiv:1811.01136)
 * for margins; google-research/xtreme, utils_retrieve.py. On the host, in double precision: the same everywhere. The
 * matrix of all pairs is never kept, so memory grows with the number of texts, not with its square.
 */
import { DirectionError } from "./errors.js";

/**
 * `cosine`; `csls`: twice the cosine less both sides' mean cosine with their nearest neighbours; `ratio`: the cosine
 * divided by half the sum of these means; `distance`: the cosine less half their sum. The last three take from a vector
 * what it has in common with all: a hub, near to everything, is nobody's partner.
 */
export type Scoring = "cosine" | "csls" | "ratio" | "distance";

export interface ScoringOptions {
  readonly scoring?: Scoring;
  /** neighbours whose cosines are averaged: 10 for csls and 4 for the margins, as published, where not given */
  readonly neighbours?: number;
}

type Vectors = readonly ArrayLike<number>[];

/** Unit vectors, end to end. */
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

/** The cosines of one source with all targets. */
function cosinesOf(sources: Directions, row: number, targets: Directions, into: Float64Array): void {
  const { width } = sources;
  const from = row * width;
  for (let column = 0; column < targets.count; column++) {
    const to = column * width;
    let [even, odd] = [0, 0]; // two chains keep the processor busy
    let d = 0;
    for (; d + 1 < width; d += 2) {
      even += sources.data[from + d]! * targets.data[to + d]!;
      odd += sources.data[from + d + 1]! * targets.data[to + d + 1]!;
    }
    if (d < width) even += sources.data[from + d]! * targets.data[to + d]!;
    into[column] = even + odd;
  }
}

/** The largest values of several rows, each row's in descending order. */
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

/** Mean cosine of each vector with its nearest neighbours on the other side. */
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
 * @param visit called once a source, in order, with its scores of all targets; the array is used again for the next one
 */
export function eachScore(
  sources: Vectors,
  targets: Vectors,
  { scoring = "cosine", neighbours = scoring === "csls" ? 10 : 4 }: ScoringOptions,
  visit: (row: number, scores: Float64Array) => void,
): void {
  if (sources.length === 0 || targets.length === 0) throw new DirectionError("there are no vectors on one side");
  if (!Number.isInteger(neighbours) || neighbours < 1)
    throw new DirectionError(`neighbours must be a whole number from 1 on, got ${neighbours}`);
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

/** Best target of every source, and best source of every target; of equals the first. */
export function bestMatches(
  sources: Vectors,
  targets: Vectors,
  options: ScoringOptions = {},
): { readonly forward: Best[]; readonly backward: Best[] } {
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

/** Shares of texts whose best counterpart is the right one. */
export interface RetrievalFigures {
  readonly forward: number;
  readonly backward: number;
  /** of both directions */
  readonly mean: number;
}

/**
 * Precision at 1 of parallel texts: source i belongs to target i.
 *
 * @example
 * retrievalFigures(english, german, { scoring: "csls" }).mean; // the share of texts whose nearest text is their translation
 */
export function retrievalFigures(sources: Vectors, targets: Vectors, options: ScoringOptions = {}): RetrievalFigures {
  if (sources.length !== targets.length)
    throw new DirectionError(`parallel texts were expected, got ${sources.length} and ${targets.length}`);
  const { forward, backward } = bestMatches(sources, targets, options);
  const share = (best: readonly Best[]): number => best.filter(({ index }, i) => index === i).length / best.length;
  const [there, back] = [share(forward), share(backward)];
  return { forward: there, backward: back, mean: (there + back) / 2 };
}

export interface TranslationFigures {
  /** mean of 1 / rank of the best right answer */
  readonly reciprocalRank: number;
  /** share of queries whose first answer is right */
  readonly precision: number;
  readonly queries: number;
  /** the figures depend on how many candidates there are */
  readonly candidates: number;
}

/**
 * Word translation: how far down the list of all candidates the first right one stands. A candidate with the same score as
 * the right one counts as before it.
 *
 * @param gold of each query the places of its translations among the candidates
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
    const best = Math.max(...right.map((place) => scores[place] ?? Number.NaN));
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
