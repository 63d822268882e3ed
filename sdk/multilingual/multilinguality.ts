/**
 * The multilinguality score of a model trained on a language and a fake copy of it. Dufter & Schütze 2020
 * (arXiv:2005.00396), section 2.2: the mean of sentence retrieval and word translation at a lower and an upper layer.
 * Word alignment is omitted: shared positions make it trivial.
 */
import type { Sample } from "../data/sample.js";
import { embedLayers } from "../heads/embedding.js";
import { LayerError, type LayerwiseEncoder } from "../heads/layer-states.js";
import { type FakeLanguage, fakeCopy, fakeSpecial } from "./fake-language.js";
import { retrievalFigures } from "./retrieval.js";

/** Options of {@link multilinguality}. */
export interface MultilingualityOptions {
  readonly language: FakeLanguage;
  /** ids of all special tokens, and the two that enclose a single word */
  readonly special: ReadonlySet<number>;
  readonly between: { readonly cls: number; readonly sep: number };
  /** whether the fake language has its own special tokens */
  readonly specialSplit?: boolean;
  /** the layers whose vectors are compared, 0 for the embeddings; the paper's are 0 and 8 of 12 */
  readonly layers: readonly number[];
}

/** The alignment of a language and its fake copy, from 0 to 1. */
export interface Multilinguality {
  /** mean of the figures below */
  readonly score: number;
  /** by layer: fraction of sentences whose nearest neighbor in the other language is their copy, mean of both directions */
  readonly retrieval: readonly number[];
  /** by layer: the same of all words of the vocabulary, each alone between [CLS] and [SEP] */
  readonly translation: readonly number[];
}

/** Every non-special token of the vocabulary as a sequence of its own. */
function wordSamples({ language, special, between }: MultilingualityOptions): Sample[] {
  const samples: Sample[] = [];
  for (let id = 0; id < language.shift; id++)
    if (!special.has(id))
      samples.push({
        ids: Int32Array.of(between.cls, id, between.sep),
        segments: new Uint8Array(3),
        special: Uint8Array.of(1, 0, 1),
        words: Int32Array.of(-1, 0, -1),
        labels: {},
      });
  return samples;
}

/**
 * The alignment of a language with its fake copy in one model: retrieval of sentences and translation of words by nearest
 * neighbors (Dufter & Schütze 2020, arXiv:2005.00396).
 *
 * @param samples sentences of the original language
 * @example
 * multilinguality(model, heldOut, { language, special, between: boundaries(tokenizer), layers: [0, 3] }).score; // from 0 to 1
 */
export function multilinguality(
  model: LayerwiseEncoder,
  samples: readonly Sample[],
  options: MultilingualityOptions,
): Multilinguality {
  const { language, special, specialSplit = false, layers } = options;
  const copyOf = (sample: Sample): Sample => {
    const copy = fakeCopy(sample, language);
    return specialSplit ? fakeSpecial(copy, copy, language, special) : copy;
  };
  const found = (texts: readonly Sample[]): number[] => {
    const vectorsOf = (side: readonly Sample[]) =>
      embedLayers(model, side, { mode: "mean", normalize: false }, { special: false });
    const [own, copied] = [vectorsOf(texts), vectorsOf(texts.map(copyOf))];
    return layers.map((layer) => {
      if (!own[layer])
        throw new LayerError(`multilinguality: the model has layers 0 to ${own.length - 1}, not ${layer}`);
      return retrievalFigures(own[layer], copied[layer]!).mean;
    });
  };
  const retrieval = found(samples);
  const translation = found(wordSamples(options));
  const all = [...retrieval, ...translation];
  return { score: all.reduce((sum, figure) => sum + figure, 0) / all.length, retrieval, translation };
}
