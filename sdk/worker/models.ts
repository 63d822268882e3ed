/** Pipelines and training in workers, as the thread that started them sees them. */

import { DisposedError, WorkerError } from "../engine/errors.js";
import { type Build, kernelDigits } from "../engine/source.js";
import { memoryFiles } from "../io/files/files.js";
import { type ModelSource, openSource } from "../io/files/model-source.js";
import { ArgumentError, aFunction, checkOptions, oneOf, wholeNumber } from "../options.js";
import { type TextStream, textStreamOf } from "../pipelines/text-stream.js";
import type { Progress } from "../tensor/steps.js";
import type { TurnOptions } from "../tensor/turns.js";
import type { FinetuneEvent } from "../train/loop/finetune.js";
import type { Step } from "../train/loop/train.js";
import { Channel, settingsOf } from "./channel.js";
import { LentFiles } from "./lent-files.js";
import type { WorkerPort } from "./port.js";
import type { PipelineName, Running } from "./serve.js";
import { startWorker } from "./start.js";
import type { FinetuneSettings, PretrainSettings, WorkerEngine } from "./training.js";
import type { Models, TrainingRun } from "./types.js";

/** How workers are started. */
export interface WorkersOptions extends WorkerEngine {
  /**
   * Number of workers; 1 by default. Each pipeline is opened in all of them, with weights of its own in each: calls that run
   * at the same time do not wait for each other. For one call on several cores choose `threads`, which share one copy.
   */
  readonly workers?: number;
  /** Starts one worker, whose program calls `serveModels()`: where a page forbids workers from `blob:`. */
  readonly start?: () => Worker;
}

/** Pipelines that are called with two arguments and options: `answer(question, context, options)`. */
const OF_TWO: readonly string[] = [
  "questionAnswering",
  "sentenceSimilarity",
  "textRanking",
  "zeroShotClassification",
] satisfies PipelineName[];

/** Steps of training that are computed before the loop over them asks: enough that the worker does not wait. */
const STEPS_AHEAD = 4;

type CallOptions = TurnOptions & { readonly onText?: (piece: string) => void };

/** One worker. */
interface Seat {
  readonly channel: Channel;
  readonly port: WorkerPort;
}

class Pool {
  readonly #seats: readonly Seat[];
  readonly #lent: LentFiles;
  readonly #engine: WorkerEngine;

  constructor(seats: readonly Seat[], lent: LentFiles, engine: WorkerEngine) {
    this.#seats = seats;
    this.#lent = lent;
    this.#engine = engine;
  }

  /** Open a pipeline in every worker. */
  async open(name: PipelineName, files: ModelSource, { onProgress, adapter, ...given }: PipelineSettings = {}) {
    const { signal, ...options } = given;
    const lent = [this.#lent.lend(openSource(files, name, given))];
    if (adapter) lent.push(this.#lent.lend(openSource(adapter, name, signal && { signal })));
    const opening = { name, files: lent[0]!, adapter: lent[1], options, engine: this.#engine };
    const stopping = new AbortController();
    const stop = (): void => stopping.abort(signal!.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const opened = this.#seats.map(async (seat, i) => {
        const settings = settingsOf({ signal: stopping.signal, ...(i === 0 && onProgress && { onProgress }) });
        return { seat, id: (await seat.channel.call("open", [opening], settings)) as number };
      });
      const settled = await Promise.allSettled(
        opened.map((one) =>
          one.catch((error) => {
            stopping.abort(error);
            throw error;
          }),
        ),
      );
      const made = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const failure = settled.find((one) => one.status === "rejected");
      if (!failure) return this.#callable(name, made);
      for (const { seat, id } of made) void seat.channel.call("dispose", [id]).catch(() => {});
      throw failure.reason;
    } finally {
      signal?.removeEventListener("abort", stop);
      for (const id of lent) this.#lent.takeBack(id);
    }
  }

  /** The function over an opened pipeline. */
  #callable(name: PipelineName, opened: readonly { readonly seat: Seat; readonly id: number }[]) {
    const run = (method: Running["method"], args: readonly unknown[]) => {
      const idle = opened.reduce((a, b) => (b.seat.channel.pending < a.seat.channel.pending ? b : a));
      const of2 = OF_TWO.includes(name) && (typeof args[0] === "string" || Array.isArray(args[1]));
      const optionsAt = of2 ? 2 : 1;
      const { signal, onProgress, onText, ...options } = (args[optionsAt] ?? {}) as CallOptions;
      const plain = args.map((arg, i) => (i === optionsAt && isOptions(arg) ? options : arg));
      const running: Running = { pipeline: idle.id, method, args: plain, optionsAt, follows: onText !== undefined };
      const onReport = (report: unknown): void => {
        if (isText(report)) onText?.(report.text);
        else onProgress?.(report as Progress);
      };
      return { channel: idle.seat.channel, running, settings: { signal, onReport } };
    };
    const call = async (method: "call" | "masks", args: readonly unknown[]): Promise<unknown> => {
      const { channel, running, settings } = run(method, args);
      return channel.call("run", [running], settings);
    };
    return Object.assign((...args: readonly unknown[]) => call("call", args), {
      ...(name === "fillMask" && { masks: (...args: readonly unknown[]) => call("masks", args) }),
      ...((name === "textGeneration" || name === "text2textGeneration") && {
        stream(...args: readonly unknown[]): TextStream {
          const { channel, running, settings } = run("stream", args);
          const leaving = new AbortController();
          const { signal } = settings;
          const stop = (): void => leaving.abort(signal!.reason);
          if (signal?.aborted) stop();
          signal?.addEventListener("abort", stop, { once: true });
          const pieces = channel.stream("stream", [running], { ...settings, signal: leaving.signal });
          return textStreamOf(pieces as AsyncGenerator<string>, () => leaving.abort());
        },
      }),
      [Symbol.dispose]: () => {
        for (const { seat, id } of opened) void seat.channel.call("dispose", [id]).catch(() => {});
      },
    });
  }

  /** Train in the worker with the fewest calls. */
  train<Event>(
    name: string,
    files: ModelSource,
    { signal, ...settings }: { readonly signal?: AbortSignal },
  ): TrainingRun<Event> {
    const { channel } = this.#seats.reduce((a, b) => (b.channel.pending < a.channel.pending ? b : a));
    const lent = this.#lent.lend(openSource(files, name, signal && { signal }));
    const events = channel.stream(name, [{ ...settings, files: lent }, this.#engine], { signal, ahead: STEPS_AHEAD });
    const { promise, resolve, reject } = withResolvers<ReturnType<typeof memoryFiles>>();
    // A caller who only iterates sees the failure there.
    promise.catch(() => {});
    const lent_ = this.#lent;
    async function* iterated(): AsyncGenerator<Event, void, undefined> {
      try {
        for (;;) {
          const step = await events.next();
          if (step.done) return resolve(memoryFiles(step.value as [string, Uint8Array][]));
          yield step.value as Event;
        }
      } catch (error) {
        reject(error);
        throw error;
      } finally {
        reject(new DOMException(`${name}: the run was left before its end`, "AbortError"));
        await events.return(undefined);
        lent_.takeBack(lent);
      }
    }
    return trainingRun(name, iterated(), promise);
  }

  end(): void {
    for (const { channel, port } of this.#seats) {
      channel.close(new DisposedError("these workers were disposed; start others with startWorkers()"));
      port.terminate();
    }
  }
}

/** A run whose events are iterated over, or left to pass where only its files are asked for. */
function trainingRun<Event>(
  name: string,
  events: AsyncGenerator<Event, void, undefined>,
  files: TrainingRun<Event>["files"],
): TrainingRun<Event> {
  let taker: "caller" | "files" | undefined;
  const pass = async (): Promise<void> => {
    for await (const _ of events);
  };
  return {
    get files() {
      // A loop over the events may begin in the same turn.
      queueMicrotask(() => {
        if (taker) return;
        taker = "files";
        pass().catch(() => {}); // the promise of the files rejects
      });
      return files;
    },
    [Symbol.asyncIterator]() {
      if (taker === "files")
        throw new ArgumentError(
          `${name}: the run began when its files were awaited, so its events are gone; iterate over them first`,
        );
      taker = "caller";
      return events;
    },
  };
}

type PipelineSettings = TurnOptions & { readonly adapter?: ModelSource; readonly revision?: string };

const isOptions = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (report: unknown): report is { readonly text: string } =>
  typeof report === "object" && report !== null && "text" in report;

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/**
 * Start workers that run pipelines and train models, in Node, Deno, Bun and the web. Results are those of this thread, to the
 * bit; errors are of the same classes.
 *
 * @example
 * using models = await startWorkers();
 * const extract = await models.featureExtraction(folder("all-MiniLM-L6-v2"));
 * const vectors = await extract(texts, { signal: AbortSignal.timeout(5000) });
 */
export async function startWorkers(options: WorkersOptions = {}): Promise<Models> {
  checkOptions("startWorkers", options, {
    workers: wholeNumber(1, 64),
    threads: wholeNumber(1),
    maximumBytes: wholeNumber(2 ** 17),
    build: oneOf("strict", "relaxed", "auto"),
    start: aFunction,
  });
  const { workers = 1, start, ...engine } = options;
  const lent = new LentFiles();
  const seats = await Promise.all(
    Array.from({ length: workers }, async (): Promise<Seat> => {
      const port = await startWorker(start);
      const channel = new Channel(port, { ...lent.handlers, kernels: ([build]) => kernelDigits(build as Build) });
      port.ended((reason) => {
        channel.close(new WorkerError(reason instanceof Error ? reason.message : String(reason)));
      });
      return { channel, port };
    }),
  );
  const pool = new Pool(seats, lent, engine);
  const open = (name: PipelineName) => (files: ModelSource, asked?: PipelineSettings) => pool.open(name, files, asked);
  return {
    featureExtraction: open("featureExtraction"),
    fillMask: open("fillMask"),
    questionAnswering: open("questionAnswering"),
    sentenceSimilarity: open("sentenceSimilarity"),
    text2textGeneration: open("text2textGeneration"),
    textClassification: open("textClassification"),
    textGeneration: open("textGeneration"),
    textRanking: open("textRanking"),
    tokenClassification: open("tokenClassification"),
    wordVectors: open("wordVectors"),
    zeroShotClassification: open("zeroShotClassification"),
    finetune: (files: ModelSource, settings: FinetuneSettings & { readonly signal?: AbortSignal }) =>
      pool.train<FinetuneEvent>("finetune", files, settings),
    pretrain: (tokenizer: ModelSource, settings: PretrainSettings & { readonly signal?: AbortSignal }) =>
      pool.train<Step>("pretrain", tokenizer, settings),
    [Symbol.dispose]: () => pool.end(),
  } as unknown as Models;
}
