/** Vectors of texts, pooled and normalised as the model's own files say. */
import { embedTexts, type Pooling } from "../heads/embedding.js";
import type { Files } from "../io/files.js";
import { readSentenceSettings } from "../io/sentence.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface FeatureExtractionOptions extends PipelineOptions {
  /** instead of what the folder says */
  readonly pooling?: Pooling;
}

/**
 * A vector for each text.
 *
 * @example
 * const embed = await featureExtraction(folder("all-MiniLM-L6-v2"));
 * embed("A cat sleeps."); // Float32Array of 384 numbers
 */
export async function featureExtraction(
  files: Files,
  options: FeatureExtractionOptions = {},
): Promise<Pipeline<string, Float32Array>> {
  const settings = await readSentenceSettings(files);
  const pooling = options.pooling ?? settings.pooling;
  const prepared = (text: string): string =>
    settings.lowercase ? (settings.prefix + text).toLowerCase() : settings.prefix + text;
  return openPipeline(
    files,
    "encode",
    options,
    ({ model, tokenizer, length }) =>
      (texts: readonly string[]) =>
        embedTexts(model, tokenizer, texts.map(prepared), pooling, length),
  );
}
