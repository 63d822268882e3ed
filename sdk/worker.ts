/**
 * cloze/worker: the pipelines of `cloze`, and training, in workers of Node, Deno, Bun and the web. This thread only waits:
 * no call blocks it, and a signal stops one at once.
 */
export { startWorkers, type WorkersOptions } from "./worker/models.js";
export { serveModels } from "./worker/serve.js";
export type { FinetuneSettings, PretrainSettings, WorkerEngine, WorkerTask } from "./worker/training.js";
export type { Models, Remote, RemoteOverloaded, RemotePipeline, TrainingRun, WithoutEngine } from "./worker/types.js";
