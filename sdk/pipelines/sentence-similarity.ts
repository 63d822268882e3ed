/** How alike texts are: cosines of their vectors. */
import type { Files } from "../io/files.js";
import { type FeatureExtractionOptions, featureExtraction } from "./feature-extraction.js";
import type { Pipeline } from "./pipeline.js";

export interface SimilarityInput {
  readonly text: string;
  readonly texts: readonly string[];
}

/** Cosine of two vectors; 0 where one has no length. */
export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let d = 0; d < a.length; d++) {
    dot += a[d]! * b[d]!;
    aa += a[d]! ** 2;
    bb += b[d]! ** 2;
  }
  const lengths = Math.sqrt(aa) * Math.sqrt(bb);
  return lengths === 0 ? 0 : dot / lengths;
}

/**
 * The cosine of a text with each of some others, in their order.
 *
 * @example
 * using compare = await sentenceSimilarity(folder("all-MiniLM-L6-v2"));
 * compare({ text: "A cat sleeps.", texts: ["A cat naps.", "Rain falls."] }); // [0.8…, 0.1…]
 */
export async function sentenceSimilarity(
  files: Files,
  options: FeatureExtractionOptions = {},
): Promise<Pipeline<SimilarityInput, number[]>> {
  const embed = await featureExtraction(files, options);
  const compare = ({ text, texts }: SimilarityInput): number[] => {
    const [first, ...others] = embed([text, ...texts]);
    return others.map((other) => cosineOf(first!, other));
  };
  const call = (input: SimilarityInput | readonly SimilarityInput[]) =>
    Array.isArray(input) ? input.map(compare) : compare(input as SimilarityInput);
  return Object.assign(call, { [Symbol.dispose]: () => embed[Symbol.dispose]() }) as Pipeline<
    SimilarityInput,
    number[]
  >;
}
