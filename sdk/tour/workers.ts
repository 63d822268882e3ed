/** Workers that take jobs from one queue, to keep both cores of a small machine busy. */
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { type FinetuneJob, type FinetuneResult, finetuneJob } from "./finetuning.js";
import { type PretrainJob, type PretrainResult, pretrain } from "./pretraining.js";

export type Job = PretrainJob | FinetuneJob;
export type ResultOf<J extends Job> = J extends PretrainJob ? PretrainResult : FinetuneResult;

type Answer =
  | { readonly kind: "progress"; readonly done: number; readonly note: string }
  | { readonly kind: "result"; readonly result: PretrainResult | FinetuneResult }
  | { readonly kind: "error"; readonly message: string };

/** In a worker: run one job after another. */
export function serve(): void {
  if (isMainThread || !parentPort) throw new Error("serve() runs in a worker");
  const port = parentPort;
  port.on("message", async (job: Job) => {
    const follow = (done: number, note: string) => port.postMessage({ kind: "progress", done, note } satisfies Answer);
    try {
      const result = job.kind === "pretrain" ? await pretrain(job, follow) : await finetuneJob(job, follow);
      port.postMessage({ kind: "result", result } satisfies Answer);
    } catch (error) {
      port.postMessage({ kind: "error", message: (error as Error).stack ?? String(error) } satisfies Answer);
    }
  });
}

/** A job with its callbacks. */
interface Order {
  readonly job: Job;
  readonly follow: (done: number, note: string, worker: number) => void;
  readonly resolve: (result: PretrainResult | FinetuneResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Workers, and the queue of pending orders. Each worker takes the next order when it is free. */
export class Workers {
  readonly #queue: Order[] = [];
  readonly #idle: number[] = [];
  readonly #workers: readonly Worker[];

  constructor(program: URL, count: number) {
    this.#workers = Array.from({ length: count }, () => new Worker(program));
    this.#idle.push(...this.#workers.keys());
  }

  /** Queue a job. Jobs start in the order in which they were queued. */
  run<J extends Job>(job: J, follow: Order["follow"]): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, follow, resolve: resolve as Order["resolve"], reject });
      this.#start();
    });
  }

  #start(): void {
    while (this.#queue.length > 0 && this.#idle.length > 0) void this.#serve(this.#queue.shift()!, this.#idle.shift()!);
  }

  async #serve(order: Order, at: number): Promise<void> {
    try {
      order.resolve(await this.#one(order, at));
    } catch (error) {
      order.reject(error);
    }
    this.#idle.push(at);
    this.#start();
  }

  #one({ job, follow }: Order, at: number): Promise<PretrainResult | FinetuneResult> {
    const worker = this.#workers[at]!;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        worker.off("message", listen);
        worker.off("error", fail);
        settle();
      };
      const fail = (error: unknown) => finish(() => reject(error));
      const listen = (answer: Answer) => {
        if (answer.kind === "progress") follow(answer.done, answer.note, at);
        else if (answer.kind === "result") finish(() => resolve(answer.result));
        else finish(() => reject(new Error(answer.message)));
      };
      worker.on("message", listen);
      worker.on("error", fail);
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
