/** Contextual word vectors from any layer. */

import { sampleOf } from "../data/sample.js";
import { hiddenStatesInSteps, type WordPooling, wordVector } from "../heads/embedding.js";
import { atLayers } from "../heads/layer-states.js";
import type { ModelSource } from "../io/files/model-source.js";
import { oneOf, type Rules } from "../options.js";
import { eachInSteps } from "../tensor/steps.js";
import type { Encoding } from "../tokenizer/index.js";
import { type LayerOptions, layerRules } from "./feature-extraction.js";
import { fieldsOf, textOf, textsOf } from "./options.js";
import { type CallOptions, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** Options of {@link wordVectors}, when it is opened and when it is called. */
export interface WordVectorsOptions extends CallOptions, LayerOptions {
  /** the mean of a word's pieces (the default), or its first piece alone */
  readonly pieces?: WordPooling;
}

/** A word of a text and its contextual vector. */
export interface WordInContext {
  readonly word: string;
  /** character range of the text; of the word itself, where words were given one by one */
  readonly start: number;
  readonly end: number;
  readonly vector: Float32Array;
}

/** A text, which the tokenizer splits into words, or words that are split already. */
export type WordVectorsInput = string | { readonly words: readonly string[] };

const NAME = "wordVectors";

const rules = (): Rules<Omit<WordVectorsOptions, keyof CallOptions>> => ({
  ...layerRules(),
  pieces: oneOf("mean", "first"),
});

function inputOf(value: unknown, at: string): string | readonly string[] {
  if (typeof value !== "object" || value === null) return textOf(NAME, at, value);
  return textsOf(NAME, `${at}.words`, fieldsOf(NAME, at, value, ["words"]).words);
}

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
 * A vector for each word of a text; words beyond the longest sequence are left out.
 *
 * @example
 * using words = await wordVectors(folder("bert-base-uncased"), { layers: [8] });
 * words("We sat on the bank.").find(({ word }) => word === "bank")!.vector;
 */
export async function wordVectors(
  files: ModelSource,
  options: PipelineOptions & WordVectorsOptions = {},
): Promise<Pipeline<WordVectorsInput, WordInContext[], WordVectorsOptions>> {
  const pipeline = await openPipeline<
    "feature-extraction",
    string | readonly string[],
    WordInContext[],
    WordVectorsOptions
  >(files, options, {
    name: NAME,
    task: "feature-extraction",
    rules: rules(),
    input: inputOf,
    make({ model, tokenizer }) {
      if (options.layers) atLayers(model, options.layers, options.join);
      return function* (texts, { length, layers, join, pieces }) {
        const encodings = yield* eachInSteps(texts, (text) =>
          tokenizer.encode(text, undefined, { truncate: { length } }),
        );
        const samples = encodings.map((encoding) => sampleOf(encoding));
        const states = yield* hiddenStatesInSteps(layers ? atLayers(model, layers, join) : model, samples);
        return yield* eachInSteps(texts, (text, n) =>
          Array.from(rangesOf(encodings[n]!), ([word, { start, end }]) => ({
            word: typeof text === "string" ? text.slice(start, end) : text[word]!,
            start,
            end,
            vector: wordVector(states[n]!, samples[n]!, word, pieces),
          })),
        );
      };
    },
  });
  return pipeline as Pipeline<WordVectorsInput, WordInContext[], WordVectorsOptions>;
}
