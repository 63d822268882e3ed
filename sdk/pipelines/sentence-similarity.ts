/** Similarity of texts by their embeddings. */
import { similarityOf } from "../heads/similarity.js";
import type { Files } from "../io/files/files.js";
import { openFolder } from "../io/files/model-folder.js";
import { readSentenceSettings } from "../io/sentence-transformers/sentence.js";
import { ArgumentError } from "../options.js";
import { type EmbeddingOptions, type FeatureExtractionOptions, openEmbedding } from "./feature-extraction.js";
import { fieldsOf, textOf, textsOf } from "./options.js";
import type { Pipeline } from "./pipeline.js";

export interface SimilarityInput {
  readonly text: string;
  readonly texts: readonly string[];
}

/** A function of a text and those that it is compared with. */
export interface SentenceSimilarity extends Pipeline<SimilarityInput, number[], EmbeddingOptions> {
  (text: string, texts: readonly string[], options?: EmbeddingOptions): number[];
}

const NAME = "sentenceSimilarity";

function inputOf(value: unknown, at: string): SimilarityInput {
  const { text, texts } = fieldsOf(NAME, at, value, ["text", "texts"], {
    source_sentence: "text",
    sentences: "texts",
  });
  return { text: textOf(NAME, `${at}.text`, text), texts: textsOf(NAME, `${at}.texts`, texts) };
}

/**
 * How similar a text is to each of some others, in their order: the cosine of their vectors, or the folder's own measure
 * (dot product, distance).
 *
 * @example
 * using compare = await sentenceSimilarity(folder("all-MiniLM-L6-v2"));
 * compare("A cat sleeps.", ["A cat naps.", "Rain falls."]); // [0.8…, 0.1…]
 */
export async function sentenceSimilarity(
  files: Files,
  options: FeatureExtractionOptions = {},
): Promise<SentenceSimilarity> {
  const folder = openFolder(files, NAME).readAhead();
  const { similarity } = await readSentenceSettings(folder);
  const alike = similarityOf(similarity);
  const embed = await openEmbedding(NAME, folder, options);
  const compare = ({ text, texts }: SimilarityInput, asked: EmbeddingOptions | undefined): number[] => {
    const [first, ...others] = embed([text, ...texts], asked);
    return others.map((other) => alike(first!, other));
  };
  const call = (...args: readonly unknown[]): number[] | number[][] => {
    const [given, asked] = typeof args[0] === "string" ? [{ text: args[0], texts: args[1] }, args[2]] : args;
    if (args.length > (typeof args[0] === "string" ? 3 : 2))
      throw new ArgumentError(`${NAME}: a call has a text, texts and options; got ${args.length} arguments`);
    const all = asked as EmbeddingOptions | undefined;
    if (!Array.isArray(given)) return compare(inputOf(given, "the input"), all);
    return given.map((value, i) => inputOf(value, `input ${i}`)).map((input) => compare(input, all));
  };
  return Object.assign(call, { [Symbol.dispose]: () => embed[Symbol.dispose]() }) as SentenceSimilarity;
}
