/** Two workers that take jobs in turn, so that both cores of a small machine are busy. */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { type FinetuneResult, finetuneJob, type Job, type PretrainResult, pretrain } from "./jobs.js";

type Answer =
  | { readonly kind: "progress"; readonly done: number; readonly note: string }
  | { readonly kind: "result"; readonly result: PretrainResult | FinetuneResult }
  | { readonly kind: "error"; readonly message: string };

/** In a worker: do one job after another. */
export function serve(): void {
  if (isMainThread || !parentPort) throw new Error("serve() runs in a worker");
  const port = parentPort;
  port.on("message", async (job: Job) => {
    const report = (done: number, note: string) => port.postMessage({ kind: "progress", done, note } satisfies Answer);
    try {
      const result = job.kind === "pretrain" ? await pretrain(job, report) : await finetuneJob(job, report);
      port.postMessage({ kind: "result", result } satisfies Answer);
    } catch (error) {
      port.postMessage({ kind: "error", message: (error as Error).stack ?? String(error) } satisfies Answer);
    }
  });
}

/** One worker; its jobs are done in the order in which they are given. */
export class Lane {
  readonly #worker: Worker;
  #last: Promise<unknown> = Promise.resolve();

  constructor(program: URL) {
    this.#worker = new Worker(program);
  }

  run(job: Extract<Job, { kind: "pretrain" }>, report: (done: number, note: string) => void): Promise<PretrainResult>;
  run(job: Extract<Job, { kind: "finetune" }>, report: (done: number, note: string) => void): Promise<FinetuneResult>;
  run(job: Job, report: (done: number, note: string) => void): Promise<PretrainResult | FinetuneResult> {
    const next = this.#last.then(() => this.#one(job, report));
    this.#last = next.catch(() => {});
    return next;
  }

  #one(job: Job, report: (done: number, note: string) => void): Promise<PretrainResult | FinetuneResult> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#worker.off("message", listen);
        this.#worker.off("error", fail);
        settle();
      };
      const fail = (error: unknown) => finish(() => reject(error));
      const listen = (answer: Answer) => {
        if (answer.kind === "progress") report(answer.done, answer.note);
        else if (answer.kind === "result") finish(() => resolve(answer.result));
        else finish(() => reject(new Error(answer.message)));
      };
      this.#worker.on("message", listen);
      this.#worker.on("error", fail);
      this.#worker.postMessage(job);
    });
  }

  close(): Promise<number> {
    return this.#worker.terminate();
  }
}
