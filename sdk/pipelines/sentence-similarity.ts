/** How alike texts are, by their vectors. */
import { similarityOf } from "../heads/similarity.js";
import type { Files } from "../io/files.js";
import { openFolder } from "../io/model-folder.js";
import { readSentenceSettings } from "../io/sentence.js";
import { type FeatureExtractionOptions, featureExtraction } from "./feature-extraction.js";
import type { Pipeline } from "./pipeline.js";

export interface SimilarityInput {
  readonly text: string;
  readonly texts: readonly string[];
}

/**
 * How alike a text is to each of some others, in their order: the cosine of their vectors, or what the folder names
 * instead (dot product, distance).
 *
 * @example
 * using compare = await sentenceSimilarity(folder("all-MiniLM-L6-v2"));
 * compare({ text: "A cat sleeps.", texts: ["A cat naps.", "Rain falls."] }); // [0.8…, 0.1…]
 */
export async function sentenceSimilarity(
  files: Files,
  options: FeatureExtractionOptions = {},
): Promise<Pipeline<SimilarityInput, number[]>> {
  const folder = openFolder(files).readAhead();
  const { similarity } = await readSentenceSettings(folder);
  const alike = similarityOf(similarity);
  const embed = await featureExtraction(folder, options);
  const compare = ({ text, texts }: SimilarityInput): number[] => {
    const [first, ...others] = embed([text, ...texts]);
    return others.map((other) => alike(first!, other));
  };
  const call = (input: SimilarityInput | readonly SimilarityInput[]) =>
    Array.isArray(input) ? input.map(compare) : compare(input as SimilarityInput);
  return Object.assign(call, { [Symbol.dispose]: () => embed[Symbol.dispose]() }) as Pipeline<
    SimilarityInput,
    number[]
  >;
}
