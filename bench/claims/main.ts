/**
 * Try published claims:
 *
 *   npm run claims -- --list
 *   npm run claims -- NAME… [--seeds 1,2,3] [--model DIR] [--folder DIR] [--threads N] [--smoke]
 *
 * Finished seeds are kept under build/claims/ and not computed again. When all seeds of a claim are done, its row of
 * CLAIMS.md is written. `--seeds` runs a few of them; the row needs all. `--smoke` runs a few steps of the first seed to try
 * the code, and keeps and writes nothing.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { summarize } from "cloze/metrics";
import { CLAIMS, SKIPPED } from "./all.js";
import type { Claim, Figures } from "./harness/claim.js";
import { Context, type Settings } from "./harness/context.js";
import { record, rowsOf } from "./harness/record.js";

class UsageError extends Error {}

const root = process.env["CLOZE_ROOT"] ?? process.cwd();

interface Options extends Settings {
  readonly names: readonly string[];
  readonly list: boolean;
  readonly seeds: readonly number[] | null;
}

function parse(args: readonly string[]): Options {
  const [names, values, switches] = [[] as string[], new Map<string, string>(), new Set<string>()];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (["--seeds", "--model", "--folder", "--threads"].includes(arg)) values.set(arg, args[++i] ?? "");
    else if (["--list", "--smoke"].includes(arg)) switches.add(arg);
    else if (arg.startsWith("--")) throw new UsageError(`claims: unknown option ${arg}`);
    else names.push(arg);
  }
  const known = [...CLAIMS, ...SKIPPED].map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`claims: there is no claim "${unknown}"; --list names all`);
  const seeds = values.get("--seeds")?.split(",").map(Number) ?? null;
  if (seeds?.some((seed) => !(Number.isSafeInteger(seed) && seed >= 0)))
    throw new UsageError(`claims: --seeds must be whole numbers such as 1,2,3, got ${values.get("--seeds")}`);
  const threads = Number(values.get("--threads") ?? 1);
  if (!(Number.isInteger(threads) && threads > 0))
    throw new UsageError(`claims: --threads must be a whole number, got ${values.get("--threads")}`);
  return {
    root,
    data: join(process.env["CLOZE_SHARED"] ?? join(root, "..", "shared"), "data"),
    model: values.get("--model") ?? join(root, "models/cloze-tiny"),
    folder: values.get("--folder") ?? null,
    threads,
    smoke: switches.has("--smoke"),
    list: switches.has("--list"),
    names,
    seeds,
  };
}

/** A need of a claim that is missing here, or null. */
function missing({ needs }: Claim, { data, model, folder }: Settings): string | null {
  for (const need of needs) {
    if (need === "folder" && folder === null) return "published weights; name their folder with --folder";
    if (need === "model" && !existsSync(join(model, "model.safetensors")))
      return `a pre-trained model in ${model}; name another folder with --model`;
    if (need !== "model" && need !== "folder" && !existsSync(join(data, need))) return `${need} of the shared data`;
  }
  return null;
}

function list(options: Options): void {
  const rows = rowsOf(root);
  for (const claim of CLAIMS) {
    const row = rows.get(claim.name);
    const lack = missing(claim, options);
    const state = row
      ? `${/\| yes \| [^|]*\| [^|]*\|$/.test(row) ? "holds" : "does not hold"}, in CLAIMS.md`
      : "not run yet";
    console.log(
      `${claim.name.padEnd(30)} ${state.padEnd(28)} ${`${claim.seeds.length} seeds, about ${claim.minutes} min`.padEnd(26)} ${claim.claim}${lack ? ` [missing: ${lack}]` : ""}`,
    );
  }
  for (const { name, claim, because } of SKIPPED) console.log(`${name.padEnd(30)} skipped: ${because}. ${claim}`);
}

/** Mean, and for several seeds standard deviation and interval. */
function overSeeds(values: readonly number[]): string {
  const { n, mean, standardDeviation, interval } = summarize(values);
  const shown = mean.toPrecision(6);
  if (n === 1) return shown;
  return `${shown}  sd ${standardDeviation.toPrecision(3)}  95 % ${interval.map((end) => end.toPrecision(5)).join(" to ")}`;
}

/** Print the mean of every figure over the seeds, and its interval. */
function tell(claim: Claim, seeds: readonly number[], results: readonly Figures[], minutes: number): void {
  console.log(`${claim.name}: ${claim.claim}`);
  console.log(`  source ${claim.source}; published: ${claim.published}`);
  for (const name of Object.keys(results[0]!)) {
    const values = results.map((figures) => figures[name]!);
    console.log(`  ${name.padEnd(36)} ${values.every(Number.isFinite) ? overSeeds(values) : values.join(", ")}`);
  }
  console.log(`  n seeds ${seeds.length} (${seeds.join(", ")}), ${minutes.toFixed(1)} minutes of processor time`);
}

async function tryClaim(claim: Claim, options: Options): Promise<void> {
  const lack = missing(claim, options);
  if (lack !== null) {
    console.log(`skipped: ${claim.name} (missing: ${lack})`);
    return;
  }
  const { name, setUp, bar, needs } = claim;
  const context = new Context(options, name, { setUp, bar }, needs.includes("model"));
  const seeds = options.smoke ? claim.seeds.slice(0, 1) : (options.seeds ?? claim.seeds);
  const results: Figures[] = [];
  for (const seed of seeds) {
    context.say(`seed ${seed}`);
    results.push(await context.step(`seed-${seed}`, () => claim.run(context, seed)));
  }
  const { minutes } = context;
  tell(claim, seeds, results, minutes);
  if (options.smoke) {
    claim.judge(results);
    console.log("  SMOKE: a few steps to try the code. These figures mean nothing, and no row was written");
    return;
  }
  if (claim.seeds.some((seed) => !seeds.includes(seed))) {
    console.log(`  no row yet: the claim needs the seeds ${claim.seeds.join(", ")}`);
    return;
  }
  const verdict = claim.judge(results);
  console.log(`  bar: ${bar}\n  ours: ${verdict.ours}\n  ${verdict.holds ? "HOLDS" : "DOES NOT HOLD"}`);
  record(root, { claim, verdict, seeds, minutes }, CLAIMS);
}

try {
  const options = parse(process.argv.slice(2));
  if (options.list) list(options);
  else if (options.names.length === 0) throw new UsageError("claims: expected names of claims, or --list");
  for (const name of options.list ? [] : options.names) {
    const skipped = SKIPPED.find((one) => one.name === name);
    if (skipped) console.log(`skipped: ${name} (${skipped.because})`);
    else await tryClaim(CLAIMS.find((one) => one.name === name)!, options);
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
