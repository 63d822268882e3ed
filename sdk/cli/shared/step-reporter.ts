/** Reporting of training commands: every step, and checkpoints. */
import type { Optimizer, Step } from "cloze";
import { objectiveAliases } from "cloze/data";
import { interruption, type RunMonitor } from "./checkpoints.js";
import { type Progress, progress, writeLine } from "./output.js";

/** The loss by its parts; a part whose objective was renamed appears under its earlier names too. */
function partsOf(step: Step): Record<string, number> {
  return Object.fromEntries(
    Object.entries(step.parts).flatMap(([name, loss]) =>
      [name, ...objectiveAliases(name)].map((known) => [known, loss]),
    ),
  );
}

/** The JSON line of a step. */
function line(step: Step, parts: boolean): string {
  return JSON.stringify({
    step: step.step,
    loss: step.loss,
    rate: step.learningRate,
    tokens_per_s: Math.round(step.tokensPerSecond),
    seconds: Number(step.seconds.toFixed(2)),
    ...(parts && partsOf(step)),
  });
}

export interface Reporting<Event> {
  readonly title: string;
  /** steps in all, for the progress bar; or a function of a step's event that gives them */
  readonly steps: number | ((event: Event) => number);
  /** a line of JSON for each step instead of a progress bar */
  readonly json: boolean;
  /** whether these lines have the parts of the loss */
  readonly parts?: boolean;
}

/**
 * Print every step of a run and write its checkpoints. An interruption after the first step saves one and ends the run.
 *
 * @param run yields steps, and other events, which `stepOf` does not recognize
 * @param other called with every other event
 * @returns the last step; undefined when there was none left to do
 */
export async function follow<Event>(
  run: AsyncIterable<Event>,
  stepOf: (event: Event) => Step | null,
  { title, steps, json, parts = false }: Reporting<Event>,
  monitor: RunMonitor,
  optimizer: Optimizer,
  other: (event: Event) => Promise<void> = async () => {},
): Promise<Step | undefined> {
  let bar: Progress | undefined;
  let interrupted: ReturnType<typeof interruption> | undefined;
  let last: Step | undefined;
  try {
    for await (const event of run) {
      // Before the first step there is no state to save: Ctrl-C ends the process at once, also while samples are made.
      interrupted ??= interruption();
      const step = stepOf(event);
      if (!step) {
        if (!monitor.quiet) await other(event);
        continue;
      }
      last = step;
      if (json && !monitor.quiet) await writeLine(line(step, parts));
      else if (!monitor.quiet) {
        bar ??= progress(title, typeof steps === "number" ? steps : steps(event));
        bar.update(step.step, `loss ${step.loss.toFixed(3)}, ${Math.round(step.tokensPerSecond)} tokens/s`);
      }
      if (await monitor.after(step, optimizer, interrupted.signal)) break;
    }
  } catch (error) {
    throw await monitor.diverged(error, last, optimizer);
  } finally {
    interrupted?.end();
    bar?.stop();
  }
  return last;
}
