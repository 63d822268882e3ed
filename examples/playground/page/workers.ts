/** The workers that compute for the page: one that trains, one that answers while it does. */
import { type Remote, wrap } from "comlink";
import type { Lab } from "../worker/lab.js";

const start = (name: string): Remote<Lab> =>
  wrap<Lab>(new Worker(new URL("./lab.js", document.baseURI), { type: "module", name }));

const started = new Map<string, Remote<Lab>>();

function worker(name: string): Remote<Lab> {
  const found = started.get(name) ?? start(name);
  started.set(name, found);
  return found;
}

export const trainer = (): Remote<Lab> => worker("trainer");
export const lab = (): Remote<Lab> => worker("lab");
