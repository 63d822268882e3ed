/** Vectors of texts, pooled and normalised as the model's own files say, or otherwise where asked. */

import { embedTexts } from "../heads/embedding.js";
import { atLayers, type LayerJoin } from "../heads/layer-states.js";
import type { Counted, Pooling } from "../heads/pooling.js";
import type { Files } from "../io/files.js";
import { openFolder } from "../io/model-folder.js";
import { prepareText, promptText, readSentenceSettings, type SentenceSettings } from "../io/sentence.js";
import { ArgumentError } from "../options.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** Whose hidden states are pooled. */
export interface LayerOptions {
  /** 0 for the embeddings, 1 … for the layers, -1 for the last, which is the default */
  readonly layers?: readonly number[];
  /** what several layers become: `mean` where not given */
  readonly join?: LayerJoin;
}

export interface FeatureExtractionOptions extends PipelineOptions, LayerOptions {
  /** instead of what the folder says */
  readonly pooling?: Partial<Pooling>;
  /** whether [CLS], [SEP] and the like count in the mean; they do where this is not given */
  readonly special?: boolean;
  /** name of one of the folder's prompts: "query", "passage" … */
  readonly prompt?: string;
  /** text put before every other one, instead of a prompt of the folder */
  readonly prefix?: string;
}

/** Tokens that an instruction takes at the beginning, as the model's makers count them: the end mark is not one of them. */
function tokensOf(tokenizer: Tokenizer, prompt: string): number {
  const { special } = tokenizer.encode(prompt);
  return special.length - (special.at(-1) === 1 ? 1 : 0);
}

/** Which tokens count, by what is asked for and what the folder says. */
function countedOf(
  tokenizer: Tokenizer,
  { promptCounts }: SentenceSettings,
  prompt: string,
  { special }: FeatureExtractionOptions,
): Counted {
  return {
    ...(special !== undefined && { special }),
    ...(prompt !== "" && !promptCounts && { skip: tokensOf(tokenizer, prompt) }),
  };
}

/**
 * A vector for each text.
 *
 * @example
 * const embed = await featureExtraction(folder("all-MiniLM-L6-v2"));
 * embed("A cat sleeps."); // Float32Array of 384 numbers
 * const questions = await featureExtraction(folder("e5-small-v2"), { prefix: "query: " });
 */
export async function featureExtraction(
  files: Files,
  options: FeatureExtractionOptions = {},
): Promise<Pipeline<string, Float32Array>> {
  const folder = openFolder(files).readAhead();
  const settings = await readSentenceSettings(folder);
  if (options.prompt !== undefined && options.prefix !== undefined)
    throw new ArgumentError("feature extraction: either the name of a prompt or a prefix, not both");
  const pooling = { ...settings.pooling, ...options.pooling };
  const prompt = options.prefix ?? promptText(settings, options.prompt);
  return openPipeline(folder, "feature-extraction", options, ({ model, tokenizer, length }) => {
    const counted = countedOf(tokenizer, settings, prompt, options);
    const shown = options.layers ? atLayers(model, options.layers, options.join) : model;
    return (texts: readonly string[]) =>
      embedTexts(
        shown,
        tokenizer,
        texts.map((text) => prepareText(settings, prompt, text)),
        pooling,
        length,
        counted,
      );
  });
}
