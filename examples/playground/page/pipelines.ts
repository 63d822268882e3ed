/** The pipelines of `cloze` in a worker of the playground. */
import { type Models, startWorkers } from "cloze/worker";

let started: Promise<Models> | undefined;

/** Started with the first pipeline that is asked for. */
export function pipelines(): Promise<Models> {
  started ??= startWorkers({
    start: () => new Worker(new URL("./models.js", document.baseURI), { type: "module", name: "models" }),
  });
  return started;
}
