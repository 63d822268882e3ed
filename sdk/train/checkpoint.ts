/**
 * Checkpoints: all that a run needs to go on with the same bits as if it had not been interrupted.
 *
 * One safetensors file with weights and both moments (as `weight.*`, `first.*`, `second.*`), its metadata saying where the
 * run stood. Random numbers need no state: they are functions of seed, epoch, step and index.
 */
import { type Safetensors, readSafetensors, SafetensorsError, writeSafetensors } from "../io/safetensors.js";
import type { Optimizer } from "./optimizer.js";
import type { Position } from "./train.js";

/** What must be the same for a run to go on: settings, data and tokenizer by name and value. */
export type RunSettings = Readonly<Record<string, string | number>>;

/** A checkpoint that does not belong to this run. */
export class CheckpointError extends Error {
  override name = "CheckpointError";
}

/** Format of the file; raised when older readers could not understand it. */
const VERSION = "1";

/** The bytes of a checkpoint. */
export function writeCheckpoint(optimizer: Optimizer, position: Position, settings: RunSettings): Uint8Array {
  const tensors = optimizer.moments.flatMap(({ name, parameter, first, second }) => [
    { name: `weight.${name}`, shape: parameter.shape, values: parameter.toArray() },
    { name: `first.${name}`, shape: parameter.shape, values: first.toArray() },
    { name: `second.${name}`, shape: parameter.shape, values: second.toArray() },
  ]);
  return writeSafetensors(tensors, {
    format: "cloze-checkpoint",
    version: VERSION,
    position: JSON.stringify(position),
    steps: String(optimizer.steps),
    settings: JSON.stringify(settings),
  });
}

/** Put weights and moments back, and answer where the run stood. */
export function readCheckpoint(bytes: Uint8Array, optimizer: Optimizer, settings: RunSettings): Position {
  const file = readSafetensors(bytes);
  const said = (name: string) => {
    const value = file.metadata.get(name);
    if (value === undefined) throw new CheckpointError(`the file is no checkpoint: its metadata has no ${name}`);
    return value;
  };
  if (said("version") !== VERSION) throw new CheckpointError(`the checkpoint has format ${said("version")}, this version reads ${VERSION}`);
  expectSameSettings(JSON.parse(said("settings")) as RunSettings, settings);
  for (const { name, parameter, first, second } of optimizer.moments) {
    restore(file, `weight.${name}`, parameter.data);
    restore(file, `first.${name}`, first.data);
    restore(file, `second.${name}`, second.data);
    parameter.storage.version++;
  }
  optimizer.steps = Number(said("steps"));
  return JSON.parse(said("position")) as Position;
}

function restore(file: Safetensors, name: string, target: Float32Array): void {
  try {
    file.read(name, target);
  } catch (error) {
    if (error instanceof SafetensorsError) throw new CheckpointError(`the checkpoint does not fit this model: ${error.message}`);
    throw error;
  }
}

function expectSameSettings(saved: RunSettings, now: RunSettings): void {
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    if (saved[name] === now[name]) continue;
    throw new CheckpointError(`the checkpoint was made with ${name} ${saved[name] ?? "not set"}, this run has ${now[name] ?? "not set"}; going on would not give the same result`);
  }
}
