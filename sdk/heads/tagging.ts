/**
 * Token classification: labels of the words of a sentence, such as parts of speech or named entities.
 *
 * The first piece of each word carries its label (Devlin et al. 2019, section 5.3); the other pieces are ignored.
 */

import { labelled, type Sample, sampleOf } from "../data/sample.js";
import type { HeadObjective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import { crossEntropy, IGNORE } from "../tensor/ops/loss.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { type ClassWeights, totalWeight, weightedCrossEntropy } from "./class-weights.js";
import type { LabelSet } from "./labels.js";

/** The head of token classification. */
export interface TokenHead {
  /** @returns (tokens, classes) unnormalized scores */
  tokenClassScores(hidden: Tensor): Tensor;
}

export interface TaggingOptions {
  /** longest sequence in tokens, special tokens included */
  readonly maxLength: number;
  /** `first`: only the first piece of a word is labelled; `all`: every piece, with B-X continued as I-X */
  readonly pieces?: "first" | "all";
}

/** A training sample of words and their tags. Words beyond `maxLength` are left out. */
export function encodeTagged(
  tokenizer: Tokenizer,
  words: readonly string[],
  tags: readonly string[] | null,
  labels: LabelSet,
  { maxLength, pieces = "first" }: TaggingOptions,
): Sample {
  if (tags && tags.length !== words.length)
    throw new ArgumentError(`tagging: ${words.length} words but ${tags.length} tags`);
  const encoding = tokenizer.encode(words, undefined, { truncate: { length: maxLength } });
  const tokens = new Int32Array(encoding.ids.length).fill(IGNORE);
  if (tags) {
    for (let i = 0; i < tokens.length; i++) {
      const word = encoding.words[i]!;
      if (word < 0) continue;
      const tag = tags[word]!;
      if (word !== encoding.words[i - 1]) tokens[i] = labels.id(tag);
      else if (pieces === "all") tokens[i] = labels.id(continued(tag, labels));
    }
  }
  return sampleOf(encoding, { tokens });
}

/** The label of a further piece: B-X becomes I-X if there is such a label. */
function continued(tag: string, labels: LabelSet): string {
  if (!tag.startsWith("B-")) return tag;
  const inside = `I-${tag.slice(2)}`;
  return labels.has(inside) ? inside : tag;
}

/** Cross-entropy over the labeled pieces; classes may weigh differently, and the mean is then over the weights. */
export function tagging(classWeights?: ClassWeights): HeadObjective<TokenHead> {
  return {
    name: "tagging",
    corrupt: (sample) => sample,
    count(batch) {
      const tokens = tokenLabels(batch.labels.tokens);
      return classWeights ? totalWeight(tokens, classWeights) : labelled(tokens).length;
    },
    loss(model, hidden, batch, count) {
      const tokens = tokenLabels(batch.labels.tokens);
      const index = labelled(tokens);
      const scores = gatherRows(model.tokenClassScores(hidden), index);
      const wanted = index.map((i) => tokens[i]!);
      if (classWeights) return weightedCrossEntropy(scores, wanted, classWeights, count);
      return crossEntropy(scores, wanted, { divisor: count });
    },
  };
}

function tokenLabels(tokens: Int32Array | undefined): Int32Array {
  if (!tokens) throw new ArgumentError("tagging: the batch has no token labels; every sample needs labels.tokens");
  return tokens;
}
