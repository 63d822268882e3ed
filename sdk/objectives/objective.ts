/** What a model learns from: how a sample is made hard, and what an error costs. Pre-training and fine-tuning are the same thing to the trainer. */
import type { Batch, Sample } from "../data/sample.js";
import type { Rng } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";

/** A body that heads stand on: (tokens, width) hidden states of a batch. */
export interface EncoderBody {
  encode(batch: Batch): Tensor;
}

/** A loss may have several parts (masked LM and next sentence); each is a mean over its own targets. */
export interface Objective<Model> {
  /** the parts' names, for reports */
  readonly names: readonly string[];
  /** A new sample with labels. Pure: the same generator state gives the same corruption, on any worker. */
  corrupt(sample: Sample, rng: Rng): Sample;
  /** How many targets each part has in this batch. */
  counts(batch: Batch): number[];
  /**
   * The parts of the loss, each a scalar: the sum over the batch divided by its entry of `counts`. When several batches
   * make up one step, `counts` are the sums over all of them, so that every target weighs the same.
   */
  losses(model: Model, batch: Batch, counts: readonly number[]): Tensor[];
}

/** An objective of one part over the hidden states of an encoder: what a head learns. */
export interface HeadObjective<Head> {
  readonly name: string;
  corrupt(sample: Sample, rng: Rng): Sample;
  count(batch: Batch): number;
  /** @param hidden (tokens, width); returns a scalar: the sum over the targets divided by `count` */
  loss(head: Head, hidden: Tensor, batch: Batch, count: number): Tensor;
}

/** Learn one thing from an encoder's hidden states. */
export function single<A>(a: HeadObjective<A>): Objective<EncoderBody & A> {
  return {
    names: [a.name],
    corrupt: a.corrupt,
    counts: (batch) => [a.count(batch)],
    losses: (model, batch, counts) => [a.loss(model, model.encode(batch), batch, counts[0]!)],
  };
}

/** Learn two things from the same hidden states: BERT is `combine(maskedLm(...), nextSentence())`. */
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
