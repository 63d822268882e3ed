/**
 * The parts of a pre-training run: a model, its stages and figures on held-out text. They are those of `cloze pretrain`
 * with the same options, so that the bits are its bits.
 */
import {
  combine,
  type Engine,
  electraConfigs,
  type Files,
  freshConfig,
  freshElectra,
  freshModel,
  loadElectra,
  loadModel,
  type Model,
  type ModelTask,
  type Objective,
  type Pretrained,
  type Stage,
  type StagedOptions,
  type Step,
  saveModel,
  single,
  trainInStages,
  type Weights,
  type WritableFiles,
} from "cloze";
import {
  type Arrangement,
  collate,
  fittingObjective,
  packStream,
  parseObjective,
  pretrainingSamples,
  sampleOf,
  seed,
  shuffle,
  type TokenizedDocument,
} from "cloze/data";
import { causalWriter, generate, generationSettings, seq2seqWriter } from "cloze/generate";
import { fillMasks, maskedHeldOut, replacedHeldOut, tokensHeldOut } from "cloze/metrics";
import { repeatPositions, Scope } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import type { Plan } from "../plan.js";

/** What the model makes of a text: guesses for each of its masks, a text of its own, or which tokens it suspects. */
export interface Sample {
  readonly text: string;
  /** for each mask the best guesses with their probabilities */
  readonly masks?: readonly (readonly { readonly token: string; readonly score: number }[])[];
  readonly written?: string;
  /** each token with the probability that it was replaced */
  readonly suspected?: readonly { readonly token: string; readonly probability: number }[];
}

export interface HeldOut {
  readonly loss: number;
  /** loss of a model that knows only how frequent tokens are; null where targets are not plain text */
  readonly frequency: number | null;
  /** of ELECTRA: how well replaced tokens are told from original ones, 0.5 by chance, 1 at best */
  readonly area?: number;
}

export interface Recipe {
  readonly weights: Weights;
  readonly task: ModelTask;
  save(to: WritableFiles): Promise<void>;
  run(options: Omit<StagedOptions<unknown>, "model">): AsyncGenerator<Step>;
  heldOut(): HeldOut;
  samples(texts: readonly string[]): Sample[];
}

export interface Setting {
  readonly engine: Engine;
  readonly plan: Plan;
  readonly tokenizer: Tokenizer;
  readonly training: readonly TokenizedDocument[];
  readonly held: readonly TokenizedDocument[];
  /** the model that the run starts from, and whether only its architecture is taken; null: the sizes of the plan */
  readonly start: { readonly files: Files; readonly isScratch: boolean } | null;
}

/** The share of the steps that `cloze pretrain --short` trains on short sequences. */
const SHORT_SHARE = 0.8;
/** Tokens of the texts that are shown during a run. */
const SHOWN = 24;

/** BERT's initializer range at its hidden size; narrower layers need larger weights for outputs of the same size. */
const initializerRange = (width: number): number => 0.02 * Math.sqrt(768 / width);

function sizesOf({ plan, tokenizer }: Setting) {
  const { layers, width, heads, length } = plan;
  return {
    vocabSize: tokenizer.size,
    numHiddenLayers: layers,
    hiddenSize: width,
    numAttentionHeads: heads,
    maxPositionEmbeddings: length,
    dropout: 0,
    initializerRange: initializerRange(width),
    special: tokenizer.special,
  };
}

/** A new model of the plan's sizes, or the one that the run starts from. */
async function modelOf<T extends ModelTask>(setting: Setting, family: string, task: T): Promise<Pretrained<T>> {
  const { engine, plan, start } = setting;
  const { length, seed: seedValue } = plan;
  if (!start) return freshModel(engine, freshConfig(family, sizesOf(setting)), task, seedValue);
  const { files, isScratch: scratch } = start;
  const loaded = await loadModel(engine, files, { task, seed: seedValue, scratch, dtype: "f32" });
  if (length > loaded.model.maxLength)
    throw new Error(`sequences of ${length} tokens: this model has ${loaded.model.maxLength} positions`);
  return loaded;
}

/** How a model is kept: its weights, and the folder that is saved of it. */
function kept<T extends ModelTask>(loaded: Pretrained<T>, task: T, { tokenizer, plan }: Setting) {
  return {
    task,
    weights: loaded.weights,
    save: (to: WritableFiles) => saveModel(to, { ...loaded, tokenizer, maxLength: plan.length }),
  };
}

/**
 * Cross-entropy in nats of the held-out tokens under their frequencies in the training text, each counted once more. The
 * entropy of few held-out targets would be too low.
 */
function frequencyLoss({ tokenizer, training, held }: Setting): number {
  const counts = new Float64Array(tokenizer.size).fill(1);
  for (const { ids } of training.flat()) for (const id of ids) counts[id]! += 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const targets = held.flat().flatMap(({ ids }) => Array.from(ids));
  return targets.reduce((sum, id) => sum - Math.log(counts[id]! / total), 0) / targets.length;
}

export async function recipeOf(setting: Setting): Promise<Recipe> {
  const { main } = parseObjective(setting.plan.objective);
  switch (main.kind) {
    case "masked-lm":
      return maskedRecipe(setting);
    case "causal-lm":
      return causalRecipe(setting);
    case "seq2seq-lm":
      return seq2seqRecipe(setting);
    case "replaced-token-detection":
      return electraRecipe(setting);
  }
}

/** A run of a model through its stages. The compiler cannot tell that objective and model are of one kind. */
const running =
  <M>(model: M, stages: readonly Stage<M>[]) =>
  (options: Omit<StagedOptions<unknown>, "model">) =>
    trainInStages(stages, { ...options, model });

async function maskedRecipe(setting: Setting): Promise<Recipe> {
  const { plan, tokenizer, training, held } = setting;
  const { name, main, pairs, arrangement } = parseObjective(plan.objective);
  const task = pairs ? "pretraining" : "masked-lm";
  const loaded = await modelOf(setting, main.family, task);
  const model: Model<"masked-lm"> & Partial<Model<"next-sentence-prediction">> = loaded.model;
  const rate = plan.maskingRate === null ? {} : { maskingRate: plan.maskingRate };
  const masked = main.make({ tokenizer, ...rate }) as Parameters<typeof single>[0];
  const whole = (pairs ? combine(masked, pairs.make({ tokenizer })) : single(masked)) as Objective<typeof model>;
  const samples = (order: Arrangement, maxLength: number) =>
    pretrainingSamples(training, order, { maxLength, tokenizer, seed: plan.seed });
  const full: Stage<typeof model> = {
    until: plan.steps,
    objective: whole,
    samples: samples(arrangement, plan.length),
  };
  const { short } = plan;
  const stages: Stage<typeof model>[] =
    short === null
      ? [full]
      : [
          {
            until: Math.floor(plan.steps * SHORT_SHARE),
            objective: single(masked) as Objective<typeof model>,
            samples: samples("sentences", short),
          },
          { ...full, enter: () => repeatPositions(loaded.weights, short) },
        ];
  const masking = { tokenizer, wholeWords: name.startsWith("whole-word-masked-lm") };
  // Later positions are trained in the last stage only: longer texts would hide what is learned before.
  const sequences = { maxLength: short ?? plan.length, tokenizer, seed: plan.seed };
  const texts = pretrainingSamples(held, "sentences", sequences)(0);
  const frequency = frequencyLoss(setting);
  const mask = tokenizer.token(tokenizer.special.mask!)!;
  const ownMask = (text: string): string => text.replaceAll("[MASK]", mask);
  return {
    ...kept(loaded, task, setting),
    run: running(model, stages),
    heldOut: () => {
      const { loss } = maskedHeldOut(model, texts, masking, 1, 1);
      return { loss, frequency };
    },
    samples: (shown) =>
      fillMasks(model, tokenizer, shown.map(ownMask), plan.length, { topK: 3 }).map((masks, i) => ({
        text: shown[i]!,
        masks: masks.map((guesses) => guesses.map(({ token_str, score }) => ({ token: token_str, score }))),
      })),
  };
}

/** How texts are written during a run: the most probable token each time, no three tokens twice. */
const WRITING = { max_new_tokens: SHOWN, no_repeat_ngram_size: 3 };

async function causalRecipe(setting: Setting): Promise<Recipe> {
  const { engine, plan, tokenizer, training, held } = setting;
  const { main } = parseObjective(plan.objective);
  const loaded = await modelOf(setting, main.family, "causal-lm");
  const objective = single(main.make({ tokenizer }) as Parameters<typeof single>[0]) as Objective<Model<"causal-lm">>;
  const blocks = (documents: readonly TokenizedDocument[]) =>
    packStream(documents, { maxLength: plan.length, tokenizer });
  // Documents are reshuffled every epoch, so that the stream is cut into other blocks each time.
  const samples = (epoch: number) => blocks(shuffle([...training], seed(plan.seed).fork(2, epoch)));
  const frequency = frequencyLoss(setting);
  return {
    ...kept(loaded, "causal-lm", setting),
    run: running(loaded.model, [{ until: plan.steps, objective, samples }]),
    heldOut: () => {
      const { loss } = tokensHeldOut(loaded.model, blocks(held), objective);
      return { loss, frequency };
    },
    samples: (texts) =>
      texts.map((text) => {
        const { ids } = tokenizer.encode(text, undefined, { special: false });
        using writer = causalWriter({ engine }, loaded.model, [ids]);
        const room = Math.max(1, Math.min(SHOWN, plan.length - ids.length));
        const [row = []] = generate(writer, {
          ...generationSettings(undefined, loaded.config),
          ...WRITING,
          max_new_tokens: room,
        });
        return { text, written: tokenizer.decode(row.slice(ids.length), { skipSpecial: true }) };
      }),
  };
}

async function seq2seqRecipe(setting: Setting): Promise<Recipe> {
  const { engine, plan, tokenizer, training, held } = setting;
  const { main } = parseObjective(plan.objective);
  const loaded = await modelOf(setting, main.family, "seq2seq-lm");
  const objective = fittingObjective(main.make({ tokenizer }) as Objective<Model<"seq2seq-lm">>, plan.length);
  const sequences = { maxLength: plan.length, tokenizer, seed: plan.seed };
  const texts = pretrainingSamples(held, "sentences", sequences)(0);
  return {
    ...kept(loaded, "seq2seq-lm", setting),
    run: running(loaded.model, [
      { until: plan.steps, objective, samples: pretrainingSamples(training, "sentences", sequences) },
    ]),
    heldOut: () => {
      const { loss } = tokensHeldOut(loaded.model, texts, objective);
      return { loss, frequency: null };
    },
    samples: (shown) =>
      shown.map((text) => {
        const settings = { ...generationSettings(undefined, loaded.config), ...WRITING };
        const source = collate([sampleOf(tokenizer.encode(text))]);
        using writer = seq2seqWriter({ engine }, loaded.model, source, [
          Int32Array.of(settings.decoder_start_token_id!),
        ]);
        const [row = []] = generate(writer, settings);
        return { text, written: tokenizer.decode(row, { skipSpecial: true }) };
      }),
  };
}

const GENERATOR = "generator/";

/** config.json of both models of a folder. */
async function electraConfigsIn(files: Files) {
  const read = async (name: string) =>
    JSON.parse(new TextDecoder().decode(await files.read(name))) as Record<string, unknown>;
  return { generator: await read(`${GENERATOR}config.json`), discriminator: await read("config.json") };
}

/** The generator's folder, inside the discriminator's, as `cloze pretrain` saves both. */
const generatorOf = (files: Files): Files => ({ read: (name) => files.read(GENERATOR + name) });

/** ELECTRA: a generator and the discriminator, which is the model that is kept for use. */
async function electraRecipe(setting: Setting): Promise<Recipe> {
  const { engine, plan, tokenizer, training, held, start } = setting;
  const pair =
    start && !start.isScratch
      ? await loadElectra(engine, { discriminator: start.files, generator: generatorOf(start.files) })
      : freshElectra(engine, start ? await electraConfigsIn(start.files) : electraConfigs(sizesOf(setting)), plan.seed);
  const objective = parseObjective(plan.objective).main.make({ tokenizer }) as Objective<typeof pair.model>;
  const sequences = { maxLength: plan.length, tokenizer, seed: plan.seed };
  const texts = pretrainingSamples(held, "sentences", sequences)(0);
  const frequency = frequencyLoss(setting);
  const { generator, discriminator } = pair;
  return {
    task: "replaced-token-detection",
    weights: pair.weights,
    async save(to) {
      const shared = { tokenizer, maxLength: plan.length };
      const inside = {
        ...generatorOf(to),
        write: (name: string, bytes: Uint8Array) => to.write(GENERATOR + name, bytes),
      };
      await saveModel(to, { ...discriminator, ...shared });
      await saveModel(inside, { ...generator, ...shared });
    },
    run: running(pair.model, [
      { until: plan.steps, objective, samples: pretrainingSamples(training, "sentences", sequences) },
    ]),
    heldOut: () => {
      const { loss } = maskedHeldOut(generator.model, texts, { tokenizer }, 1, 1);
      return { loss, frequency, area: replacedHeldOut(pair.model, texts, { tokenizer }, 1, 1).area };
    },
    samples: (shown) =>
      shown.map((text) => {
        using _ = new Scope();
        const sample = sampleOf(tokenizer.encode(text, undefined, { truncate: { length: plan.length } }));
        const scores = discriminator.model.replacedScores(discriminator.model.encode(collate([sample]))).data;
        const suspected = Array.from(sample.ids, (id, i) => ({
          token: tokenizer.token(id)!,
          probability: 1 / (1 + Math.exp(-scores[i]!)),
        })).filter((_, i) => sample.special[i] === 0);
        return { text, suspected };
      }),
  };
}
