/** The side of the fuzzer that reads: a process of its own, so that a hang or a full heap ends it and not the run. */
import { writeSync } from "node:fs";
import fc from "fast-check";
import { fault } from "./judge.js";
import { beginMeasuring, countAllocations, measuredPeak, setFloor } from "./memory.js";
import { keepModels, leftBehind, type Mutant, shownMutant } from "./mutant.js";
import { TARGETS } from "./targets.js";

/** Milliseconds that a reader may take. */
export const LONGEST = 5000;
/** Bytes that a reader may take beside four times its file. */
export const ROOM = 64 * 2 ** 20;
/** Bytes that valid files and the library itself may take on the heap before anything is read. */
const BASE = 64 * 2 ** 20;
/** Limit of the reader's heap, in MB. */
export const HEAP = (BASE + ROOM) / 2 ** 20;
/** Mutants of one seed: of each seed the first are the simplest. */
const BATCH = 500;

export interface Work {
  /** in this order, each from the same seed on */
  readonly targets: readonly string[];
  readonly seed: number;
  /** deadline for new mutants, in milliseconds since the epoch; targets share the time left */
  readonly until: number;
  /** mutants of each target after which nothing is begun */
  readonly mutants: number;
  /** say before each mutant which it is: for a batch that ended the process */
  readonly careful: boolean;
}

/** A line of a reader's output, in JSON: its progress or a finding. */
export interface Said {
  readonly target: string;
  readonly seed: number;
  /** mutants of this seed that were begun */
  readonly index: number;
  readonly read: number;
  readonly refused: number;
  /** of the target, in the line that is its last */
  readonly seconds?: number;
  readonly failure?: Failure;
}

/** A broken promise, and the smallest mutant that breaks it. */
export interface Failure {
  readonly why: string;
  readonly name: string;
  /** in base64 */
  readonly bytes: string;
  readonly stack: string;
}

/** Read one mutant; throws when the reader breaks a promise. */
async function judge({ read, size, call }: Mutant): Promise<"read" | "refused"> {
  beginMeasuring();
  const begun = performance.now();
  let result: "read" | "refused" = "read";
  try {
    await read();
  } catch (error) {
    const why = fault(error, call);
    if (why !== null) throw new Error(why, { cause: error });
    result = "refused";
  }
  const took = performance.now() - begun;
  if (took > LONGEST) throw new Error(`reading took ${(took / 1000).toFixed(1)} s`);
  const peak = measuredPeak();
  if (peak > ROOM + 4 * size)
    throw new Error(`reading took ${Math.round(peak / 2 ** 20)} MB at its peak; the file has ${size} bytes`);
  return result;
}

/** A slow machine is no slow reader: a failure is one that happens again. */
async function judgeTwice(mutant: Mutant): Promise<"read" | "refused"> {
  try {
    return await judge(mutant);
  } catch {
    return judge(mutant);
  }
}

function failureOf({ counterexample, errorInstance }: fc.RunDetails<[Mutant]>): Failure {
  const [mutant] = counterexample!;
  const error = errorInstance as Error;
  const stack = (error.cause as Error | undefined)?.stack?.split("\n").slice(0, 8).join("\n") ?? "";
  const { name, bytes } = shownMutant(mutant);
  return { why: error.message, name, bytes: Buffer.from(bytes).toString("base64"), stack };
}

const say = (said: Said): void => void writeSync(1, `${JSON.stringify(said)}\n`);

/** Milliseconds in which mutants of a target are read at least. */
const LEAST = 1000;
/** Milliseconds between two signs of life. */
const OFTEN = 500;

/** The live memory; beyond the limit it is measured again, as finished calls leave some to be freed in a later turn. */
async function floorBelow(limit: number): Promise<number> {
  const floor = setFloor();
  if (floor <= limit) return floor;
  await new Promise((done) => setTimeout(done, 100));
  return setFloor();
}

/** Read batch after batch of one target until its time is over; the failure, if there is one. */
async function readTarget(at: Progress, deadline: number, { mutants, careful }: Work): Promise<Failure | null> {
  const { target, seed } = at;
  const arbitrary = await TARGETS[target]!();
  // Valid files that take long to make must leave time to read mutants of them.
  const until = Math.max(deadline, Date.now() + LEAST);
  keepModels();
  const base = await floorBelow(BASE);
  if (base > BASE) return failure(`the valid files of ${target} take ${Math.round(base / 2 ** 20)} MB`);
  let said = 0;
  let running: Promise<unknown> = Promise.resolve();
  for (let batch = 0; batch === 0 || (Date.now() < until && batch * BATCH < mutants); batch++) {
    Object.assign(at, { seed: seed + batch, index: 0 });
    say(at);
    const property = fc.asyncProperty(arbitrary, async (mutant) => {
      at.index++;
      if (careful || performance.now() - said > OFTEN) {
        said = performance.now();
        say(at);
      }
      const judged = judgeTwice(mutant);
      running = judged;
      at[await judged]++;
    });
    const details = await fc.check(property, {
      seed: at.seed,
      numRuns: Math.min(BATCH, mutants - batch * BATCH),
      interruptAfterTimeLimit: Math.min(Math.max(1, until - Date.now()), 2 ** 31 - 1),
    });
    // The time limit does not wait for the mutant that is being read, whose memory is still in use.
    await running.catch(() => {});
    if (details.failed && details.counterexample) return failureOf(details);
    const left = leftBehind();
    if (left !== 0) return failure(`${left} bytes of the engine were not freed in this batch`);
    // Growth: leftovers of thousands of mutants must not add up.
    const grown = (await floorBelow(base + ROOM / 2)) - base;
    if (grown > ROOM / 2) return failure(`${Math.round(grown / 2 ** 20)} MB stayed behind`);
  }
  return null;
}

const failure = (why: string): Failure => ({ why, name: "nothing", bytes: "", stack: "" });

interface Progress {
  target: string;
  seed: number;
  index: number;
  read: number;
  refused: number;
}

/** Read the mutants of all targets; reports on standard output. */
export async function readMutants(work: Work): Promise<void> {
  countAllocations();
  for (const [i, target] of work.targets.entries()) {
    const begun = Date.now();
    const until = begun + (work.until - begun) / (work.targets.length - i);
    const at: Progress = { target, seed: work.seed, index: 0, read: 0, refused: 0 };
    const found = await readTarget(at, until, work);
    say({ ...at, seconds: (Date.now() - begun) / 1000, ...(found !== null && { failure: found }) });
  }
}
