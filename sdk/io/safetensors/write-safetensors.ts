/** safetensors files, written: the same tensors give the same bytes, whatever their order. */

import { shown } from "../../errors.js";
import { checkArguments, listOf, type Rule, wholeNumber } from "../../options.js";
import { type Parameter, withValues } from "../../tensor/matrix.js";
import { elementCount, type Shape } from "../../tensor/tensor.js";
import { ELEMENT_BYTES } from "./element-types.js";
import { SafetensorsError } from "./header.js";

/** A tensor to write, as f32. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A tensor to write in the bytes of another type. */
export interface TensorBytes {
  readonly name: string;
  readonly shape: Shape;
  /** by the name that safetensors gives it: I8, F16 … */
  readonly dtype: string;
  readonly bytes: Uint8Array;
}

/** A parameter to write, as f32. It is read in place: large weights are copied once, into the file. */
export interface NamedParameter {
  readonly name: string;
  readonly shape: Shape;
  readonly parameter: Parameter;
}

/** A tensor of a file, as it is given to {@link writeSafetensors}. */
export type WrittenTensor = NamedTensor | TensorBytes | NamedParameter;

const dtypeOf = (tensor: WrittenTensor): string => ("dtype" in tensor ? tensor.dtype : "F32");

/** What `read` makes of a tensor's bytes, which it must not keep. */
function withBytes<T>(tensor: WrittenTensor, read: (bytes: Uint8Array) => T): T {
  if ("bytes" in tensor) return read(tensor.bytes);
  return valuesIn(tensor, ({ buffer, byteOffset, byteLength }) => read(new Uint8Array(buffer, byteOffset, byteLength)));
}

const valuesIn = <T>(tensor: NamedTensor | NamedParameter, read: (values: Float32Array) => T): T =>
  "values" in tensor ? read(tensor.values) : withValues(tensor.parameter, read);

const byteLengthOf = (tensor: WrittenTensor): number =>
  "parameter" in tensor
    ? tensor.parameter.size * Float32Array.BYTES_PER_ELEMENT
    : withBytes(tensor, ({ length }) => length);

const aNamedTensor: Rule = {
  expected: "a tensor with name, shape and values, or with dtype and bytes",
  accepts: (value) => {
    const { name, shape, values, bytes, parameter } = (value ?? {}) as Partial<
      NamedTensor & TensorBytes & NamedParameter
    >;
    const isFilled = values instanceof Float32Array || bytes instanceof Uint8Array || parameter !== undefined;
    return typeof name === "string" && listOf(wholeNumber(0)).accepts(shape) && isFilled;
  },
};

const someTexts: Rule = {
  expected: "an object of texts by name",
  accepts: (value) =>
    typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string"),
};

/** Anything that a reader would refuse must not be written. */
function requireWritable(sorted: readonly WrittenTensor[]): void {
  for (const [i, tensor] of sorted.entries()) {
    const { name, shape } = tensor;
    if (name === "__metadata__" || !name.isWellFormed())
      throw new SafetensorsError(`${shown(name)} cannot be the name of a tensor`);
    if (i > 0 && sorted[i - 1]!.name === name) throw new SafetensorsError(`tensor ${name} is given twice`);
    const count = byteLengthOf(tensor) / ELEMENT_BYTES[dtypeOf(tensor)]!;
    if (elementCount(shape) !== count)
      throw new SafetensorsError(
        `tensor ${name}: shape [${shape}] has ${elementCount(shape)} elements, got ${count} values`,
      );
    if ("bytes" in tensor) continue;
    const broken = valuesIn(tensor, (values) => values.findIndex(Number.isNaN));
    if (broken >= 0)
      throw new SafetensorsError(`tensor ${name}: element ${broken} is not a number; did training diverge?`);
  }
}

/**
 * The bytes of a file that holds these tensors; the same tensors in any order give the same bytes.
 *
 * @throws {SafetensorsError} when a value is not a number: such weights are broken, and NaN bits differ between machines
 * @example
 * readSafetensors(writeSafetensors([{ name: "x", shape: [2], values: Float32Array.of(1, 2) }])).metadata.get("format"); // "pt"
 */
export function writeSafetensors(
  tensors: readonly WrittenTensor[],
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array {
  checkArguments("writeSafetensors", { tensors, metadata }, { tensors: listOf(aNamedTensor), metadata: someTexts });
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  requireWritable(sorted);
  let end = 0;
  const entries = sorted.map((tensor) => {
    const { name, shape } = tensor;
    const begin = end;
    end += byteLengthOf(tensor);
    return `${JSON.stringify(name)}:{"dtype":"${dtypeOf(tensor)}","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
  });
  const text = new TextEncoder().encode(
    `{"__metadata__":${JSON.stringify(metadata)}${entries.map((entry) => `,${entry}`).join("")}}`,
  );
  // The data begins at a multiple of eight bytes, so that readers can map it.
  const header = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + header + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(header), true);
  file.fill(0x20, 8 + text.length, 8 + header);
  file.set(text, 8);
  let at = 8 + header;
  for (const tensor of sorted) {
    withBytes(tensor, (bytes) => file.set(bytes, at));
    at += byteLengthOf(tensor);
  }
  return file;
}
