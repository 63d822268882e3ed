/**
 * The sections of a report: plain JSON, written by any runtime and drawn by the page in a browser. Below every plot, a table
 * has its values.
 */

/** Fields of every section. */
export interface TitledSection {
  readonly title: string;
  /** how to read the section, below it */
  readonly note?: string;
}

/**
 * The result in one or two sentences, in large type; the first section of a report.
 *
 * @example
 * const html = renderReport({ title: "A run", summary: "", sections: [{
 *   kind: "finding",
 *   title: "Finding",
 *   statement: "Pre-training raises accuracy from 71.2 to 76.9 %.",
 *   details: ["300 test items, one seed: the 95 % interval of the difference is 2.1 to 9.3 points."],
 * }] });
 */
export interface FindingSection extends TitledSection {
  readonly kind: "finding";
  readonly statement: string;
  /** evidence and limits of the statement, one or two sentences each */
  readonly details?: readonly string[];
}

/**
 * Facts about the run: names and values. Example: `{ kind: "facts", title: "Run", facts: [{ name: "seed", value: "1" }] }`.
 */
export interface FactsSection extends TitledSection {
  readonly kind: "facts";
  readonly facts: readonly {
    readonly name: string;
    readonly value: string;
    /** set in a fixed-width font: commands, hashes */
    readonly code?: boolean;
  }[];
}

/** Paragraphs of plain text. */
export interface TextSection extends TitledSection {
  readonly kind: "text";
  readonly paragraphs: readonly string[];
}

/** A table. Columns of numbers are aligned to the right; on a narrow screen every row becomes a card. */
export interface TableSection extends TitledSection {
  readonly kind: "table";
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure and the ends of its interval. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/**
 * Several models on several tasks: a dot and an interval for each, and the figure of a baseline without a model.
 *
 * @example
 * const html = renderReport({ title: "A run", summary: "", sections: [{
 *   kind: "comparison",
 *   title: "Four tasks, three ways",
 *   unit: "percent",
 *   interval: "95 %, bootstrap over the test items",
 *   arms: ["random weights", "cloze-tiny"],
 *   rows: [{
 *     name: "sentiment",
 *     metric: "accuracy",
 *     items: 300,
 *     baseline: 0.52,
 *     estimates: [{ value: 0.71, low: 0.66, high: 0.76 }, { value: 0.79, low: 0.74, high: 0.83 }],
 *     verdict: "cloze-tiny is better by 8.0 points (2.4 to 13.7)",
 *   }],
 * }] });
 */
export interface ComparisonSection extends TitledSection {
  readonly kind: "comparison";
  /** `percent` for shares, which are written times 100 */
  readonly unit: "percent" | "number";
  /** the meaning of the intervals */
  readonly interval?: string;
  /** the names of the systems compared */
  readonly arms: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly metric?: string;
    /** number of test items */
    readonly items?: number;
    /** the figure of a baseline without a model */
    readonly baseline?: number;
    /** one for each arm; null if not measured */
    readonly estimates: readonly (Estimate | null)[];
    /** the row's finding, in a sentence computed from it */
    readonly verdict?: string;
  }[];
}

/** A point of a curve. A mean of several values has the lowest and highest of them too. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** One curve. Example: `{ name: "held out", role: "held-out", points: [{ x: 0, y: 6.2 }, { x: 100, y: 4.9 }] }`. */
export interface Curve {
  readonly name: string;
  /** `held-out` values are few and drawn as dots, `training` values are many and drawn as a line */
  readonly role?: "training" | "held-out";
  readonly points: readonly CurvePoint[];
}

/** Curves over the steps of a run in one plot; `trainingCurves` makes the section from the lines of a run. */
export interface CurvesSection extends TitledSection {
  readonly kind: "curves";
  /** names of the axes, with units: "step", "nats per token" */
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
  /** draw a low plot, for learning rates and the like */
  readonly low?: boolean;
  /** horizontal reference lines */
  readonly levels?: readonly { readonly label: string; readonly y: number }[];
}

/** A matrix of numbers as a heat map: similarities, confusions. */
export interface HeatSection extends TitledSection {
  readonly kind: "heat";
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** values[row][column] */
  readonly values: readonly (readonly number[])[];
}

/** The attention of every layer and head over one text, one head at a time; `attentionSection` makes it from a model's trace. */
export interface AttentionSection extends TitledSection {
  readonly kind: "attention";
  readonly tokens: readonly string[];
  /** weights[layer][head][query][key]; each row of a head adds up to 1 */
  readonly weights: readonly (readonly (readonly (readonly number[])[])[])[];
}

/** The separation of the groups of a plane, as `separationOf` measures it. */
export interface Separation {
  /** mean silhouette of the points, -1 to 1, in the space before the projection */
  readonly silhouette: number;
  /** the same for random groups: its mean and highest value over the draws */
  readonly chance: { readonly mean: number; readonly highest: number; readonly draws: number };
}

/** Points on a plane in groups; `planeSection` makes it from vectors. Labels that would collide are moved, or shown on hover. */
export interface PlaneSection extends TitledSection {
  readonly kind: "plane";
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    readonly label: string;
    readonly group: string;
    /** shown on hover, such as the sentence that the word is in */
    readonly detail?: string;
  }[];
  readonly separation?: Separation;
  /** share of the variance that the two axes keep */
  readonly kept?: number;
}

/**
 * Texts with a model's results for each, best first: filled masks, found sentences.
 *
 * @example
 * const html = renderReport({ title: "A run", summary: "", sections: [{
 *   kind: "ranked",
 *   title: "Filled masks",
 *   unit: "percent",
 *   items: [{ text: "She drank a cup of [MASK].", results: [{ text: "tea", score: 0.61, right: true }, { text: "it", score: 0.04 }] }],
 * }] });
 */
export interface RankedSection extends TitledSection {
  readonly kind: "ranked";
  /** `percent` for probabilities, `number` for similarities */
  readonly unit: "percent" | "number";
  readonly items: readonly {
    readonly text: string;
    readonly results: readonly {
      readonly text: string;
      readonly score: number;
      /** whether it is correct, if known */
      readonly right?: boolean;
    }[];
  }[];
}

/** Questions with the answers that a model marked in their contexts. */
export interface AnswersSection extends TitledSection {
  readonly kind: "answers";
  readonly items: readonly {
    readonly question: string;
    readonly context: string;
    readonly answer: string;
    /** span of the answer in the context, in UTF-16 code units; both absent if it is not from the context */
    readonly start?: number;
    readonly end?: number;
    /** probability */
    readonly score?: number;
    /** the correct answers, if known */
    readonly expected?: readonly string[];
  }[];
}

/** One section of a report; `kind` says which. */
export type Section =
  | FindingSection
  | FactsSection
  | TextSection
  | TableSection
  | ComparisonSection
  | CurvesSection
  | HeatSection
  | AttentionSection
  | PlaneSection
  | RankedSection
  | AnswersSection;

/** A report: a title, one sentence of summary, and its sections in order. The finding comes first. */
export interface Report {
  readonly title: string;
  readonly summary: string;
  readonly sections: readonly Section[];
}
