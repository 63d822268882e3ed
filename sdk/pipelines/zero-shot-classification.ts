/**
 * Classes that no model was trained for: each is put into a sentence, and a model of inference says whether the text entails
 * it. Yin et al. 2019, "Benchmarking Zero-shot Text Classification" (arXiv:1909.00161).
 */

import { DataError } from "../data/source.js";
import { shown } from "../errors.js";
import { infer } from "../heads/infer.js";
import type { LabelSet } from "../heads/labels.js";
import { encodeText } from "../heads/pooled.js";
import { softmax } from "../heads/probabilities.js";
import { type Files, ModelFileError } from "../io/files.js";
import { ArgumentError } from "../options.js";
import { openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

export interface ZeroShotOptions extends PipelineOptions {
  /** `{}` is where the class goes; "This example is {}." where not given */
  readonly template?: string;
  /** whether several classes may be right at once: each is then judged for itself */
  readonly several?: boolean;
}

export interface ZeroShotInput {
  readonly text: string;
  readonly labels: readonly string[];
}

export interface ZeroShotResult {
  readonly label: string;
  readonly score: number;
  /** of every class: shares of 1, or with `several` each for itself */
  readonly scores: Readonly<Record<string, number>>;
}

/** The column of the label whose name begins so: files number them in every order. */
function columnOf(labels: LabelSet | null, ...beginnings: readonly string[]): number {
  const begins = (name: string) => beginnings.some((beginning) => name.toLowerCase().startsWith(beginning));
  const column = labels?.names.findIndex(begins) ?? -1;
  if (column < 0)
    throw new ModelFileError(
      `this model has no label that begins with "${beginnings.join('" or "')}" (it has ${labels?.names.join(", ") ?? "none"}); zero-shot classification needs a model of inference`,
    );
  return column;
}

function requireClasses(classes: readonly string[]): void {
  if (classes.length === 0) throw new DataError("zero-shot classification: there are no labels to choose from");
  const twice = classes.find((name, i) => classes.indexOf(name) < i);
  if (twice !== undefined) throw new DataError(`zero-shot classification: the label "${twice}" is there twice`);
}

/**
 * The likeliest of any classes.
 *
 * @example
 * using classify = await zeroShotClassification(folder("bart-large-mnli"));
 * classify({ text: "The goalkeeper was hurt.", labels: ["sport", "politics"] }).label; // "sport"
 */
export function zeroShotClassification(
  files: Files,
  options: ZeroShotOptions = {},
): Promise<Pipeline<ZeroShotInput, ZeroShotResult>> {
  const { template = "This example is {}.", several = false } = options;
  if (!template.includes("{}")) throw new ArgumentError(`the template ${shown(template)} has no {} for the class`);
  return openPipeline(files, "sequence-classification", options, ({ model, tokenizer, length, labels }) => {
    const entailment = columnOf(labels, "entail");
    // Models of two classes have no neutral one.
    const opposite = columnOf(labels, "contra", "not");
    const classify = ({ text, labels: classes }: ZeroShotInput): ZeroShotResult => {
      requireClasses(classes);
      const samples = classes.map((name) =>
        encodeText(tokenizer, { text, pair: template.split("{}").join(name) }, length),
      );
      const rows = infer(model, samples, "rows", (m, hidden, batch) => m.sequenceScores(hidden, batch));
      const alone = several || classes.length === 1;
      const shares = alone
        ? rows.map((row) => softmax([row[opposite]!, row[entailment]!])[1]!)
        : Array.from(softmax(rows.map((row) => row[entailment]!)));
      const order = classes.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
      const [best] = order;
      return {
        label: classes[best!]!,
        score: shares[best!]!,
        scores: Object.fromEntries(order.map((i) => [classes[i]!, shares[i]!])),
      };
    };
    return (inputs: readonly ZeroShotInput[]) => inputs.map(classify);
  });
}
