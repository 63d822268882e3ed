/** Self-attention of a batch: every token attends to the tokens of its own sequence. */
import type { Batch } from "../data/sample.js";
import { attention } from "../tensor/ops/attention.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import type { Tensor } from "../tensor/tensor.js";

export interface SelfAttentionOptions {
  readonly heads: number;
  /** share of the probabilities that training takes away */
  readonly dropout: number;
  /** is given the probabilities of each call */
  readonly attentions?: Tensor[] | undefined;
}

/** query, key, value (tokens, width) -> (tokens, width) */
export function selfAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { starts, visible }: Batch,
  options: SelfAttentionOptions,
): Tensor {
  const { heads, dropout, attentions } = options;
  const seen = (t: Tensor): Tensor => (visible ? gatherRows(t, visible.index) : t);
  return attention(query, seen(key), seen(value), {
    heads,
    starts,
    dropout,
    ...(visible && { keyStarts: visible.starts }),
    ...(attentions && { probabilities: (p: Tensor) => void attentions.push(p) }),
  });
}
