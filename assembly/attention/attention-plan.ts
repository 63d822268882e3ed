/**
 * One call of attention as a record in memory, which the host writes and every worker of a call reads.
 *
 * The build reads the fields and their types from this file, so that the host writes them by name: sdk/engine/layout.ts.
 */
@unmanaged
export class AttentionPlan {
  /** (query tokens, heads * dim) the result */
  out: usize;
  /** where the probabilities are kept, or 0 */
  probabilities: usize;
  /** (query tokens, heads * dim) */
  query: usize;
  /** (key tokens, heads * dim) */
  key: usize;
  /** (key tokens, heads * dim) */
  value: usize;
  /** added to scale * q kᵀ, or 0: (queries, keys) for each head of each sequence, one after the other */
  bias: usize;
  /** i32 (sequences + 1) the first element of each sequence's bias */
  biasOffsets: usize;
  /** i32 (sequences + 1) the first query token of each sequence */
  starts: usize;
  /** i32 (sequences + 1) the first key token of each sequence */
  keyStarts: usize;
  /** i32 (sequences + 1) the first element of each sequence's probabilities */
  offsets: usize;
  heads: i32;
  /** width of a head */
  dim: i32;
  /** factor applied to q·k */
  scale: f32;
  /** keys that a query sees before its own place */
  before: i32;
  /** keys that a query sees after its own place */
  after: i32;
  /** a probability whose random 32 bits are below it is dropped; 0 drops nothing */
  threshold: u32;
  /** factor applied to kept probabilities */
  keepScale: f32;
  /** key of the random numbers */
  seed: u32;
  step: u32;
  stream: u32;

  // Fields of the backward pass only.

  /** (query tokens, heads * dim) the gradient of the result */
  dout: usize;
  /** where each gradient goes, or 0 where it is not wanted; 0: it is written, 1: it is added to */
  dquery: usize;
  addQuery: i32;
  dkey: usize;
  addKey: i32;
  dvalue: usize;
  addValue: i32;
  /** address to which the gradient of the bias is added, or 0 */
  dbias: usize;
}
