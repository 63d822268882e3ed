/** Starting a worker. Its program is text of the package, loaded with the first worker. */
import { WorkerError } from "../engine/errors.js";
import { hasNodeModules, runtimeModule } from "../engine/runtime.js";
import type { NodePort, WorkerPort } from "./port.js";

interface NodeWorker extends NodePort {
  ref(): void;
  unref(): void;
  terminate(): void;
}

/** What a browser does not tell when it refuses a worker. */
const REFUSED =
  "it did not start; where a content security policy allows no workers from blob:, start your own: startWorkers({ start })";

/**
 * A worker that runs the package's program, or the caller's own, which calls `serveModels()`.
 *
 * @throws {WorkerError} in a runtime without workers, and where one is refused at once
 */
export async function startWorker(own: (() => Worker) | undefined): Promise<WorkerPort> {
  if (own) {
    const worker = own();
    return "on" in worker ? nodePort(worker as unknown as NodeWorker) : webPort(worker);
  }
  if (!hasNodeModules()) {
    const { default: program } = await import("../../build/model-worker.js?text");
    if (typeof Worker === "undefined")
      throw new WorkerError("this runtime has none, as no edge worker has; the pipelines of cloze compute without");
    const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    try {
      return webPort(new Worker(address, { name: "cloze" }), () => URL.revokeObjectURL(address));
    } catch {
      throw new WorkerError(REFUSED);
    }
  }
  const { default: program } = await import("../../build/model-worker.js?text");
  const { Worker: Started } = (await runtimeModule("worker_threads")) as {
    Worker: new (program: string, options: object) => NodeWorker;
  };
  // No loaders or flags of this process: the program is whole.
  return nodePort(new Started(program, { eval: true, execArgv: [], name: "cloze" }));
}

function nodePort(worker: NodeWorker): WorkerPort {
  // Deno does not hear a worker that was let go: there, workers keep the process alive until they are disposed.
  const isDeno = "Deno" in globalThis;
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (receive) => worker.on("message", receive),
    await(something) {
      if (something) worker.ref();
      else if (!isDeno) worker.unref();
    },
    ended(tell) {
      worker.on("error", tell);
      worker.on("exit", (status) => tell(new Error(`the worker ended with status ${String(status)}`)));
    },
    terminate: () => worker.terminate(),
  };
}

/** @param heard called with the first message */
function webPort(worker: Worker, heard: () => void = () => {}): WorkerPort {
  let first = heard;
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    listen: (receive) =>
      worker.addEventListener("message", ({ data }) => {
        first();
        first = () => {};
        receive(data);
      }),
    ended: (tell) =>
      worker.addEventListener("error", ({ error, message }) => tell(error ?? new Error(message || REFUSED))),
    terminate: () => worker.terminate(),
  };
}
