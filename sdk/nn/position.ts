/** Where a token stands, as numbers that are computed and not learned. */
import type { Engine } from "../engine/engine.js";
import { cos, pow, sin } from "../tensor/math.js";
import { type Tensor, tensor } from "../tensor/tensor.js";

/**
 * Sines in the first half of each row, cosines in the second, of angles position / 10000^(2i / width). Vaswani et al.
 * 2017, section 3.5; halves instead of turns as in Marian's published files.
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
