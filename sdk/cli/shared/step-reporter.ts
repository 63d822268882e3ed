/** What the commands that train say of every step, and when they save. */
import type { Optimizer, Step } from "cloze";
import type { Checkpoints } from "./checkpoints.js";
import { type Progress, writeLine } from "./output.js";

export interface Following {
  /** none with --json: a line for each step then */
  readonly bar: Progress | null;
  readonly checkpoints: Checkpoints;
  readonly optimizer: Optimizer;
  readonly signal: AbortSignal;
  /** whether the lines tell the parts of the loss */
  readonly parts?: boolean;
}

/** Show a step, and save where it is time; throws when the run was interrupted. */
export async function follow(step: Step, { bar, checkpoints, optimizer, signal, parts }: Following): Promise<void> {
  const speed = Math.round(step.tokensPerSecond);
  if (bar) bar.update(step.step, `loss ${step.loss.toFixed(3)}, ${speed} tokens/s`);
  else
    await writeLine(
      JSON.stringify({
        step: step.step,
        loss: step.loss,
        rate: step.learningRate,
        tokens_per_s: speed,
        seconds: Number(step.seconds.toFixed(2)),
        ...(parts && step.parts),
      }),
    );
  await checkpoints.after(step, optimizer, signal);
}
