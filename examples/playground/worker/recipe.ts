/**
 * The parts of a pre-training run: a model, its stages and figures on held-out text. They are those of `cloze pretrain`
 * with the same options, so that the bits are its bits.
 */
import {
  combine,
  type Engine,
  freshConfig,
  freshModel,
  type Model,
  type Objective,
  type Pretrained,
  type Stage,
  type StagedOptions,
  type Step,
  single,
  trainInStages,
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
import { fillMasks, maskedHeldOut, tokensHeldOut } from "cloze/metrics";
import { repeatPositions } from "cloze/tensor";
import type { Tokenizer } from "cloze/tokenizer";
import type { Plan } from "../plan.js";

/** What the model makes of a text: guesses for each of its masks, or a text of its own. */
export interface Sample {
  readonly text: string;
  /** for each mask the best guesses with their probabilities */
  readonly masks?: readonly (readonly { readonly token: string; readonly score: number }[])[];
  readonly written?: string;
}

export interface HeldOut {
  readonly loss: number;
  /** loss of a model that knows only how frequent tokens are; null where targets are not plain text */
  readonly frequency: number | null;
}

export interface Recipe {
  readonly loaded: Pretrained<"masked-lm" | "pretraining" | "causal-lm" | "seq2seq-lm">;
  readonly task: string;
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
}

/** The share of the steps that `cloze pretrain --short` trains on short sequences. */
const SHORT_SHARE = 0.8;
/** Tokens of the texts that are shown while a run goes on. */
const SHOWN = 24;

/** BERT's initializer range at its hidden size; narrower layers need larger weights for outputs of the same size. */
const initializerRange = (width: number): number => 0.02 * Math.sqrt(768 / width);

function freshConfigOf({ plan, tokenizer }: Setting, family: string) {
  const { layers, width, heads, length } = plan;
  return freshConfig(family, {
    vocabSize: tokenizer.size,
    numHiddenLayers: layers,
    hiddenSize: width,
    numAttentionHeads: heads,
    maxPositionEmbeddings: length,
    dropout: 0,
    initializerRange: initializerRange(width),
    special: tokenizer.special,
  });
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

export function recipeOf(setting: Setting): Recipe {
  const { main } = parseObjective(setting.plan.objective);
  switch (main.kind) {
    case "masked-lm":
      return maskedRecipe(setting);
    case "causal-lm":
      return causalRecipe(setting);
    case "seq2seq-lm":
      return seq2seqRecipe(setting);
    case "replaced-token-detection":
      throw new Error("the playground trains one model; ELECTRA is a pair: cloze pretrain --objective electra");
  }
}

/** A run of a model through its stages. The compiler cannot tell that objective and model are of one kind. */
const running =
  <M>(model: M, stages: readonly Stage<M>[]) =>
  (options: Omit<StagedOptions<unknown>, "model">) =>
    trainInStages(stages, { ...options, model });

function maskedRecipe(setting: Setting): Recipe {
  const { engine, plan, tokenizer, training, held } = setting;
  const { name, main, pairs, arrangement } = parseObjective(plan.objective);
  const loaded = freshModel(
    engine,
    freshConfigOf(setting, main.family),
    pairs ? "pretraining" : "masked-lm",
    plan.seed,
  );
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
  const sequences = { maxLength: plan.length, tokenizer, seed: plan.seed };
  const texts = pretrainingSamples(held, "sentences", sequences)(0);
  const frequency = frequencyLoss(setting);
  return {
    loaded,
    task: pairs ? "pretraining" : "masked-lm",
    run: running(model, stages),
    heldOut: () => {
      const { loss } = maskedHeldOut(model, texts, masking, 1, 1);
      return { loss, frequency };
    },
    samples: (shown) =>
      fillMasks(model, tokenizer, shown, plan.length, { topK: 3 }).map((masks, i) => ({
        text: shown[i]!,
        masks: masks.map((guesses) => guesses.map(({ token_str, score }) => ({ token: token_str, score }))),
      })),
  };
}

/** How texts are written while a run goes on: the most probable token each time, no three tokens twice. */
const WRITING = { max_new_tokens: SHOWN, no_repeat_ngram_size: 3 };

function causalRecipe(setting: Setting): Recipe {
  const { engine, plan, tokenizer, training, held } = setting;
  const { main } = parseObjective(plan.objective);
  const loaded = freshModel(engine, freshConfigOf(setting, main.family), "causal-lm", plan.seed);
  const objective = single(main.make({ tokenizer }) as Parameters<typeof single>[0]) as Objective<Model<"causal-lm">>;
  const blocks = (documents: readonly TokenizedDocument[]) =>
    packStream(documents, { maxLength: plan.length, tokenizer });
  // Documents are reshuffled every epoch, so that the stream is cut into other blocks each time.
  const samples = (epoch: number) => blocks(shuffle([...training], seed(plan.seed).fork(2, epoch)));
  const frequency = frequencyLoss(setting);
  return {
    loaded,
    task: "causal-lm",
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

function seq2seqRecipe(setting: Setting): Recipe {
  const { engine, plan, tokenizer, training, held } = setting;
  const { main } = parseObjective(plan.objective);
  const loaded = freshModel(engine, freshConfigOf(setting, main.family), "seq2seq-lm", plan.seed);
  const objective = fittingObjective(main.make({ tokenizer }) as Objective<Model<"seq2seq-lm">>, plan.length);
  const sequences = { maxLength: plan.length, tokenizer, seed: plan.seed };
  const texts = pretrainingSamples(held, "sentences", sequences)(0);
  return {
    loaded,
    task: "seq2seq-lm",
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
