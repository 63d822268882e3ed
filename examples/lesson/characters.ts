/** The character-level lesson: data, model, and n-gram baselines. */
import {
  adamW,
  causalLm,
  cosineSchedule,
  type Encoder,
  type Engine,
  freshModel,
  type LmHead,
  type Step,
  single,
  train,
} from "cloze";
import { collate, type Sample, seed } from "cloze/data";
import { generateText } from "cloze/generate";
import { Scope } from "cloze/tensor";

/** Added to every count, so that unseen n-grams keep a probability. */
const ADDED = 0.1;

/** Validation loss in nats of unigram, bigram and trigram counts. */
export function countedLevels(training: Int32Array, ids: Int32Array, letters: number): number[] {
  return [0, 1, 2].map((before) => {
    const key = (at: number) => {
      let context = 0;
      for (let j = 1; j <= before; j++) context = context * letters + ids[at - j]!;
      return context;
    };
    const pairs = new Map<number, number>();
    const totals = new Map<number, number>();
    for (let at = before; at < training.length; at++) {
      const context = key(at);
      totals.set(context, (totals.get(context) ?? 0) + 1);
      pairs.set(context * letters + ids[at]!, (pairs.get(context * letters + ids[at]!) ?? 0) + 1);
    }
    let sum = 0;
    for (let at = training.length + before; at < ids.length; at++) {
      const context = key(at);
      const count = pairs.get(context * letters + ids[at]!) ?? 0;
      sum -= Math.log((count + ADDED) / ((totals.get(context) ?? 0) + ADDED * letters));
    }
    return sum / (ids.length - training.length - before);
  });
}

/** Mean loss in nats over all labels of the samples. */
export function blockLoss(model: Encoder & LmHead, samples: readonly Sample[]): number {
  let [sum, count] = [0, 0];
  for (let from = 0; from < samples.length; from += 32) {
    using _ = new Scope();
    const batch = collate(samples.slice(from, from + 32));
    const scores = model.tokenScores(
      model.encode(batch),
      Int32Array.from(batch.ids, (_id, i) => i),
    );
    const width = scores.shape[1]!;
    const { data } = scores;
    for (const [i, label] of batch.labels.tokens!.entries()) {
      const row = data.subarray(i * width, (i + 1) * width);
      const largest = row.reduce((a, b) => Math.max(a, b));
      sum += largest + Math.log(row.reduce((total, score) => total + Math.exp(score - largest), 0)) - row[label]!;
      count++;
    }
  }
  return sum / count;
}

/** Tokens of a sequence. */
const BLOCK = 64;
/** nanoGPT's small configuration for letters. */
const SIZES = { n_positions: BLOCK, n_layer: 4, n_head: 4, resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };
const [ROWS, WARMUP, HIGHEST, LOWEST] = [12, 100, 1e-3, 1e-4];

/** Text as character ids; the first nine tenths are for training. */
export class Letters {
  readonly letters: string[];
  readonly ids: Int32Array;
  readonly training: Int32Array;
  readonly validation: Int32Array;

  constructor(text: string) {
    this.letters = [...new Set(text)].sort();
    const numbers = new Map(this.letters.map((letter, id) => [letter, id]));
    this.ids = Int32Array.from(text, (letter) => numbers.get(letter)!);
    const cut = Math.floor(this.ids.length * 0.9);
    this.training = this.ids.subarray(0, cut);
    this.validation = this.ids.subarray(cut);
  }

  /** The whole validation part, block by block. */
  get blocks(): Sample[] {
    const { validation } = this;
    return Array.from({ length: Math.floor((validation.length - 1) / BLOCK) }, (_, i) => block(validation, i * BLOCK));
  }

  write(ids: ArrayLike<number>): string {
    return Array.from(ids, (id) => this.letters[id]).join("");
  }
}

function block(from: Int32Array, at: number): Sample {
  const none = new Uint8Array(BLOCK);
  return {
    ids: from.slice(at, at + BLOCK),
    segments: none,
    special: none,
    words: new Int32Array(BLOCK),
    labels: { tokens: from.slice(at + 1, at + BLOCK + 1) },
  };
}

export type LetterModel = Encoder & LmHead;

/** A GPT without biases, and its steps. */
export function letterGpt(
  engine: Engine,
  { letters, training }: Letters,
  { steps, seed: value, width = 128 }: { readonly steps: number; readonly seed: number; readonly width?: number },
): { readonly model: LetterModel; readonly run: AsyncGenerator<Step> } {
  const config = {
    model_type: "gpt2",
    activation_function: "gelu",
    bias: false,
    vocab_size: letters.length,
    n_embd: width,
    ...SIZES,
  };
  const { model, weights } = freshModel(engine, config, "causal-lm", value);
  const rng = seed(value);
  const windows = (epoch: number) =>
    Array.from({ length: ROWS * 100 }, (_, i) => block(training, rng.fork(epoch, i).integer(training.length - BLOCK)));
  const run = train({
    engine,
    model,
    objective: single({ ...causalLm(), corrupt: (sample) => sample }),
    samples: windows,
    optimizer: adamW(weights, { beta2: 0.99, weightDecay: 0.1 }),
    learningRate: cosineSchedule(HIGHEST, WARMUP, steps, LOWEST),
    batchSize: ROWS,
    maxGradNorm: 1,
    seed: value,
    steps,
  });
  return { model, run };
}

/** As much text as the model has positions for. */
export function letterText(engine: Engine, model: LetterModel, letters: Letters, value: number): string {
  const settings = { max_new_tokens: BLOCK - 1, do_sample: true, temperature: 0.8 };
  const [written] = generateText({ engine, model }, [letters.ids.slice(0, 1)], settings, seed(value));
  return letters.write(written!);
}
