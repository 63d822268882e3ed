/** Fine-tuning with several seeds, and on parts of the training file: means, deviations, and the model that is kept. */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { AnyTask } from "cloze/data";
import { summarize } from "cloze/metrics";
import { exists, moveFolder } from "cloze/node";
import { Checkpoints, checkpointOf, type Resumed, removeCheckpoint, resumedFrom } from "../shared/checkpoints.js";
import { reportFigures, say, table, writeLine } from "../shared/output.js";
import { requireFreeOutput } from "../shared/training-options.js";
import { UsageError } from "../shared/usage.js";
import { type Data, partOf, readData } from "./data.js";
import { type FinishedRun, FinishedRuns, type RunKey, type SeveralOptions } from "./finished-runs.js";
import type { FinetuneOptions } from "./options.js";
import { finetuneUnder } from "./run.js";

/** All runs of a call, in their order. */
interface Plan {
  readonly options: FinetuneOptions;
  readonly task: AnyTask;
  readonly seeds: readonly number[];
  readonly sizes: readonly (number | "all")[];
  readonly keys: readonly RunKey[];
}

const isKept = ({ sizes }: Plan, { size }: RunKey): boolean => size === sizes.at(-1);

/** The folder of a run, beside `--out`: its checkpoint, and its model until the best is known. */
function folderOf(plan: Plan, key: RunKey): string {
  const part = isKept(plan, key) ? "" : `.examples-${key.size}`;
  return `${plan.options.out.replace(/\/+$/, "")}${part}.seed-${key.seed}`;
}

/** The options of a run as if it were the only one. */
function callOf(plan: Plan, key: RunKey): FinetuneOptions {
  const { examples: _, resume: __, ...others } = plan.options;
  return { ...others, seed: key.seed, out: folderOf(plan, key), ...(key.size !== "all" && { examples: key.size }) };
}

/**
 * Run every size with every seed. Each run writes a folder beside `--out`; of those on the largest size the one with the best
 * headline figure on `--dev`, or without it the first, becomes `--out`, and the others are removed. Runs that were finished
 * before an interruption are not repeated.
 */
export async function finetuneSeveral(
  options: FinetuneOptions,
  several: SeveralOptions,
  resumed: Resumed,
): Promise<void> {
  requireOwnPlace(options, resumed);
  const started = performance.now();
  const { seeds = [options.seed], learningCurve: sizes = [options.examples ?? "all"] } = several;
  const data = await readData(options);
  const keys = sizes.flatMap((size) => seeds.map((seed) => ({ size, seed })));
  const plan: Plan = { options, task: data.task, seeds, sizes, keys };
  for (const key of keys) partOf(data, callOf(plan, key));
  const finished = await FinishedRuns.open({ ...options, ...several }, resumed);
  if (!(await isInPlace(plan, finished))) await requireFreeOutput(options);
  if (!finished.isResumed) {
    for (const key of keys) await requireFreeOutput(callOf(plan, key));
    await finished.remove();
  }
  const runs: FinishedRun[] = [];
  for (const key of keys) {
    const run = finished.find(key) ?? (await runOf(plan, key, data, finished));
    const { seed, examples, figures } = run;
    if (options.json) await writeLine(JSON.stringify({ seed, examples, ...figures }));
    runs.push(run);
  }
  await keepBest(plan, runs);
  await finished.remove();
  await report(plan, runs, (performance.now() - started) / 1000);
}

function requireOwnPlace({ resume, out }: FinetuneOptions, { runs, path }: Resumed): void {
  if (resume === undefined) return;
  if (runs === undefined)
    throw new UsageError(`--resume ${resume} continues one run; leave --seeds and --learning-curve out`);
  if (path !== undefined && resolve(path) !== resolve(checkpointOf(out)))
    throw new UsageError(`--out ${out}: several runs continue in their own folder; leave it out`);
}

async function runOf(plan: Plan, key: RunKey, data: Data, finished: FinishedRuns): Promise<FinishedRun> {
  const { isResumed } = finished;
  const call = { ...callOf(plan, key), ...(isResumed && { force: true }) };
  const path = checkpointOf(call.out);
  const resumed = isResumed && (await exists(path)) ? await resumedFrom(path) : {};
  if (!call.json) say(`seed ${key.seed}, ${call.examples ?? data.train.length} examples`);
  const outcome = await finetuneUnder(
    call,
    data,
    resumed,
    (parts) => new Checkpoints({ files: [], options: call }, parts, resumed, finished),
  );
  if (!outcome) throw new Error(`seed ${key.seed}: the run was not complete`);
  const run = { ...key, examples: outcome.examples, figures: outcome.figures };
  await finished.add(run);
  await removeCheckpoint(path);
  if (!isKept(plan, key)) await rm(call.out, { recursive: true });
  return run;
}

/** The run whose model is kept. The test set has no say. */
function bestOf(plan: Plan, runs: readonly FinishedRun[]): FinishedRun {
  const devFigure = ({ figures }: FinishedRun) => figures[`dev_${plan.task.headline}`] ?? Number.NEGATIVE_INFINITY;
  const candidates = runs.filter((run) => isKept(plan, run));
  return candidates.reduce((a, b) => (plan.options.dev !== undefined && devFigure(b) > devFigure(a) ? b : a));
}

/** Whether the runs were interrupted after the best model had been put in its place. */
async function isInPlace(plan: Plan, finished: FinishedRuns): Promise<boolean> {
  const runs = plan.keys.flatMap((key) => finished.find(key) ?? []);
  return runs.length === plan.keys.length && !(await exists(folderOf(plan, bestOf(plan, runs))));
}

/** Put the best model in its place, and remove the other files of the runs. */
async function keepBest(plan: Plan, runs: readonly FinishedRun[]): Promise<void> {
  const { out, force = false } = plan.options;
  const best = folderOf(plan, bestOf(plan, runs));
  if (await exists(best)) await moveFolder(best, out, force);
  for (const key of plan.keys) {
    const folder = folderOf(plan, key);
    await removeCheckpoint(checkpointOf(folder));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Mean of each figure over the seeds, and under its name with `_sd` its standard deviation. */
function meansOf(runs: readonly FinishedRun[]): Record<string, number> {
  const means: Record<string, number> = {};
  for (const name of Object.keys(runs[0]!.figures)) {
    const { mean, standardDeviation } = summarize(runs.map(({ figures }) => figures[name]!));
    means[name] = mean;
    if (runs.length > 1 && !name.includes("_baseline_")) means[`${name}_sd`] = standardDeviation;
  }
  return means;
}

async function report(plan: Plan, runs: readonly FinishedRun[], seconds: number): Promise<void> {
  const { options, task, seeds } = plan;
  const counts = [...new Set(runs.map(({ examples }) => examples))];
  const curve = counts.map((examples) => ({
    examples,
    ...meansOf(runs.filter((run) => run.examples === examples)),
  }));
  if (!options.json && curve.length > 1) say(curveTable(curve));
  const by = seeds.length === 1 ? "the only one" : options.dev === undefined ? "the first" : `dev_${task.headline}`;
  await reportFigures(options, {
    task: options.task,
    ...curve.at(-1)!,
    seeds: options.json ? seeds : seeds.join(", "),
    kept_seed: bestOf(plan, runs).seed,
    kept_by: by,
    seconds: Number(seconds.toFixed(1)),
    out: options.out,
    ...(options.json && curve.length > 1 && { curve }),
  });
}

/** A line for each number of examples: mean and standard deviation of each figure, and its baseline. */
function curveTable(curve: readonly Readonly<Record<string, number>>[]): string {
  const names = Object.keys(curve[0]!).filter((name) => !name.endsWith("_sd"));
  const cell = (point: Readonly<Record<string, number>>, name: string): string => {
    if (name === "examples") return String(point[name]);
    const deviation = point[`${name}_sd`];
    return `${point[name]!.toFixed(4)}${deviation === undefined ? "" : ` ± ${deviation.toFixed(4)}`}`;
  };
  return table(
    names,
    curve.map((point) => names.map((name) => cell(point, name))),
  );
}
