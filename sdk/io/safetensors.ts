/** safetensors: named tensors in one file. Reading is lazy and bounds-checked; writing is deterministic. */
import type { StoredTensors } from "../nn/weights.js";
import type { Shape } from "../tensor/tensor.js";
import { checkLayout, type Header, parseHeader, SafetensorsError } from "./header.js";

export { SafetensorsError } from "./header.js";

/** No published file comes near; a longer header is an attack or a mistake. */
const LONGEST_HEADER = 100_000_000;

/** An open file: its tensors by name, converted as they are read. */
export interface Safetensors extends StoredTensors {
  readonly metadata: ReadonlyMap<string, string>;
  /** How a tensor is stored: F32, I64, ... */
  dtype(name: string): string;
  /** Whole numbers of a tensor, each within 2^53. */
  integers(name: string): number[];
  /** A tensor's values as f32. */
  floats(name: string): Float32Array;
}

/** f16 bits to a number. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const CONVERT: Readonly<Record<string, (from: DataView, into: Float32Array) => void>> = {
  F32: (from, into) => {
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(
      new Uint8Array(from.buffer, from.byteOffset, from.byteLength),
    );
  },
  F16: (from, into) => {
    for (let i = 0; i < into.length; i++) into[i] = half(from.getUint16(2 * i, true));
  },
  BF16: (from, into) => {
    const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < bits.length; i++) bits[i] = from.getUint16(2 * i, true) << 16;
  },
};

const INTEGER: Readonly<Record<string, (from: DataView, index: number) => number>> = {
  I64: (from, i) => Number(from.getBigInt64(8 * i, true)),
  U64: (from, i) => Number(from.getBigUint64(8 * i, true)),
  I32: (from, i) => from.getInt32(4 * i, true),
  U32: (from, i) => from.getUint32(4 * i, true),
  I16: (from, i) => from.getInt16(2 * i, true),
  U16: (from, i) => from.getUint16(2 * i, true),
  I8: (from, i) => from.getInt8(i),
  U8: (from, i) => from.getUint8(i),
  BOOL: (from, i) => from.getUint8(i),
};

const countOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/**
 * Open the bytes of a file; every size is checked before anything is allocated.
 *
 * @throws {SafetensorsError} saying what is wrong with which tensor
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = open(bytes);
  const info = (name: string) => {
    const tensor = header.tensors.get(name);
    if (!tensor) throw new SafetensorsError(`the file has no tensor ${name}`);
    return tensor;
  };
  const view = (name: string) => {
    const { begin, end } = info(name);
    return new DataView(data.buffer, data.byteOffset + begin, end - begin);
  };
  const read = (name: string, target: Float32Array): void => {
    const { dtype, shape } = info(name);
    const convert = CONVERT[dtype];
    if (!convert)
      throw new SafetensorsError(
        `tensor ${name} is stored as ${dtype}; weights can be read from ${Object.keys(CONVERT).join(", ")}`,
      );
    const count = countOf(shape);
    if (count !== target.length)
      throw new SafetensorsError(`tensor ${name} has ${count} elements, its target ${target.length}`);
    convert(view(name), target);
  };
  return {
    metadata: header.metadata,
    names: () => header.tensors.keys(),
    shape: (name): Shape | undefined => header.tensors.get(name)?.shape,
    dtype: (name) => info(name).dtype,
    read,
    floats(name) {
      const target = new Float32Array(countOf(info(name).shape));
      read(name, target);
      return target;
    },
    integers(name) {
      const { dtype, shape } = info(name);
      const at = INTEGER[dtype];
      if (!at)
        throw new SafetensorsError(
          `tensor ${name} is stored as ${dtype}; whole numbers can be read from ${Object.keys(INTEGER).join(", ")}`,
        );
      const from = view(name);
      return Array.from({ length: countOf(shape) }, (_, i) => {
        const value = at(from, i);
        if (!Number.isSafeInteger(value)) throw new SafetensorsError(`tensor ${name}: element ${i} is beyond 2^53`);
        return value;
      });
    },
  };
}

function open(bytes: Uint8Array): { header: Header; data: Uint8Array } {
  if (bytes.length < 8)
    throw new SafetensorsError(`a safetensors file has at least 8 bytes, got ${bytes.length}; is it cut off?`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > LONGEST_HEADER)
    throw new SafetensorsError(
      `the header would have ${length} bytes, more than ${LONGEST_HEADER}; is this a safetensors file?`,
    );
  if (length > bytes.length - 8)
    throw new SafetensorsError(
      `the header would have ${length} bytes, but only ${bytes.length - 8} follow; is the file cut off?`,
    );
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
  } catch {
    throw new SafetensorsError("the header is not valid UTF-8");
  }
  const header = parseHeader(text);
  const data = bytes.subarray(8 + length);
  checkLayout(header, data.length);
  return { header, data };
}

/** A tensor to write. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** What a reader would refuse must not be written. */
function requireWritable(sorted: readonly NamedTensor[]): void {
  for (const [i, { name, shape, values }] of sorted.entries()) {
    if (name === "__metadata__" || !name.isWellFormed())
      throw new SafetensorsError(`${JSON.stringify(name)} cannot be the name of a tensor`);
    if (i > 0 && sorted[i - 1]!.name === name) throw new SafetensorsError(`tensor ${name} is given twice`);
    if (countOf(shape) !== values.length)
      throw new SafetensorsError(
        `tensor ${name}: shape [${shape}] has ${countOf(shape)} elements, got ${values.length} values`,
      );
    const broken = values.findIndex(Number.isNaN);
    if (broken >= 0)
      throw new SafetensorsError(`tensor ${name}: element ${broken} is not a number; did training diverge?`);
  }
}

/**
 * The bytes of a file that holds these f32 tensors; the same tensors in any order give the same bytes.
 *
 * @throws {SafetensorsError} when a value is not a number: such weights are broken, and NaN bits differ between machines
 */
export function writeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  requireWritable(sorted);
  let end = 0;
  const entries = sorted.map(({ name, shape, values }) => {
    const begin = end;
    end += 4 * values.length;
    return `${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape}],"data_offsets":[${begin},${end}]}`;
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
  for (const { values } of sorted) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}
