/**
 * PEGASUS's gap-sentence generation: the sentences that share most with the rest of a document are masked, and the decoder
 * writes them, as a summary would. Zhang et al. 2020 (arXiv:1912.08777), section 3.1: each sentence scored alone, counting
 * every occurrence ("Ind-Orig").
 *
 * The published score is ROUGE-1 F1 between a sentence and the rest. With c common tokens it is 2c / (length of the sentence
 * + length of the rest), and that sum is the length of the document: sentences are ranked by c. Tokens stand in for words.
 */
import { type Sample, shiftedRight } from "../data/sample.js";
import { checkOptions } from "../options.js";
import { type BartNoiseOptions, sentenceEnds } from "./bart-noise.js";
import { aShare, aVocabulary, maskId, requireTokenizer, type Vocabulary } from "./vocabulary.js";

/** Options of {@link gapSentences}. */
export interface GapSentenceOptions {
  readonly tokenizer: Vocabulary;
  /** share of the sentences that become gaps, at least one; 0.3 */
  readonly maskingRate?: number;
  /** whether the token at a position ends a sentence */
  readonly endsSentence: NonNullable<BartNoiseOptions["endsSentence"]>;
}

function countsOf(ids: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** The tokens that each sentence shares with the others, each as often as both have it. */
export function sharedTokens(sentences: readonly (readonly number[])[]): number[] {
  const all = countsOf(sentences.flat());
  return sentences.map((sentence) => {
    let shared = 0;
    for (const [id, own] of countsOf(sentence)) shared += Math.min(own, all.get(id)! - own);
    return shared;
  });
}

/** A sequence of tokens alone, of which the first and the last are special. */
function framed(ids: Int32Array): Sample {
  return {
    ids,
    segments: new Uint8Array(ids.length),
    special: Uint8Array.from(ids, (_, i) => Number(i === 0 || i === ids.length - 1)),
    words: ids.map(() => -1),
    labels: {},
  };
}

/**
 * The corruption for `sequenceToSequence`: one mask in place of each gap sentence in the source, and these sentences, in
 * the order of the document, as the target. The same text always has the same gaps. A text of one sentence is all gap.
 *
 * @throws {TokenizerError} when the tokenizer has no mask token
 */
export function gapSentences(options: GapSentenceOptions): (sample: Sample) => Sample {
  requireTokenizer("gapSentences", options);
  checkOptions("gapSentences", options, {
    tokenizer: aVocabulary,
    maskingRate: aShare,
    endsSentence: { expected: "a function", accepts: (value) => typeof value === "function" },
  });
  const { tokenizer, maskingRate = 0.3, endsSentence } = options;
  const mask = maskId(tokenizer, "gap-sentences");
  return (sample) => {
    const ids = Array.from(sample.ids);
    const ends = sentenceEnds(ids, endsSentence);
    const sentences = ends.map((end, i) => ids.slice(i > 0 ? ends[i - 1] : 1, end));
    const shared = sharedTokens(sentences);
    const count = Math.max(1, Math.round(maskingRate * sentences.length));
    const ranked = [...sentences.keys()].sort((a, b) => shared[b]! - shared[a]! || a - b);
    const gaps = new Set(ranked.slice(0, count));
    const frame = (inner: readonly number[][]) => Int32Array.of(ids[0]!, ...inner.flat(), ids.at(-1)!);
    const source = frame(sentences.map((sentence, i) => (gaps.has(i) ? [mask] : sentence)));
    const target = frame(sentences.filter((_, i) => gaps.has(i)));
    const inputs = framed(shiftedRight(target, target.at(-1)!));
    return { ...framed(source), target: { ...inputs, labels: { tokens: target } } };
  };
}
