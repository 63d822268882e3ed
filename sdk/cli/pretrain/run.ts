/** What commands that learn from plain text have in common. */
import { createHash } from "node:crypto";
import type { Optimizer, Step } from "cloze";
import { readDocuments, type TokenizedDocument } from "cloze/data";
import type { Checkpoints } from "../shared/checkpoints.js";
import { collect, sources } from "../shared/input.js";
import { progress } from "../shared/output.js";
import { follow } from "../shared/step-reporter.js";
import { UsageError } from "../shared/usage.js";

async function documentsOf(names: readonly string[]): Promise<string[][]> {
  const all: string[][] = [];
  for (const source of sources(names)) all.push(...(await collect(readDocuments(source))));
  if (all.length === 0) throw new UsageError(`there is no text in ${names.join(", ")}`);
  return all;
}

/** Every twentieth document is held out where no --dev file is given. */
const HELD_OUT = 20;

/** What is learned from, and what is held out. */
export async function splitDocuments(
  names: readonly string[],
  dev: string | undefined,
): Promise<{ training: string[][]; held: string[][] }> {
  const documents = await documentsOf(names);
  if (dev !== undefined) return { training: documents, held: await documentsOf([dev]) };
  if (documents.length < HELD_OUT) return { training: documents, held: [] };
  return {
    training: documents.filter((_, i) => i % HELD_OUT !== 0),
    held: documents.filter((_, i) => i % HELD_OUT === 0),
  };
}

/** A fingerprint of the text as the tokenizer reads it: a run goes on only with the same. */
export function fingerprint(documents: readonly TokenizedDocument[]): string {
  const hash = createHash("sha256");
  for (const document of documents)
    for (const { ids } of document) hash.update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
  return hash.digest("hex").slice(0, 16);
}

/** Show and save what the run yields; an interruption leaves a checkpoint. */
export async function loop(
  steps: AsyncGenerator<Step>,
  options: { readonly json?: boolean; readonly steps: number; readonly title: string },
  checkpoints: Checkpoints,
  optimizer: Optimizer,
  signal: AbortSignal,
): Promise<Step> {
  const bar = options.json ? null : progress(options.title, options.steps);
  let last: Step | undefined;
  try {
    for await (const step of steps) {
      last = step;
      await follow(step, { bar, checkpoints, optimizer, signal, parts: true });
    }
  } finally {
    bar?.stop();
  }
  if (!last) throw new UsageError("there was nothing left to do: the checkpoint is at the last step");
  return last;
}
