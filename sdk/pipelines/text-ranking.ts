/** Texts in the order in which they answer a query: a cross-encoder reads query and text together. */
import { infer } from "../heads/infer.js";
import { encodeText } from "../heads/pooled.js";
import { type Files, ModelFileError } from "../io/files.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface RankingInput {
  readonly query: string;
  readonly texts: readonly string[];
}

export interface Ranked {
  /** place of the text in the input */
  readonly index: number;
  /** the model's own output, as large as it is good */
  readonly score: number;
}

/**
 * The texts, best first.
 *
 * @example
 * using rank = await textRanking(folder("ms-marco-MiniLM-L6-v2"));
 * rank({ query: "how do bees fly", texts })[0].index;
 */
export function textRanking(files: Files, options: PipelineOptions = {}): Promise<Pipeline<RankingInput, Ranked[]>> {
  return openPipeline(files, "classify", options, ({ model, tokenizer, length, labels }) => {
    if (labels && labels.size !== 1)
      throw new ModelFileError(`this model has ${labels.size} outputs; one that ranks has a single one`);
    const rank = ({ query, texts }: RankingInput): Ranked[] => {
      const samples = texts.map((pair) => encodeText(tokenizer, { text: query, pair }, length));
      const scores = infer(model, samples, "rows", (m, hidden, batch) => m.rowScores(hidden, batch));
      return scores.map(([score], index) => ({ index, score: score! })).sort((a, b) => b.score - a.score);
    };
    return (inputs: readonly RankingInput[]) => inputs.map(rank);
  });
}
