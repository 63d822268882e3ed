/** Classes of texts and of pairs of texts. */
import { inferInSteps } from "../heads/infer.js";
import { encodeText, type TextExample } from "../heads/pooled.js";
import { sigmoid, softmax } from "../heads/probabilities.js";
import type { ModelSource } from "../io/files/model-source.js";
import { aNull, either, numberBetween, oneOf, type Rules, wholeNumber } from "../options.js";
import { eachInSteps } from "../tensor/steps.js";
import { fieldsOf, textOf } from "./options.js";
import { type CallOptions, type Opened, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** A label and its score. */
export interface Classified {
  readonly label: string;
  /** probability of the label; of a model of one output without a sigmoid, the output */
  readonly score: number;
}

/** How outputs become scores. */
export type ClassificationFunction = "softmax" | "sigmoid" | "none";

/** Options of {@link textClassification}, when it is opened and when it is called. */
export interface ClassificationOptions extends CallOptions {
  /** return a list of the best labels, this many; null for all */
  readonly topK?: number | null;
  /** return a list of the labels with at least this score, best first: the prediction of a multi-label model */
  readonly threshold?: number;
  /** default: none for regression, sigmoid for multi-label models and single outputs, softmax otherwise */
  readonly functionToApply?: ClassificationFunction;
}

/** Options with which one label is answered, and options with which a list is. */
export type OneLabel<Options> = Options & { readonly topK?: undefined; readonly threshold?: undefined };
/** Options with `topK` or `threshold`: a call returns a list of labels. */
export type SeveralLabels<Options> = Options & ({ readonly topK: number | null } | { readonly threshold: number });

/** A text, or a pair of texts. */
export type TextClassificationInput = TextExample | string;

/** `Output` is the result of a call without its own `topK` and `threshold`. */
export type TextClassification<Output> = Pipeline<TextClassificationInput, Output, OneLabel<ClassificationOptions>> &
  Pipeline<TextClassificationInput, Classified[], SeveralLabels<ClassificationOptions>> &
  Pipeline<TextClassificationInput, Output | Classified[], ClassificationOptions>;

const NAME = "textClassification";

const rules = (): Rules<Omit<ClassificationOptions, keyof CallOptions>> => ({
  topK: either(aNull, wholeNumber(1)),
  threshold: numberBetween(0, 1),
  functionToApply: oneOf("softmax", "sigmoid", "none"),
});

const ELSEWHERE = {
  return_all_scores: "topK: null gives the scores of all labels",
  returnAllScores: "topK: null gives the scores of all labels",
} as const;

function inputOf(value: unknown, at: string): TextExample {
  if (typeof value === "string") return { text: value };
  if (typeof value !== "object") return { text: textOf(NAME, at, value) };
  const { text, pair } = fieldsOf(NAME, at, value, ["text", "pair"], { text_pair: "pair" });
  const example = { text: textOf(NAME, `${at}.text`, text) };
  return pair === undefined ? example : { ...example, pair: textOf(NAME, `${at}.pair`, pair) };
}

/** The default of transformers: problem_type decides, then the number of outputs. */
function functionOf({ config }: Opened<"sequence-classification">, outputs: number): ClassificationFunction {
  const { problem_type: problem } = config;
  if (problem === "regression") return "none";
  if (problem === "multi_label_classification" || outputs === 1) return "sigmoid";
  return "softmax";
}

const APPLY: Readonly<Record<ClassificationFunction, (row: Float32Array) => ArrayLike<number>>> = {
  softmax,
  sigmoid: (row) => Array.from(row, sigmoid),
  none: (row) => row,
};

/**
 * The most probable label of a text or pair, or with `topK` or `threshold` a list of labels. Scores are those of
 * transformers' text-classification pipeline.
 *
 * @example
 * const classify = await textClassification(folder("sentiment"));
 * classify("A lovely film."); // { label: "positive", score: 0.98 }
 * classify("A lovely film.", { topK: null }); // [{ label: "positive", score: 0.98 }, { label: "negative", score: 0.02 }]
 * classify({ text: "A cat sleeps.", pair: "An animal rests." }).label; // "entailment"
 */
export function textClassification(
  files: ModelSource,
  options?: OneLabel<PipelineOptions & ClassificationOptions>,
): Promise<TextClassification<Classified>>;
export function textClassification(
  files: ModelSource,
  options: SeveralLabels<PipelineOptions & ClassificationOptions>,
): Promise<TextClassification<Classified[]>>;
export function textClassification(
  files: ModelSource,
  options: PipelineOptions & ClassificationOptions,
): Promise<TextClassification<Classified | Classified[]>>;
export async function textClassification(
  files: ModelSource,
  options: PipelineOptions & ClassificationOptions = {},
): Promise<TextClassification<Classified | Classified[]>> {
  const pipeline = await openPipeline<
    "sequence-classification",
    TextExample,
    Classified | Classified[],
    ClassificationOptions
  >(files, options, {
    name: NAME,
    task: "sequence-classification",
    rules: rules(),
    elsewhere: ELSEWHERE,
    input: inputOf,
    make: (opened) =>
      function* (inputs, asked) {
        const { model, tokenizer, labels } = opened;
        const samples = yield* eachInSteps(inputs, (input) => encodeText(tokenizer, input, asked.length));
        const scores = yield* inferInSteps(model, samples, "rows", (m, hidden, batch) =>
          m.sequenceScores(hidden, batch),
        );
        return scores.map((row) => {
          const apply = APPLY[asked.functionToApply ?? functionOf(opened, row.length)];
          const ranked = Array.from(apply(row), (score, i) => ({ label: labels?.names[i] ?? `LABEL_${i}`, score }));
          ranked.sort((a, b) => b.score - a.score);
          const { topK, threshold } = asked;
          if (topK === undefined && threshold === undefined) return ranked[0]!;
          return ranked
            .filter(({ score }) => score >= (threshold ?? Number.NEGATIVE_INFINITY))
            .slice(0, topK ?? undefined);
        });
      },
  });
  return pipeline as TextClassification<Classified | Classified[]>;
}
