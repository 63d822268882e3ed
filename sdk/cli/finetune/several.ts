/** Fine-tuning with several seeds, and on parts of the training file: means, deviations, and the model that is kept. */
import { rename, rm } from "node:fs/promises";
import type { Position } from "cloze";
import { summarize } from "cloze/metrics";
import { exists } from "cloze/node";
import { Checkpoints, type RunMonitor } from "../shared/checkpoints.js";
import { reportFigures, say, table, writeLine } from "../shared/output.js";
import { requireFreeOutput } from "../shared/training-options.js";
import { UsageError } from "../shared/usage.js";
import { type Data, partOf, readData } from "./data.js";
import type { FinetuneOptions } from "./options.js";
import { finetuneUnder, type Outcome } from "./run.js";

export interface SeveralOptions {
  readonly seeds?: readonly number[];
  /** numbers of training examples, ascending; `all` last */
  readonly learningCurve?: readonly (number | "all")[];
}

/** A run for its figures only: nothing is written. */
class FiguresOnly implements RunMonitor {
  readonly quiet = false;

  async begin(): Promise<undefined> {
    return undefined;
  }

  async after({ step }: Position, _optimizer: unknown, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) throw new Error(`interrupted at step ${step} of a run that is not kept; begin again`);
    return false;
  }

  async evaluated(): Promise<void> {}

  async diverged(error: unknown): Promise<unknown> {
    return error;
  }

  async complete(): Promise<boolean> {
    return true;
  }
}

/** A run and its result. */
interface Done extends Outcome {
  readonly seed: number;
  /** its folder; null if only its figures are kept */
  readonly folder: string | null;
}

/**
 * Run every size with every seed. The runs on the largest size each write a folder beside `--out`; the one with the best
 * headline figure on `--dev`, or without it the first, becomes `--out`, and the others are removed.
 */
export async function finetuneSeveral(options: FinetuneOptions, several: SeveralOptions): Promise<void> {
  if (options.resume !== undefined)
    throw new UsageError(
      "--resume continues one run: with --seeds and --learning-curve name its checkpoint, and leave them out",
    );
  const started = performance.now();
  const { seeds = [options.seed], learningCurve: sizes = [options.examples ?? "all"] } = several;
  const data = await readData(options);
  const folderOf = (seed: number) => `${options.out.replace(/\/+$/, "")}.seed-${seed}`;
  const callOf = (size: number | "all", seed: number): FinetuneOptions => {
    const { examples: _, ...others } = options;
    return { ...others, seed, out: folderOf(seed), ...(size !== "all" && { examples: size }) };
  };
  for (const seed of seeds) {
    await requireFreeOutput(callOf("all", seed));
    for (const size of sizes) partOf(data, callOf(size, seed));
  }
  const runs: Done[] = [];
  for (const size of sizes)
    for (const seed of seeds) runs.push(await runOf(callOf(size, seed), data, size === sizes.at(-1)));
  const kept = await keepBest(runs, options);
  await report(options, { runs, kept, seeds, seconds: (performance.now() - started) / 1000 });
}

async function runOf(call: FinetuneOptions, data: Data, keep: boolean): Promise<Done> {
  const { seed, out, json } = call;
  if (!json) say(`seed ${seed}, ${call.examples ?? data.train.length} examples`);
  const outcome = await finetuneUnder(call, data, {}, (parts) =>
    keep ? new Checkpoints({ files: [], options: call }, parts) : new FiguresOnly(),
  );
  if (!outcome) throw new Error(`seed ${seed}: the run was not complete`);
  if (json) await writeLine(JSON.stringify({ seed, examples: outcome.examples, ...outcome.figures }));
  return { ...outcome, seed, folder: keep ? out : null };
}

/** Put the best model in its place. The test set has no say. */
async function keepBest(runs: readonly Done[], { out, dev, force = false }: FinetuneOptions): Promise<Done> {
  const candidates = runs.filter(({ folder }) => folder !== null);
  const devFigure = ({ task, figures }: Done) => figures[`dev_${task.headline}`] ?? Number.NEGATIVE_INFINITY;
  const best = candidates.reduce((a, b) => (dev !== undefined && devFigure(b) > devFigure(a) ? b : a));
  if (force && (await exists(out))) await rm(out, { recursive: true });
  await rename(best.folder!, out);
  for (const { folder } of candidates) if (folder !== best.folder) await rm(folder!, { recursive: true });
  return best;
}

/** Mean of each figure over the seeds, and under its name with `_sd` its standard deviation. */
function meansOf(runs: readonly Done[]): Record<string, number> {
  const means: Record<string, number> = {};
  for (const name of Object.keys(runs[0]!.figures)) {
    const { mean, standardDeviation } = summarize(runs.map(({ figures }) => figures[name]!));
    means[name] = mean;
    if (runs.length > 1 && !name.includes("_baseline_")) means[`${name}_sd`] = standardDeviation;
  }
  return means;
}

interface Finished {
  readonly runs: readonly Done[];
  readonly kept: Done;
  readonly seeds: readonly number[];
  readonly seconds: number;
}

async function report(options: FinetuneOptions, { runs, kept, seeds, seconds }: Finished): Promise<void> {
  const counts = [...new Set(runs.map(({ examples }) => examples))];
  const curve = counts.map((examples) => ({
    examples,
    ...meansOf(runs.filter((run) => run.examples === examples)),
  }));
  if (!options.json && curve.length > 1) say(curveTable(curve));
  const by =
    seeds.length === 1 ? "the only one" : options.dev === undefined ? "the first" : `dev_${kept.task.headline}`;
  await reportFigures(options, {
    task: options.task,
    ...curve.at(-1)!,
    seeds: options.json ? seeds : seeds.join(", "),
    kept_seed: kept.seed,
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
