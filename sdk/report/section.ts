/**
 * The sections of a report: plain JSON, written by any runtime and drawn by the page in a browser. Every plot has its values
 * in a table below it as well.
 */

/** Fields of every section. */
export interface TitledSection {
  readonly title: string;
  /** how to read the section, below it */
  readonly note?: string;
}

/**
 * The result in a sentence or two, set large; the first section of a report.
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
  /** what limits or supports the statement, one sentence or two each */
  readonly details?: readonly string[];
}

/**
 * Facts about the run: a list of names and values. Example: `{ kind: "facts", title: "Run", facts: [{ name: "seed",
 * value: "1" }] }`.
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

export interface TextSection extends TitledSection {
  readonly kind: "text";
  readonly paragraphs: readonly string[];
}

/** Columns of numbers are aligned to the right. On a narrow screen every row becomes a card. */
export interface TableSection extends TitledSection {
  readonly kind: "table";
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure and its interval. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/**
 * Several models on several tasks: a dot and an interval for each, beside the figure of a guesser without a model.
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
    /** how many test items the figures are of */
    readonly items?: number;
    /** the figure of a guesser without a model */
    readonly baseline?: number;
    /** one for each arm; null where it was not measured */
    readonly estimates: readonly (Estimate | null)[];
    /** the row's finding, in a sentence computed from it */
    readonly verdict?: string;
  }[];
}

/** A point of a curve; where it is the mean of several values, with the lowest and highest of them. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** One curve. Example: `{ name: "held out", role: "held-out", points: [{ x: 0, y: 6.2 }, { x: 100, y: 4.9 }] }`. */
export interface Curve {
  readonly name: string;
  /** `held-out` figures are few and drawn with dots; `training` ones are many and drawn as a line */
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
  /** a plot of less height: learning rates and the like */
  readonly low?: boolean;
  /** horizontal lines to compare with */
  readonly levels?: readonly { readonly label: string; readonly y: number }[];
}

/** A matrix of numbers as colors: similarities, confusions. */
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

/** How well the groups of a plane separate; see `silhouette`. */
export interface Separation {
  /** mean silhouette of the points, -1 to 1, in the space before the projection */
  readonly silhouette: number;
  /** the same for groups drawn at random: its mean and its highest value over the draws */
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
      /** whether it is a right one, where that is known */
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
    /** where the answer is in the context, in UTF-16 units; both absent where it is not from there */
    readonly start?: number;
    readonly end?: number;
    /** probability */
    readonly score?: number;
    /** the right answers, where they are known */
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
