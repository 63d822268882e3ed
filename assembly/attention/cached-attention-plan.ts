/** One call of attention over blocks of kept keys and values, which the host writes and every worker of the call reads. */
@unmanaged
export class CachedAttentionPlan {
  /** (query tokens, heads * dim) the result */
  out: usize;
  /** where the probabilities go, or 0; laid out as the bias is */
  probabilities: usize;
  /** (query tokens, heads * dim) */
  query: usize;
  /** added to scale * q kᵀ, or 0: (queries, keys) for each head of each sequence, one after the other */
  bias: usize;
  /** i32 (sequences + 1) the first element of each sequence's bias */
  biasOffsets: usize;
  /** i32 (sequences + 1) the first query token of each sequence */
  starts: usize;
  /** i32 (sequences) the keys of each sequence */
  lengths: usize;
  /** u32 (sequences, blocksPerRow) the addresses of each sequence's blocks */
  blocks: usize;
  blocksPerRow: i32;
  heads: i32;
  /** width of a head */
  dim: i32;
  /** factor applied to q·k */
  scale: f32;
  /** keys that a query sees after its own place */
  after: i32;
  /** 1 where keys and values are kept in binary16, 0 where they are f32 */
  half: i32;
}
