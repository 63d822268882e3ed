/** Tiny Shakespeare as letters, and the validation loss of a character GPT at some steps. */
import { blockLoss, Letters, letterGpt } from "../../../examples/lesson/characters.js";
import type { Context } from "../harness/context.js";
import { textOf } from "./files.js";

export const shakespeare = (context: Context): Letters =>
  new Letters(textOf(context.data("tiny-shakespeare/input.txt.gz")));

export interface LetterRun {
  readonly steps: number;
  readonly seed: number;
  readonly width?: number;
  /** steps after which to measure the loss on an eighth of the validation split; after the last step it is measured on all */
  readonly at?: readonly number[];
}

/** Losses in nats after 0 steps, after the requested steps, and after the last. */
export async function letterLosses(
  context: Context,
  letters: Letters,
  { steps, seed, width = 128, at = [] }: LetterRun,
): Promise<Map<number, number>> {
  using engine = await context.engine();
  const { blocks } = letters;
  const some = blocks.filter((_, i) => i % context.few(8, 8) === 0);
  const last = context.few(steps, 3);
  const { model, run } = letterGpt(engine, letters, { steps: last, seed, width });
  const losses = new Map([[0, blockLoss(model, some.slice(0, 20))]]);
  for await (const { step } of run) {
    if (step === last) losses.set(steps, blockLoss(model, context.smoke ? some.slice(0, 20) : blocks));
    else if (at.includes(step)) losses.set(step, blockLoss(model, some));
  }
  // A smoke run does not reach the steps between.
  if (context.smoke) for (const step of at) losses.set(step, losses.get(steps)!);
  return losses;
}
