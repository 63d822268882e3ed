/** Training objectives: how samples are corrupted, and the loss. The trainer treats pre-training and fine-tuning alike. */
import type { Batch, Sample } from "../data/sample.js";
import type { Rng } from "../tensor/random.js";
import type { Steps } from "../tensor/steps.js";
import type { Tensor } from "../tensor/tensor.js";

/** The encoder below the heads: (tokens, width) hidden states of a batch. */
export interface EncoderBody {
  encode(batch: Batch): Tensor;
  /** The same, interrupted within the layers. Absent where nothing interrupts it: calls that are awaited block longer then. */
  encodeSteps?(batch: Batch): Steps<Tensor>;
}

/** A batch's hidden states, in as many steps as the model takes. */
export function* encodeInSteps(model: EncoderBody, batch: Batch): Steps<Tensor> {
  return model.encodeSteps ? yield* model.encodeSteps(batch) : model.encode(batch);
}

/** A loss may have several parts (masked LM and next sentence); each is a mean over its own targets. */
export interface Objective<Model> {
  /** the parts' names, for reports */
  readonly names: readonly string[];
  /** A new sample with labels. Pure: the same generator state gives the same corruption, on any worker. */
  corrupt(sample: Sample, rng: Rng): Sample;
  /** Number of targets of each part in this batch. */
  counts(batch: Batch): number[];
  /**
   * The parts of the loss, each a scalar: the sum over the batch divided by its entry of `counts`. Under gradient
   * accumulation `counts` are the sums over all batches of the step, so that every target weighs the same.
   */
  losses(model: Model, batch: Batch, counts: readonly number[]): Tensor[];
}

/** An objective with one loss over the hidden states of an encoder, as a head has. */
export interface HeadObjective<Head> {
  readonly name: string;
  corrupt(sample: Sample, rng: Rng): Sample;
  count(batch: Batch): number;
  /** @param hidden (tokens, width); returns a scalar: the sum over the targets divided by `count` */
  loss(head: Head, hidden: Tensor, batch: Batch, count: number): Tensor;
}

/**
 * One objective over an encoder's hidden states.
 *
 * @example
 * single(maskedLm({ tokenizer })).names; // ["masked-lm"]
 */
export function single<A>(a: HeadObjective<A>): Objective<EncoderBody & A> {
  return {
    names: [a.name],
    corrupt: a.corrupt,
    counts: (batch) => [a.count(batch)],
    losses: (model, batch, counts) => [a.loss(model, model.encode(batch), batch, counts[0]!)],
  };
}

/**
 * Two objectives over the same hidden states.
 *
 * @example
 * combine(maskedLm({ tokenizer }), nextSentencePrediction()).names; // ["masked-lm", "next-sentence-prediction"]
 */
export function combine<A, B>(a: HeadObjective<A>, b: HeadObjective<B>): Objective<EncoderBody & A & B> {
  return {
    names: [a.name, b.name],
    corrupt: (sample, rng) => b.corrupt(a.corrupt(sample, rng), rng),
    counts: (batch) => [a.count(batch), b.count(batch)],
    losses(model, batch, counts) {
      const hidden = model.encode(batch);
      return [a.loss(model, hidden, batch, counts[0]!), b.loss(model, hidden, batch, counts[1]!)];
    },
  };
}
