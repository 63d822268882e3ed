/** What the experiment shows: comparisons of the networks item by item, in numbers and in sentences. */
import { type PairedDifference, pairedBootstrap } from "cloze/metrics";
import type { ComparisonSection, Estimate } from "cloze/report";
import { percent } from "../cli/shared/output.js";
import type { TaskResult } from "./experiment.js";
import type { FinetuneResult } from "./finetuning.js";
import { ARMS, type ArmName, type TaskName } from "./recipe.js";

export const TITLES: Readonly<Record<TaskName, string>> = {
  sentiment: "sentiment",
  tags: "parts of speech",
  inference: "inference",
  questions: "question answering",
};

/** A difference counts as clear beyond this many paired standard errors. */
const CLEAR = 2;

export interface Comparison extends PairedDifference {
  readonly task: TaskName;
  /** the difference in standard errors; infinite where no resampled test part changes it */
  readonly errors: number;
  /** whether the first is better by more than two standard errors */
  readonly clear: boolean;
}

/** Two networks on the same test items. */
export function compare({ name, arms }: TaskResult, first: ArmName, second: ArmName): Comparison {
  const { scores, sizes } = arms[first];
  const paired = pairedBootstrap(scores, arms[second].scores, { sizes });
  const { difference, standardError } = paired;
  const errors = difference === 0 ? 0 : difference / standardError;
  return { ...paired, task: name, errors, clear: errors > CLEAR };
}

/** The comparisons of one task that the sentences and tables are made of. */
export interface ComparedTask extends TaskResult {
  /** a pre-trained network beside the same with random weights: what pre-training is worth */
  readonly gain: Comparison;
  /** the small network of this run beside random weights */
  readonly early: Comparison;
  /** the pre-trained network beside the small one */
  readonly further: Comparison;
}

export function compared(result: TaskResult): ComparedTask {
  return {
    ...result,
    gain: compare(result, "pretrained", "random"),
    early: compare(result, "brief", "random"),
    further: compare(result, "pretrained", "brief"),
  };
}

/** "a", "a and b", "a, b and c" */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "none") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

const NUMBERS = ["none", "one", "two", "three", "four"] as const;
const titles = (comparisons: readonly Comparison[]): string => listed(comparisons.map(({ task }) => TITLES[task]));

/** Points with a sign: "+4.2". */
export const points = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;

/** How `first` does beside `second`: where it is better, where by more than chance would give, where it is not. */
export function sentence(comparisons: readonly Comparison[], first: string, second: string): string {
  const [all, ahead, clear, behind] = [
    comparisons.length,
    comparisons.filter(({ difference }) => difference > 0),
    comparisons.filter((comparison) => comparison.clear),
    comparisons.filter(({ difference }) => difference <= 0),
  ];
  if (ahead.length === 0) return `${first} is better than ${second} in none of the ${NUMBERS[all] ?? all} tasks.`;
  const where =
    behind.length === 0 ? `all ${NUMBERS[all] ?? all} tasks` : `${titles(ahead)}, but not in ${titles(behind)}`;
  const sure =
    clear.length === 0
      ? "none of these differences exceeds two standard errors, so they may be chance"
      : clear.length === ahead.length
        ? `${ahead.length === 1 ? "the difference exceeds" : "each difference exceeds"} two standard errors`
        : `the difference exceeds two standard errors in ${titles(clear)}, and elsewhere may be chance`;
  return `${first} is better than ${second} in ${where}; ${sure}.`;
}

export interface Names extends Readonly<Record<ArmName, string>> {}

export interface Findings {
  /** the sentence that a reader should remember */
  readonly headline: string;
  /** what else the table shows */
  readonly shows: readonly string[];
  /** what it cannot show */
  readonly limits: readonly string[];
}

export function findings(results: readonly ComparedTask[], names: Names): Findings {
  const gains = results.map(({ gain }) => gain);
  const early = results.map((result) => result.early);
  const further = results.map((result) => result.further);
  const below = results.filter(({ arms: { pretrained } }) => pretrained.figure <= pretrained.baseline);
  const clearOfBaseline =
    below.length === 0
      ? `${names.pretrained} is above the baseline of every task.`
      : `${names.pretrained} does not reach the baseline in ${listed(below.map(({ name }) => TITLES[name]))}, which needs no model: nothing useful was learned there.`;
  const trained = Math.max(...results.map(({ arms }) => arms.pretrained.steps));
  return {
    headline: sentence(gains, names.pretrained, "the same network with random weights"),
    shows: [
      `Both saw the same labelled examples in the same order for the same number of steps (at most ${trained}). They began with different weights, and each has a learning rate that suits its start.`,
      sentence(early, `The small network of this run (${names.brief})`, "random weights"),
      sentence(further, names.pretrained, names.brief),
      clearOfBaseline,
    ],
    limits: [
      "One seed for each network. The intervals say how the differences would vary with other test items, not with other random weights or other training examples.",
      `${names.brief} is a smaller network with a vocabulary of its own: beside it, the table compares size, text and time together, not pre-training alone.`,
      "At most 300 labelled examples a task: how the gap changes with more of them is not measured here.",
      "Learning rates and numbers of epochs were set by hand after a few trials; a search may change the gap. CLAIMS.md gives either network the better of three rates.",
    ],
  };
}

/** The table of tasks for people. */
export function taskTable(results: readonly ComparedTask[], names: Names): { header: string[]; rows: string[][] } {
  const rows = results.map((result) => {
    const { random, brief, pretrained } = result.arms;
    const { difference, interval, errors } = result.gain;
    return [
      `${TITLES[result.name]}, ${figureName(result)}`,
      `${pretrained.scores.length}`,
      ...[pretrained.baseline, random.figure, brief.figure, pretrained.figure].map(percent),
      `${points(difference)} [${points(interval[0])}, ${points(interval[1])}]`,
      errors.toFixed(1),
    ];
  });
  return {
    header: [
      "task",
      "test items",
      "baseline",
      ...[names.random, names.brief, names.pretrained],
      "gain in points [95 %]",
      "in standard errors",
    ],
    rows,
  };
}

const figureName = ({ arms: { pretrained } }: TaskResult): string =>
  pretrained.headline === "f1" ? "F1" : pretrained.headline;

/** The same for the report, with the interval of each figure. */
export function taskComparison(
  results: readonly ComparedTask[],
  names: Names,
): Omit<ComparisonSection, "kind" | "title"> {
  return {
    unit: "percent",
    interval: "95 %, from the spread over the test items",
    arms: ARMS.map((arm) => names[arm]),
    rows: results.map((result) => {
      const { scores, baseline } = result.arms.pretrained;
      const { difference, interval, errors } = result.gain;
      const gain = `${points(difference)} points (${points(interval[0])} to ${points(interval[1])})`;
      return {
        name: TITLES[result.name],
        metric: figureName(result),
        items: scores.length,
        baseline,
        estimates: ARMS.map((arm) => estimate(result.arms[arm])),
        verdict: `${names.pretrained} beside ${names.random}: ${gain}, ${errors.toFixed(1)} standard errors`,
      };
    }),
  };
}

/** A figure with 1.96 standard errors of a weighted mean on either side. */
function estimate({ figure, scores, sizes }: FinetuneResult): Estimate {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const squares = scores.reduce((sum, score, i) => sum + (sizes[i]! * (score - figure)) ** 2, 0);
  const reach = (1.96 * Math.sqrt(squares)) / total;
  return { value: figure, low: Math.max(0, figure - reach), high: Math.min(1, figure + reach) };
}
