/** The pipelines of `cloze` as they are in workers: the same arguments, and promises of the same results. */
import type { memoryFiles } from "../io/files/files.js";
import type { ModelSource } from "../io/files/model-source.js";
import type { featureExtraction } from "../pipelines/feature-extraction.js";
import type { fillMask } from "../pipelines/fill-mask.js";
import type { questionAnswering } from "../pipelines/question-answering.js";
import type { sentenceSimilarity } from "../pipelines/sentence-similarity.js";
import type { textClassification } from "../pipelines/text-classification.js";
import type { text2textGeneration, textGeneration } from "../pipelines/text-generation.js";
import type { textRanking } from "../pipelines/text-ranking.js";
import type { tokenClassification } from "../pipelines/token-classification.js";
import type { wordVectors } from "../pipelines/word-vectors.js";
import type { zeroShotClassification } from "../pipelines/zero-shot-classification.js";
import type { FinetuneEvent } from "../train/loop/finetune.js";
import type { Step } from "../train/loop/train.js";
import type { FinetuneSettings, PretrainSettings } from "./training.js";

/** A pipeline in workers: its awaitable form is the function itself. */
export type Remote<P> = (P extends { readonly async: infer Call } ? Call : never) &
  (P extends { readonly masks: { readonly async: infer Masks } } ? { readonly masks: Masks } : unknown) &
  (P extends { readonly stream: infer Stream } ? { readonly stream: Stream } : unknown) &
  Disposable;

/** Options without those that are the worker's own. */
export type WithoutEngine<Options> = Options & { readonly engine?: never; readonly build?: never };

/** A function that opens a pipeline, in workers. */
export type RemotePipeline<Open> = Open extends (files: ModelSource, options?: infer Options) => Promise<infer P>
  ? (files: ModelSource, options?: WithoutEngine<Options>) => Promise<Remote<P>>
  : never;

/** The same for a function with three overloads, whose result depends on its options. */
export type RemoteOverloaded<Open> = Open extends {
  (files: ModelSource, options?: infer First): Promise<infer P>;
  (files: ModelSource, options: infer Second): Promise<infer Q>;
  (files: ModelSource, options: infer Third): Promise<infer R>;
}
  ? {
      (files: ModelSource, options?: WithoutEngine<First>): Promise<Remote<P>>;
      (files: ModelSource, options: WithoutEngine<Second>): Promise<Remote<Q>>;
      (files: ModelSource, options: WithoutEngine<Third>): Promise<Remote<R>>;
    }
  : never;

/** A run of training in a worker: iterate over its events, then take the files of the model; or take the files alone. */
export interface TrainingRun<Event> extends AsyncIterable<Event> {
  /** the trained model's folder, once the run has ended; rejects where it was left, stopped or failed */
  readonly files: Promise<ReturnType<typeof memoryFiles>>;
}

/** Pipelines and training in workers. Disposing ends the workers and gives all of their memory back. */
export interface Models extends Disposable {
  readonly featureExtraction: RemotePipeline<typeof featureExtraction>;
  readonly fillMask: RemotePipeline<typeof fillMask>;
  readonly questionAnswering: RemoteOverloaded<typeof questionAnswering>;
  readonly sentenceSimilarity: RemotePipeline<typeof sentenceSimilarity>;
  readonly text2textGeneration: RemotePipeline<typeof text2textGeneration>;
  readonly textClassification: RemoteOverloaded<typeof textClassification>;
  readonly textGeneration: RemotePipeline<typeof textGeneration>;
  readonly textRanking: RemotePipeline<typeof textRanking>;
  readonly tokenClassification: RemoteOverloaded<typeof tokenClassification>;
  readonly wordVectors: RemotePipeline<typeof wordVectors>;
  readonly zeroShotClassification: RemotePipeline<typeof zeroShotClassification>;
  /**
   * Fine-tune a model folder. The events are those of `finetune`.
   *
   * @example
   * using models = await startWorkers();
   * const run = models.finetune(folder("my-bert"), { task: "classify", train: examples, epochs: 2, learningRate: 1e-3, batchSize: 16, seed: 1 });
   * for await (const event of run) if (event.kind === "step") console.log(event.step.loss);
   * const classify = await models.textClassification(await run.files);
   */
  finetune(
    files: ModelSource,
    settings: FinetuneSettings & { readonly signal?: AbortSignal },
  ): TrainingRun<FinetuneEvent>;
  /** Pre-train a new model with a folder's tokenizer. The events are the steps of `train`. */
  pretrain(tokenizer: ModelSource, settings: PretrainSettings & { readonly signal?: AbortSignal }): TrainingRun<Step>;
}
