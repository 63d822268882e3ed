/** Vectors of words in their sentences, from any layer. */
import { sampleOf } from "../data/sample.js";
import { hiddenStates, type WordPooling, wordVector } from "../heads/embedding.js";
import { atLayers } from "../heads/layer-states.js";
import type { Files } from "../io/files.js";
import type { Encoding } from "../tokenizer/index.js";
import type { LayerOptions } from "./feature-extraction.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface WordVectorsOptions extends PipelineOptions, LayerOptions {
  /** the mean of a word's pieces, or its first piece alone; `mean` where not given */
  readonly pieces?: WordPooling;
}

export interface WordInContext {
  readonly word: string;
  /** character range of the text; of the word itself, where words were given one by one */
  readonly start: number;
  readonly end: number;
  readonly vector: Float32Array;
}

/** A text, which the tokenizer splits into words, or words that are split already. */
export type WordVectorsInput = string | { readonly words: readonly string[] };

/** Character ranges of the words that the encoding has, by their numbers. */
function rangesOf({ words, offsets }: Encoding): Map<number, { readonly start: number; end: number }> {
  const ranges = new Map<number, { readonly start: number; end: number }>();
  for (const [place, word] of words.entries()) {
    if (word < 0) continue;
    const range = ranges.get(word);
    if (range) range.end = offsets[2 * place + 1]!;
    else ranges.set(word, { start: offsets[2 * place]!, end: offsets[2 * place + 1]! });
  }
  return ranges;
}

/**
 * A vector for each word of a text; words behind the longest sequence are left out.
 *
 * @example
 * using words = await wordVectors(folder("bert-base-uncased"), { layers: [8] });
 * words("We sat on the bank.").find(({ word }) => word === "bank")!.vector;
 */
export function wordVectors(
  files: Files,
  options: WordVectorsOptions = {},
): Promise<Pipeline<WordVectorsInput, WordInContext[]>> {
  return openPipeline(files, "feature-extraction", options, ({ model, tokenizer, length }) => {
    const shown = options.layers ? atLayers(model, options.layers, options.join) : model;
    return (inputs: readonly WordVectorsInput[]) => {
      const texts = inputs.map((input) => (typeof input === "string" ? input : input.words));
      const encodings = texts.map((text) => tokenizer.encode(text, undefined, { truncate: { length } }));
      const samples = encodings.map((encoding) => sampleOf(encoding));
      const states = hiddenStates(shown, samples);
      return texts.map((text, n) =>
        Array.from(rangesOf(encodings[n]!), ([word, { start, end }]) => ({
          word: typeof text === "string" ? text.slice(start, end) : text[word]!,
          start,
          end,
          vector: wordVector(states[n]!, samples[n]!, word, options.pieces),
        })),
      );
    };
  });
}
