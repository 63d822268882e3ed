/** A mutant: a damaged file or call, and how it is read. */
import type fc from "fast-check";
import { Engine } from "../../sdk/index.js";

export interface Mutant {
  /** bytes of the mutated file, the unit of memory limits */
  readonly size: number;
  /** the mutated file, or a description of the call, to be kept when something is found */
  readonly shown: Uint8Array | (() => string);
  /** which file it is */
  readonly name: string;
  readonly read: () => unknown;
  /** it is a call's arguments, not a file */
  readonly call?: boolean;
}

/** Mutants of valid files or calls, which are made first. */
export type Target = () => Promise<fc.Arbitrary<Mutant>>;

/** A mutant of a file. */
export const fileMutant = (name: string, bytes: Uint8Array, read: () => unknown): Mutant => ({
  size: bytes.length,
  shown: bytes,
  name,
  read,
});

/** A mutant of a call, which reads no file. */
export const callMutant = (name: string, shown: () => string, read: () => unknown, size = 0): Mutant => ({
  size,
  shown,
  name,
  read,
  call: true,
});

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Name and content of a mutant as they are kept. */
export function shownMutant({ name, shown }: Mutant): { name: string; bytes: Uint8Array } {
  return { name, bytes: typeof shown === "function" ? encode(shown()) : shown };
}

let shared: Engine | null = null;
/** Bytes of the shared engine that belong to valid models, not to mutants. */
let owned = 0;

/** The engine that reads all mutants of a worker, so that leaks add up and show. */
export async function sharedEngine(): Promise<Engine> {
  shared ??= await Engine.create({ maximumBytes: 64 * 2 ** 20 });
  return shared;
}

/** Keep the tensors that are on the shared engine now: they belong to valid models. */
export function keepModels(): void {
  owned = shared?.liveBytes ?? 0;
}

/** Bytes of the shared engine that readers did not give back. */
export const leftBehind = (): number => (shared?.liveBytes ?? 0) - owned;
