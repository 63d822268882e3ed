/** The portable benchmark, in this worker. */
import { benchmark, type Measured, type Score } from "cloze/benchmark";

export type { Measured, Score };

export const runBenchmark = (tell: (result: Measured) => void): Promise<Score> => benchmark({ onResult: tell });
