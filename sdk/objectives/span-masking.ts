/**
 * SpanBERT: spans of words are masked, and each token of a span is predicted a second time from the two tokens next to the
 * span. Joshi et al. 2020 (arXiv:1907.10529), section 3; facebookresearch/SpanBERT, pretraining/fairseq/data/masking.py.
 */
import { type Batch, labelled, type Sample } from "../data/sample.js";
import { power } from "../math.js";
import { checkOptions } from "../options.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import type { Rng } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { type LmHead, type MaskedLmOptions, tokenTargets } from "./masked-lm.js";
import type { HeadObjective } from "./objective.js";
import { aCount, aShare, aVocabulary, boundaries, maskId, requireTokenizer, type Vocabulary } from "./vocabulary.js";

/** Options of {@link spanMaskedLm}. Defaults are those of SpanBERT. */
export interface SpanMaskingOptions extends Pick<MaskedLmOptions, "tokenizer" | "maskingRate"> {
  /** success probability of the geometric distribution of span lengths in words; 0.2 in the paper */
  readonly geometricP?: number;
  /** longest span in words; 10 */
  readonly maxSpanLength?: number;
}

/** P(ℓ) ∝ p (1 - p)^(ℓ - 1) for ℓ = 1 … longest. Example: spanLengthTable()[0] -> 0.2241 */
export function spanLengthTable(p = 0.2, longest = 10): number[] {
  const weights = Array.from({ length: longest }, (_, i) => p * power(1 - p, i));
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
}

function drawLength(table: readonly number[], rng: Rng): number {
  let left = rng();
  for (const [i, p] of table.entries()) {
    left -= p;
    if (left < 0) return i + 1;
  }
  return table.length;
}

/** Spans [first, end) of masked tokens, in order; spans that overlap or touch are merged. */
export function chooseSpans(sample: Sample, rng: Rng, options: SpanMaskingOptions): [first: number, end: number][] {
  const { maskingRate = 0.15, geometricP = 0.2, maxSpanLength = 10 } = options;
  const { ids, special, words } = sample;
  const plain = Array.from(ids, (_, i) => i).filter((i) => !special[i]);
  const budget = Math.ceil(plain.length * maskingRate);
  const table = spanLengthTable(geometricP, maxSpanLength);
  const begins = (i: number): boolean => Boolean(special[i - 1] ?? 1) || words[i]! < 0 || words[i] !== words[i - 1];
  const masked = new Set<number>();
  while (masked.size < budget) {
    let length = drawLength(table, rng);
    let anchor = plain[rng.integer(plain.length)]!;
    if (masked.has(anchor)) continue;
    while (!begins(anchor)) anchor--;
    for (let i = anchor; i < ids.length && !special[i] && masked.size < budget; i++) {
      if (begins(i) && length-- === 0) break;
      masked.add(i);
    }
  }
  const spans: [number, number][] = [];
  for (const i of [...masked].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last?.[1] === i) last[1] = i + 1;
    else spans.push([i, i + 1]);
  }
  return spans;
}

/**
 * Masked LM over spans of words; masked (80 %), random (10 %) or kept (10 %) is drawn once for each span.
 *
 * @throws {TokenizerError} when the tokenizer has no mask token
 * @example
 * single(spanMaskedLm({ tokenizer })).names; // ["span-masked-lm"]
 */
export function spanMaskedLm(options: SpanMaskingOptions): HeadObjective<LmHead> {
  const rules = { tokenizer: aVocabulary, maskingRate: aShare, geometricP: aShare, maxSpanLength: aCount };
  requireTokenizer("spanMaskedLm", options);
  checkOptions("spanMaskedLm", options, rules);
  const { size } = options.tokenizer;
  const mask = maskId(options.tokenizer, "span-masked-lm");
  return {
    name: "span-masked-lm",
    ...tokenTargets("span-masked-lm"),
    corrupt(sample, rng) {
      const ids = sample.ids.slice();
      const tokens = new Int32Array(ids.length).fill(IGNORE);
      for (const [first, end] of chooseSpans(sample, rng, options)) {
        const draw = rng();
        for (let i = first; i < end; i++) {
          tokens[i] = sample.ids[i]!;
          if (draw < 0.8) ids[i] = mask;
          else if (draw < 0.9) ids[i] = rng.integer(size);
        }
      }
      return { ...sample, ids, labels: { ...sample.labels, tokens } };
    },
  };
}

/** A head that predicts a token from the states of the two tokens next to its span and its position in the span. */
export interface SpanBoundaryHead {
  /** number of position embeddings; tokens further into a span are not predicted */
  readonly places: number;
  /**
   * @param left (n) the batch's token before each span
   * @param right (n) the batch's token after each span
   * @param place (n) position in the span, from 0
   * @returns (left.length, vocabulary)
   */
  edgeScores(hidden: Tensor, left: Int32Array, right: Int32Array, place: Int32Array): Tensor;
}

/** Tokens of spans whose neighbors on both sides are not special tokens. */
export function edgesOf({ ids, starts, rows, labels }: Batch, special: ReadonlySet<number>, places: number) {
  const [index, left, right, place]: number[][] = [[], [], [], []];
  const tokens = labels.tokens!;
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [starts[row]!, starts[row + 1]!];
    for (let first = begin; first < end; first++) {
      if (tokens[first] === IGNORE) continue;
      let behind = first;
      while (behind < end && tokens[behind] !== IGNORE) behind++;
      const inside = first > begin && behind < end && !special.has(ids[first - 1]!) && !special.has(ids[behind]!);
      for (let i = first; inside && i < Math.min(behind, first + places); i++) {
        index!.push(i);
        left!.push(first - 1);
        right!.push(behind);
        place!.push(i - first);
      }
      first = behind;
    }
  }
  const typed = (values: number[] | undefined) => Int32Array.from(values!);
  return { index: typed(index), left: typed(left), right: typed(right), place: typed(place) };
}

/**
 * The span boundary objective, SpanBERT's second loss: predict a span from its two neighbors alone.
 *
 * @param options `tokenizer` gives the ids that do not count as neighbors: [CLS] and [SEP]
 * @example
 * combine(spanMaskedLm({ tokenizer }), spanBoundary({ tokenizer })); // model: { ...model, ...spanBoundaryHead(…) }
 */
export function spanBoundary({
  tokenizer,
}: {
  readonly tokenizer: Pick<Vocabulary, "special">;
}): HeadObjective<SpanBoundaryHead> {
  const { cls, sep } = boundaries(tokenizer);
  const special = new Set([cls, sep]);
  return {
    name: "span-boundary",
    corrupt: (sample) => sample,
    // Only the head knows how many positions it has, so the mean is over all labeled tokens, as in the masked LM beside it.
    count: (batch) => labelled(batch.labels.tokens!).length,
    loss(head, hidden, batch, count) {
      const { index, left, right, place } = edgesOf(batch, special, head.places);
      const tokens = batch.labels.tokens!;
      return crossEntropy(
        head.edgeScores(hidden, left, right, place),
        index.map((i) => tokens[i]!),
        { divisor: count },
      );
    },
  };
}
