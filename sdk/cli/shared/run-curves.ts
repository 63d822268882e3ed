/**
 * The curves of a run: `curves.jsonl` in its folder, a line for each step and each evaluation. During the run they are
 * written to a file beside its checkpoint, `OUT.curves.jsonl`, which can be followed with `tail -f`.
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import type { Step } from "cloze";
import { exists, writeFileAtomically } from "cloze/node";
import { CurveError, type CurveLine, type EvaluationLine, readCurves, stepLine, writeCurves } from "cloze/report";
import { say } from "./output.js";
import { UsageError } from "./usage.js";

export const CURVES = "curves.jsonl";

/** The curves of a run that is under way, by the path of its checkpoint. */
export const curvesBeside = (checkpoint: string): string => checkpoint.replace(/(\.checkpoint)?$/, `.${CURVES}`);

/** Two lines about the same figures: a resumed run repeats an evaluation that it was interrupted after. */
const keyOf = ({ part, step, final }: EvaluationLine): string => `${part} ${step} ${final ?? false}`;

/** @throws {UsageError} when a line is damaged */
export function readCurvesFile(path: string, text: string): CurveLine[] {
  try {
    return readCurves(text);
  } catch (error) {
    if (error instanceof CurveError) throw new UsageError(`${path}, ${error.message}`);
    throw error;
  }
}

/** The lines of an interrupted run up to the step of its checkpoint; a line that was being written does not count. */
async function linesUntil(path: string, step: number): Promise<CurveLine[]> {
  if (!(await exists(path))) return [];
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return readCurvesFile(path, whole).filter((line) => line.step <= step);
}

/** The curves of a run, written as it goes. */
export class RunCurves {
  readonly path: string;
  #isOpen = false;
  /** opened with the first line: a run that ends before its first step leaves no file */
  #file: number | undefined;
  #lines = 0;
  #seconds = 0;
  readonly #evaluated = new Set<string>();

  /** @param checkpoint where the run's checkpoint is written */
  constructor(checkpoint: string) {
    this.path = curvesBeside(checkpoint);
  }

  /**
   * Begin a run, or continue one that was interrupted: lines after its checkpoint are dropped, because their steps are taken
   * again.
   *
   * @param from the checkpoint of the interrupted run, and the step that it was written after
   */
  async begin(from?: { readonly checkpoint: string; readonly step: number }): Promise<void> {
    const kept = from ? await linesUntil(curvesBeside(from.checkpoint), from.step) : [];
    const last = kept.findLast((line) => line.kind === "step");
    if (from && from.step > (last?.step ?? 0))
      say(
        `warning: the curves of steps ${(last?.step ?? 0) + 1} to ${from.step} are lost: they are not in ${curvesBeside(from.checkpoint)}`,
      );
    for (const line of kept) if (line.kind === "evaluation") this.#evaluated.add(keyOf(line));
    this.#seconds = last?.seconds ?? 0;
    this.#lines = kept.length;
    if (from) await writeFileAtomically(this.path, new TextEncoder().encode(writeCurves(kept)));
    this.#isOpen = true;
  }

  step(taken: Step): void {
    this.#write(stepLine(taken, this.#seconds));
  }

  evaluated(line: EvaluationLine): void {
    if (this.#evaluated.has(keyOf(line))) return;
    this.#evaluated.add(keyOf(line));
    this.#write(line);
  }

  #write(line: CurveLine): void {
    if (!this.#isOpen) throw new Error("the run of these curves has not begun or is complete");
    this.#file ??= openSync(this.path, "a");
    writeSync(this.#file, writeCurves([line]));
    this.#lines++;
  }

  /** Make the lines last, before a checkpoint that counts on them is written. */
  flush(): void {
    if (this.#file !== undefined) fsyncSync(this.#file);
  }

  /** The bytes of all lines so far; null where there are none. */
  bytes(): Uint8Array | null {
    return this.#lines === 0 ? null : readFileSync(this.path);
  }

  /** No more lines follow. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#isOpen = false;
  }
}

/**
 * Add lines to the curves of a run that is complete. They are one write at the end of the file: a run that is killed here has
 * added all of them or none, and leaves nothing beside.
 */
export async function addLines(path: string, lines: readonly EvaluationLine[]): Promise<void> {
  const file = await open(path, "a");
  try {
    const { size } = await file.stat();
    try {
      await file.writeFile(writeCurves(lines));
      await file.sync();
    } catch (error) {
      // A full disk may have taken a part of a line.
      await file.truncate(size);
      throw error;
    }
  } finally {
    await file.close();
  }
}
