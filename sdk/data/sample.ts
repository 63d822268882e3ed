/**
 * Inputs of a model: samples of one sequence each, and batches of many. A batch has no padding: it is the
 * concatenation of its sequences, so cost follows real tokens and no row can depend on the others.
 */
import { ArgumentError, checkArgument } from "../options.js";
import { IGNORE } from "../tensor/ops/loss.js";
import type { Encoding } from "../tokenizer/index.js";

/** Labels of a sample; each objective reads its own field. */
export interface Labels {
  /** Per token: the id to predict or the tag's number; {@link IGNORE} for none. */
  readonly tokens?: Int32Array;
  /** Of a pair of segments: is-next (0) or random (1); in order (0) or swapped (1); {@link IGNORE} without a pair. */
  readonly pair?: number;
  /** Class of the whole sequence. */
  readonly row?: number;
  /** (classes) 1 for each class that applies to the sequence, 0 for the others: multi-label classification. */
  readonly classes?: Int32Array;
  /** Real-valued target of the whole sequence. */
  readonly value?: number;
  /** First and last token of the answer, positions within the sequence. */
  readonly span?: readonly [number, number];
}

/** One sequence: token ids with everything that objectives need to know about them. */
export interface Sample {
  /** (tokens) vocabulary ids, special tokens included */
  readonly ids: Int32Array;
  /** (tokens) 0 for the first segment, 1 for the second */
  readonly segments: Uint8Array;
  /** (tokens) 1 for special tokens, which are never masked */
  readonly special: Uint8Array;
  /** (tokens) index of the word that the token is a piece of; -1 for special tokens */
  readonly words: Int32Array;
  readonly labels: Labels;
  /** (tokens) positions; 0, 1, 2, … if absent. MASS gives a decoder the positions of its fragment. */
  readonly positions?: Int32Array;
  /**
   * The other side of the sample. For an encoder-decoder, its output: `ids` are the decoder's inputs, beginning with its
   * start token, and `labels.tokens` the token to predict at each of them. For embeddings, the text to compare with.
   */
  readonly target?: Sample;
  /**
   * The 32-bit seed of draws that need a model's output, such as the tokens of ELECTRA's generator. It belongs to the
   * sample, so the draws do not depend on the batch.
   */
  readonly noise?: number;
}

/** The labels of a batch: those of its samples, joined. A field is present if every sample has it. */
export interface BatchLabels {
  /** (tokens) */
  readonly tokens?: Int32Array;
  /** (rows) */
  readonly pair?: Int32Array;
  /** (rows) */
  readonly row?: Int32Array;
  /** (rows × classes) */
  readonly classes?: Int32Array;
  /** (rows) */
  readonly value?: Float32Array;
  /** (rows) first and last token of the answer, within its row; IGNORE where there is none */
  readonly span?: { readonly first: Int32Array; readonly last: Int32Array };
}

/** Sequences laid end to end. */
export interface Batch {
  /** how many sequences */
  readonly rows: number;
  /** (tokens) */
  readonly ids: Int32Array;
  /** (tokens) position within the sequence, from 0 */
  readonly positions: Int32Array;
  /** (tokens) */
  readonly segments: Int32Array;
  /** (rows + 1) where each sequence begins; the last entry is the number of tokens */
  readonly starts: Int32Array;
  /**
   * The tokens that may be attended to; all of them where this is absent, as it is in every batch made here. Padded
   * implementations compute positions that are not used, and some of their losses run over them: to compare with
   * such a loss, a batch can have such positions too. `index` names the tokens, `starts` where each row's begin in it.
   */
  readonly visible?: { readonly index: Int32Array; readonly starts: Int32Array };
  readonly labels: BatchLabels;
  /** The other side, row by row; present if every sample has it. */
  readonly target?: Batch;
  /** (rows) the samples' noise; present if every sample has it */
  readonly noise?: Uint32Array;
}

/**
 * An encoded text as a sample.
 *
 * @example
 * sampleOf(tokenizer.encode("the cat")).ids.length; // 4
 */
export function sampleOf(encoding: Encoding, labels: Labels = {}): Sample {
  const { ids, special, words } = encoding;
  return { ids, special, words, segments: Uint8Array.from(encoding.segments), labels };
}

/** Whether each has ids, and segments for them. */
const areSamples = (value: unknown): boolean =>
  Array.isArray(value) &&
  Array.from(value).every(
    (sample: Partial<Sample> | null | undefined) =>
      ArrayBuffer.isView(sample?.ids) &&
      ArrayBuffer.isView(sample.segments) &&
      sample.ids.length === sample.segments.length,
  );

/**
 * Lay samples end to end.
 *
 * @example
 * collate(samples).starts; // one more than there are samples: where each begins, and the end
 * @throws {ArgumentError} when there are no samples, or a sample has no tokens or label arrays of another length
 */
export function collate(samples: readonly Sample[]): Batch {
  checkArgument("collate", "samples", samples, { expected: "an array of samples", accepts: areSamples });
  if (samples.length === 0) throw new ArgumentError("collate: a batch needs at least one sample, got none");
  const starts = new Int32Array(samples.length + 1);
  for (const [row, { ids }] of samples.entries()) {
    if (ids.length === 0)
      throw new ArgumentError(`collate: sample ${row} has no tokens; every sequence has at least its special tokens`);
    starts[row + 1] = starts[row]! + ids.length;
  }
  const tokens = starts[samples.length]!;
  const ids = new Int32Array(tokens);
  const positions = new Int32Array(tokens);
  const segments = new Int32Array(tokens);
  for (const [row, sample] of samples.entries()) {
    const start = starts[row]!;
    ids.set(sample.ids, start);
    segments.set(sample.segments, start);
    for (let i = 0; i < sample.ids.length; i++) positions[start + i] = sample.positions?.[i] ?? i;
  }
  const targets = samples.flatMap(({ target }) => target ?? []);
  if (targets.length > 0 && targets.length < samples.length)
    throw new ArgumentError(
      `collate: ${targets.length} of ${samples.length} samples have a target; all need one, or none`,
    );
  const noise = samples.flatMap((sample) => sample.noise ?? []);
  return {
    rows: samples.length,
    ids,
    positions,
    segments,
    starts,
    labels: joinLabels(samples, starts),
    ...(targets.length > 0 && { target: collate(targets) }),
    ...(noise.length === samples.length && { noise: Uint32Array.from(noise) }),
  };
}

function joinLabels(samples: readonly Sample[], starts: Int32Array): BatchLabels {
  const tokens = all(samples, (labels) => labels.tokens);
  const pair = all(samples, (labels) => labels.pair);
  const row = all(samples, (labels) => labels.row);
  const classes = all(samples, (labels) => labels.classes);
  const value = all(samples, (labels) => labels.value);
  const span = all(samples, (labels) => labels.span);
  return {
    ...(tokens && { tokens: joinTokens(tokens, starts) }),
    ...(pair && { pair: Int32Array.from(pair) }),
    ...(row && { row: Int32Array.from(row) }),
    ...(classes && { classes: Int32Array.from(classes.flatMap((own) => [...own])) }),
    ...(value && { value: Float32Array.from(value) }),
    ...(span && {
      span: { first: Int32Array.from(span, ([first]) => first), last: Int32Array.from(span, ([, last]) => last) },
    }),
  };
}

/** The label of every sample; undefined when one has none. */
function all<T>(samples: readonly Sample[], pick: (labels: Labels) => T | undefined): T[] | undefined {
  const picked: T[] = [];
  for (const { labels } of samples) {
    const label = pick(labels);
    if (label === undefined) return undefined;
    picked.push(label);
  }
  return picked;
}

function joinTokens(labels: readonly Int32Array[], starts: Int32Array): Int32Array {
  const joined = new Int32Array(starts[labels.length]!);
  for (const [row, own] of labels.entries()) {
    const length = starts[row + 1]! - starts[row]!;
    if (own.length !== length)
      throw new ArgumentError(`collate: sample ${row} has ${length} tokens but ${own.length} token labels`);
    joined.set(own, starts[row]!);
  }
  return joined;
}

/** A decoder's inputs: its start token, then the target without its last token. Example: shiftedRight([5, 6, 1], 0) -> [0, 5, 6]. */
export function shiftedRight(target: Int32Array, start: number): Int32Array {
  const inputs = new Int32Array(target.length);
  inputs[0] = start;
  inputs.set(target.subarray(0, -1), 1);
  return inputs;
}

/** Positions in the batch that carry a token label. */
export function labelled(tokens: Int32Array): Int32Array {
  let count = 0;
  for (const label of tokens) if (label !== IGNORE) count++;
  const index = new Int32Array(count);
  for (let i = 0, next = 0; i < tokens.length; i++) if (tokens[i] !== IGNORE) index[next++] = i;
  return index;
}
