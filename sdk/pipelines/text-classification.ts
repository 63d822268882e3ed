/** Classes of texts and of pairs of texts. */
import { infer } from "../heads/infer.js";
import { type Classified, decodeRow, encodeText, type TextExample } from "../heads/pooled.js";
import type { Files } from "../io/files.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** A score for a text or pair, from a model trained to give one. */
export interface Scored {
  readonly score: number;
}

/**
 * The most probable label of a text or pair; a model of one output gives its score alone.
 *
 * @example
 * const classify = await textClassification(folder("sentiment"));
 * classify({ text: "A lovely film." }); // { label: "positive", score: 0.98, scores: {…} }
 */
export function textClassification(
  files: Files,
  options: PipelineOptions = {},
): Promise<Pipeline<TextExample | string, Classified | Scored>> {
  return openPipeline(
    files,
    "sequence-classification",
    options,
    ({ model, tokenizer, length, labels, config }) =>
      (inputs: readonly (TextExample | string)[]) => {
        const samples = inputs.map((input) =>
          encodeText(tokenizer, typeof input === "string" ? { text: input } : input, length),
        );
        const scores = infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch));
        const regression = config["problem_type"] === "regression" || labels === null || labels.size === 1;
        return scores.map((row) => (regression ? { score: row[0]! } : decodeRow(row, labels)));
      },
  );
}
