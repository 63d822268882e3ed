/** Starting a worker. Its program is text of the package, loaded with the first worker. */
import { hasNodeModules, runtimeModule } from "../engine/runtime.js";
import type { NodePort, WorkerPort } from "./port.js";

interface NodeWorker extends NodePort {
  ref(): void;
  unref(): void;
  terminate(): void;
}

/** A worker that runs the package's program, or the caller's own, which calls `serveModels()`. */
export async function startWorker(own: (() => Worker) | undefined): Promise<WorkerPort> {
  if (own) {
    const worker = own();
    return "on" in worker ? nodePort(worker as unknown as NodeWorker) : webPort(worker);
  }
  if (!hasNodeModules()) {
    const { default: program } = await import("../../build/model-worker.js?text");
    const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    return webPort(new Worker(address, { name: "cloze" }), () => URL.revokeObjectURL(address));
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
    ended: (tell) => worker.addEventListener("error", ({ error, message }) => tell(error ?? new Error(message))),
    terminate: () => worker.terminate(),
  };
}
