/** Values other than plain ones that cross to another thread: errors with their classes, and buffers that move. */
import { DataError } from "../data/source.js";
import { DisposedError, OutOfMemoryError, UnsupportedBuildError, WorkerError } from "../engine/errors.js";
import { InputError } from "../errors.js";
import { LabelError } from "../heads/labels.js";
import { LayerError } from "../heads/layer-states.js";
import { ModelFileError } from "../io/files/files.js";
import { DownloadError, HubError } from "../io/hub/errors.js";
import { SafetensorsError } from "../io/safetensors/safetensors.js";
import { JsonError } from "../json.js";
import { ConfigError } from "../models/family/config.js";
import { WeightsError } from "../nn/planned.js";
import { ArgumentError } from "../options.js";
import { CompactWeightError } from "../tensor/matrix.js";
import { TokenizerError } from "../tokenizer/errors.js";
import { TrainingError } from "../train/loop/train.js";

/** Classes by the names that their errors have. */
const classes = () => ({
  ...{ ArgumentError, CompactWeightError, ConfigError, DataError, DisposedError, DownloadError, HubError, InputError },
  ...{
    JsonError,
    LabelError,
    LayerError,
    ModelFileError,
    OutOfMemoryError,
    SafetensorsError,
    TokenizerError,
    TrainingError,
  },
  ...{ UnsupportedBuildError, WeightsError, WorkerError },
  ...{ Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError },
});

/** An error as a value that can be posted. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** own fields, such as the names that a WeightsError lists */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause?: Thrown;
}

/** Anything that was thrown: an error, or another value. */
export type Thrown = { readonly error: PlainError } | { readonly value: unknown };

const STANDARD = ["name", "message", "stack", "cause"];

export function plainThrown(thrown: unknown): Thrown {
  if (!(thrown instanceof Error)) return { value: thrown };
  const { name, message, stack, cause } = thrown;
  const plain = (value: unknown): boolean => typeof value !== "function" && typeof value !== "symbol";
  const fields = Object.entries(thrown).filter(([field, value]) => !STANDARD.includes(field) && plain(value));
  return {
    error: {
      name,
      message,
      stack,
      fields: Object.fromEntries(fields),
      ...(cause !== undefined && { cause: plainThrown(cause) }),
    },
  };
}

/** The same error in this thread: an instance of the same class, with the same message, fields and place. */
export function revivedThrown(thrown: Thrown): unknown {
  if (!("error" in thrown)) return thrown.value;
  const { name, message, stack, fields, cause } = thrown.error;
  // An abort is not a class of errors but a DOMException of this name.
  const isDom = !Object.hasOwn(classes(), name) && typeof DOMException !== "undefined" && /^\w+Error$/.test(name);
  if (isDom) return new DOMException(message, name);
  const known = (classes() as Readonly<Record<string, unknown>>)[name] ?? Error;
  const error = Reflect.construct(Error, [message], known as new () => Error) as Error;
  Object.assign(error, fields);
  const hidden = { name, stack, ...(cause && { cause: revivedThrown(cause) }) };
  for (const [field, value] of Object.entries(hidden))
    Object.defineProperty(error, field, { value, configurable: true, writable: true });
  return error;
}

/** The buffers inside a result that move to the other thread: those of typed arrays that fill them. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null)
    for (const inner of Object.values(value)) buffersOf(inner, found);
  return [...found];
}
