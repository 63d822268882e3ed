/** The workers that compute for the page: one that trains, one that answers while it does, and those of single chapters. */
import { type Remote, wrap } from "comlink";
import type { Lab } from "../worker/lab.js";

interface Started {
  readonly thread: Worker;
  readonly lab: Remote<Lab>;
}

const started = new Map<string, Started>();

function start(name: string): Started {
  const thread = new Worker(new URL("./lab.js", document.baseURI), { type: "module", name });
  return { thread, lab: wrap<Lab>(thread) };
}

/** The worker of this name, started when it is first asked for. */
export function worker(name: string): Remote<Lab> {
  const found = started.get(name) ?? start(name);
  started.set(name, found);
  return found.lab;
}

/** End a worker at once; its pending requests are never answered. */
export function endWorker(name: string): void {
  started.get(name)?.thread.terminate();
  started.delete(name);
}

export const trainer = (): Remote<Lab> => worker("trainer");
export const lab = (): Remote<Lab> => worker("lab");
