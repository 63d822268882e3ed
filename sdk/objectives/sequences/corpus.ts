/** From documents to the samples of an epoch of pre-training. */
import type { Sample } from "../../data/sample.js";
import { seed, shuffle } from "../../tensor/random.js";
import { sampleLanguages, type Tokenizer } from "../../tokenizer/index.js";
import { nextSentencePairs } from "../next-sentence.js";
import { sentenceOrderPairs } from "../sentence-order.js";
import { packSentences } from "./packing.js";
import type { PairOptions, TokenizedDocument } from "./segment-pairs.js";

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

/**
 * The samples of each epoch out of several languages, small ones more often than they are: a language with n samples has a
 * share proportional to n^smoothing (multilingual BERT: 0.7; XLM-R and mT5: 0.3). An epoch has as many samples as all
 * languages together.
 *
 * @param languages by language the samples of an epoch
 * @example
 * const samples = mixLanguages({ en: english, de: german }, { smoothing: 0.7, seed: 1 });
 */
export function mixLanguages(
  languages: Readonly<Record<string, (epoch: number) => readonly Sample[]>>,
  options: { readonly smoothing: number; readonly seed: number },
): (epoch: number) => Sample[] {
  return (epoch) => {
    const rng = seed(options.seed).fork(epoch);
    const names = Object.keys(languages);
    // In another order each time, or only the first of a large language would ever be drawn.
    const own = names.map((name, i) => [name, shuffle([...languages[name]!(epoch)], rng.fork(1, i))] as const);
    const texts = own.reduce((sum, [, samples]) => sum + samples.length, 0);
    const { smoothing } = options;
    return [...sampleLanguages<Sample>(Object.fromEntries(own), { texts, smoothing, random: rng.fork(0) })];
  };
}
