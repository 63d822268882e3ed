/** The portable benchmark, in this worker. */
import { benchmark, type Measured, type Score } from "cloze/benchmark";

export type { Measured, Score };

/** `tell` is called after each round with the rounds done, those of all, and the results so far. */
export const runBenchmark = (
  tell: (done: number, total: number, results: readonly Measured[]) => void,
): Promise<Score> => benchmark({ onRound: tell });
