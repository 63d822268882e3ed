/** What a run of `cloze pretrain` is made of: a model, what it learns and from which samples, figures, and how it is saved. */
import {
  type Engine,
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
import { mixLanguages, type Sample, type TokenizedDocument } from "cloze/data";
import { folder } from "cloze/node";
import type { Tokenizer } from "cloze/tokenizer";
import type { ModelOptions } from "../shared/engine-options.js";
import { readWhole } from "../shared/input.js";
import { UsageError } from "../shared/usage.js";

export interface PretrainOptions extends ModelOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly from?: string;
  readonly family?: string;
  readonly config?: string;
  readonly tokenizer?: string;
  readonly vocabulary: number;
  readonly cased?: boolean;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly length: number;
  readonly short?: number;
  readonly dropout: number;
  readonly objective: string;
  readonly mask?: number;
  readonly wholeWords?: boolean;
  readonly pairs?: string;
  readonly smoothing?: number;
  readonly dev?: string;
  readonly steps: number;
  readonly rows: number;
  readonly accumulate: number;
  readonly rate: number;
  readonly warmup?: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly resume?: string;
}

/** A sentence and its translation, as tokens. */
export type TokenizedPair = readonly [TokenizedDocument[number], TokenizedDocument[number]];

/** What every course is given. */
export interface Setting {
  readonly engine: Engine;
  readonly options: PretrainOptions;
  /** model_type of a new model */
  readonly family: string;
  readonly tokenizer: Tokenizer;
  /** documents by language; one entry where languages are not told apart */
  readonly languages: Readonly<Record<string, readonly TokenizedDocument[]>>;
  readonly pairs: readonly TokenizedPair[];
}

/** A model at work, whatever its kind. */
export interface Course extends Disposable {
  readonly weights: Weights;
  run(options: Omit<StagedOptions<unknown>, "model">): AsyncGenerator<Step>;
  /** how well it does on text that it has not seen */
  figures(held: readonly TokenizedDocument[]): Record<string, number>;
  save(to: WritableFiles): Promise<void>;
}

/** The same with its kind of model forgotten. */
export function courseOf<M>(
  { model, weights, ...rest }: { readonly model: M } & Omit<Course, "run">,
  stages: readonly Stage<M>[],
): Course {
  return { weights, ...rest, run: (options) => trainInStages(stages, { ...options, model }) };
}

/** BERT's random weights, and the width that they were chosen for: narrower maps need larger ones for sums as large. */
const PUBLISHED_DEVIATION = 0.02;
const PUBLISHED_WIDTH = 768;

/** Sizes of a new model, by the options. */
export function sizesOf({ options, tokenizer }: Setting) {
  const { layers, width, heads, length, dropout } = options;
  if (width % heads !== 0) throw new UsageError(`--width ${width} is not a multiple of --heads ${heads}`);
  return {
    vocabulary: tokenizer.size,
    layers,
    width,
    heads,
    positions: length,
    dropout,
    deviation: PUBLISHED_DEVIATION * Math.sqrt(PUBLISHED_WIDTH / width),
    special: tokenizer.special,
  };
}

/** The configuration of a new model: that of --config, with this vocabulary, or of the family at the sizes given. */
async function newConfig(setting: Setting): Promise<Record<string, unknown>> {
  const { options, family, tokenizer } = setting;
  if (options.config === undefined) return freshConfig(family, sizesOf(setting));
  try {
    const config = JSON.parse(new TextDecoder().decode(await readWhole(options.config))) as Record<string, unknown>;
    return { ...config, vocab_size: tokenizer.size };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`${options.config} is not JSON: ${error.message}`);
  }
}

/** The model to train: a new one, or the one of --from. */
export async function modelOf<P extends ModelTask>(setting: Setting, task: P): Promise<Pretrained<P>> {
  const { engine, options } = setting;
  const { from, seed } = options;
  if (from !== undefined) return loadModel(engine, folder(from), { task, seed });
  return freshModel(engine, await newConfig(setting), task, seed);
}

/** How a model of a family is saved. */
export function saving<P extends ModelTask>(
  loaded: Pretrained<P>,
  { tokenizer, options }: Setting,
): (to: WritableFiles) => Promise<void> {
  return (to) => saveModel(to, { ...loaded, tokenizer, length: options.length });
}

/** The samples of an epoch, of one language or of several in their smoothed shares. */
export function samplesOf(
  { languages, options }: Setting,
  make: (documents: readonly TokenizedDocument[]) => (epoch: number) => readonly Sample[],
): (epoch: number) => readonly Sample[] {
  if (options.smoothing === undefined) return make(Object.values(languages).flat());
  const each = Object.fromEntries(Object.entries(languages).map(([name, documents]) => [name, make(documents)]));
  return mixLanguages(each, { smoothing: options.smoothing, seed: options.seed });
}

/** What --short cannot do. */
export function refuseShort({ options }: Setting): void {
  if (options.short !== undefined)
    throw new UsageError(`--short is for masked LM alone; ${options.objective} learns from one length`);
}

/** The stage of a course that has only one. */
export function onlyStage<P extends ModelTask>(
  { options }: Setting,
  stage: Omit<Stage<Model<P>>, "until">,
): Stage<Model<P>>[] {
  return [{ ...stage, until: options.steps }];
}
