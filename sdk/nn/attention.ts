/** Attention of a batch: every token attends to the tokens of its own sequence, or to those of its source. */
import type { Batch } from "../data/sample.js";
import { attention } from "../tensor/ops/attention.js";
import { cachedAttention } from "../tensor/ops/cached-attention.js";
import { gatherRows } from "../tensor/ops/embedding.js";
import type { Steps } from "../tensor/steps.js";
import { reshape, type Tensor } from "../tensor/tensor.js";
import type { CachedLayer, KeysAndValues } from "./kv-cache.js";
import type { Layer } from "./layers.js";

export interface AttentionSettings {
  readonly heads: number;
  /** dropout probability */
  readonly dropout: number;
  /** collects the probabilities of each call */
  readonly attentions?: Tensor[] | undefined;
  /** factor applied to q·k; defaults to 1 / √(head width) */
  readonly scale?: number;
}

export interface SelfAttentionOptions extends AttentionSettings {
  /** each token sees itself and those before it */
  readonly causal?: boolean;
  /** tokens visible on each side */
  readonly window?: number;
  /** added to the products: (queries, keys) for each head of each row, one after the other */
  readonly bias?: Tensor;
  /** where the keys and values of earlier tokens are kept, for inference */
  readonly past?: CachedLayer | undefined;
}

/** query, key, value (tokens, width) -> (tokens, width) */
export function selfAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { starts, visible }: Pick<Batch, "starts" | "visible">,
  options: SelfAttentionOptions,
): Tensor {
  const { attentions, past, ...settings } = options;
  const kernelOptions = {
    ...settings,
    starts,
    ...(attentions && { probabilities: (p: Tensor) => void attentions.push(p) }),
  };
  if (past) {
    if (settings.window !== undefined)
      throw new TypeError(
        "selfAttention: keys are not kept for attention with a window; read the whole text without a cache",
      );
    const kept = past.cache.own(past.layer, settings.heads, query.shape[1] ?? 0);
    const isFirst = kept.lengths.length === 0;
    kept.append(key, value, starts);
    // The first tokens have no others to attend to.
    if (!isFirst) return cachedAttention(query, kept, kernelOptions);
  }
  const seen = (t: Tensor): Tensor => (visible ? gatherRows(t, visible.index) : t);
  return attention(query, seen(key), seen(value), { ...kernelOptions, ...(visible && { keyStarts: visible.starts }) });
}

/** The projections of multi-head attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2). */
export interface Projections {
  readonly query: Layer;
  readonly key: Layer;
  readonly value: Layer;
  readonly output: Layer;
}

/** Multi-head self-attention: {@link selfAttention} between its projections. */
export function* multiHeadAttention(
  { query, key, value, output }: Projections,
  x: Tensor,
  batch: Batch,
  options: SelfAttentionOptions,
): Steps<Tensor> {
  const [queries, keys, values] = [query(x), key(x), value(x)];
  yield;
  const attended = selfAttention(queries, keys, values, batch, options);
  yield;
  return output(attended);
}

/**
 * Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245): each key or value head serves a group of query heads.
 *
 * @param x (tokens, keyHeads × dim)
 * @returns (tokens, heads × dim): each head repeated heads / keyHeads times
 */
export function repeatHeads(x: Tensor, keyHeads: number, heads: number): Tensor {
  if (keyHeads === heads) return x;
  const [tokens = 0, width = 0] = x.shape;
  const dim = width / keyHeads;
  const group = heads / keyHeads;
  const index = Int32Array.from({ length: tokens * heads }, (_, i) => Math.floor(i / group));
  return reshape(gatherRows(reshape(x, [tokens * keyHeads, dim]), index), [tokens, heads * dim]);
}

/** The source that a decoder attends to, in addition to its own tokens. */
export interface Source {
  /** (source tokens, width) the encoder's last hidden states */
  readonly hidden: Tensor;
  /** (sources + 1) where each source begins */
  readonly starts: Int32Array;
  /** (sources + 1) the decoder's tokens that belong to each source; those of its rows where absent. Beams share a source. */
  readonly queryStarts?: Int32Array;
}

/** How the tokens of a decoder and its source belong together. */
export interface CrossAttentionOptions extends AttentionSettings {
  /** (sources + 1) the query tokens that belong to each source */
  readonly starts: Int32Array;
  /** (sources + 1) where each source begins */
  readonly keyStarts: Int32Array;
  /** where the keys and values of the source are kept, for inference */
  readonly past?: CachedLayer | undefined;
}

/**
 * Every token sees its whole source.
 *
 * @param query (tokens, width)
 * @param project makes the source's keys and values (source tokens, width); not called where they are kept
 * @returns (tokens, width)
 */
export function crossAttention(query: Tensor, project: () => KeysAndValues, options: CrossAttentionOptions): Tensor {
  const { attentions, past, ...settings } = options;
  const kernelOptions = {
    ...settings,
    ...(attentions && { probabilities: (p: Tensor) => void attentions.push(p) }),
  };
  if (past) {
    const kept = past.cache.source(past.layer, settings.heads, query.shape[1] ?? 0, settings.keyStarts, project);
    return cachedAttention(query, kept, kernelOptions);
  }
  const { key, value } = project();
  return attention(query, key, value, kernelOptions);
}
