/** Running the workloads: repeats, quartiles, the machine's own peak beside them, and the hash of every output. */
import type { KernelInput } from "../engine/kernel-input.js";
import { ArgumentError, aFunction, checkOptions, listOf, oneOf, wholeNumber } from "../options.js";
import { PUBLISHED, pointsOf, rounded, scoreOf, VERSION } from "./published.js";
import { runtimeName } from "./runtime-name.js";
import { WORKLOADS, type Workload } from "./workloads.js";
import { yardstick } from "./yardstick.js";

/** The result of a workload. */
export interface Measured {
  readonly workload: string;
  readonly runtime: string;
  readonly median_ms: number;
  /** first and third quartile of the repeats, in milliseconds */
  readonly quartiles_ms: readonly [number, number];
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
  /** least number of repeats of each workload; 5 by default, and as many more as fit into a second */
  readonly repeats?: number;
  /** kernels instead of the package's own strict build */
  readonly module?: KernelInput;
  /** called with each result as soon as it is computed */
  readonly onResult?: (result: Measured) => void;
}

/** Milliseconds of repeats of a workload, if there are enough of them. */
const BUDGET = 1000;
/** The peak of an otherwise idle machine varies by less. */
const QUIET = 0.1;

const names = (): string[] => WORKLOADS.map(({ name }) => name);

/** The first 16 hex digits of SHA-256. */
export async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A quantile of sorted numbers, between neighbors in proportion. */
function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

async function measure(
  { name, operations, prepare }: Workload,
  { repeats = 5, module }: BenchmarkOptions,
  peaks: number[],
  peak: (() => number) | null,
): Promise<Measured> {
  const ready = await prepare(module);
  const times: number[] = [];
  const own: number[] = [];
  const hashes = new Set<string>();
  try {
    hashes.add(await digest(await ready.run())); // warms up
    for (let spent = 0; times.length < repeats || spent < BUDGET; ) {
      if (peak) own.push(peak());
      const started = performance.now();
      const output = await ready.run();
      const took = performance.now() - started;
      hashes.add(await digest(output));
      times.push(took);
      spent += took;
      if (took === 0 && times.length >= repeats) break; // a clock that does not advance
    }
  } finally {
    ready.dispose();
  }
  peaks.push(...own);
  const sorted = times.sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const gflops = operations === null || median === 0 ? null : operations / median / 1e6;
  const most =
    own.length > 0
      ? quantile(
          own.sort((a, b) => a - b),
          0.5,
        )
      : null;
  const quartiles: Measured["quartiles_ms"] = [rounded(quantile(sorted, 0.25)), rounded(quantile(sorted, 0.75))];
  const published = PUBLISHED[name];
  const valid = published !== undefined && hashes.size === 1 && hashes.has(published.hash);
  return {
    workload: name,
    runtime: runtimeName(),
    median_ms: rounded(median),
    quartiles_ms: quartiles,
    repeats: times.length,
    gflops: gflops === null ? null : rounded(gflops),
    peak_gflops: most === null ? null : rounded(most),
    share: gflops === null || most === null ? null : rounded(gflops / most),
    hash: [...hashes].join(" "),
    valid,
    points: valid && quartiles[0] > 0 ? pointsOf(name, quartiles[0]) : 0,
  };
}

/**
 * Run the portable benchmark on one thread of this runtime.
 *
 * @returns the score; results come to `onResult` one by one
 * @example
 * const { score } = await benchmark({ onResult: ({ workload, median_ms, valid }) => console.log(workload, median_ms, valid) });
 */
export async function benchmark(options: BenchmarkOptions = {}): Promise<Score> {
  checkOptions("benchmark", options, {
    only: listOf(oneOf(...names()), 1),
    repeats: wholeNumber(1),
    module: { expected: "kernels", accepts: () => true },
    onResult: aFunction,
  });
  const { only = names(), onResult } = options;
  if (typeof crypto === "undefined" || !crypto.subtle)
    throw new ArgumentError("benchmark: hashes need crypto.subtle, which pages have on https and on localhost");
  const peak = await yardstick();
  const peaks: number[] = [];
  const results: Measured[] = [];
  for (const workload of WORKLOADS.filter(({ name }) => only.includes(name))) {
    const result = await measure(workload, options, peaks, peak);
    results.push(result);
    onResult?.(result);
  }
  const counted = results.filter(({ points }) => points > 0);
  const sorted = peaks.sort((a, b) => a - b);
  const spread = (quantile(sorted, 0.9) - quantile(sorted, 0.1)) / quantile(sorted, 0.9);
  return {
    score: scoreOf(new Map(counted.map(({ workload, quartiles_ms: [first] }) => [workload, first]))),
    version: VERSION,
    runtime: runtimeName(),
    quiet: peaks.length === 0 ? null : spread < QUIET,
  };
}
