/** Encodings of positions that are computed, not learned: sinusoidal and rotary. */
import type { Engine } from "../engine/engine.js";
import { cos, pow, sin } from "../math.js";
import { type Tensor, tensor } from "../tensor/tensor.js";

/**
 * Sinusoidal positions (Vaswani et al. 2017, section 3.5): sines and cosines of the angles position / 10000^(2i / width).
 * Sines fill the first half of a row and cosines the second, as in Marian's published files, instead of alternating.
 *
 * @returns (positions.length, width)
 */
export function sinusoidalPositions(engine: Engine, positions: Int32Array, width: number): Tensor {
  const half = Math.ceil(width / 2);
  const rates = Float64Array.from({ length: half }, (_, i) => pow(10000, (2 * i) / width));
  const values = new Float32Array(positions.length * width);
  for (const [row, position] of positions.entries()) {
    for (let i = 0; i < half; i++) {
      const angle = position / rates[i]!;
      values[row * width + i] = sin(angle);
      if (half + i < width) values[row * width + half + i] = cos(angle);
    }
  }
  return tensor(engine, values, [positions.length, width]);
}

/** Cosines and sines for rotary positions (Su et al. 2021, "RoFormer", arXiv:2104.09864), cached for the positions seen so far. */
export class RotaryTable {
  readonly #dim: number;
  readonly #theta: number;
  #rates: Float32Array | null = null;
  #values = new Float32Array(0);

  /**
   * @param dim width of a head
   * @param theta base of the angles: the longest period is about 2π · theta positions
   */
  constructor(dim: number, theta: number) {
    this.#dim = dim;
    this.#theta = theta;
  }

  /** One frequency per pair of dimensions of a head. Computed on first use: the constructor may see a `dim` from a file that is not validated yet. */
  #ratesOf(): Float32Array {
    const [dim, theta, { fround }] = [this.#dim, this.#theta, Math];
    this.#rates ??= Float32Array.from({ length: dim / 2 }, (_, i) => 1 / fround(pow(theta, fround((2 * i) / dim))));
    return this.#rates;
  }

  /** (positions, dim): cosines, then sines. Angles are rounded to f32 first, as the published models were trained. */
  values(positions: number): Float32Array {
    const dim = this.#dim;
    const known = this.#values.length / dim;
    if (positions <= known) return this.#values.subarray(0, positions * dim);
    const longer = new Float32Array(positions * dim);
    longer.set(this.#values);
    const rates = this.#ratesOf();
    for (let position = known; position < positions; position++) {
      for (const [i, rate] of rates.entries()) {
        const angle = Math.fround(position * rate);
        longer[position * dim + i] = cos(angle);
        longer[position * dim + dim / 2 + i] = sin(angle);
      }
    }
    this.#values = longer;
    return longer;
  }

  /** The table (positions, dim) up to the highest of `positions`, for `rotate`. */
  tensor(engine: Engine, positions: Int32Array): Tensor {
    const count = positions.reduce((highest, position) => Math.max(highest, position + 1), 1);
    return tensor(engine, this.values(count), [count, this.#dim]);
  }
}
