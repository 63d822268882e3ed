/** Similarity of texts by their embeddings. */
import { similarityOf } from "../heads/similarity.js";
import { type ModelSource, openSource } from "../io/files/model-source.js";
import { readSentenceSettings } from "../io/sentence-transformers/sentence.js";
import { ArgumentError } from "../options.js";
import type { TurnOptions } from "../tensor/turns.js";
import { type EmbeddingOptions, type FeatureExtractionOptions, openEmbedding } from "./feature-extraction.js";
import { fieldsOf, textOf, textsOf } from "./options.js";
import type { Awaitable, Pipeline } from "./pipeline.js";

/** A sentence, and the sentences to compare it with. */
export interface SimilarityInput {
  readonly text: string;
  readonly texts: readonly string[];
}

/** A function of a text and those that it is compared with. */
export interface SentenceSimilarity extends Pipeline<SimilarityInput, number[], EmbeddingOptions> {
  (text: string, texts: readonly string[], options?: EmbeddingOptions): number[];
  readonly async: Awaitable<SimilarityInput, number[], EmbeddingOptions> &
    ((text: string, texts: readonly string[], options?: EmbeddingOptions & TurnOptions) => Promise<number[]>);
}

const NAME = "sentenceSimilarity";

function inputOf(value: unknown, at: string): SimilarityInput {
  const { text, texts } = fieldsOf(NAME, at, value, ["text", "texts"], {
    source_sentence: "text",
    sentences: "texts",
  });
  return { text: textOf(NAME, `${at}.text`, text), texts: textsOf(NAME, `${at}.texts`, texts) };
}

/** `(text, texts, options)` beside objects. */
function read(args: readonly unknown[]): readonly [unknown, unknown] {
  const [given, second, third] = args;
  const plain = typeof given === "string";
  if (args.length > (plain ? 3 : 2))
    throw new ArgumentError(`${NAME}: a call has a text, texts and options; got ${args.length} arguments`);
  return plain ? [{ text: given, texts: second }, third] : [given, second];
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
  files: ModelSource,
  options: FeatureExtractionOptions = {},
): Promise<SentenceSimilarity> {
  const folder = openSource(files, NAME, options).readAhead();
  const { similarity } = await readSentenceSettings(folder);
  const alike = similarityOf(similarity);
  const pipeline = await openEmbedding<SimilarityInput, number[]>(NAME, folder, options, {
    read,
    input: inputOf,
    texts: ({ text, texts }) => [text, ...texts],
    output: ([first, ...others]) => others.map((other) => alike(first!, other)),
  });
  return pipeline as SentenceSimilarity;
}
