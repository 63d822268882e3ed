/**
 * The memory of a model before it is built: the model's own code runs on an engine that hands out memory and computes
 * nothing. The count is that of a real engine, block for block.
 */
import { collate, type Sample } from "../../data/sample.js";
import { DryEngine } from "../../engine/dry-engine.js";
import { embeddingObjective } from "../../heads/embedding.js";
import { classification } from "../../heads/pooled.js";
import { spanObjective } from "../../heads/span.js";
import { tagging } from "../../heads/tagging.js";
import { taskOf } from "../../io/pretrained/pretrained.js";
import { aWeightDtype, type WeightDtypeName, weightDtype } from "../../io/pretrained/weight-dtype.js";
import { quantizationOf } from "../../io/safetensors/quantized.js";
import { familyOf } from "../../models/families.js";
import { buildModel, type Model } from "../../models/family/build.js";
import { ConfigError, type Section } from "../../models/family/config.js";
import type { EncoderFamily, ModelTask } from "../../models/family/family.js";
import type { Plan } from "../../nn/planned.js";
import { type StoredTensors, Weights } from "../../nn/weights.js";
import { causalLm } from "../../objectives/causal-lm.js";
import { tokenTargets } from "../../objectives/masked-lm.js";
import { combine, type HeadObjective, type Objective, single } from "../../objectives/objective.js";
import { pairPrediction } from "../../objectives/pair-prediction.js";
import { replacedTokenDetection } from "../../objectives/replaced-token-detection.js";
import { sequenceToSequence } from "../../objectives/sequence-to-sequence.js";
import { aBoolean, checkOptions, oneOf, type Rules, wholeNumber } from "../../options.js";
import { IGNORE } from "../../tensor/ops/loss.js";
import { Scope } from "../../tensor/scope.js";
import { adamW } from "../optim/adamw.js";
import { train } from "./train.js";

/** Options of {@link estimateMemory}. */
export interface MemoryOptions {
  /** the model's task; default: that of the configuration's architecture, else feature-extraction */
  readonly task?: ModelTask;
  /** sequences in a batch; 1 */
  readonly batch?: number;
  /** tokens of each sequence; 128, or as many as the model reads */
  readonly length?: number;
  /** a step of training: gradients, AdamW's moments and all activations; false */
  readonly training?: boolean;
  /** whether layers are computed again in the backward pass, as the training loop's option says; false */
  readonly recompute?: boolean;
  /** how matrices are kept; as the configuration says, or f32, the only type that can be trained */
  readonly dtype?: WeightDtypeName;
  /** threads of the engine; 1 */
  readonly threads?: number;
  /** classes of the head; 2 */
  readonly classes?: number;
}

/** Memory that a model needs, in bytes. */
export interface MemoryEstimate {
  /** bytes of the weights */
  readonly weights: number;
  /** bytes of the engine's memory when the batch has been computed: `engine.memory.buffer.byteLength` */
  readonly peak: number;
}

type AnyModel = Model<ModelTask>;

const maskedTokens = (): HeadObjective<never> => ({
  name: "masked-lm",
  ...tokenTargets("masked-lm"),
  corrupt: (sample: Sample) => sample,
});

/** A loss of each task, so that its head computes as it does in training. */
const OBJECTIVES: { readonly [T in ModelTask]: () => unknown } = {
  "feature-extraction": () => embeddingObjective({ mode: "mean", normalize: true }),
  pretraining: () => combine(maskedTokens(), pairPrediction("next-sentence-prediction")),
  "masked-lm": () => single(maskedTokens()),
  "next-sentence-prediction": () => single(pairPrediction("next-sentence-prediction")),
  "sequence-classification": () => single(classification()),
  "token-classification": () => single(tagging()),
  "question-answering": () => single(spanObjective()),
  "replaced-token-detection": () => single(replacedTokenDetection()),
  "causal-lm": () => single(causalLm()),
  "seq2seq-lm": () => sequenceToSequence("seq2seq-lm", (sample) => sample),
};

/** Share of tokens that a masked LM predicts in training. */
const MASKED = 0.15;

/** The number of tokens with a label: all of them, the masked ones in training, or one of a text that is being read. */
function labelledOf(task: ModelTask, length: number, training: boolean): number {
  if (task === "token-classification" || task === "replaced-token-detection") return length;
  if (!training) return 1;
  return task === "causal-lm" || task === "seq2seq-lm" ? length - 1 : Math.max(1, Math.round(MASKED * length));
}

/** A sequence of zeros with labels for every task. */
function sampleOfZeros(task: ModelTask, length: number, training: boolean): Sample {
  const tokens = new Int32Array(length).fill(IGNORE).fill(0, 0, labelledOf(task, length, training));
  const sample: Sample = {
    ids: new Int32Array(length),
    segments: new Uint8Array(length),
    special: new Uint8Array(length),
    words: new Int32Array(length),
    labels: { tokens, row: 0, pair: 0, span: [0, 0] },
  };
  // A decoder's target; for vectors, the second text of a pair that is trained on.
  const hasTarget = task === "seq2seq-lm" || (task === "feature-extraction" && training);
  return hasTarget ? { ...sample, target: sample } : sample;
}

/** Rows in which values are handed over: see {@link StoredTensors.fill}. */
const CHUNK = 128;

/** Weights with memory but without values, except for a first chunk, which marks them as written. */
function withoutValues(plan: Plan): StoredTensors {
  const shape = (name: string) => plan.get(name)?.shape;
  return {
    names: () => plan.keys(),
    shape,
    async fill(name, sink) {
      const [rows = 1, ...rest] = shape(name)!;
      sink(new Float32Array(Math.min(rows, CHUNK) * rest.reduce((product, size) => product * size, 1)), 0);
    },
  };
}

/** The task of a configuration's published class; of one without, the first that the family has. */
function defaultTask(family: EncoderFamily<unknown>, config: Section): ModelTask {
  const task = taskOf(family, config);
  return family.architectures[task] ? task : (Object.keys(family.architectures)[0] as ModelTask);
}

async function computeWithoutTape(model: AnyModel, task: ModelTask, rows: readonly Sample[]): Promise<void> {
  using _ = new Scope();
  const batch = collate(rows);
  if (task === "feature-extraction") model.encode(batch);
  else {
    const objective = OBJECTIVES[task]() as Objective<AnyModel>;
    objective.losses(model, batch, objective.counts(batch));
  }
}

/** Steps after which the memory grows no more. */
const STEPS = 3;

async function trainSteps(
  model: AnyModel,
  weights: Weights,
  {
    task,
    rows,
    recompute,
  }: { readonly task: ModelTask; readonly rows: readonly Sample[]; readonly recompute: boolean },
): Promise<void> {
  using optimizer = adamW(weights);
  const { engine } = weights;
  const objective = OBJECTIVES[task]() as Objective<AnyModel>;
  const settings = { batchSize: rows.length, learningRate: 0, seed: 1, steps: STEPS, recompute };
  for await (const _ of train({ engine, model, objective, optimizer, samples: () => rows, ...settings }));
}

const optionRules = (): Rules<MemoryOptions> => ({
  task: oneOf(...Object.keys(OBJECTIVES)),
  batch: wholeNumber(1),
  length: wholeNumber(2),
  training: aBoolean,
  recompute: aBoolean,
  dtype: aWeightDtype(),
  threads: wholeNumber(1),
  classes: wholeNumber(1),
});

/** Tokens of a sequence, unless the caller gives another number. */
const LENGTH = 128;

/**
 * The memory of an engine that holds a model of this configuration and computes one batch. A process also has its
 * runtime's own memory, and while a model is loaded a chunk of its file. A generator's cache of keys and values is not counted.
 *
 * @param config config.json
 * @throws {ConfigError} for training in another type than f32
 * @throws {OutOfMemoryError} when it would need more than the 4 GiB of a WebAssembly memory
 * @example
 * const config = freshConfig("bert", sizes);
 * const { peak } = await estimateMemory(config, { batch: 32, length: 128, training: true });
 * console.log(`${(peak / 1e6).toFixed(0)} MB`);
 */
export async function estimateMemory(config: Section, options: MemoryOptions = {}): Promise<MemoryEstimate> {
  checkOptions("estimateMemory", options, optionRules());
  const family = familyOf(config);
  const { task = defaultTask(family, config), batch = 1, training = false, threads = 1, classes = 2 } = options;
  const stored = training ? null : quantizationOf(config);
  const dtype = options.dtype === undefined ? (stored ?? "f32") : weightDtype(options.dtype);
  if (training && dtype !== "f32")
    throw new ConfigError(`estimateMemory: a model is trained in f32, got dtype ${options.dtype}`);
  using engine = await DryEngine.create(threads);
  const build = (w: Weights): AnyModel => buildModel(family, w, family.read(config), task, classes);
  const plan = Weights.plan(engine, build);
  const weights = new Weights(engine, { stored: withoutValues(plan), dtype });
  await weights.fill(plan);
  const model = build(weights);
  const { liveBytes } = engine;
  const length = Math.min(options.length ?? LENGTH, model.maxLength);
  const rows = Array.from({ length: batch }, () => sampleOfZeros(task, length, training));
  if (training) await trainSteps(model, weights, { task, rows, recompute: options.recompute ?? false });
  else await computeWithoutTape(model, task, rows);
  return { weights: liveBytes, peak: engine.memory.buffer.byteLength };
}
