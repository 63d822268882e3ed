/** Checkpoints of a command: a file beside the output folder, from which `--resume` continues. */
import { createHash } from "node:crypto";
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
import { readTokenizerJson, type Tokenizer } from "cloze/tokenizer";
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

/** The call as a checkpoint stores it, for `--resume` without further options; with the tokenizer that the run learned. */
function noteOf<Options extends object>(
  { files, options }: Invocation<Options>,
  learned: Tokenizer | undefined,
): string {
  const saved = Object.entries(options)
    .filter(([name]) => !UNSAVED.has(name))
    .map(([name, value]) => [name, PATHS.has(name) && typeof value === "string" ? absolute(value) : value]);
  return JSON.stringify({
    files: files.map(absolute),
    options: Object.fromEntries(saved),
    ...(learned && { tokenizer: learned.toJSON() }),
  });
}

/** What {@link noteOf} wrote. Options are texts, numbers, switches and lists of texts. */
function readNote<Options>(path: string, note: string): Invocation<Options> & { readonly learned?: Tokenizer } {
  const isText = (value: unknown): value is string => typeof value === "string";
  const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
  const isOption = (value: unknown): boolean =>
    ["string", "number", "boolean"].includes(typeof value) || value === null || isTexts(value);
  const { files, options, tokenizer } = fieldsOf(noteJson(path, note));
  if (!isTexts(files) || !Object.values(fieldsOf(options)).every(isOption))
    throw new UsageError(`${path}: what it remembers of the command is damaged; repeat the files and options`);
  const learned = tokenizer === undefined ? {} : { learned: readTokenizerJson(JSON.stringify(tokenizer)) };
  return { files, options: fieldsOf(options) as Options, ...learned };
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

/** What a resumed run begins with. */
export interface Resumed {
  readonly checkpoint?: Uint8Array;
  /** the tokenizer that the run learned at its beginning */
  readonly learned?: Tokenizer;
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
  const checkpoint = await readWhole(path);
  const note = checkpointNote(checkpoint);
  if (note === undefined) return { files, options, checkpoint };
  const before = readNote<Options>(path, note);
  const given = Object.entries(options).filter(([name]) => command.getOptionValueSource(name) !== "default");
  return {
    files: files.length > 0 ? files : before.files,
    options: { ...options, ...before.options, ...Object.fromEntries(given) },
    checkpoint,
    ...(before.learned && { learned: before.learned }),
  };
}

/** Identifies a tokenizer: the same text gives other tokens with another one. */
export const tokenizerHash = (tokenizer: Tokenizer): string =>
  createHash("sha256").update(JSON.stringify(tokenizer.toJSON())).digest("hex").slice(0, 16);

export class Checkpoints {
  readonly path: string;
  /** the best weights so far, in a run that keeps them */
  readonly best: BestWeights | undefined;
  readonly #every: number;
  readonly #note: string;

  constructor(
    invocation: Invocation<{ readonly out: string; readonly checkpointEvery: number }>,
    readonly settings: RunSettings,
    { best, learned }: { readonly best?: BestWeights; readonly learned?: Tokenizer } = {},
  ) {
    this.path = checkpointOf(invocation.options.out);
    this.best = best;
    this.#every = invocation.options.checkpointEvery;
    this.#note = noteOf(invocation, learned);
  }

  /** Restore weights and moments as the interrupted run left them. A run that begins removes the checkpoint of an older one. */
  async begin(checkpoint: Uint8Array | undefined, optimizer: Optimizer): Promise<Position | undefined> {
    if (checkpoint) return readCheckpoint(checkpoint, optimizer, this.settings, this.best);
    await this.remove();
    return undefined;
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

  /**
   * Write the result of a run that is complete. Where that fails, the run's state is kept, so that `--resume` can write it
   * later, or elsewhere.
   *
   * @param last the run's last position; undefined for a run that had no step left
   */
  async complete(last: Position | undefined, optimizer: Optimizer, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      // On a full disk this fails too; the error of the result is the one to tell.
      if (last) await this.#save(last, optimizer).catch(() => {});
      if (error instanceof Error && (await exists(this.path)))
        error.message += `. The run is kept in ${this.path}; continue with --resume ${this.path}, and with --out to write elsewhere`;
      throw error;
    }
    await this.remove();
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
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
