/** Inference over samples: batches of bounded size, no tape, every tensor freed. */
import { sampleBatches } from "../data/batches.js";
import { type Batch, collate, type Sample } from "../data/sample.js";
import type { EncoderBody } from "../objectives/objective.js";
import { Scope } from "../tensor/scope.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * Score samples and copy out the result of each.
 *
 * @param score maps the last hidden states (tokens, width) to scores by token or by row; `group` holds the batch's samples
 * @param axis the meaning of the first axis of the scores
 * @returns the scores of each sample
 */
export function infer<M extends EncoderBody>(
  model: M,
  samples: readonly Sample[],
  axis: "tokens" | "rows",
  score: (model: M, hidden: Tensor, batch: Batch, group: readonly Sample[]) => Tensor,
): Float32Array[] {
  const results: Float32Array[] = [];
  for (const group of sampleBatches(samples)) {
    using _ = new Scope();
    const batch = collate(group);
    const scores = score(model, model.encode(batch), batch, group);
    const width = scores.size / scores.shape[0]!;
    const { data } = scores;
    for (let row = 0; row < batch.rows; row++) {
      const [begin, end] = axis === "rows" ? [row, row + 1] : [batch.starts[row]!, batch.starts[row + 1]!];
      results.push(data.slice(begin * width, end * width));
    }
  }
  return results;
}
