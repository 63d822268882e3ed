/** Parameters, losses and gradients of tests of ops. */
import type { Engine } from "../../sdk/engine/engine.js";
import { matmul } from "../../sdk/tensor/ops/matmul.js";
import { reshape, type Shape, type Tensor, tensor } from "../../sdk/tensor/tensor.js";

/** A tensor that wants a gradient; owned by the open scope. */
export function parameter(engine: Engine, values: ArrayLike<number>, shape: Shape = [values.length]): Tensor {
  const t = tensor(engine, values, shape);
  t.storage.traced = true;
  return t;
}

/** The sum of y * probe: a number that depends on every element of y, in its own way. */
export function weighed(y: Tensor, probe: Float32Array): Tensor {
  return matmul(reshape(y, [1, y.size]), tensor(y.engine, probe, [y.size, 1]));
}

/** Central differences of a function of an array in double precision. */
export function numericGradient(f: (x: Float64Array) => number, at: ArrayLike<number>, step = 1e-5): Float64Array {
  const x = Float64Array.from(at);
  return Float64Array.from(x, (value, i) => {
    x[i] = value + step;
    const above = f(x);
    x[i] = value - step;
    const below = f(x);
    x[i] = value;
    return (above - below) / (2 * step);
  });
}
