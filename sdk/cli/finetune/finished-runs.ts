/**
 * Runs over several seeds and numbers of examples, as they go: the checkpoint of their common output folder names those that
 * are finished, with their figures. The run that is under way has a checkpoint of its own.
 */
import type { Metrics } from "cloze";
import { writeFileAtomically } from "cloze/node";
import { writeSafetensors } from "cloze/tensor";
import {
  type CommonRuns,
  checkpointNamed,
  checkpointOf,
  type Invocation,
  noteOf,
  type Resumed,
  removeCheckpoint,
} from "../shared/checkpoints.js";
import { namedInputs, runInputs } from "../shared/run-inputs.js";
import { UsageError } from "../shared/usage.js";
import type { FinetuneOptions } from "./options.js";

export interface SeveralOptions {
  readonly seeds?: readonly number[];
  /** numbers of training examples, ascending; `all` last */
  readonly learningCurve?: readonly (number | "all")[];
}

/** A point of the learning curve and a seed. */
export interface RunKey {
  readonly size: number | "all";
  readonly seed: number;
}

export interface FinishedRun extends RunKey {
  /** number of training examples */
  readonly examples: number;
  readonly figures: Metrics;
}

/** Options that change no figure, and those of one call. */
const IDLE = new Set(["out", "force", "json", "resume", "threads", "turbo", "recompute", "checkpointEvery"]);

/** All that decides the figures: options by their names, and the content of files and folders. */
type Deciding = Readonly<Record<string, string>>;

async function decidingOf(options: object): Promise<Deciding> {
  const inputs = await runInputs([], options);
  const hashed = new Set(namedInputs([], options).keys());
  const kept = Object.entries(options).filter(
    ([name, value]) => !IDLE.has(name) && !hashed.has(name) && value !== undefined,
  );
  return Object.fromEntries([
    ...kept.map(([name, value]) => [name, JSON.stringify(value)]),
    ...inputs.map(({ role, sha256 }) => [role, sha256 ?? "standard input"]),
  ]);
}

const optionName = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function requireSame(path: string, before: Deciding, now: Deciding): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name] ?? "not set", now[name] ?? "not set"];
    if (was === is) continue;
    throw new UsageError(
      `${path}: the interrupted runs were made with ${optionName(name)} ${was}, now it is ${is}; resuming would not give the same result`,
    );
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The record in a checkpoint. JSON has no NaN and writes null. */
function readRuns(path: string, runs: unknown): { deciding: Deciding; finished: FinishedRun[] } {
  const { deciding, finished } = isObject(runs) ? runs : {};
  if (!isObject(deciding) || !Array.isArray(finished) || !finished.every(isFinished))
    throw new UsageError(`${path}: its record of the finished runs is damaged; start over with --force`);
  const figuresOf = ({ figures }: FinishedRun): Metrics =>
    Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value ?? Number.NaN]));
  return { deciding: deciding as Deciding, finished: finished.map((run) => ({ ...run, figures: figuresOf(run) })) };
}

function isFinished(run: unknown): run is FinishedRun {
  if (!isObject(run)) return false;
  const { size, seed, examples, figures } = run;
  const isFigure = (value: unknown): boolean => typeof value === "number" || value === null;
  return (
    (size === "all" || Number.isInteger(size)) &&
    Number.isInteger(seed) &&
    Number.isInteger(examples) &&
    isObject(figures) &&
    Object.values(figures).every(isFigure)
  );
}

export class FinishedRuns implements CommonRuns {
  readonly path: string;
  /** whether runs that were interrupted are continued */
  readonly isResumed: boolean;
  readonly #invocation: Invocation<object>;
  readonly #deciding: Deciding;
  readonly #finished: FinishedRun[];

  private constructor(options: FinetuneOptions, deciding: Deciding, finished: FinishedRun[] | null) {
    this.path = checkpointOf(options.out);
    this.isResumed = finished !== null;
    this.#invocation = { files: [], options };
    this.#deciding = deciding;
    this.#finished = finished ?? [];
  }

  /**
   * Begin, or continue with the runs of a checkpoint.
   *
   * @throws {UsageError} where options or data are not those of the interrupted runs
   */
  static async open(options: FinetuneOptions & SeveralOptions, { runs }: Resumed): Promise<FinishedRuns> {
    const deciding = await decidingOf(options);
    if (runs === undefined) return new FinishedRuns(options, deciding, null);
    const path = checkpointNamed(options.resume!);
    const record = readRuns(path, runs);
    requireSame(path, record.deciding, deciding);
    return new FinishedRuns(options, deciding, record.finished);
  }

  find({ size, seed }: RunKey): FinishedRun | undefined {
    return this.#finished.find((run) => run.size === size && run.seed === seed);
  }

  async add(run: FinishedRun): Promise<void> {
    this.#finished.push(run);
    await this.save();
  }

  async save(): Promise<void> {
    const runs = { deciding: this.#deciding, finished: this.#finished };
    const note = noteOf(this.#invocation, { runs });
    await writeFileAtomically(this.path, writeSafetensors([], { format: "cloze-runs", note }));
  }

  async remove(): Promise<void> {
    await removeCheckpoint(this.path);
  }
}
