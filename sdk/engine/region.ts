/**
 * A region: one kernel over a range, divided into chunks that the threads of an engine take one after another.
 *
 * The threads meet in a control block at the beginning of the engine's shared memory. The state is odd while a region is
 * open. A thread that wants to take part raises ACTIVE, then reads the state again, and leaves at once where the region is
 * closed by then. The calling thread closes a region before it waits for ACTIVE to fall to zero, so no worker reads the
 * fields of a region while those of the next one are written.
 *
 * This file runs on both sides: in the calling thread (pool.ts) and in the workers (worker.ts).
 */

/** 32-bit words of the control block. Each word that threads write has cache lines of its own. */
export const STATE = 0;
/** The next chunk that is not taken. */
export const NEXT = 32;
/** Workers inside a region. */
export const ACTIVE = 64;
/** Workers that wait to be notified. */
export const SLEEPERS = 96;
/** Workers that have answered. */
export const READY = 128;
/** 0; 1 while a worker writes its error message; 2 + the message's length after that. */
export const FAILED = 160;
/** Kernel (its place among the module's functions), units, units of a chunk, bytes of scratch or -1, count of arguments. */
const REGION = 192;
/** Arguments, as 64-bit numbers. */
const ARGUMENTS = 208;
const MOST_ARGUMENTS = 24;
/** An error message, as 16-bit characters. */
const MESSAGE = 256;
const MOST_CHARACTERS = 500;

export const CONTROL_BYTES = 2048;

export type Kernel = (...args: number[]) => void;

/** The functions of a module in the order that all of its instances share. */
export const functionsOf = (instance: WebAssembly.Instance): [string, Kernel][] =>
  Object.entries(instance.exports).filter((entry): entry is [string, Kernel] => typeof entry[1] === "function");

/** The control block as one thread sees it. */
export interface Control {
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  readonly characters: Uint16Array;
}

export function controlAt(memory: WebAssembly.Memory, address: number): Control {
  const { buffer } = memory;
  return {
    words: new Int32Array(buffer, address, CONTROL_BYTES / 4),
    numbers: new Float64Array(buffer, address + 4 * ARGUMENTS, MOST_ARGUMENTS),
    characters: new Uint16Array(buffer, address + 4 * MESSAGE, MOST_CHARACTERS),
  };
}

/** The work of a region. */
export interface Region {
  /** place of the kernel among the module's functions */
  readonly kernel: number;
  /** without `begin, end`; where the kernel needs working memory, its address for the first thread is the last of them */
  readonly args: readonly number[];
  readonly units: number;
  /** units of a chunk */
  readonly chunk: number;
  /** bytes of working memory of each thread, or -1 where the kernel needs none */
  readonly scratch: number;
}

/** Write a region's fields; no worker may be inside one. */
export function writeRegion({ words, numbers }: Control, { kernel, args, units, chunk, scratch }: Region): void {
  words[REGION] = kernel;
  words[REGION + 1] = units;
  words[REGION + 2] = chunk;
  words[REGION + 3] = scratch;
  words[REGION + 4] = args.length;
  for (let i = 0; i < args.length; i++) numbers[i] = args[i]!;
  Atomics.store(words, NEXT, 0);
}

/**
 * Take chunks of the open region until there are no more.
 *
 * @param thread this thread's number, from 0: it chooses the working memory
 */
export function takeChunks({ words, numbers }: Control, kernels: readonly Kernel[], thread: number): void {
  const kernel = kernels[words[REGION]!]!;
  const units = words[REGION + 1]!;
  const chunk = words[REGION + 2]!;
  const scratch = words[REGION + 3]!;
  const count = words[REGION + 4]!;
  const args: number[] = [];
  for (let i = 0; i < count; i++) args.push(numbers[i]!);
  if (scratch >= 0) args[count - 1]! += thread * scratch;
  args.push(0, 0);
  for (;;) {
    const begin = Atomics.add(words, NEXT, 1) * chunk;
    if (begin >= units) return;
    args[count] = begin;
    args[count + 1] = Math.min(units, begin + chunk);
    kernel(...args);
  }
}

/** No chunk of the open region is taken any more. */
export const takeNoMore = ({ words }: Control): number => Atomics.store(words, NEXT, 0x3fffffff);

/** In a worker: record why the region failed; the first failure is reported. */
export function fail({ words, characters }: Control, message: string): void {
  if (Atomics.compareExchange(words, FAILED, 0, 1) !== 0) return;
  const length = Math.min(message.length, MOST_CHARACTERS);
  for (let i = 0; i < length; i++) characters[i] = message.charCodeAt(i);
  Atomics.store(words, FAILED, 2 + length);
}

/** In the calling thread, with no worker inside a region: the error of the last one, or null. */
export function takeFailure({ words, characters }: Control): string | null {
  const length = Atomics.exchange(words, FAILED, 0) - 2;
  return length < 0 ? null : String.fromCharCode(...characters.subarray(0, length));
}
