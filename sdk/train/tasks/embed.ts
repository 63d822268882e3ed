/** Vectors of texts, learned from pairs: scored by similarity, or each pair a match. */
import type { Sample } from "../../data/sample.js";
import { DataError, dataError } from "../../data/source.js";
import { type Columns, readTextRows, type TextRow } from "../../data/text-rows.js";
import { shown } from "../../errors.js";
import { embeddingObjective, embedTexts } from "../../heads/embedding.js";
import { encodeText } from "../../heads/pooled.js";
import type { Pooling } from "../../heads/pooling.js";
import { pearson, spearman } from "../metrics/correlation.js";
import type { Metrics, Task } from "./task.js";

/** Two texts that belong together. */
export interface TextPair extends TextRow {
  readonly pair: string;
}

/** The largest score: the divisor that turns all of them into cosines. */
const largestScore = (pairs: readonly TextPair[]): number =>
  pairs.reduce((most, { score }) => Math.max(most, Math.abs(score ?? 0)), 1);

/** Scored pairs and mere matches do not mix: their losses are of different kinds. */
function scored(pairs: readonly TextPair[]): boolean {
  const count = pairs.filter(({ score }) => score !== undefined).length;
  if (count > 0 && count < pairs.length)
    throw new DataError(`${count} of ${pairs.length} pairs have a score; either all of them have one, or none`);
  return count > 0;
}

/** Words of a text, for the baseline. */
const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);

/** Words in common as a share of all words of both. */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  const all = a.size + b.size - common;
  return all === 0 ? 0 : common / all;
}

/** Figures from a similarity of any two texts: `alike(i, j)` compares the first text of i with the second of j. */
function figures(pairs: readonly TextPair[], alike: (first: number, second: number) => number): Metrics {
  if (scored(pairs)) {
    const guess = pairs.map((_, i) => alike(i, i));
    const gold = pairs.map(({ score }) => score!);
    return { spearman: spearman(guess, gold), pearson: pearson(guess, gold) };
  }
  let [first, reciprocal] = [0, 0];
  for (const i of pairs.keys()) {
    const own = alike(i, i);
    let rank = 1;
    for (const j of pairs.keys()) if (j !== i && alike(i, j) >= own && pairs[j]!.pair !== pairs[i]!.pair) rank++;
    if (rank === 1) first++;
    reciprocal += 1 / rank;
  }
  return { accuracy: first / pairs.length, mrr: reciprocal / pairs.length };
}

/** The first `dimensions` of a vector, scaled to length 1. */
function cut(vector: Float32Array, dimensions: number): Float32Array {
  const kept = vector.subarray(0, dimensions);
  const length = Math.sqrt(dot(kept, kept));
  return length === 0 ? kept : kept.map((x) => x / length);
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, d) => sum + x * b[d]!, 0);

/** Options of {@link embedTask}. */
export interface EmbedTaskOptions {
  readonly columns?: Columns;
  /** applied to a text before it is encoded, such as adding a prompt */
  readonly prepare?: (text: string) => string;
  /** how many numbers of each vector are compared when the model is scored; all of them by default */
  readonly dimensions?: number;
}

/**
 * The task of learning vectors from pairs of texts. Vectors are compared by cosine, so that `pooling.normalize` changes neither
 * training nor figures.
 *
 * @param pooling how the model's vectors are pooled; the same must be written beside it
 * @param scores whether the pairs have scores, which decides the headline metric
 * @example
 * embedTask({ mode: "mean", normalize: true }, true).headline; // "spearman"
 */
export function embedTask(
  pooling: Pooling,
  scores: boolean,
  { columns, prepare = (text) => text, dimensions }: EmbedTaskOptions = {},
): Task<TextPair, "feature-extraction"> {
  const one = (
    text: string,
    { tokenizer, maxLength: length }: Parameters<Task<TextPair, "feature-extraction">["samples"]>[1],
  ): Sample => encodeText(tokenizer, { text: prepare(text) }, length);
  return {
    name: "embed",
    modelTask: "feature-extraction",
    headline: scores ? "spearman" : "mrr",
    async *read(source) {
      let withScores: boolean | undefined;
      for await (const row of readTextRows(source, columns)) {
        const { pair, line = 1 } = row;
        if (pair === undefined) throw dataError(source, line, "no second text; embed learns from pairs");
        if (row.label !== undefined && row.score === undefined)
          throw dataError(
            source,
            line,
            `the label ${shown(row.label)} is not a score; embed learns from pairs with a score, or from matching pairs without label (of entailment, contradiction and neutral keep the entailment pairs alone)`,
          );
        withScores ??= row.score !== undefined;
        if (withScores !== (row.score !== undefined))
          throw dataError(source, line, `${withScores ? "no score" : "a score"}, unlike the pairs before it`);
        yield { ...row, pair };
      }
    },
    labels: () => null,
    samples(pairs, settings) {
      const most = largestScore(pairs);
      const withScores = scored(pairs);
      return pairs.map(({ text, pair, score }) => ({
        ...one(text, settings),
        target: one(pair, settings),
        labels: withScores ? { value: score! / most } : {},
      }));
    },
    objective: embeddingObjective(pooling),
    evaluate(model, pairs, { tokenizer, maxLength: length }) {
      const vectors = (texts: readonly string[]) =>
        embedTexts(model, tokenizer, texts.map(prepare), { ...pooling, normalize: true }, length).map((vector) =>
          dimensions === undefined ? vector : cut(vector, dimensions),
        );
      const first = vectors(pairs.map(({ text }) => text));
      const second = vectors(pairs.map(({ pair }) => pair));
      return figures(pairs, (i, j) => dot(first[i]!, second[j]!));
    },
    baseline(_train, test) {
      const first = test.map(({ text }) => wordsOf(text));
      const second = test.map(({ pair }) => wordsOf(pair));
      return figures(test, (i, j) => overlap(first[i]!, second[j]!));
    },
    baselineName: "the share of words in common",
    decisions: (pairs) => pairs.length,
  };
}
