/** The parts of a `cloze pretrain` run: a model, its objective and samples, held-out figures, and how it is saved. */
import {
  type Engine,
  type EpochSamples,
  freshConfig,
  freshModel,
  loadModel,
  type Model,
  type ModelTask,
  type Pretrained,
  type Stage,
  type StagedOptions,
  type Step,
  saveModel,
  trainInStages,
  type Weights,
  type WritableFiles,
} from "cloze";
import type { NamedObjective, ObjectiveSettings } from "cloze/data";
import { mixLanguages, type Sample, type TokenizedDocument } from "cloze/data";
import { folder } from "cloze/node";
import type { Tokenizer } from "cloze/tokenizer";
import { type ModelOptions, sayExpanded, TRAINABLE } from "../shared/engine-options.js";
import { readFields } from "../shared/input.js";
import { sayMemory } from "../shared/memory.js";
import type { TrainingOptions } from "../shared/training-options.js";
import { UsageError } from "../shared/usage.js";
import { mixedStreams, type SampleStream } from "./interleaved.js";
import type { MakeSamples, TextStream } from "./text-stream.js";
import type { Translations } from "./translations.js";

export interface PretrainOptions extends ModelOptions, TrainingOptions {
  readonly from?: string;
  readonly family?: string;
  readonly config?: string;
  readonly tokenizer?: string;
  readonly vocabSize: number;
  readonly cased?: boolean;
  readonly numHiddenLayers: number;
  readonly hiddenSize: number;
  readonly numAttentionHeads: number;
  readonly maxLength: number;
  readonly short?: number;
  readonly shortBatchSize?: number;
  readonly dropout: number;
  readonly objective: string;
  readonly maskingRate?: number;
  readonly wholeWords?: boolean;
  readonly pairs?: string;
  readonly smoothing?: number;
  readonly dev?: string;
  readonly evalEvery?: number;
  readonly steps: number;
}

/** The inputs of every recipe. */
export interface Setting {
  readonly engine: Engine;
  readonly options: PretrainOptions;
  readonly objective: NamedObjective;
  /** model_type of a new model */
  readonly family: string;
  readonly tokenizer: Tokenizer;
  /** whether the run trained the tokenizer */
  readonly learned: boolean;
  /** text that is too large for memory, one stream a language; then there are no `languages` */
  readonly streams?: readonly TextStream[];
  /** identifies the text, for resuming */
  readonly text: string;
  /** documents by language; one entry when languages are not distinguished */
  readonly languages: Readonly<Record<string, readonly TokenizedDocument[]>>;
  readonly translations?: Translations;
}

/** A run of any kind of model. */
export interface Recipe extends Disposable {
  readonly weights: Weights;
  run(options: Omit<StagedOptions<unknown>, "model">): AsyncGenerator<Step>;
  /** figures on held-out text */
  figures(held: readonly TokenizedDocument[]): Record<string, number>;
  save(to: WritableFiles): Promise<void>;
}

/** A recipe of one kind of model, without its type. */
export function recipeOf<M>(
  { model, weights, ...rest }: { readonly model: M } & Omit<Recipe, "run">,
  stages: readonly Stage<M>[],
): Recipe {
  return { weights, ...rest, run: (options) => trainInStages(stages, { ...options, model }) };
}

/** BERT's initializer range and hidden size: narrower layers need larger weights for outputs of the same size. */
const PUBLISHED_INITIALIZER_RANGE = 0.02;
const PUBLISHED_HIDDEN_SIZE = 768;

/** Sizes of a new model. */
export function sizesOf({ options, tokenizer }: Setting) {
  const { numHiddenLayers, hiddenSize, numAttentionHeads, maxLength, dropout } = options;
  if (hiddenSize % numAttentionHeads !== 0)
    throw new UsageError(`--hidden-size ${hiddenSize} is not a multiple of --num-attention-heads ${numAttentionHeads}`);
  return {
    vocabSize: tokenizer.size,
    numHiddenLayers,
    hiddenSize,
    numAttentionHeads,
    maxPositionEmbeddings: maxLength,
    dropout,
    initializerRange: PUBLISHED_INITIALIZER_RANGE * Math.sqrt(PUBLISHED_HIDDEN_SIZE / hiddenSize),
    special: tokenizer.special,
  };
}

/** The configuration of a new model: that of --config with the size of this vocabulary, or the family's at the given sizes. */
async function newConfig(setting: Setting): Promise<Record<string, unknown>> {
  const { options, family, tokenizer } = setting;
  if (options.config === undefined) return freshConfig(family, sizesOf(setting));
  return { ...(await readFields(options.config)), vocab_size: tokenizer.size };
}

/** The model to train: a new one, or the one of --from. */
export async function modelOf<P extends ModelTask>(setting: Setting, task: P): Promise<Pretrained<P>> {
  const { engine, options } = setting;
  const { from, seed, maxLength } = options;
  const loaded =
    from === undefined
      ? freshModel(engine, await newConfig(setting), task, seed)
      : await loadModel(engine, folder(from), { ...TRAINABLE, task, seed });
  if (from !== undefined) sayExpanded(from, loaded);
  const { maxLength: positions } = loaded.model;
  if (maxLength <= positions) {
    const { batchSize: batch, recompute = false } = options;
    await sayMemory(loaded.config, { task, batch, length: maxLength, recompute, threads: engine.threads });
    return loaded;
  }
  loaded[Symbol.dispose]();
  throw new UsageError(`--max-length ${maxLength}: the model of ${from ?? options.config} has ${positions} positions`);
}

/** How a model of a family is saved. */
export function saving<P extends ModelTask>(
  loaded: Pretrained<P>,
  { tokenizer, options }: Setting,
): (to: WritableFiles) => Promise<void> {
  return (to) => saveModel(to, { ...loaded, tokenizer, maxLength: options.maxLength });
}

/** The samples of an epoch of text in memory: of one language, or of several mixed in smoothed proportions. */
export function listedSamples(
  { languages, options }: Setting,
  make: MakeSamples,
): (epoch: number) => readonly Sample[] {
  const { smoothing, seed } = options;
  if (smoothing === undefined) return make(Object.values(languages).flat(), seed);
  const each = Object.fromEntries(Object.entries(languages).map(([name, documents]) => [name, make(documents, seed)]));
  return mixLanguages(each, { smoothing, seed });
}

/** The samples of text that is too large for memory: of one language, or of several mixed in smoothed proportions. */
export function streamedSamples(streams: readonly TextStream[], { options }: Setting, make: MakeSamples): SampleStream {
  const { smoothing, seed } = options;
  const each = streams.map((stream) => stream.samples(make, seed));
  return smoothing === undefined ? each[0]! : mixedStreams(each, { smoothing, seed });
}

/** The samples of an epoch: a list, or a stream where the text is too large for memory. */
export function samplesOf(setting: Setting, make: MakeSamples): (epoch: number) => EpochSamples {
  return setting.streams ? streamedSamples(setting.streams, setting, make).read : listedSamples(setting, make);
}

/** --short has no meaning for other objectives. */
export function refuseShort({ options, objective }: Setting): void {
  for (const [flag, given] of [
    ["--short", options.short],
    ["--short-batch-size", options.shortBatchSize],
  ] as const)
    if (given !== undefined)
      throw new UsageError(`${flag} is for masked LM alone; ${objective.name} trains on one length`);
}

/** The settings from which the table makes an objective. */
export function settingsOf({ tokenizer, options }: Setting): ObjectiveSettings {
  return { tokenizer, ...(options.maskingRate !== undefined && { maskingRate: options.maskingRate }) };
}

/** The stages of a recipe that has only one. */
export function onlyStage<P extends ModelTask>(
  { options }: Setting,
  stage: Omit<Stage<Model<P>>, "until">,
): Stage<Model<P>>[] {
  return [{ ...stage, until: options.steps }];
}
