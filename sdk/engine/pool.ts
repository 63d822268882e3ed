/**
 * The workers of one engine, and the calling thread's side of a region (region.ts).
 *
 * docs/decisions/024-threads-in-one-engine.md says why it is made like this.
 */
import program from "../../build/worker.js?text";
import { WorkerError } from "./errors.js";
import {
  ACTIVE,
  type Control,
  controlAt,
  type Kernel,
  READY,
  type Region,
  SLEEPERS,
  STATE,
  takeChunks,
  takeFailure,
  takeNoMore,
  writeRegion,
} from "./region.js";
import { hasNodeModules, runtimeModule } from "./runtime.js";
import type { Assignment } from "./worker.js";

/** Milliseconds after which a worker that has not answered is given up. On a busy machine one starts in 0.1 s. */
const PATIENCE = 10_000;
/** Looks at the workers inside a region before the calling thread sleeps for a moment, where it may: about 50 µs. */
const POLLS = 20_000;
/** Milliseconds of such a sleep. */
const NAP = 0.05;

/** The common interface of Node's workers and those of the web, once events are listened to. */
interface Handle {
  postMessage(message: Assignment): void;
  terminate(): void;
}

interface NodeWorker extends Handle {
  on(event: "message" | "error" | "exit", listener: () => void): void;
  unref(): void;
}

/** Threads that can run at the same time. */
export async function cores(): Promise<number> {
  const { hardwareConcurrency } = (globalThis as { navigator?: Navigator }).navigator ?? {};
  if (hardwareConcurrency) return hardwareConcurrency;
  // Node 20 has no navigator.
  if (!hasNodeModules()) return 1;
  return ((await runtimeModule("os")) as { availableParallelism(): number }).availableParallelism();
}

/** Start a worker that keeps no process alive. `answered` is called with true for its first message, false for an error. */
async function start(url: string | URL | undefined, answered: (well: boolean) => void): Promise<Handle> {
  if (hasNodeModules()) {
    const { Worker } = (await runtimeModule("worker_threads")) as {
      Worker: new (program: string, options: object) => NodeWorker;
    };
    // No loaders or flags of this process: the program is whole.
    const worker = new Worker(program, { eval: true, execArgv: [], name: "cloze" });
    worker.on("message", () => {
      // Not before: a worker that begins to run is counted again.
      worker.unref();
      answered(true);
    });
    worker.on("error", () => answered(false));
    worker.on("exit", () => answered(false));
    return worker;
  }
  const address = url ?? URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(address, { name: "cloze" });
  const settle = (well: boolean) => () => {
    // Does nothing to the address of a file.
    URL.revokeObjectURL(String(address));
    answered(well);
  };
  worker.addEventListener("message", settle(true));
  worker.addEventListener("error", settle(false));
  return worker;
}

/** The worker, once it has answered; null where it does not. */
async function answering(assignment: Assignment, url: string | URL | undefined): Promise<Handle | null> {
  let worker: Handle | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const answered = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, PATIENCE, false);
      // Without shared memory between threads the message cannot be sent, or so may the worker itself be forbidden.
      start(url, resolve)
        .then(
          (started) => {
            worker = started;
            worker.postMessage(assignment);
          },
          () => resolve(false),
        )
        .catch(() => resolve(false));
    });
    if (await answered) return worker;
  } finally {
    clearTimeout(timer);
  }
  (worker as Handle | null)?.terminate();
  return null;
}

/** Whether this thread may sleep: the main thread of a page may not. */
function maySleep({ words }: Control): boolean {
  try {
    Atomics.wait(words, READY, -1, 0);
    return true;
  } catch {
    return false;
  }
}

export class ThreadPool {
  readonly #workers: readonly Handle[];
  readonly #control: Control;
  readonly #kernels: readonly Kernel[];
  /** The kernels' places among the module's functions. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #maySleep: boolean;
  #state = 0;

  private constructor(workers: readonly Handle[], control: Control, functions: readonly [string, Kernel][]) {
    this.#workers = workers;
    this.#control = control;
    this.#kernels = functions.map(([, kernel]) => kernel);
    this.#places = new Map(functions.map(([name], place) => [name, place]));
    this.#maySleep = maySleep(control);
  }

  /**
   * Workers in addition to the calling thread: as many as answer over the shared memory, up to `count`. Null if none does.
   *
   * @param kernels the module's functions
   * @param url where a page serves `cloze/worker.js`, if it allows no workers from blobs
   */
  static async start(
    {
      module,
      memory,
      control,
      tile,
      kernels,
    }: Omit<Assignment, "thread"> & { readonly kernels: readonly [string, Kernel][] },
    count: number,
    url?: string | URL,
  ): Promise<ThreadPool | null> {
    const view = controlAt(memory, control);
    view.words.fill(0);
    const starts = Array.from({ length: count }, (_, i) =>
      answering({ module, memory, control, tile, thread: i + 1 }, url),
    );
    const workers = (await Promise.all(starts)).filter((worker) => worker !== null);
    const pool = new ThreadPool(workers, view, kernels);
    if (workers.length > 0 && Atomics.load(view.words, READY) === workers.length) return pool;
    pool.end();
    return null;
  }

  /** Threads that take part in a region, the calling one included. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /**
   * Run a kernel over a range; all of it is done when this returns.
   *
   * @throws {WorkerError} when a worker's part of it failed
   */
  run(kernel: string, region: Omit<Region, "kernel">): void {
    const control = this.#control;
    const { words } = control;
    writeRegion(control, { ...region, kernel: this.#places.get(kernel)! });
    Atomics.store(words, STATE, ++this.#state);
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, STATE);
    let failure: string | null;
    try {
      takeChunks(control, this.#kernels, 0);
    } finally {
      takeNoMore(control);
      Atomics.store(words, STATE, ++this.#state);
      this.#waitForWorkers(words);
      failure = takeFailure(control);
    }
    if (failure !== null) throw new WorkerError(failure);
  }

  #waitForWorkers(words: Int32Array): void {
    for (let polls = 0; Atomics.load(words, ACTIVE) > 0; polls++) {
      // On a core that has other work, a worker may need this one.
      if (polls > POLLS && this.#maySleep) Atomics.wait(words, READY, this.#workers.length, NAP);
    }
  }

  /** Terminate the workers. */
  end(): void {
    for (const worker of this.#workers) worker.terminate();
  }
}
