/**
 * The program of a worker: it takes chunks of its engine's regions until it is terminated.
 *
 * It is bundled into one script without imports (build/worker.js), which the library carries as text and the package as
 * `cloze/worker.js`.
 */
import {
  ACTIVE,
  type Control,
  controlAt,
  fail,
  functionsOf,
  type Kernel,
  READY,
  SLEEPERS,
  STATE,
  takeChunks,
  takeNoMore,
} from "./region.js";

/** The first and only message of the calling thread. */
export interface Assignment {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** address of the control block */
  readonly control: number;
  /** columns of the matrix product's tile */
  readonly tile: number;
  /** this worker's number, from 1 */
  readonly thread: number;
}

/** Looks at the state before a worker sleeps, some 20 µs: the next kernel of a model mostly begins within them. */
const POLLS = 5000;

/** Wait until a region is open that this worker has not been in, and return its state. */
function nextRegion({ words }: Control, last: number): number {
  const over = (state: number) => (state & 1) === 0 || state === last;
  let state = Atomics.load(words, STATE);
  for (let polls = 0; polls < POLLS && over(state); polls++) state = Atomics.load(words, STATE);
  if (!over(state)) return state;
  Atomics.add(words, SLEEPERS, 1);
  while (over(state)) {
    Atomics.wait(words, STATE, state);
    state = Atomics.load(words, STATE);
  }
  Atomics.sub(words, SLEEPERS, 1);
  return state;
}

function takePart(control: Control, kernels: readonly Kernel[], thread: number): void {
  const { words } = control;
  Atomics.add(words, ACTIVE, 1);
  try {
    if (Atomics.load(words, STATE) & 1) takeChunks(control, kernels, thread);
  } catch (error) {
    fail(control, String(error));
    takeNoMore(control);
  }
  Atomics.sub(words, ACTIVE, 1);
}

/** A worker's end of its channel, in Node and in the web. */
interface Port {
  onmessage: ((event: { readonly data: Assignment }) => void) | null;
  postMessage(message: string): void;
}

type Load = (name: string) => { readonly parentPort: Port | null };
const runtime = globalThis as { require?: Load; process?: { getBuiltinModule?: Load } };
/** Node and Deno have `require` in a program that is given as text, Bun has the other; the web has neither. */
const load = runtime.require ?? runtime.process?.getBuiltinModule;
const port = load?.("node:worker_threads").parentPort ?? (self as unknown as Port);

port.onmessage = ({ data: { module, memory, control: address, tile, thread } }) => {
  const functions = functionsOf(new WebAssembly.Instance(module, { env: { memory } }));
  new Map(functions).get("chooseTile")!(tile);
  const kernels = functions.map(([, kernel]) => kernel);
  const control = controlAt(memory, address);
  Atomics.add(control.words, READY, 1);
  port.postMessage("ready");
  for (let state = 0; ; ) {
    state = nextRegion(control, state);
    takePart(control, kernels, thread);
  }
};
