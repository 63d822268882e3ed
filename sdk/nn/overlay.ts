/** Weights layered over those of another model, as an adapter's over its base model's. */
import type { Tensor } from "../tensor/tensor.js";

/** A linear layer of a model: its input and output sizes, and how its weight is stored. */
export interface LinearPlace {
  readonly inner: number;
  readonly out: number;
  /** whether its weight is stored (inner, out), as GPT-2's are */
  readonly transposed: boolean;
}

/** A term added to a linear layer's output: x (rows, inner) -> (rows, out); null for none. */
export type Branch = (x: Tensor) => Tensor | null;

/**
 * Weights over those of another model: an adapter's. Parameters that they do not own are the other model's, not copies,
 * so that several adapters share one body. `W` is the class of the weights, which knows this file and not the other way
 * around.
 */
export interface Overlay<W> {
  readonly base: W;
  owns(name: string): boolean;
  /** The branch beside the linear layer that asks from `w`; null for layers that stay as they are. */
  branch(w: W, place: LinearPlace): Branch | null;
}
