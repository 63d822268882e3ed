/** How speed is measured: samples interleaved with a yardstick, rounds in separate processes, medians of their ratios. */
import { spawnSync } from "node:child_process";
import type { Build } from "../sdk/engine/source.js";
import type { WeightDtype } from "../sdk/tensor/compact-panels.js";
import type { Yardstick } from "./yardstick.js";

/** One measurement; null where a field does not apply. */
export interface Measurement {
  readonly name: string;
  readonly model: string | null;
  readonly dtype: WeightDtype;
  readonly build: Build;
  readonly threads: number;
  readonly runtime: string;
  readonly batch: number | null;
  readonly tokens: number | null;
  readonly median_ms: number;
  readonly tokens_per_s: number | null;
  readonly gflops: number | null;
  readonly peak_gflops: number | null;
  readonly share: number | null;
  /** for memory-bound runs: bytes that they read, and bytes that the reading loop reads */
  readonly gb_per_s?: number;
  readonly bandwidth_gb_per_s?: number;
  /** at the end of a process of its own: resident set size, and the size of the engine's memory */
  readonly resident_bytes?: number;
  readonly memory_bytes?: number;
  /** the speed as a multiple of the other way's; its quartiles over the rounds */
  readonly speedup?: number;
  /** the other way: `one thread`, `f32` */
  readonly speedup_over?: string;
  readonly speedup_quartiles?: readonly [number, number];
  /** first and third quartile of `share` over the rounds */
  readonly share_quartiles?: readonly [number, number];
}

/** A workload: `run` does the work once. */
export interface Subject {
  readonly name: string;
  readonly model?: string;
  readonly batch?: number;
  readonly tokens?: number;
  /** 1 where absent */
  readonly threads?: number;
  /** how weights are kept; f32 where absent */
  readonly dtype?: WeightDtype;
  /** floating-point operations of one run; absent where they do not dominate its time */
  readonly operations?: number;
  /** bytes that one run reads from memory, where they dominate its time: its share is of the reading loop's speed */
  readonly bytes?: number;
  run(): void | Promise<void>;
  /** Another way to do the same work, which runs after each sample. */
  readonly other?: { readonly name: string; run(): void | Promise<void> };
  /** Memory after the last run, when each run is a process of its own. */
  memory?(): Memory;
}

export interface Memory {
  readonly resident_bytes: number;
  /** 0 where there is no engine */
  readonly memory_bytes: number;
}

export const runtime = `node ${process.versions.node}`;

/** The `q` quantile of `values`, interpolated. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const low = sorted[Math.floor(place)]!;
  return low + (sorted[Math.ceil(place)]! - low) * (place % 1);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * Medians over 24 samples of at least 3 ms, fewer (at least 5) when they would take more than 3 s. Each sample is compared
 * with the faster of the yardstick's loops just before and just after it: a core that shares its units with another load
 * changes its speed from moment to moment.
 */
export async function measure(subject: Subject, yardstick: Yardstick, build: Build): Promise<Measurement> {
  const { run, other, operations, bytes, name, model = null, batch = null, tokens = null } = subject;
  const { threads = 1, dtype = "f32" } = subject;
  const speed = (): number => (bytes ? yardstick.bandwidth() : yardstick.peak());
  // The first run compiles and packs.
  await time(run, 1);
  const milliseconds = await time(run, 1);
  const repeats = Math.max(1, Math.ceil(3 / milliseconds));
  const samples = Math.min(24, Math.max(5, Math.round(3000 / (milliseconds * repeats))));
  const times: number[] = [];
  const peaks: number[] = [];
  const speedups: number[] = [];
  await other?.run();
  let before = speed();
  for (let i = 0; i < samples; i++) {
    times.push(await time(run, repeats));
    if (other) speedups.push((await time(other.run, repeats)) / times.at(-1)!);
    const after = speed();
    peaks.push(Math.max(before, after));
    before = after;
  }
  const middle = median(times);
  const work = operations ?? bytes;
  const rates = work ? times.map((t) => work / t / 1e6) : null;
  return {
    ...{ name, model, dtype, build, threads, runtime, batch, tokens },
    median_ms: middle,
    tokens_per_s: tokens && (tokens / middle) * 1000,
    ...(bytes && rates
      ? { gflops: null, peak_gflops: null, gb_per_s: median(rates), bandwidth_gb_per_s: median(peaks) }
      : { gflops: rates && median(rates), peak_gflops: median(peaks) }),
    share: rates && median(rates.map((rate, i) => rate / peaks[i]!)),
    ...(other && { speedup: median(speedups), speedup_over: other.name }),
    ...subject.memory?.(),
  };
}

/** Milliseconds of one of `repeats` runs. */
async function time(run: Subject["run"], repeats: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < repeats; i++) {
    const done = run();
    if (done) await done;
  }
  return (performance.now() - started) / repeats;
}

/** Run this program in `rounds` child processes with `--round N`, and combine their measurements. */
export function overRounds(rounds: number, args: readonly string[]): Measurement[] {
  const all = new Map<string, Measurement[]>();
  for (let round = 0; round < rounds; round++) {
    const child = spawnSync(
      process.execPath,
      [...process.execArgv, process.argv[1]!, ...args, "--round", String(round)],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    if (child.status !== 0) throw new Error(`round ${round} ended with status ${child.status}`);
    for (const line of child.stdout.trim().split("\n")) {
      const measurement: Measurement = JSON.parse(line);
      const list = all.get(measurement.name);
      if (list) list.push(measurement);
      else all.set(measurement.name, [measurement]);
    }
  }
  return [...all.values()].map(combine);
}

const MIDDLES = ["median_ms", "tokens_per_s", "gflops", "peak_gflops", "share"] as const;
/** Fields of runs that read memory. */
const SPEEDS = ["gb_per_s", "bandwidth_gb_per_s"] as const;

const quartiles = (values: readonly number[], digits: number): readonly [number, number] => [
  Number(quantile(values, 0.25).toPrecision(digits)),
  Number(quantile(values, 0.75).toPrecision(digits)),
];

/** The medians of the rounds, and the quartiles of their shares. */
function combine(rounds: readonly Measurement[]): Measurement {
  const middle = (field: (typeof MIDDLES)[number] | (typeof SPEEDS)[number]) => {
    const values = rounds.map((round) => round[field] ?? null).filter((value) => value !== null);
    return values.length ? Number(median(values).toPrecision(4)) : null;
  };
  const shares = rounds.map(({ share }) => share).filter((share) => share !== null);
  const speedups = rounds.map(({ speedup }) => speedup).filter((speedup) => speedup !== undefined);
  return {
    ...rounds[0]!,
    median_ms: middle("median_ms")!,
    tokens_per_s: middle("tokens_per_s"),
    gflops: middle("gflops"),
    peak_gflops: middle("peak_gflops"),
    share: middle("share"),
    ...(rounds[0]!.gb_per_s !== undefined && {
      gb_per_s: middle("gb_per_s")!,
      bandwidth_gb_per_s: middle("bandwidth_gb_per_s")!,
    }),
    ...(speedups.length && {
      speedup: Number(median(speedups).toPrecision(3)),
      speedup_quartiles: quartiles(speedups, 3),
    }),
    ...(shares.length && {
      share_quartiles: quartiles(shares, 4),
    }),
  };
}
