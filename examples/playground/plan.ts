/** The plan of a pre-training run: all that decides its bits. The page, the worker and the command line share it. */

export interface Plan {
  /** a published objective, as `cloze pretrain --objective` names it */
  readonly objective: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** longest sequence in tokens */
  readonly length: number;
  /** sequence length of the first 80 % of the steps, for masked LM; null: one length throughout */
  readonly short: number | null;
  /** share of tokens to mask, for masked LM; null: as published */
  readonly maskingRate: number | null;
  /** pieces of the vocabulary that is learned from the text */
  readonly vocabulary: number;
  readonly batchSize: number;
  readonly steps: number;
  /** peak of a linear schedule whose first tenth is warm-up */
  readonly learningRate: number;
  readonly seed: number;
}

/** Small enough to learn in minutes, large enough that filled masks make sense. The sizes and the rate are those of `npm start`. */
export const DEFAULT_PLAN: Plan = {
  objective: "masked-lm",
  layers: 2,
  width: 96,
  heads: 3,
  length: 64,
  short: 32,
  maskingRate: 0.25,
  vocabulary: 2000,
  batchSize: 16,
  steps: 2000,
  learningRate: 2e-3,
  seed: 1,
};

/** `cloze pretrain` with the same plan: it learns the same weights. */
export function commandOf(plan: Plan, text: string): string {
  const {
    objective,
    layers,
    width,
    heads,
    length,
    short,
    maskingRate,
    vocabulary,
    batchSize,
    steps,
    learningRate,
    seed,
  } = plan;
  const options = {
    objective,
    layers,
    width,
    heads,
    length,
    ...(short !== null && { short }),
    ...(maskingRate !== null && { "masking-rate": maskingRate }),
    "vocab-size": vocabulary,
    "batch-size": batchSize,
    "learning-rate": learningRate,
    dropout: 0,
    steps,
    seed,
    out: "my-model",
  };
  const words = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
  return `npx cloze pretrain ${words.join(" ")} ${text}`;
}
