/**
 * Texts in the order in which they answer a query: a cross-encoder reads query and text together. Nogueira & Cho 2019
 * (arXiv:1901.04085); the scores are those of sentence-transformers' CrossEncoder.
 */
import { infer } from "../heads/infer.js";
import { encodeText } from "../heads/pooled.js";
import { softmax } from "../heads/probabilities.js";
import { type Files, fieldsOf, ModelFileError } from "../io/files.js";
import type { Section } from "../models/config.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface TextRankingOptions extends PipelineOptions {
  /** how many texts are given back; all where not given */
  readonly top?: number;
}

export interface RankingInput {
  readonly query: string;
  readonly texts: readonly string[];
}

export interface Ranked {
  /** place of the text in the input */
  readonly index: number;
  /** from 0 to 1, or the model's own output where config.json says so */
  readonly score: number;
}

/** What becomes of the model's output: its sigmoid, if config.json names nothing else. */
function activationOf(config: Section): (score: number) => number {
  const newer = fieldsOf(config["sentence_transformers"] ?? {})["activation_fn"];
  const named = newer ?? config["sbert_ce_default_activation_function"] ?? "torch.nn.modules.activation.Sigmoid";
  const name = String(named).split(".").at(-1);
  if (name === "Identity") return (score) => score;
  if (name === "Sigmoid") return (score) => softmax([0, score])[1]!;
  throw new ModelFileError(`config.json: activation ${String(named)} is not supported; expected Sigmoid or Identity`);
}

/**
 * The texts, best first; of equals the earlier first.
 *
 * @example
 * using rank = await textRanking(folder("ms-marco-MiniLM-L6-v2"));
 * rank({ query: "how do bees fly", texts })[0].index;
 */
export function textRanking(files: Files, options: TextRankingOptions = {}): Promise<Pipeline<RankingInput, Ranked[]>> {
  return openPipeline(files, "sequence-classification", options, ({ model, tokenizer, length, labels, config }) => {
    if (labels && labels.size !== 1)
      throw new ModelFileError(`this model has ${labels.size} outputs; one that ranks has a single one`);
    const activation = activationOf(config);
    const rank = ({ query, texts }: RankingInput): Ranked[] => {
      const samples = texts.map((pair) => encodeText(tokenizer, { text: query, pair }, length));
      const scores = infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch));
      // Outputs are compared before the sigmoid, which makes one number of many large ones.
      return scores
        .map(([score], index) => ({ index, score: score! }))
        .sort((a, b) => b.score - a.score)
        .slice(0, options.top)
        .map(({ index, score }) => ({ index, score: activation(score) }));
    };
    return (inputs: readonly RankingInput[]) => inputs.map(rank);
  });
}
