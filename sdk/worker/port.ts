/** The ends of the connection between a worker and the thread that started it, in Node and on the web. */
import { hasNodeModules, runtimeModule } from "../engine/runtime.js";

/** One end: messages go out, messages come in. */
export interface Port {
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  listen(receive: (message: unknown) => void): void;
  /** Whether something is awaited from the other end: only then does it keep the process alive. */
  await?(something: boolean): void;
}

/** The other end as its owner sees it. */
export interface WorkerPort extends Port {
  /** Called once, if the worker ends or fails on its own. */
  ended(tell: (reason: unknown) => void): void;
  terminate(): void;
}

export interface NodePort {
  postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
  on(event: string, listener: (value: unknown) => void): void;
}

type Load = (name: string) => { readonly parentPort: NodePort | null };
const runtime = globalThis as { require?: Load; process?: { getBuiltinModule?: Load } };

/**
 * The end inside a worker. It listens at once where it can: some runtimes drop messages that come before.
 *
 * @returns a promise in modules of Node before 20.16, which keeps messages
 */
export function ownPort(): Port | Promise<Port> {
  const load = runtime.require ?? runtime.process?.getBuiltinModule;
  if (load) return parentOf(load("node:worker_threads"));
  if (!hasNodeModules()) return webOwn();
  return runtimeModule("worker_threads").then((threads) => parentOf(threads as ReturnType<Load>));
}

function parentOf({ parentPort: parent }: ReturnType<Load>): Port {
  if (!parent) return webOwn();
  return {
    post: (message, transfer) => parent.postMessage(message, transfer),
    listen: (receive) => parent.on("message", receive),
  };
}

function webOwn(): Port {
  const self = globalThis as unknown as Worker;
  return {
    post: (message, transfer) => self.postMessage(message, [...transfer]),
    listen: (receive) => self.addEventListener("message", ({ data }) => receive(data)),
  };
}
