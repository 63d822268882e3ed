/**
 * Classes that no model was trained for: each is put into a hypothesis, and an NLI model decides whether the text
 * entails it. Yin et al. 2019, "Benchmarking Zero-shot Text Classification" (arXiv:1909.00161).
 */
import { inferInSteps } from "../heads/infer.js";
import type { LabelSet } from "../heads/labels.js";
import { encodeText } from "../heads/pooled.js";
import { softmax } from "../heads/probabilities.js";
import { ModelFileError } from "../io/files/files.js";
import type { ModelSource } from "../io/files/model-source.js";
import { ArgumentError, aBoolean, type Rule, type Rules } from "../options.js";
import { eachInSteps } from "../tensor/steps.js";
import type { TurnOptions } from "../tensor/turns.js";
import { fieldsOf, textOf, textsOf } from "./options.js";
import { type Awaitable, type CallOptions, openPipeline, type Pipeline, type PipelineOptions } from "./pipeline.js";

/** Options of {@link zeroShotClassification}, when it is opened and when it is called. */
export interface ZeroShotOptions extends CallOptions {
  /** the hypothesis, with {} for the class; "This example is {}." by default */
  readonly hypothesisTemplate?: string;
  /** several classes may apply: score each independently */
  readonly multiLabel?: boolean;
}

/** A text and the labels to choose from. */
export interface ZeroShotInput {
  readonly text: string;
  readonly labels: readonly string[];
}

/** Labels and their probabilities, best first. */
export interface ZeroShotResult {
  /** the text */
  readonly sequence: string;
  /** all classes, best first */
  readonly labels: readonly string[];
  /** probabilities in the same order: of all classes together, or with `multiLabel` of each alone */
  readonly scores: readonly number[];
}

/** A function of a text, or an array of texts, and the classes. */
export interface ZeroShot extends Pipeline<ZeroShotInput, ZeroShotResult, ZeroShotOptions> {
  (text: string, labels: readonly string[], options?: ZeroShotOptions): ZeroShotResult;
  (texts: readonly string[], labels: readonly string[], options?: ZeroShotOptions): ZeroShotResult[];
  readonly async: Awaitable<ZeroShotInput, ZeroShotResult, ZeroShotOptions> & {
    (text: string, labels: readonly string[], options?: ZeroShotOptions & TurnOptions): Promise<ZeroShotResult>;
    (
      texts: readonly string[],
      labels: readonly string[],
      options?: ZeroShotOptions & TurnOptions,
    ): Promise<ZeroShotResult[]>;
  };
}

const NAME = "zeroShotClassification";

const aTemplate: Rule = {
  expected: "a string with {} where the class goes",
  accepts: (value) => typeof value === "string" && value.includes("{}"),
};

const rules = (): Rules<Omit<ZeroShotOptions, keyof CallOptions>> => ({
  hypothesisTemplate: aTemplate,
  multiLabel: aBoolean,
});

const LABELS = "the classes are the second argument: classify(text, labels)";
const ELSEWHERE = { candidate_labels: LABELS, candidateLabels: LABELS, labels: LABELS } as const;

/** `(text, labels, options)` and `(texts, labels, options)` beside objects. */
function read(args: readonly unknown[]): readonly [unknown, unknown] {
  const [given, second, third] = args;
  const plain = typeof given === "string" || (Array.isArray(given) && given.some((one) => typeof one === "string"));
  if (args.length > (plain ? 3 : 2))
    throw new ArgumentError(`${NAME}: a call has a text, labels and options; got ${args.length} arguments`);
  if (!plain) return [given, second];
  if (!Array.isArray(second)) textsOf(NAME, "labels (the second argument)", second);
  if (typeof given === "string") return [{ text: given, labels: second }, third];
  return [given.map((text: unknown) => ({ text, labels: second })), third];
}

function inputOf(value: unknown, at: string): ZeroShotInput {
  const { text, labels } = fieldsOf(NAME, at, value, ["text", "labels"], {
    sequence: "text",
    sequences: "text",
    candidate_labels: "labels",
  });
  const input = { text: textOf(NAME, `${at}.text`, text), labels: textsOf(NAME, `${at}.labels`, labels, 1) };
  const twice = input.labels.find((name, i) => input.labels.indexOf(name) < i);
  if (twice !== undefined) throw new ArgumentError(`${NAME}: the label ${JSON.stringify(twice)} is given twice`);
  return input;
}

/** The column of a label by the beginning of its name: model files order the labels differently. */
function columnOf(labels: LabelSet | null, ...beginnings: readonly string[]): number {
  const begins = (name: string) => beginnings.some((beginning) => name.toLowerCase().startsWith(beginning));
  const column = labels?.names.findIndex(begins) ?? -1;
  if (column < 0)
    throw new ModelFileError(
      `this model has no label that begins with "${beginnings.join('" or "')}" (it has ${labels?.names.join(", ") ?? "none"}); zero-shot classification needs a model of inference`,
    );
  return column;
}

/**
 * Any classes, by how well they describe a text; scores are those of transformers' zero-shot-classification pipeline.
 *
 * @example
 * using classify = await zeroShotClassification(folder("bart-large-mnli"));
 * classify("The goalkeeper was hurt.", ["sport", "politics"]).labels[0]; // "sport"
 */
export async function zeroShotClassification(
  files: ModelSource,
  options: PipelineOptions & ZeroShotOptions = {},
): Promise<ZeroShot> {
  const pipeline = await openPipeline<"sequence-classification", ZeroShotInput, ZeroShotResult, ZeroShotOptions>(
    files,
    options,
    {
      name: NAME,
      task: "sequence-classification",
      rules: rules(),
      elsewhere: ELSEWHERE,
      read,
      input: inputOf,
      make({ model, tokenizer, labels: names }) {
        const entailment = columnOf(names, "entail");
        // Models of two classes have no neutral one.
        const opposite = columnOf(names, "contra", "not");
        return function* (inputs, { length, hypothesisTemplate = "This example is {}.", multiLabel = false }) {
          const pairs = inputs.flatMap(({ text, labels }) =>
            labels.map((name) => ({ text, pair: hypothesisTemplate.split("{}").join(name) })),
          );
          const samples = yield* eachInSteps(pairs, (pair) => encodeText(tokenizer, pair, length));
          const scores = yield* inferInSteps(model, samples, "rows", (m, hidden, batch) =>
            m.sequenceScores(hidden, batch),
          );
          let next = 0;
          return inputs.map(({ text, labels }) => {
            const rows = scores.slice(next, (next += labels.length));
            const alone = multiLabel || labels.length === 1;
            const shares = alone
              ? rows.map((row) => softmax([row[opposite]!, row[entailment]!])[1]!)
              : Array.from(softmax(rows.map((row) => row[entailment]!)));
            const order = labels.map((_, i) => i).sort((a, b) => shares[b]! - shares[a]!);
            return { sequence: text, labels: order.map((i) => labels[i]!), scores: order.map((i) => shares[i]!) };
          });
        };
      },
    },
  );
  return pipeline as ZeroShot;
}
