/** Defaults of fine-tuning by model size, task and number of examples. */
import type { Pretrained } from "../../io/pretrained/pretrained.js";
import { checkArguments, wholeNumber, withFields } from "../../options.js";

/** Settings of fine-tuning that follow from the model's size and the number of examples. */
export interface FinetuneDefaults {
  readonly learningRate: number;
  readonly batchSize: number;
  /** most epochs; with a development set the best one is kept */
  readonly epochs: number;
  /** epochs without improvement on the development set after which training stops */
  readonly patience: number;
}

/** Models below this many parameters count as small. */
const SMALL = 30_000_000;

/**
 * Peak learning rates. Large: Devlin et al. 2019, appendix A.3. Small: the highest of the grid of Turc et al. 2019
 * (arXiv:1908.08962). Adapters: their B starts at zero (Hu et al. 2021).
 */
const LEARNING_RATES = { adapter: 1e-3, small: 3e-4, large: 5e-5 } as const;

const BATCH_SIZE = 16;

/**
 * Few examples need many epochs: below some thousand steps a fine-tuned model has not settled, and 20 epochs do no harm
 * (Mosbach et al. 2021, arXiv:2006.04884).
 */
const STEPS = 1500;
const EPOCHS = { least: 3, most: 20 } as const;

/**
 * Learning rate, batch size, epochs and patience for a model and a number of examples.
 *
 * @example
 * const { learningRate, epochs, patience } = finetuneDefaults(loaded, 500); // of BERT-base: 5e-5, 20 and 5
 */
export function finetuneDefaults(
  loaded: Pretrained,
  examples: number,
  batchSize: number = BATCH_SIZE,
): FinetuneDefaults {
  checkArguments(
    "finetuneDefaults",
    { loaded, examples, batchSize },
    {
      loaded: withFields("a model, such as loadModel(engine, files) gives", "weights"),
      examples: wholeNumber(1),
      batchSize: wholeNumber(1),
    },
  );
  const stepsPerEpoch = Math.ceil(examples / batchSize);
  const epochs = Math.min(EPOCHS.most, Math.max(EPOCHS.least, Math.ceil(STEPS / stepsPerEpoch)));
  const { adapter, small, large } = LEARNING_RATES;
  const learningRate = "lora" in loaded ? adapter : loaded.weights.count < SMALL ? small : large;
  return { learningRate, batchSize, epochs, patience: Math.max(3, Math.ceil(epochs / 4)) };
}
