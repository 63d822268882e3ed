/**
 * Measure:  npm run bench -- [kernels | model | generate | train | start | threads | memory | tokenizers] [--json] [--write] [--build B] [--rounds N] [--only PART-OF-A-NAME]
 *
 * Prints a table, or with --json one object per measurement (fields: bench/measure.ts). --write puts the figures into
 * BENCHMARKS.md.
 */
import { spawnSync } from "node:child_process";
import type { Build } from "../sdk/engine/source.js";
import { elementwiseSubjects } from "./elementwise.js";
import { generationSubjects } from "./generate.js";
import { kernelSubjects } from "./kernels.js";
import { type Measurement, measure, overRounds, type Subject } from "./measure.js";
import { reportMemory } from "./memory.js";
import { modelSubjects } from "./model.js";
import { record } from "./record.js";
import { startSubjects } from "./start.js";
import { threadSubjects } from "./threads.js";
import { run as compareTokenizers } from "./tokenizers.js";
import { trainSubjects } from "./train.js";
import { yardstick } from "./yardstick.js";

/** The parts of the bench by their names on the command line. */
const parts: Record<string, (build: Build) => Promise<Subject[]>> = {
  kernels: async (build) => [...(await kernelSubjects(build)), ...(await elementwiseSubjects(build))],
  model: modelSubjects,
  generate: generationSubjects,
  train: trainSubjects,
  start: startSubjects,
  threads: threadSubjects,
};
/** The part that compares with other libraries, and the one whose figures are not times. */
const TOKENIZERS = "tokenizers";
const MEMORY = "memory";

class UsageError extends Error {}

interface Options {
  readonly names: readonly string[];
  readonly json: boolean;
  readonly write: boolean;
  readonly build: Build;
  readonly rounds: number;
  readonly only: string;
  /** Set in a child process, which measures one round. */
  readonly round: number | null;
}

function parse(args: readonly string[]): Options {
  const words: string[] = [];
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (["--build", "--rounds", "--round", "--only"].includes(arg)) values.set(arg, args[++i] ?? "");
    else words.push(arg);
  }
  const names = words.filter((word) => !word.startsWith("--"));
  const known = [...Object.keys(parts), MEMORY, TOKENIZERS];
  const unknown = words.find((word) =>
    word.startsWith("--") ? !["--json", "--write"].includes(word) : !known.includes(word),
  );
  if (unknown)
    throw new UsageError(
      `bench: unknown "${unknown}"; there are ${known.join(", ")}, --json, --write, --build, --rounds, --only`,
    );
  const build = values.get("--build") ?? "strict";
  if (build !== "strict" && build !== "relaxed")
    throw new UsageError(`bench: --build is strict or relaxed, not "${build}"`);
  const rounds = Number(values.get("--rounds") ?? 5);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new UsageError("bench: --rounds is a whole number from 1 on");
  const round = values.has("--round") ? Number(values.get("--round")) : null;
  const only = values.get("--only") ?? "";
  return {
    names: names.length ? names : known,
    only,
    json: words.includes("--json"),
    write: words.includes("--write"),
    build,
    rounds,
    round,
  };
}

/** Measure everything once; every other round in reverse order. */
async function oneRound({ names, build, only }: Options, round: number): Promise<void> {
  const stick = yardstick(process.env["CLOZE_ROOT"] ?? process.cwd(), build);
  const subjects = (await Promise.all(names.map((name) => parts[name]!(build))))
    .flat()
    .filter(({ name }) => name.includes(only));
  if (round % 2) subjects.reverse();
  for (const subject of subjects) console.log(JSON.stringify(await measure(subject, stick, build)));
}

function line(m: Measurement): string {
  const speed =
    m.gb_per_s !== undefined
      ? `${m.gb_per_s.toFixed(1)} of ${m.bandwidth_gb_per_s!.toFixed(1)} GB/s`
      : m.gflops === null
        ? ""
        : `${m.gflops.toFixed(1)} of ${m.peak_gflops!.toFixed(1)} GF`;
  const share =
    m.share === null
      ? ""
      : `${(100 * m.share).toFixed(1)} % (${m.share_quartiles!.map((q) => (100 * q).toFixed(1)).join(" … ")})`;
  const memory =
    m.resident_bytes === undefined
      ? ""
      : `${(m.resident_bytes / 1e6).toFixed(0)} MB resident, ${(m.memory_bytes! / 1e6).toFixed(1)} MB of it the engine's`;
  const speedup =
    m.speedup === undefined
      ? ""
      : ` ${m.speedup.toFixed(2)} times ${m.speedup_over} (${m.speedup_quartiles!.map((q) => q.toFixed(2)).join(" … ")})`;
  return `${m.name.padEnd(48)} ${m.median_ms.toPrecision(4).padStart(9)} ms  ${speed.padEnd(20)} ${share}${memory}${speedup}`;
}

function report(names: readonly string[], options: Options): void {
  const args = [...names, "--build", options.build, "--only", options.only];
  for (const measurement of overRounds(options.rounds, args))
    console.log(options.json ? JSON.stringify(measurement) : line(measurement));
}

/** Measure in a new process, and write its output into BENCHMARKS.md. */
function writeFigures(args: readonly string[]): void {
  const words = [...args.filter((word) => word !== "--write" && word !== "--json"), "--json"];
  const { status, stdout } = spawnSync(process.execPath, [...process.execArgv, process.argv[1]!, ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
  console.log(stdout.trim());
  console.log(`${record(stdout, process.env["CLOZE_ROOT"] ?? process.cwd())} figures written to BENCHMARKS.md`);
  // The results so far are written.
  if (status !== 0) throw new Error(`the bench ended with status ${status}: figures are missing`);
}

try {
  const options = parse(process.argv.slice(2));
  if (options.write) writeFigures(process.argv.slice(2));
  else if (options.round !== null) await oneRound(options, options.round);
  else {
    const { json, rounds, only } = options;
    if (options.names.includes(TOKENIZERS)) await compareTokenizers({ json, rounds, only });
    const names = options.names.filter((name) => name in parts);
    if (names.length > 0) report(names, options);
    if (options.names.includes(MEMORY)) reportMemory({ build: options.build, json, rounds, only });
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
