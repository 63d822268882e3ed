/**
 * Sizes, steps and learning rates of the tour. The whole run must take less than six minutes on two cores. Pre-training the
 * small network takes about 120 s of one core; the large one reads about half a million tokens at 20 MFLOP per token.
 */

/** The tasks of the tour, most tokens first: two cores share them best in this order. */
export const TASKS = ["questions", "inference", "sentiment", "tags"] as const;
export type TaskName = (typeof TASKS)[number];

/** The networks that are fine-tuned: one with random weights, the one that this run pre-trains, and a pre-trained one. */
export const ARMS = ["random", "brief", "pretrained"] as const;
export type ArmName = (typeof ARMS)[number];

export interface FinetuneRecipe {
  readonly epochs: number;
  /** peak of the linear schedule, by arm */
  readonly learningRate: Readonly<Record<ArmName, number>>;
}

export interface Recipe {
  /** size of the vocabulary that is trained on the text */
  readonly vocabulary: number;
  /** sizes of the small network */
  readonly network: {
    readonly numHiddenLayers: number;
    readonly hiddenSize: number;
    readonly numAttentionHeads: number;
    /** none: too few steps to overfit */
    readonly dropout: number;
    /** a narrow network needs larger initial weights than the published 0.02 at hidden size 768 */
    readonly initializerRange: number;
  };
  /** longest sequence of the small network, and of fine-tuning */
  readonly maxLength: number;
  readonly batchSize: number;
  /**
   * Pre-training begins with short sequences and masked LM alone: attention is learned there in a fraction of the steps that
   * longer sequences need. With next-sentence prediction from the first step, a model this small does not learn it.
   */
  readonly pretrain: {
    readonly learningRate: number;
    readonly maskingRate: number;
    readonly short: { readonly steps: number; readonly maxLength: number };
    readonly long: { readonly steps: number; readonly maxLength: number };
    /** steps between two measurements on held-out documents */
    readonly heldOutEvery: number;
  };
  /** largest number of examples of a task, for training and for testing */
  readonly examples: { readonly train: number; readonly test: number };
  readonly finetune: Readonly<Record<TaskName, FinetuneRecipe>>;
  /** recombined contexts for each question */
  readonly contexts: { readonly copies: number; readonly exchange: number; readonly drop: number };
  readonly seed: number;
}

export const RECIPE: Recipe = {
  vocabulary: 2500,
  network: { numHiddenLayers: 2, hiddenSize: 96, numAttentionHeads: 3, dropout: 0, initializerRange: 0.08 },
  maxLength: 112,
  batchSize: 16,
  pretrain: {
    learningRate: 2e-3,
    maskingRate: 0.25,
    short: { steps: 1900, maxLength: 32 },
    long: { steps: 500, maxLength: 96 },
    heldOutEvery: 200,
  },
  examples: { train: 300, test: 10_000 },
  finetune: {
    sentiment: { epochs: 4, learningRate: { random: 1e-3, brief: 1e-3, pretrained: 1e-3 } },
    inference: { epochs: 8, learningRate: { random: 5e-4, brief: 5e-4, pretrained: 1e-3 } },
    tags: { epochs: 4, learningRate: { random: 1e-3, brief: 1e-3, pretrained: 5e-4 } },
    questions: { epochs: 2, learningRate: { random: 5e-4, brief: 1e-3, pretrained: 1e-3 } },
  },
  contexts: { copies: 1, exchange: 0.8, drop: 0.2 },
  seed: 1,
};

/** A smoke test: every part of the tour in seconds. Its figures mean nothing. */
export const QUICK: Recipe = {
  ...RECIPE,
  vocabulary: 400,
  network: { ...RECIPE.network, hiddenSize: 24, numAttentionHeads: 2 },
  pretrain: {
    ...RECIPE.pretrain,
    short: { steps: 12, maxLength: 32 },
    long: { steps: 6, maxLength: 64 },
    heldOutEvery: 6,
  },
  examples: { train: 16, test: 12 },
  finetune: {
    sentiment: { ...RECIPE.finetune.sentiment, epochs: 1 },
    inference: { ...RECIPE.finetune.inference, epochs: 1 },
    tags: { ...RECIPE.finetune.tags, epochs: 1 },
    questions: { ...RECIPE.finetune.questions, epochs: 1 },
  },
  contexts: { ...RECIPE.contexts, copies: 1 },
};

export const pretrainingSteps = ({ pretrain: { short, long } }: Recipe): number => short.steps + long.steps;
