import { readFile } from "node:fs/promises";
import { benchmark, compareResults, type Measured, PUBLISHED, readResults } from "cloze/benchmark";
import { Command, Option } from "commander";
import { say, table, writeLine } from "../shared/output.js";
import { UsageError } from "../shared/usage.js";

interface Options {
  readonly json?: boolean;
  readonly only?: readonly string[];
  readonly repeats?: string;
  readonly compare?: readonly string[];
}

const HEADER = ["workload", "median ms", "quartiles", "share of peak", "points", "hash"];

const row = ({ workload, median_ms, quartiles_ms, share, points, hash, valid }: Measured): string[] => [
  workload,
  String(median_ms),
  quartiles_ms.join(" – "),
  share === null ? "" : `${Math.round(100 * share)} %`,
  String(points),
  valid ? hash : `refused: ${hash}`,
];

async function run({ json, only, repeats }: Options): Promise<void> {
  const count = repeats === undefined ? undefined : Number(repeats);
  if (count !== undefined && !(Number.isSafeInteger(count) && count > 0))
    throw new UsageError(`--repeats ${repeats}: expected a whole number of at least 1`);
  const results: Measured[] = [];
  const end = await benchmark({
    ...(only && { only }),
    ...(count !== undefined && { repeats: count }),
    onRound: (done, total) => say(`round ${done} of ${total}`),
    onResult(result) {
      results.push(result);
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    },
  });
  if (json) await writeLine(JSON.stringify(end));
  else {
    await writeLine(table(HEADER, results.map(row)));
    await writeLine(`score ${end.score ?? "none"} (version ${end.version}, ${end.runtime})`);
  }
  if (end.quiet === false)
    say("the machine was busy: its peak varied by more than a tenth; run this again when it is quiet");
  const refused = results.filter(({ valid }) => !valid).map(({ workload }) => workload);
  if (refused.length === 0) return;
  say(`refused, because the output is not the published one: ${refused.join(", ")}`);
  process.exitCode = 1;
}

async function compare(paths: readonly string[], json: boolean): Promise<void> {
  const [a, b] = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(path, "utf8").catch((cause: Error) => {
        throw new UsageError(`${path} cannot be read: ${cause.message}`);
      });
      return readResults(text, path);
    }),
  );
  const compared = compareResults(a!, b!);
  if (json) for (const line of compared) await writeLine(JSON.stringify(line));
  else
    await writeLine(
      table(
        ["workload", `a: ${a!.runtime}, ms`, `b: ${b!.runtime}, ms`, "speed of b relative to a"],
        compared.map(({ workload, a_ms, b_ms, ratio }) => [workload, a_ms, b_ms, ratio].map(String)),
      ),
    );
  const ratio = a!.score !== null && b!.score !== null ? Number((b!.score / a!.score).toPrecision(4)) : null;
  for (const [i, { quiet }] of [a!, b!].entries())
    if (quiet === false) say(`${paths[i]}: the machine was busy; its times count for less than a run on a quiet one`);
  const scores = { a_score: a!.score, b_score: b!.score, ratio };
  await writeLine(
    json
      ? JSON.stringify(scores)
      : `score: ${a!.score ?? "none"} and ${b!.score ?? "none"}${ratio === null ? "" : `, ${ratio} times`}`,
  );
}

/** cloze bench: the portable benchmark of docs/benchmark.md. */
export function benchCommand(): Command {
  return new Command("bench")
    .description(
      "Run the portable benchmark: the same work in any runtime, valid only if it computes the published bits.",
    )
    .addOption(new Option("--only <name...>", "only these workloads, without a score").choices(Object.keys(PUBLISHED)))
    .option("--repeats <count>", "rounds, in each of which every workload runs (7)")
    .option("--compare <file...>", "compare two files of --json instead of running")
    .option("--json", "one object per line on standard output")
    .addHelpText(
      "after",
      "\nExamples:\n  cloze bench\n  cloze bench --json > a.json\n  cloze bench --compare a.json b.json",
    )
    .action(async (options: Options) => {
      if (!options.compare) return run(options);
      if (options.compare.length !== 2)
        throw new UsageError(`--compare: expected two files, got ${options.compare.length}`);
      return compare(options.compare, options.json === true);
    });
}
