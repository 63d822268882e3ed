/** Checkpoints of a command: a file beside the output folder, from which `--resume` continues. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type Optimizer,
  type Position,
  type RunSettings,
  readCheckpoint,
  type Step,
  TrainingError,
  type WritableFiles,
  writeCheckpoint,
} from "cloze";
import { parseJson } from "cloze/data";
import { exists, writeFileAtomically, writeFolder } from "cloze/node";
import type { EvaluationLine } from "cloze/report";
import { type BestWeights, checkpointNote } from "cloze/tensor";
import { readTokenizerJson, type Tokenizer } from "cloze/tokenizer";
import type { Command } from "commander";
import { readWhole } from "./input.js";
import { say } from "./output.js";
import { addLines, CURVES, curvesBeside, RunCurves } from "./run-curves.js";
import { INPUT_OPTIONS, type RunInput, runInputs } from "./run-inputs.js";
import { hashWeights, isHashes, WeightHashes, type WeightsAt, writeManifest } from "./run-manifest.js";
import { checkedOptions } from "./saved-options.js";
import { UsageError } from "./usage.js";

/** The checkpoint of an output folder. */
export const checkpointOf = (out: string): string => `${out.replace(/\/+$/, "")}.checkpoint`;

/** `--resume` names an output folder or a checkpoint. */
export const checkpointNamed = (name: string): string => (name.endsWith(".checkpoint") ? name : checkpointOf(name));

/** A command as it was called. */
export interface Invocation<Options> {
  readonly files: readonly string[];
  readonly options: Options;
}

/** Options that name files or folders; they are saved as absolute paths. */
const PATHS = new Set(["out", ...INPUT_OPTIONS]);
/** Options that concern one call only. */
const UNSAVED = new Set(["resume", "force", "json"]);

const absolute = (name: string): string => (name === "-" ? name : resolve(name));

/**
 * The call as a checkpoint stores it, for `--resume` without further options.
 *
 * @param state fields of {@link Resumed}: the tokenizer that the run learned, the hashes of its weights so far
 */
export function noteOf<Options extends object>({ files, options }: Invocation<Options>, state: object): string {
  const saved = Object.entries(options)
    .filter(([name]) => !UNSAVED.has(name))
    .map(([name, value]) => [name, PATHS.has(name) && typeof value === "string" ? absolute(value) : value]);
  return JSON.stringify({
    files: files.map(absolute),
    options: Object.fromEntries(saved),
    ...state,
  });
}

/** What {@link noteOf} wrote. */
function readNote<Options>(path: string, note: string): Invocation<Options> & Omit<Resumed, "checkpoint" | "path"> {
  const isText = (value: unknown): value is string => typeof value === "string";
  const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
  const { files, options, tokenizer, weights = [], runs } = fieldsOf(noteJson(path, note));
  // Every call names its output; what the options may be, `withResumed` checks.
  if (!isTexts(files) || !isText(fieldsOf(options)["out"]) || !isHashes(weights))
    throw new UsageError(`${path}: its record of the command is damaged; repeat the files and options`);
  const learned = tokenizer === undefined ? {} : { learned: readTokenizerJson(JSON.stringify(tokenizer)) };
  return { files, options: fieldsOf(options) as Options, ...learned, weights, ...(runs !== undefined && { runs }) };
}

function noteJson(path: string, note: string): unknown {
  try {
    return parseJson(note);
  } catch (error) {
    throw new UsageError(`${path}: its record of the command is ${(error as Error).message}`);
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The state that a resumed run starts from. */
export interface Resumed {
  readonly checkpoint?: Uint8Array;
  /** where that checkpoint is */
  readonly path?: string;
  /** the tokenizer that the run learned at its beginning */
  readonly learned?: Tokenizer;
  /** hashes of its weights so far */
  readonly weights?: readonly WeightsAt[];
  /** of the checkpoint of several runs: those that are finished, which `finetune/finished-runs.ts` reads */
  readonly runs?: unknown;
}

/** The call with, under --resume, the files and options of the interrupted run where they are not given again. */
export async function withResumed<Options extends { readonly resume?: string }>(
  { files, options }: Invocation<Options>,
  command: Command,
): Promise<Invocation<Options> & Resumed> {
  if (options.resume === undefined) return { files, options };
  const path = checkpointNamed(options.resume);
  if (!(await exists(path)))
    throw new UsageError(
      `--resume ${options.resume}: there is no checkpoint ${path}; a run writes one every --checkpoint-every steps and when it is interrupted`,
    );
  const { checkpoint, call, ...kept } = await opened<Options>(path);
  if (!call) return { files, options, checkpoint, path };
  const given = Object.entries(options).filter(([name]) => command.getOptionValueSource(name) !== "default");
  const saved = checkedOptions(path, command, { ...call.options });
  return {
    files: files.length > 0 ? files : call.files,
    options: { ...options, ...saved, ...Object.fromEntries(given) },
    checkpoint,
    ...kept,
  };
}

interface Opened<Options> extends Resumed {
  readonly checkpoint: Uint8Array;
  readonly call?: Invocation<Options>;
}

/** A checkpoint, the command that wrote it, and its other state. */
async function opened<Options>(path: string): Promise<Opened<Options>> {
  const checkpoint = await readWhole(path);
  const note = checkpointNote(checkpoint);
  if (note === undefined) return { checkpoint, path };
  const { files, options, ...kept } = readNote<Options>(path, note);
  return { checkpoint, path, call: { files, options }, ...kept };
}

/** The state of a run that continues at a checkpoint. */
export async function resumedFrom(path: string): Promise<Resumed> {
  const { call: _, ...kept } = await opened(path);
  return kept;
}

/** Identifies a tokenizer: the same text gives other tokens with another one. */
export const tokenizerHash = (tokenizer: Tokenizer): string =>
  createHash("sha256").update(JSON.stringify(tokenizer.toJSON())).digest("hex").slice(0, 16);

/** The settings that determine a run's result, and its state other than weights and moments. */
export interface RunParts {
  readonly settings: RunSettings;
  /** the best weights so far, in a run that keeps them */
  readonly best?: BestWeights;
  /** the tokenizer that the run learned at its beginning */
  readonly learned?: Tokenizer;
  /** figures on held-out data, if they are due after this step */
  readonly evaluate?: (step: number) => EvaluationLine | undefined;
}

/** What accompanies a run: {@link Checkpoints}, or a verification that compares it with an earlier one. */
export interface RunMonitor {
  /** whether steps are not reported */
  readonly quiet: boolean;
  /** Restore weights and moments as the interrupted run left them, if there is one. */
  begin(checkpoint: Uint8Array | undefined, optimizer: Optimizer): Promise<Position | undefined>;
  /** @returns whether the run ends here */
  after(step: Step, optimizer: Optimizer, signal: AbortSignal): Promise<boolean>;
  /** Figures of the run's model; those of a complete run are added to its folder. */
  evaluated(lines: readonly EvaluationLine[]): Promise<void>;
  /** The error to report for one that ended the run. */
  diverged(error: unknown, last: Position | undefined, optimizer: Optimizer): Promise<unknown>;
  /**
   * @param save writes the files of the result
   * @returns whether the result was written, and its figures are wanted
   */
  complete(last: Position | undefined, optimizer: Optimizer, save: Save): Promise<boolean>;
}

type Save = (to: WritableFiles) => Promise<void>;

export type MonitorOf = (parts: RunParts) => RunMonitor;

/** A training command as it was called. */
type TrainingCall = Invocation<{ readonly out: string; readonly force?: boolean; readonly checkpointEvery: number }>;

/** Several runs that end in one folder. They have a checkpoint in common, which `--resume` names, beside that of each run. */
export interface CommonRuns {
  readonly path: string;
  save(): Promise<void>;
}

/** Remove a checkpoint, and the curves beside it. */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(curvesBeside(path), { force: true });
}

export class Checkpoints implements RunMonitor {
  readonly path: string;
  readonly quiet = false;
  readonly #invocation: TrainingCall;
  readonly #parts: RunParts;
  readonly #hashes: WeightHashes;
  readonly #curves: RunCurves;
  readonly #resumed: Resumed;
  readonly #common: CommonRuns | undefined;
  #inputs: readonly RunInput[] = [];
  #complete = false;

  /**
   * @param resumed the state of the interrupted run
   * @param common the runs that this one belongs to: its checkpoint stays until its figures are kept in theirs
   */
  constructor(invocation: TrainingCall, parts: RunParts, resumed: Resumed = {}, common?: CommonRuns) {
    const { weights } = resumed;
    this.path = checkpointOf(invocation.options.out);
    this.#curves = new RunCurves(this.path);
    this.#resumed = resumed;
    this.#common = common;
    this.#invocation = invocation;
    this.#parts = parts;
    this.#hashes = new WeightHashes(weights);
  }

  /** Restore weights and moments as the interrupted run left them. A run that begins removes the checkpoint of an older one. */
  async begin(checkpoint: Uint8Array | undefined, optimizer: Optimizer): Promise<Position | undefined> {
    const { files, options } = this.#invocation;
    const { settings, best } = this.#parts;
    this.#inputs = await runInputs(files, options);
    if (checkpoint) {
      const position = readCheckpoint(checkpoint, optimizer, settings, best);
      await this.#curves.begin({ checkpoint: this.#resumed.path ?? this.path, step: position.step });
      return position;
    }
    await this.remove();
    await this.#curves.begin();
    this.#hashes.add(0, optimizer);
    return undefined;
  }

  /** Save at every n-th step; when the run is interrupted, save and end it. */
  async after(taken: Step, optimizer: Optimizer, signal: AbortSignal): Promise<boolean> {
    const { step } = taken;
    this.#curves.step(taken);
    const evaluation = this.#parts.evaluate?.(step);
    if (evaluation) this.#curves.evaluated(evaluation);
    if (WeightHashes.due(step)) this.#hashes.add(step, optimizer);
    if (signal.aborted || step % this.#invocation.options.checkpointEvery === 0) await this.#save(taken, optimizer);
    if (signal.aborted)
      throw new Error(`interrupted at step ${step}; continue with the same command and --resume ${this.#resumable}`);
    return false;
  }

  async evaluated(lines: readonly EvaluationLine[]): Promise<void> {
    if (!this.#complete) for (const line of lines) this.#curves.evaluated(line);
    else {
      const path = join(this.#invocation.options.out, CURVES);
      if (await exists(path)) await addLines(path, lines);
    }
  }

  /**
   * The error of a run that diverged, with the place of its last good weights: the checkpoint that was written last or,
   * if there is none yet, one of the weights before the step that failed.
   */
  async diverged(error: unknown, last: Position | undefined, optimizer: Optimizer): Promise<unknown> {
    if (!(error instanceof TrainingError)) return error;
    if (last && !(await exists(this.path))) await this.#save(last, optimizer);
    if (!(await exists(this.path))) return error;
    return new TrainingError(`${error.message}. The last good weights are kept in ${this.path}`);
  }

  async #save({ step, epoch, served }: Position, optimizer: Optimizer): Promise<void> {
    const { settings, best, learned } = this.#parts;
    const state = { ...(learned && { tokenizer: learned.toJSON() }), weights: this.#hashes.list };
    const note = noteOf(this.#invocation, state);
    await this.#common?.save();
    this.#curves.flush();
    await writeFileAtomically(this.path, writeCheckpoint(optimizer, { step, epoch, served }, settings, best, note));
  }

  /** The checkpoint that continues this run, and those that belong with it. */
  get #resumable(): string {
    return this.#common?.path ?? this.path;
  }

  /** Write the record of the run beside its model. */
  async #writeManifest(to: WritableFiles, optimizer: Optimizer): Promise<void> {
    const { settings } = this.#parts;
    const kept = Object.entries(this.#invocation.options).filter(([name]) => !UNSAVED.has(name) && !PATHS.has(name));
    await writeManifest(to, {
      command: String(settings["command"]),
      options: Object.fromEntries(kept),
      inputs: this.#inputs,
      settings,
      weights: this.#hashes.list,
      saved: hashWeights(optimizer),
    });
  }

  /**
   * Write the result of a run that is complete. Where that fails, the run's state is kept, so that `--resume` can write it
   * later, or elsewhere.
   *
   * @param last the run's last position; undefined for a run that had no step left
   */
  async complete(last: Position | undefined, optimizer: Optimizer, save: Save): Promise<boolean> {
    try {
      if (this.#common && last) await this.#save(last, optimizer);
      const { out, force = false } = this.#invocation.options;
      await writeFolder(out, force, async (to) => {
        await save(to);
        await this.#writeManifest(to, optimizer);
        const curves = this.#curves.bytes();
        if (curves) await to.write(CURVES, curves);
      });
    } catch (error) {
      // On a full disk this fails too; the error of the result is the one to report.
      if (last) await this.#save(last, optimizer).catch(() => {});
      if (error instanceof Error && (await exists(this.path)))
        error.message += `. The run is kept in ${this.path}; continue with --resume ${this.#resumable}${this.#common ? "" : ", and with --out to write elsewhere"}`;
      throw error;
    }
    this.#complete = true;
    if (this.#common) {
      this.#curves.close();
      return true;
    }
    await this.remove();
    const { path } = this.#resumed;
    // Another run's checkpoint is not this one's to remove: that run can be completed in its own place too.
    if (path !== undefined && resolve(path) !== resolve(this.path) && (await exists(path)))
      say(`${path}, which this run continued, is kept; remove it unless it is to be resumed again`);
    return true;
  }

  /** Remove the checkpoint, and the curves beside it. */
  async remove(): Promise<void> {
    this.#curves.close();
    await removeCheckpoint(this.path);
  }
}

/** A signal given by Ctrl-C, so that a run can save its state; `end` gives Ctrl-C back its own meaning. */
export function interruption(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.once(name, abort);
  return {
    signal: controller.signal,
    end: () => {
      for (const name of signals) process.off(name, abort);
    },
  };
}
