/**
 * Checkpoints: everything an interrupted run needs to continue with the same bits.
 *
 * One safetensors file holds weights and both moments (`weight.*`, `first.*`, `second.*`) and, in runs that keep the best
 * weights, those too (`best.*`); its metadata holds position and settings. Random numbers need no state: they are functions
 * of seed, epoch, step and index.
 */

import { InputError, shown } from "../../errors.js";
import { readSafetensors, type Safetensors } from "../../io/safetensors/safetensors.js";
import { writeSafetensors } from "../../io/safetensors/write-safetensors.js";
import { JsonError, parseJson } from "../../json.js";
import { sameShape } from "../../nn/planned.js";
import type { Parameter } from "../../tensor/matrix.js";
import type { Optimizer } from "../optim/optimizer.js";
import type { BestState, BestWeights } from "./best-weights.js";
import type { Position } from "./train.js";

/** Everything that must not change when a run is resumed: settings, data and tokenizer, by name and value. */
export type RunSettings = Readonly<Record<string, string | number>>;

/** A checkpoint that is damaged or belongs to another run. */
export class CheckpointError extends InputError {
  override name = "CheckpointError";
}

/** Version of the file format; raised with every incompatible change. */
const VERSION = "1";

/** The tensors of a checkpoint by their names in the file. */
function tensorsOf({ moments }: Optimizer): [string, Parameter][] {
  return moments.flatMap(({ name, parameter, first, second }): [string, Parameter][] => [
    [`weight.${name}`, parameter],
    [`first.${name}`, first],
    [`second.${name}`, second],
  ]);
}

/** The settings and the build of the kernels: strict and relaxed arithmetic give different bits. */
function allSettings(optimizer: Optimizer, settings: RunSettings): RunSettings {
  return { ...settings, arithmetic: optimizer.moments[0]?.parameter.engine.build ?? "none" };
}

/**
 * The bytes of a checkpoint.
 *
 * @param best the best weights so far, in a run that keeps them
 * @param note text of the caller's own, which {@link checkpointNote} gives back
 * @throws {SafetensorsError} when a weight is not a number
 * @example
 * const checkpoint = writeCheckpoint(optimizer, { step: 0, epoch: 0, served: 0 }, {});
 * checkpoint.length > 0; // true
 */
export function writeCheckpoint(
  optimizer: Optimizer,
  position: Position,
  settings: RunSettings,
  best?: BestWeights,
  note?: string,
): Uint8Array {
  const tensors = tensorsOf(optimizer).map(([name, t]) => ({ name, shape: t.shape, parameter: t }));
  const copies = (best?.tensors() ?? []).map((t) => ({ ...t, name: `best.${t.name}` }));
  const { step, epoch, served } = position;
  return writeSafetensors([...tensors, ...copies], {
    format: "cloze-checkpoint",
    version: VERSION,
    position: JSON.stringify({ step, epoch, served }),
    steps: String(optimizer.steps),
    settings: JSON.stringify(allSettings(optimizer, settings)),
    ...(best && { best: JSON.stringify(best.state) }),
    ...(note !== undefined && { note }),
  });
}

/**
 * The note that a checkpoint was written with.
 *
 * @example
 * const bytes = writeCheckpoint(optimizer, { step: 0, epoch: 0, served: 0 }, {}, undefined, "my run");
 * checkpointNote(bytes); // "my run"
 */
export function checkpointNote(bytes: Uint8Array): string | undefined {
  return readSafetensors(bytes).metadata.get("note");
}

/**
 * Restore weights, moments and the best weights, and return the position of the run.
 *
 * @throws {CheckpointError | SafetensorsError} when the file is damaged or belongs to another run; then nothing has changed
 * @example
 * const bytes = writeCheckpoint(optimizer, { step: 7, epoch: 0, served: 14 }, { batchSize: 2 });
 * readCheckpoint(bytes, optimizer, { batchSize: 2 }); // { step: 7, epoch: 0, served: 14 }
 */
export function readCheckpoint(
  bytes: Uint8Array,
  optimizer: Optimizer,
  settings: RunSettings,
  best?: BestWeights,
): Position {
  const file = readSafetensors(bytes);
  const version = said(file, "version");
  if (version !== VERSION)
    throw new CheckpointError(`the checkpoint has format ${version}, this version reads ${VERSION}`);
  expectSameSettings(parsed(file, "settings"), allSettings(optimizer, settings));
  const { step, epoch, served } = parsed(file, "position");
  const position = { step: count(step, "step"), epoch: count(epoch, "epoch"), served: count(served, "served") };
  const written = said(file, "steps");
  const steps = count(/^-?\d{1,15}$/.test(written) ? Number(written) : written, "steps");
  const tensors = tensorsOf(optimizer);
  const state = best && bestState(file);
  const kept = state && state.seen > 0 ? [...best.weights.entries()] : [];
  expectSameTensors(file, [...tensors, ...kept.map(([name, t]): [string, Parameter] => [`best.${name}`, t])]);
  for (const [name, t] of tensors) t.assign(file.floats(name));
  optimizer.steps = steps;
  if (state) best.resume(state, new Map(kept.map(([name]) => [name, file.floats(`best.${name}`)])));
  return position;
}

function bestState(file: Safetensors): BestState {
  const { figure, since, seen } = parsed(file, "best");
  // JSON has no NaN and writes null.
  if (typeof figure !== "number" && figure !== null)
    throw new CheckpointError(`the checkpoint's best figure must be a number, got ${shown(figure)}`);
  return { figure: figure ?? Number.NaN, since: count(since, "since"), seen: count(seen, "seen") };
}

function said(file: Safetensors, name: string): string {
  const value = file.metadata.get(name);
  if (value === undefined) throw new CheckpointError(`the file is not a checkpoint: its metadata has no ${name}`);
  return value;
}

function parsed(file: Safetensors, name: string): Record<string, unknown> {
  try {
    const value: unknown = parseJson(said(file, name));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw new CheckpointError(`the checkpoint's ${name} cannot be read: ${shown(said(file, name))}`);
}

function count(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new CheckpointError(`the checkpoint's ${name} must be a whole number of at least 0, got ${shown(value)}`);
}

/** The file must have exactly the tensors of the run; checked before the first one is restored. */
function expectSameTensors(file: Safetensors, tensors: readonly [string, Parameter][]): void {
  const known = new Set(tensors.map(([name]) => name));
  for (const [name, { shape }] of tensors) {
    const saved = file.shape(name);
    if (!saved) throw new CheckpointError(`the checkpoint does not fit this model: it has no ${name}`);
    if (!sameShape(saved, shape))
      throw new CheckpointError(
        `the checkpoint does not fit this model: ${name} is [${saved}] there and [${shape}] here`,
      );
    if (file.dtype(name) !== "F32")
      throw new CheckpointError(`the checkpoint holds ${name} as ${file.dtype(name)}; expected F32`);
  }
  for (const name of file.names())
    if (!known.has(name))
      throw new CheckpointError(`the checkpoint does not fit this model: ${name} is not one of its tensors`);
}

function expectSameSettings(saved: Record<string, unknown>, now: RunSettings): void {
  const own = (settings: object, name: string): unknown =>
    Object.hasOwn(settings, name) ? Reflect.get(settings, name) : undefined;
  const said = (value: unknown): string => (value === undefined ? "not set" : shown(value));
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    const [before, today] = [own(saved, name), own(now, name)];
    if (before === today) continue;
    throw new CheckpointError(
      `the checkpoint was made with ${name} ${said(before)}, this run has ${said(today)}; resuming would not give the same result`,
    );
  }
}
