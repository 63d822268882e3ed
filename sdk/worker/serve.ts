/** The end of a worker that has the models: it opens pipelines, runs their calls in turns, and trains. */
import { Engine } from "../engine/engine.js";
import type { Files } from "../io/files/files.js";
import { featureExtraction } from "../pipelines/feature-extraction.js";
import { fillMask } from "../pipelines/fill-mask.js";
import { questionAnswering } from "../pipelines/question-answering.js";
import { sentenceSimilarity } from "../pipelines/sentence-similarity.js";
import { textClassification } from "../pipelines/text-classification.js";
import { text2textGeneration, textGeneration } from "../pipelines/text-generation.js";
import { textRanking } from "../pipelines/text-ranking.js";
import { tokenClassification } from "../pipelines/token-classification.js";
import { wordVectors } from "../pipelines/word-vectors.js";
import { zeroShotClassification } from "../pipelines/zero-shot-classification.js";
import { Channel, type Context, type Handler } from "./channel.js";
import { borrowedFiles } from "./lent-files.js";
import { ownPort, type Port } from "./port.js";
import { type FinetuneRequest, type PretrainRequest, runFinetune, runPretrain, type WorkerEngine } from "./training.js";

/** Every pipeline by its name. */
const pipelines = () => ({
  featureExtraction,
  fillMask,
  questionAnswering,
  sentenceSimilarity,
  text2textGeneration,
  textClassification,
  textGeneration,
  textRanking,
  tokenClassification,
  wordVectors,
  zeroShotClassification,
});

export type PipelineName = keyof ReturnType<typeof pipelines>;

/** Files that were lent, and the pipeline to open from them. */
export interface Opening {
  readonly name: PipelineName;
  readonly files: number;
  readonly adapter: number | undefined;
  readonly options: object;
  readonly engine: WorkerEngine;
}

/** A call of an open pipeline. */
export interface Running {
  readonly pipeline: number;
  readonly method: "call" | "masks" | "stream";
  readonly args: readonly unknown[];
  /** where its options are among the arguments */
  readonly optionsAt: number;
  /** whether pieces of text are told */
  readonly follows: boolean;
}

type Awaited = (...args: readonly unknown[]) => Promise<unknown>;
type Open = Disposable & {
  readonly async: Awaited;
  readonly masks?: { readonly async: Awaited };
  readonly stream?: (...args: readonly unknown[]) => AsyncIterable<string>;
};

/** Answers to the thread that started the worker. */
class Served {
  readonly #open = new Map<number, Open>();
  #next = 0;
  channel!: Channel;

  readonly handlers: Readonly<Record<string, Handler>> = {
    open: ([opening], context) => this.#opened(opening as Opening, context),
    run: ([running], context) => this.#run(running as Running, context),
    stream: ([running], context) => this.#stream(running as Running, context),
    dispose: ([id]) => {
      this.#open.get(id as number)?.[Symbol.dispose]();
      this.#open.delete(id as number);
    },
    finetune: ([request, engine], { signal }) =>
      runFinetune(request as FinetuneRequest, (id) => this.#files(id), engine as WorkerEngine, signal),
    pretrain: ([request, engine], { signal }) =>
      runPretrain(request as PretrainRequest, (id) => this.#files(id), engine as WorkerEngine, signal),
  };

  #files(id: number): Files {
    return borrowedFiles(this.channel, id);
  }

  async #opened({ name, files, adapter, options, engine: how }: Opening, { signal, report }: Context): Promise<number> {
    const engine = await Engine.create(how);
    try {
      const make = pipelines()[name] as (files: Files, options: object) => Promise<unknown>;
      const made = (await make(this.#files(files), {
        ...options,
        engine,
        signal,
        onProgress: report,
        ...(adapter !== undefined && { adapter: this.#files(adapter) }),
      })) as Open;
      const owned = Object.assign(made, { [Symbol.dispose]: () => engine.dispose() });
      this.#open.set(this.#next, owned);
      return this.#next++;
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  async #run(running: Running, { signal, report }: Context): Promise<unknown> {
    const { pipeline, method, follows } = running;
    const open = this.#open.get(pipeline)!;
    const onText = (text: string): void => report({ text });
    const args = withOptions(running, { signal, onProgress: report, ...(follows && { onText }) });
    return method === "masks" ? open.masks!.async(...args) : open.async(...args);
  }

  async *#stream(running: Running, { signal }: Context): AsyncGenerator<string, void, undefined> {
    yield* this.#open.get(running.pipeline)!.stream!(...withOptions(running, { signal }));
  }
}

/** The arguments of a call with more options. */
function withOptions({ args, optionsAt }: Running, more: object): unknown[] {
  const all = [...args];
  while (all.length < optionsAt) all.push(undefined);
  const given = all[optionsAt];
  // The pipeline refuses anything but an object.
  if (given === undefined || (typeof given === "object" && given !== null && !Array.isArray(given)))
    all[optionsAt] = { ...given, ...more };
  return all;
}

/**
 * Serve the pipelines of `cloze` and its training to the thread that started this worker: for a worker file of your own,
 * where the package's program cannot be started.
 *
 * @example
 * await serveModels(); // the whole of models.js; in the page:
 * const models = await startWorkers({ start: () => new Worker(new URL("./models.js", import.meta.url), { type: "module" }) });
 */
export async function serveModels(): Promise<void> {
  await serve();
}

/** {@link serveModels}, with the connection to the thread that started this worker. */
export async function serve(): Promise<Channel> {
  const port = ownPort();
  return channelOver(port instanceof Promise ? await port : port);
}

function channelOver(port: Port): Channel {
  const served = new Served();
  served.channel = new Channel(port, served.handlers);
  return served.channel;
}
