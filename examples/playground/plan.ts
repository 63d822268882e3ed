/** The plan of a pre-training run: all that decides its bits. The page, the worker and the command line share it. */

export interface Plan {
  /** a published objective, as `cloze pretrain --objective` names it */
  readonly objective: string;
  /** id of the model that the run starts from, whose sizes and vocabulary it keeps; null: random weights */
  readonly from: string | null;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** longest sequence in tokens */
  readonly length: number;
  /** sequence length of the first 80% of the steps, for masked LM; null: one length throughout */
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
  from: null,
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

/** A run that starts from a model is short: such a model is larger. At the rate of a new one it would forget much first. */
export const CONTINUED = { steps: 100, learningRate: 5e-4, length: 32, batchSize: 8 } as const;

/** Folder of a model from which `cloze pretrain` starts: that of the installed package, or the one that was downloaded. */
export const startFolder = (from: string): string =>
  from === "cloze-tiny" ? "node_modules/cloze-tiny/q8" : `model-${from.slice(0, 8)}`;

/** `cloze pretrain` with the same plan: it learns the same weights. */
export function commandOf(plan: Plan, text: string): string {
  const { objective, from, layers, width, heads, length, short, maskingRate, vocabulary } = plan;
  const { batchSize, steps, learningRate, seed } = plan;
  const model =
    from === null
      ? { layers, width, heads, length, "vocab-size": vocabulary, dropout: 0 }
      : { from: startFolder(from), length };
  const options = {
    objective,
    ...model,
    ...(short !== null && { short }),
    ...(maskingRate !== null && { "masking-rate": maskingRate }),
    "batch-size": batchSize,
    "learning-rate": learningRate,
    steps,
    seed,
    out: "my-model",
  };
  const words = Object.entries(options).map(([name, value]) => `--${name} ${value}`);
  return `npx cloze pretrain ${words.join(" ")} ${text}`;
}
