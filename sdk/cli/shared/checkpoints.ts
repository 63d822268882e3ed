/** Checkpoints of a command: a file beside the output folder, from which `--resume` goes on. */
import { rm } from "node:fs/promises";
import {
  type BestWeights,
  type Optimizer,
  type Position,
  type RunSettings,
  readCheckpoint,
  writeCheckpoint,
} from "cloze";
import { exists, writeFileAtomically } from "cloze/node";
import { readWhole } from "./input.js";
import { UsageError } from "./usage.js";

/** Where the checkpoint of an output folder is. */
export const checkpointOf = (out: string): string => `${out.replace(/\/+$/, "")}.checkpoint`;

export class Checkpoints {
  readonly #path: string;

  constructor(
    out: string,
    readonly every: number,
    readonly settings: RunSettings,
    /** the best weights so far, in a run that keeps them */
    readonly best?: BestWeights,
  ) {
    this.#path = checkpointOf(out);
  }

  /** Put weights and moments back as the interrupted run left them. `from` is its output folder or its checkpoint. */
  async resume(from: string, optimizer: Optimizer): Promise<Position> {
    const path = from.endsWith(".checkpoint") ? from : checkpointOf(from);
    if (!(await exists(path)))
      throw new UsageError(
        `--resume ${from}: there is no checkpoint ${path}; a run writes one every --checkpoint-every steps and when it is interrupted`,
      );
    return readCheckpoint(await readWhole(path), optimizer, this.settings, this.best);
  }

  /** Save when it is time; when the run is interrupted, save and end it. */
  async after(position: Position, optimizer: Optimizer, signal: AbortSignal): Promise<void> {
    if (signal.aborted || position.step % this.every === 0) await this.save(position, optimizer);
    if (signal.aborted)
      throw new Error(`interrupted at step ${position.step}; go on with the same command and --resume ${this.path}`);
  }

  private async save({ step, epoch, served }: Position, optimizer: Optimizer): Promise<void> {
    await writeFileAtomically(
      this.#path,
      writeCheckpoint(optimizer, { step, epoch, served }, this.settings, this.best),
    );
  }

  /** The run is complete: nothing to go on from. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  get path(): string {
    return this.#path;
  }
}

/** A signal that is given by Ctrl-C, so that a run can save where it stands. */
export function interruption(): AbortController {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  process.once("SIGTERM", () => controller.abort());
  return controller;
}
