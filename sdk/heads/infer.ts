/** Inference over samples: batches of bounded size, no tape, every tensor freed. */
import { sampleBatches } from "../data/batches.js";
import { type Batch, collate, type Sample } from "../data/sample.js";
import { type EncoderBody, encodeInSteps } from "../objectives/objective.js";
import { Scope } from "../tensor/scope.js";
import { atOnce, type Steps } from "../tensor/steps.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * Score samples and copy out the result of each.
 *
 * @param score maps the last hidden states (tokens, width) to scores by token or by row; `group` holds the batch's samples
 * @param axis the meaning of the first axis of the scores
 * @returns the scores of each sample; progress counts samples
 */
export function* inferInSteps<M extends EncoderBody>(
  model: M,
  samples: readonly Sample[],
  axis: "tokens" | "rows",
  score: (model: M, hidden: Tensor, batch: Batch, group: readonly Sample[]) => Tensor,
): Steps<Float32Array[]> {
  const results: Float32Array[] = [];
  for (const group of sampleBatches(samples)) {
    results.push(...(yield* inferBatch(model, group, axis, score)));
    yield { done: results.length, total: samples.length };
  }
  return results;
}

function* inferBatch<M extends EncoderBody>(
  model: M,
  group: readonly Sample[],
  axis: "tokens" | "rows",
  score: (model: M, hidden: Tensor, batch: Batch, group: readonly Sample[]) => Tensor,
): Steps<Float32Array[]> {
  using _ = new Scope();
  const batch = collate(group);
  const hidden = yield* encodeInSteps(model, batch);
  yield;
  const scores = score(model, hidden, batch, group);
  const width = scores.size / scores.shape[0]!;
  const { data } = scores;
  return Array.from({ length: batch.rows }, (_, row) => {
    const [begin, end] = axis === "rows" ? [row, row + 1] : [batch.starts[row]!, batch.starts[row + 1]!];
    return data.slice(begin * width, end * width);
  });
}

/** The same at once. */
export function infer<M extends EncoderBody>(...args: Parameters<typeof inferInSteps<M>>): Float32Array[] {
  return atOnce(inferInSteps(...args));
}
