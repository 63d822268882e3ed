/** A claim: a published statement, its trial here, and the bar that was set before the runs that count. */
import { type Summary, summarize } from "cloze/metrics";
import type { Context } from "./context.js";

/** Figures of one seed by name. */
export type Figures = Readonly<Record<string, number>>;

/** The decision over all seeds. */
export interface Verdict {
  readonly holds: boolean;
  /** our figures in one line, for CLAIMS.md */
  readonly ours: string;
}

export interface Claim {
  /** its name on the command line and of its file */
  readonly name: string;
  /** one sentence */
  readonly claim: string;
  readonly source: string;
  /** the published figure */
  readonly published: string;
  /** the bar in words; `judge` is the same in code */
  readonly bar: string;
  /** everything other than code, model and data that determines the result; a change discards finished seeds */
  readonly setUp: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  /** folders of the shared data, or `model` for the folder of --model */
  readonly needs: readonly string[];
  /** minutes of all seeds on two idle cores, estimated from the number of multiplications */
  readonly minutes: number;
  /** why it does not hold here, written after the runs */
  readonly explanation?: string;
  run(context: Context, seed: number): Promise<Figures>;
  judge(results: readonly Figures[]): Verdict;
}

/** A claim that is not tried here, with the reason. */
export interface SkippedClaim {
  readonly name: string;
  readonly claim: string;
  readonly source: string;
  readonly published: string;
  readonly because: string;
}

/** A figure over the seeds. */
export const over = (results: readonly Figures[], name: string): Summary =>
  summarize(
    results.map((figures) => {
      const value = figures[name];
      if (value === undefined) throw new Error(`a run has no figure ${name}`);
      return value;
    }),
  );

/** Whether the whole 95 % interval is above 0, as a claim of order requires. */
export const aboveZero = ({ interval: [low] }: Summary): boolean => low > 0;

/** Mean with the ends of its interval: "3.1 (2.2 to 4.0)". */
export function shown({ n, mean, interval: [low, high] }: Summary, digits = 1): string {
  return n === 1 ? mean.toFixed(digits) : `${mean.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
