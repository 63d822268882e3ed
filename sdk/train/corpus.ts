/** From documents to the samples of an epoch of pre-training. */
import type { Sample } from "../data/sample.js";
import { nextSentencePairs } from "../objectives/next-sentence.js";
import { packSentences } from "../objectives/packing.js";
import type { PairOptions, TokenizedDocument } from "../objectives/segment-pairs.js";
import { sentenceOrderPairs } from "../objectives/sentence-order.js";
import { seed, shuffle } from "../tensor/random.js";
import type { Tokenizer } from "../tokenizer/index.js";

/** How sequences are made: pairs that follow or do not, pairs in order or swapped, or plain runs of sentences. */
export type Arrangement = "next-sentence" | "sentence-order" | "sentences";

/** The documents' sentences as token ids; sentences without a token are left out. */
export function tokenizeDocuments(
  tokenizer: Tokenizer,
  documents: readonly (readonly string[])[],
): TokenizedDocument[] {
  return documents
    .map((sentences) =>
      sentences
        .map((sentence) => {
          const { ids, words } = tokenizer.encode(sentence, undefined, { special: false });
          return { ids, words };
        })
        .filter(({ ids }) => ids.length > 0),
    )
    .filter((document) => document.length > 0);
}

/** The ids of the classifying and separating tokens, which sequences of pre-training need. */
export function boundaries({ special }: Tokenizer): PairOptions["special"] {
  const cls = special.cls ?? special.bos;
  const sep = special.sep ?? special.eos;
  if (cls === undefined || sep === undefined)
    throw new TypeError("pre-training needs a tokenizer with [CLS] and [SEP] (or <s> and </s>)");
  return { cls, sep };
}

/** The samples of each epoch: new pairs (or a new order) every time, the same for the same seed and epoch. */
export function pretrainingSamples(
  documents: readonly TokenizedDocument[],
  arrangement: Arrangement,
  options: PairOptions & { readonly seed: number },
): (epoch: number) => Sample[] {
  return (epoch) => {
    const rng = seed(options.seed).fork(epoch);
    if (arrangement === "next-sentence") return nextSentencePairs(documents, options, rng);
    if (arrangement === "sentence-order") return sentenceOrderPairs(documents, options, rng);
    return shuffle(packSentences(documents, options), rng);
  };
}
