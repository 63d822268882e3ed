/** Checkpoints of a command: a file beside the output folder, from which `--resume` continues. */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type BestWeights,
  checkpointNote,
  type Optimizer,
  type Position,
  type RunSettings,
  readCheckpoint,
  TrainingError,
  writeCheckpoint,
} from "cloze";
import { parseJson } from "cloze/data";
import { exists, writeFileAtomically } from "cloze/node";
import type { Command } from "commander";
import { readWhole } from "./input.js";
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
const PATHS = new Set("out from config tokenizer pairs dev test train model scratch teacher".split(" "));
/** Options that are about one call only. */
const UNSAVED = new Set(["resume", "force", "json"]);

const absolute = (name: string): string => (name === "-" ? name : resolve(name));

/** The call as a checkpoint stores it, for `--resume` without further options. */
function noteOf<Options extends object>({ files, options }: Invocation<Options>): string {
  const saved = Object.entries(options)
    .filter(([name]) => !UNSAVED.has(name))
    .map(([name, value]) => [name, PATHS.has(name) && typeof value === "string" ? absolute(value) : value]);
  return JSON.stringify({ files: files.map(absolute), options: Object.fromEntries(saved) });
}

/** What {@link noteOf} wrote. Options are texts, numbers, switches and lists of texts. */
function readNote<Options>(path: string, note: string): Invocation<Options> {
  const isText = (value: unknown): value is string => typeof value === "string";
  const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
  const isOption = (value: unknown): boolean =>
    ["string", "number", "boolean"].includes(typeof value) || value === null || isTexts(value);
  const { files, options } = fieldsOf(noteJson(path, note));
  if (!isTexts(files) || !Object.values(fieldsOf(options)).every(isOption))
    throw new UsageError(`${path}: what it remembers of the command is damaged; repeat the files and options`);
  return { files, options: fieldsOf(options) as Options };
}

function noteJson(path: string, note: string): unknown {
  try {
    return parseJson(note);
  } catch (error) {
    throw new UsageError(`${path}: what it remembers of the command is ${(error as Error).message}`);
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The call with, under --resume, the files and options of the interrupted run where they are not given again. */
export async function withResumed<Options extends { readonly resume?: string }>(
  { files, options }: Invocation<Options>,
  command: Command,
): Promise<Invocation<Options> & { readonly checkpoint?: Uint8Array }> {
  if (options.resume === undefined) return { files, options };
  const path = checkpointNamed(options.resume);
  if (!(await exists(path)))
    throw new UsageError(
      `--resume ${options.resume}: there is no checkpoint ${path}; a run writes one every --checkpoint-every steps and when it is interrupted`,
    );
  const checkpoint = await readWhole(path);
  const note = checkpointNote(checkpoint);
  if (note === undefined) return { files, options, checkpoint };
  const before = readNote<Options>(path, note);
  const given = Object.entries(options).filter(([name]) => command.getOptionValueSource(name) !== "default");
  return {
    files: files.length > 0 ? files : before.files,
    options: { ...options, ...before.options, ...Object.fromEntries(given) },
    checkpoint,
  };
}

export class Checkpoints {
  readonly path: string;
  readonly #every: number;
  readonly #note: string;

  constructor(
    invocation: Invocation<{ readonly out: string; readonly checkpointEvery: number }>,
    readonly settings: RunSettings,
    /** the best weights so far, in a run that keeps them */
    readonly best?: BestWeights,
  ) {
    this.path = checkpointOf(invocation.options.out);
    this.#every = invocation.options.checkpointEvery;
    this.#note = noteOf(invocation);
  }

  /** Restore weights and moments as the interrupted run left them. */
  resume(checkpoint: Uint8Array | undefined, optimizer: Optimizer): Position | undefined {
    return checkpoint && readCheckpoint(checkpoint, optimizer, this.settings, this.best);
  }

  /** Save at every n-th step; when the run is interrupted, save and end it. */
  async after(position: Position, optimizer: Optimizer, signal: AbortSignal): Promise<void> {
    if (signal.aborted || position.step % this.#every === 0) await this.#save(position, optimizer);
    if (signal.aborted)
      throw new Error(`interrupted at step ${position.step}; continue with the same command and --resume ${this.path}`);
  }

  /**
   * The error of a run that diverged, with where its last good weights are: in the checkpoint that was written last, or,
   * where there is none yet, in one of the weights before the step that failed.
   */
  async diverged(error: unknown, last: Position | undefined, optimizer: Optimizer): Promise<unknown> {
    if (!(error instanceof TrainingError)) return error;
    if (last && !(await exists(this.path))) await this.#save(last, optimizer);
    if (!(await exists(this.path))) return error;
    return new TrainingError(`${error.message}. The last good weights are kept in ${this.path}`);
  }

  async #save({ step, epoch, served }: Position, optimizer: Optimizer): Promise<void> {
    const bytes = writeCheckpoint(optimizer, { step, epoch, served }, this.settings, this.best, this.#note);
    await writeFileAtomically(this.path, bytes);
  }

  /** The run is complete. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** A signal given by Ctrl-C, so that a run can save its state. */
export function interruption(): AbortController {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  process.once("SIGTERM", () => controller.abort());
  return controller;
}
