/** From documents to the samples of an epoch of pre-training. */

import type { Sample } from "../../data/sample.js";
import { aString, checkArgument, listOf } from "../../options.js";
import { seed, shuffle } from "../../tensor/random.js";
import { sampleLanguages, type Tokenizer } from "../../tokenizer/index.js";
import { nextSentencePairs } from "../next-sentence-prediction.js";
import { sentenceOrderPairs } from "../sentence-order-prediction.js";
import { packSentences } from "./packing.js";
import type { PairOptions, TokenizedDocument } from "./segment-pairs.js";

/** How sequences are made: the pairs of an objective on pairs, or runs of consecutive sentences. */
export type Arrangement = "next-sentence-prediction" | "sentence-order-prediction" | "sentences";

/**
 * The documents' sentences as token ids; sentences without tokens are skipped.
 *
 * @example
 * tokenizeDocuments(tokenizer, [["the cat sat", "a dog ran"]])[0]!.length; // 2
 */
export function tokenizeDocuments(
  tokenizer: Tokenizer,
  documents: readonly (readonly string[])[],
): TokenizedDocument[] {
  checkArgument("tokenizeDocuments", "documents", documents, listOf(listOf(aString)));
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

/**
 * The samples of each epoch: new pairs, or a new order, every time; a function of seed and epoch.
 *
 * @example
 * const samples = pretrainingSamples(documents, "sentences", { tokenizer, maxLength: 128, seed: 1 });
 */
export function pretrainingSamples(
  documents: readonly TokenizedDocument[],
  arrangement: Arrangement,
  options: PairOptions & { readonly seed: number },
): (epoch: number) => Sample[] {
  return (epoch) => {
    const rng = seed(options.seed).fork(epoch);
    if (arrangement === "next-sentence-prediction") return nextSentencePairs(documents, options, rng);
    if (arrangement === "sentence-order-prediction") return sentenceOrderPairs(documents, options, rng);
    return shuffle(packSentences(documents, options), rng);
  };
}

/**
 * The samples of each epoch, mixed from several languages. Small languages are upsampled: a language of n samples has a share
 * proportional to n^smoothing (multilingual BERT: 0.7; XLM-R and mT5: 0.3). An epoch has as many samples as all languages
 * together.
 *
 * @param languages the samples of an epoch, by language
 * @example
 * const mixed = mixLanguages({ en: () => samples, de: () => samples }, { smoothing: 0.7, seed: 1 });
 */
export function mixLanguages(
  languages: Readonly<Record<string, (epoch: number) => readonly Sample[]>>,
  options: { readonly smoothing: number; readonly seed: number },
): (epoch: number) => Sample[] {
  return (epoch) => {
    const rng = seed(options.seed).fork(epoch);
    const names = Object.keys(languages);
    // Reshuffled every epoch; otherwise only the first samples of a large language would ever be drawn.
    const own = names.map((name, i) => [name, shuffle([...languages[name]!(epoch)], rng.fork(1, i))] as const);
    const texts = own.reduce((sum, [, samples]) => sum + samples.length, 0);
    const { smoothing } = options;
    return [...sampleLanguages<Sample>(Object.fromEntries(own), { texts, smoothing, random: rng.fork(0) })];
  };
}
