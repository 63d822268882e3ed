/** The findings of the experiment: the networks compared item by item, in numbers and in sentences. */
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
  /** the difference in standard errors; infinite if every resample gives the same difference */
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

/** One task with the comparisons that sentences and tables report. */
export interface ComparedTask extends TaskResult {
  /** the pre-trained network against the same network with random weights: the value of pre-training */
  readonly gain: Comparison;
  /** the small network of this run against random weights */
  readonly early: Comparison;
  /** the pre-trained network against the small one */
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

/** A comparison of `first` with `second`: where it is better, where by more than chance explains, and where it is not. */
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
  /** the sentence to remember */
  readonly headline: string;
  /** further findings */
  readonly shows: readonly string[];
  /** limits of the evidence */
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
      `Both saw the same labeled examples in the same order for the same number of steps (at most ${trained}). They started from different weights, each with a learning rate that suits them.`,
      sentence(early, `The small network of this run (${names.brief})`, "random weights"),
      sentence(further, names.pretrained, "the small network"),
      clearOfBaseline,
    ],
    limits: [
      "There is one seed per network. The intervals cover the choice of test items, not of random weights or training examples.",
      `The network of this run (${names.brief}) is smaller and has its own vocabulary. Comparisons with it mix size, text and training time, so they do not isolate pre-training.`,
      "Each task has at most 300 labeled examples. How the gap changes with more is not measured here.",
      "Learning rates and numbers of epochs were set by hand after a few trials; a search may change the gap. CLAIMS.md gives each network the best of three rates.",
    ],
  };
}

/** The table of tasks for the terminal. */
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

/** The same table for the report, with the interval of each figure. */
export function taskComparison(
  results: readonly ComparedTask[],
  names: Names,
): Omit<ComparisonSection, "kind" | "title"> {
  return {
    unit: "percent",
    interval: "95 %, over the test items",
    arms: ARMS.map((arm) => names[arm]),
    rows: results.map((result) => {
      const { scores, baseline } = result.arms.pretrained;
      const { difference, interval, errors } = result.gain;
      const gain = `${points(difference)} points (95 % ${points(interval[0])} to ${points(interval[1])})`;
      return {
        name: TITLES[result.name],
        metric: figureName(result),
        items: scores.length,
        baseline,
        estimates: ARMS.map((arm) => estimate(result.arms[arm])),
        verdict: `${names.pretrained} against ${names.random}: ${gain}, ${errors.toFixed(1)} standard errors`,
      };
    }),
  };
}

/** A figure, plus and minus 1.96 standard errors of a weighted mean. */
function estimate({ figure, scores, sizes }: FinetuneResult): Estimate {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const squares = scores.reduce((sum, score, i) => sum + (sizes[i]! * (score - figure)) ** 2, 0);
  const reach = (1.96 * Math.sqrt(squares)) / total;
  return { value: figure, low: Math.max(0, figure - reach), high: Math.min(1, figure + reach) };
}
