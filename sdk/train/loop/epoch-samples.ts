/**
 * The samples of an epoch in training order, corrupted: functions of seed, epoch and index alone, so that a run can be
 * resumed at any of them.
 *
 * A list is shuffled as a whole. A stream passes through a shuffle buffer, from which a random sample is taken whenever a new
 * one comes, as in TensorFlow's and Hugging Face's data sets: memory does not grow with the text.
 */
import type { Sample } from "../../data/sample.js";
import type { Objective } from "../../objectives/objective.js";
import { ArgumentError } from "../../options.js";
import { type Rng, seed as seedOf, shuffle } from "../../tensor/random.js";

/** The samples of an epoch: a list, a promise of one, or a stream that is read during training. */
export type EpochSamples = readonly Sample[] | Promise<readonly Sample[]> | AsyncIterable<Sample>;

/** Options of the stream of corrupted samples. */
export interface SampleOptions {
  readonly objective: Pick<Objective<never>, "corrupt">;
  /** the samples of an epoch; the same for the same epoch */
  readonly samples: (epoch: number) => EpochSamples;
  readonly seed: number;
  /** samples that are held to shuffle a stream; 10,000 */
  readonly shuffleBuffer?: number;
}

const SHUFFLE_BUFFER = 10_000;

/** A sample and its place in the epoch as it was made, which its corruption depends on. */
interface Placed {
  readonly sample: Sample;
  readonly index: number;
}

/**
 * The samples of an epoch, from the `start`-th on.
 *
 * @throws {ArgumentError} when the epoch has no samples, or fewer than `start`
 */
export async function* epochSamples(options: SampleOptions, epoch: number, start: number): AsyncGenerator<Sample> {
  const made = await options.samples(epoch);
  const rng = seedOf(options.seed).fork(epoch);
  const order = rng.fork(0);
  const placed = Array.isArray(made)
    ? listed(made as readonly Sample[], order)
    : buffered(made as AsyncIterable<Sample>, order, options.shuffleBuffer ?? SHUFFLE_BUFFER);
  let count = 0;
  for await (const { sample, index } of placed)
    if (count++ >= start) yield options.objective.corrupt(sample, rng.fork(1, index));
  if (count === 0) throw new ArgumentError(`train: epoch ${epoch} has no samples`);
  if (start > count)
    throw new ArgumentError(
      `train: the run is to be resumed at sample ${start} of epoch ${epoch}, which has ${count}; is this other data?`,
    );
}

function* listed(samples: readonly Sample[], rng: Rng): Generator<Placed> {
  const order = shuffle(
    Array.from(samples, (_, i) => i),
    rng,
  );
  for (const index of order) yield { sample: samples[index]!, index };
}

async function* buffered(samples: AsyncIterable<Sample>, rng: Rng, size: number): AsyncGenerator<Placed> {
  const buffer: Placed[] = [];
  let arrived = 0;
  for await (const sample of samples) {
    const next = { sample, index: arrived++ };
    if (buffer.length < size) {
      buffer.push(next);
      continue;
    }
    const taken = rng.integer(size);
    yield buffer[taken]!;
    buffer[taken] = next;
  }
  yield* shuffle(buffer, rng);
}
