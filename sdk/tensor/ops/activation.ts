/** Activations, element by element. */

import { GELU, GELU_TANH, RELU, SIGMOID, SILU, TANH } from "../../engine/abi.js";
import { launch } from "../../engine/launch.js";
import { InputError, shown } from "../../errors.js";
import { checkArgument, oneOf } from "../../options.js";
import { gradOf, handOn, isTraced, record } from "../tape.js";
import { empty, type Tensor } from "../tensor.js";

/** `gelu` is the exact one, by erf; `gelu_tanh` the approximation of the original BERT and of GPT-2. */
export type Activation = "none" | "gelu" | "gelu_tanh" | "relu" | "tanh" | "silu" | "sigmoid";

/** The kernel's number of each. */
export const ACTIVATIONS: Readonly<Record<Activation, number>> = {
  none: 0,
  gelu: GELU,
  gelu_tanh: GELU_TANH,
  relu: RELU,
  tanh: TANH,
  silu: SILU,
  sigmoid: SIGMOID,
};

/** What config.json calls them. */
const PUBLISHED: Readonly<Record<string, Activation>> = {
  linear: "none",
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_accurate: "gelu_tanh",
  gelu_new: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  relu: "relu",
  tanh: "tanh",
  silu: "silu",
  swish: "silu",
  sigmoid: "sigmoid",
};

/**
 * The activation that a config.json names.
 *
 * @example
 * activationNamed("gelu_new"); // "gelu_tanh"
 *
 * @param field the field that has it, for the message
 * @throws {InputError} for a name that is not supported
 */
export function activationNamed(name: string, field = "activation"): Activation {
  const kind = Object.hasOwn(PUBLISHED, name) ? PUBLISHED[name] : undefined;
  if (!kind)
    throw new InputError(
      `config.json: ${field} ${shown(name)} is not supported; expected one of ${Object.keys(PUBLISHED).join(", ")}`,
    );
  return kind;
}

/**
 * y = f(x), of the shape of x; with "none", x itself.
 *
 * @example
 * activate(tensor(engine, [-1, 2]), "relu").data; // [0, 2]
 */
export function activate(x: Tensor, kind: Activation): Tensor {
  checkArgument("activate", "kind", kind, oneOf("none", ...Object.keys(ACTIVATIONS)));
  if (kind === "none") return x;
  return activateInto(x, kind, isTraced(x) ? empty(x.engine, x.shape) : null);
}

/** The same for an x that nothing else reads: in training f'(x) takes the place of its values. */
export function activateLast(x: Tensor, kind: Activation): Tensor {
  return kind === "none" ? x : activateInto(x, kind, x);
}

/** @param slope where f'(x) is kept for the backward pass */
function activateInto(x: Tensor, kind: Activation, slope: Tensor | null): Tensor {
  const { engine, size } = x;
  const number = ACTIVATIONS[kind];
  const y = empty(engine, x.shape);
  if (!slope || !isTraced(x)) {
    launch(engine, "activate", size, y.address, x.address, number);
    return y;
  }
  launch(engine, "activateForTraining", size, y.address, slope.address, x.address, number);
  return record(y, [x], (dy) => {
    if (handOn(y, x)) launch(engine, "multiply", size, dy.address, dy.address, slope.address);
    else launch(engine, "multiplyAdd", size, gradOf(x).address, dy.address, slope.address);
  });
}
