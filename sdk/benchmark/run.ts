/** Running the workloads: rounds, quartiles, the machine's own peak beside them, and the hash of every output. */
import type { KernelInput } from "../engine/kernel-input.js";
import { ArgumentError, aFunction, checkOptions, listOf, oneOf, wholeNumber } from "../options.js";
import { PUBLISHED, pointsOf, rounded, scoreOf, VERSION } from "./published.js";
import { runtimeName } from "./runtime-name.js";
import { type Ready, WORKLOADS, type Workload } from "./workloads.js";
import { yardstick } from "./yardstick.js";

/** The result of a workload. */
export interface Measured {
  readonly workload: string;
  readonly runtime: string;
  readonly median_ms: number;
  /** first and third quartile of the rounds, in milliseconds */
  readonly quartiles_ms: readonly [number, number];
  /** runs in all rounds */
  readonly repeats: number;
  /** billions of operations a second in matrix products; null for workloads that other operations dominate */
  readonly gflops: number | null;
  /** the core's peak on registers alone, measured alongside; null where that cannot be measured */
  readonly peak_gflops: number | null;
  /** gflops / peak_gflops. Weights in 8 bits may have more than 1. */
  readonly share: number | null;
  readonly hash: string;
  /** whether every output had the published hash; otherwise the result has no points */
  readonly valid: boolean;
  /** points of this workload: 100 × the published milliseconds / the first quartile; 0 where the result is not valid */
  readonly points: number;
}

/** The result of all workloads. */
export interface Score {
  /** the geometric mean of the workloads' points; null unless all of them ran and are valid */
  readonly score: number | null;
  readonly version: number;
  readonly runtime: string;
  /** whether the machine was idle otherwise: its peak varied by less than a tenth */
  readonly quiet: boolean | null;
}

/** Options of {@link benchmark}. */
export interface BenchmarkOptions {
  /** names of workloads; all of them by default. Only all of them have a score. */
  readonly only?: readonly string[];
  /** rounds, in each of which every workload has its turn; 7 by default */
  readonly repeats?: number;
  /** kernels instead of the package's own strict build */
  readonly module?: KernelInput;
  /** called with each result */
  readonly onResult?: (result: Measured) => void;
  /** called after each round with the number of rounds done, that of all, and the results so far */
  readonly onRound?: (done: number, total: number, results: readonly Measured[]) => void;
}

/** Milliseconds of a workload's turn in a round: as many runs as it takes, at least one. */
const TURN = 150;
/** The peak of an otherwise idle machine varies by less. */
const QUIET = 0.1;

const names = (): string[] => WORKLOADS.map(({ name }) => name);

/** The first 16 hex digits of SHA-256. */
export async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** A quantile of sorted numbers, between neighbors in proportion. */
function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

/** A workload that is prepared, and what its runs gave so far. */
class Running {
  /** the median of the runs of each turn, in milliseconds */
  readonly turns: number[] = [];
  /** the core's peak before each run */
  readonly peaks: number[] = [];
  readonly #hashes = new Set<string>();
  #repeats = 0;

  constructor(
    readonly workload: Workload,
    readonly ready: Ready,
  ) {}

  /** Run once, and note the hash of the output; returns milliseconds. */
  async run(): Promise<number> {
    const started = performance.now();
    const output = await this.ready.run();
    const took = performance.now() - started;
    this.#hashes.add(await digest(output));
    return took;
  }

  /** The workload's turn in a round. */
  async turn(peak: (() => number) | null): Promise<void> {
    const times: number[] = [];
    for (let spent = 0; times.length === 0 || spent < TURN; ) {
      if (peak) this.peaks.push(peak());
      const took = await this.run();
      times.push(took);
      spent += took;
      if (took === 0) break; // a clock that does not advance
    }
    this.#repeats += times.length;
    this.turns.push(quantile(ascending(times), 0.5));
  }

  result(): Measured {
    const { name, operations } = this.workload;
    const sorted = ascending(this.turns);
    const median = quantile(sorted, 0.5);
    const gflops = operations === null || median === 0 ? null : operations / median / 1e6;
    const most = this.peaks.length > 0 ? quantile(ascending(this.peaks), 0.5) : null;
    const quartiles: Measured["quartiles_ms"] = [rounded(quantile(sorted, 0.25)), rounded(quantile(sorted, 0.75))];
    const published = PUBLISHED[name];
    const valid = published !== undefined && this.#hashes.size === 1 && this.#hashes.has(published.hash);
    return {
      workload: name,
      runtime: runtimeName(),
      median_ms: rounded(median),
      quartiles_ms: quartiles,
      repeats: this.#repeats,
      gflops: gflops === null ? null : rounded(gflops),
      peak_gflops: most === null ? null : rounded(most),
      share: gflops === null || most === null ? null : rounded(gflops / most),
      hash: [...this.#hashes].join(" "),
      valid,
      points: valid && quartiles[0] > 0 ? pointsOf(name, quartiles[0]) : 0,
    };
  }
}

/** All workloads in rounds: other programs slow down a round of all of them, not all rounds of one. */
async function measure(
  workloads: readonly Workload[],
  { repeats = 7, module, onRound }: BenchmarkOptions,
  peak: (() => number) | null,
): Promise<Running[]> {
  const running: Running[] = [];
  try {
    for (const workload of workloads) running.push(new Running(workload, await workload.prepare(module)));
    for (const one of running) await one.run(); // warms up
    for (let round = 1; round <= repeats; round++) {
      for (const one of running) await one.turn(peak);
      onRound?.(
        round,
        repeats,
        running.map((one) => one.result()),
      );
    }
  } finally {
    for (const { ready } of running) ready.dispose();
  }
  return running;
}

/**
 * Run the portable benchmark on one thread of this runtime.
 *
 * @returns the score; the results come to `onResult` one by one when all rounds are done
 * @example
 * const { score } = await benchmark({ onResult: ({ workload, median_ms, valid }) => console.log(workload, median_ms, valid) });
 */
export async function benchmark(options: BenchmarkOptions = {}): Promise<Score> {
  checkOptions("benchmark", options, {
    only: listOf(oneOf(...names()), 1),
    repeats: wholeNumber(1),
    module: { expected: "kernels", accepts: () => true },
    onResult: aFunction,
    onRound: aFunction,
  });
  const { only = names(), onResult } = options;
  if (typeof crypto === "undefined" || !crypto.subtle)
    throw new ArgumentError("benchmark: hashes need crypto.subtle, which pages have on https and on localhost");
  const peak = await yardstick();
  const workloads = WORKLOADS.filter(({ name }) => only.includes(name));
  const running = await measure(workloads, options, peak);
  const results = running.map((one) => one.result());
  for (const result of results) onResult?.(result);
  const counted = results.filter(({ points }) => points > 0);
  const sorted = ascending(running.flatMap(({ peaks }) => peaks));
  const spread = (quantile(sorted, 0.9) - quantile(sorted, 0.1)) / quantile(sorted, 0.9);
  return {
    score: scoreOf(new Map(counted.map(({ workload, quartiles_ms: [first] }) => [workload, first]))),
    version: VERSION,
    runtime: runtimeName(),
    quiet: sorted.length === 0 ? null : spread < QUIET,
  };
}
