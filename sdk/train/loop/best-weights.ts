/** The best weights of a run, and early stopping. */
import type { NamedTensor } from "../../io/safetensors/write-safetensors.js";
import type { Weights } from "../../nn/weights.js";

/** State of the best figure so far. */
export interface BestState {
  /** the best figure; NaN before the first one that is a number */
  readonly figure: number;
  /** figures since the best one */
  readonly since: number;
  /** figures so far */
  readonly seen: number;
}

/**
 * The weights that had the best figure so far.
 *
 * @example
 * const best = new BestWeights(weights);
 * if (best.offer(0.93)) console.log("better");
 * if (best.state.since >= 3) best.restore(); // early stopping
 */
export class BestWeights {
  #state: BestState = { figure: Number.NaN, since: 0, seen: 0 };
  #copies: ReadonlyMap<string, Float32Array> = new Map();

  constructor(readonly weights: Weights) {}

  get state(): BestState {
    return this.#state;
  }

  /** Note the figure of the weights as they are now; they are copied when it is the first, or better than all before. */
  offer(figure: number): boolean {
    const { seen, since } = this.#state;
    // A figure that is not a number (a correlation of constants) is worse than any other.
    const better =
      seen === 0 || figure > this.#state.figure || (Number.isNaN(this.#state.figure) && !Number.isNaN(figure));
    if (better) this.#copies = new Map(Array.from(this.weights.entries(), ([name, t]) => [name, t.toArray()]));
    this.#state = better ? { figure, since: 0, seen: seen + 1 } : { ...this.#state, since: since + 1, seen: seen + 1 };
    return better;
  }

  /** Restore the best weights; a no-op before the first figure. */
  restore(): void {
    for (const [name, parameter] of this.weights.entries()) {
      const copy = this.#copies.get(name);
      if (!copy) continue;
      parameter.assign(copy);
    }
  }

  /** The copies, for a checkpoint. */
  tensors(): NamedTensor[] {
    const shapes = new Map(Array.from(this.weights.entries(), ([name, { shape }]) => [name, shape]));
    return Array.from(this.#copies, ([name, values]) => ({ name, shape: shapes.get(name)!, values }));
  }

  /** Restore the state of a checkpoint. */
  resume(state: BestState, copies: ReadonlyMap<string, Float32Array>): void {
    this.#state = state;
    this.#copies = copies;
  }
}
