/**
 * safetensors: named tensors in one file, read. The header comes first and is checked against the size of the file before
 * anything is allocated; values are read tensor by tensor. https://huggingface.co/docs/safetensors, "Format"
 */

import type { StoredTensors } from "../../nn/weights.js";
import { checkArgument, someBytes } from "../../options.js";
import { elementCount, type Shape } from "../../tensor/tensor.js";
import { type RangedFile, rangedBytes } from "../files/files.js";
import { ELEMENT_BYTES, TO_F32, TO_INTEGER } from "./element-types.js";
import {
  checkLayout,
  decodeHeader,
  type Header,
  headerBytes,
  PREFIX_BYTES,
  SafetensorsError,
  type TensorInfo,
} from "./header.js";

export { SafetensorsError } from "./header.js";

/** An open file: names and shapes are known, values are read when they are asked for. */
export interface SafetensorsFile extends StoredTensors {
  readonly metadata: ReadonlyMap<string, string>;
  /** How a tensor is stored: F32, I64, ... */
  dtype(name: string): string;
}

/** A file in memory. */
export interface Safetensors extends SafetensorsFile {
  /** Whole numbers of a tensor, each within 2^53. */
  integers(name: string): number[];
  /** A tensor's values as f32. */
  floats(name: string): Float32Array;
  /** Write a tensor's values, converted to f32, into `target`. */
  read(name: string, target: Float32Array): void;
}

/** A file's header, and the offset of the data after it. */
interface Opened {
  readonly header: Header;
  readonly data: number;
}

/**
 * Open a file that is read in parts: the header now, each tensor when it is filled.
 *
 * @throws {SafetensorsError} naming the tensor and its fault
 */
export async function openSafetensors(file: RangedFile): Promise<SafetensorsFile> {
  const prefix = await exactly(file, 0, Math.min(PREFIX_BYTES, file.size));
  const data = PREFIX_BYTES + headerBytes(prefix, file.size);
  const header = decodeHeader(await exactly(file, PREFIX_BYTES, data));
  checkLayout(header, file.size - data);
  return opened(file, { header, data });
}

/**
 * Open a file in memory.
 *
 * @throws {SafetensorsError} naming the tensor and its fault
 * @example
 * const file = readSafetensors(writeSafetensors([{ name: "x", shape: [2], values: Float32Array.of(1, 2) }]));
 * file.shape("x"); // [2]
 * file.floats("x"); // [1, 2]
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  checkArgument("readSafetensors", "bytes", bytes, someBytes);
  const data = PREFIX_BYTES + headerBytes(bytes.subarray(0, PREFIX_BYTES), bytes.length);
  const header = decodeHeader(bytes.subarray(PREFIX_BYTES, data));
  checkLayout(header, bytes.length - data);
  const view = ({ begin, end }: TensorInfo) => new DataView(bytes.buffer, bytes.byteOffset + data + begin, end - begin);
  const read = (name: string, target: Float32Array): void => {
    const info = infoOf(header, name);
    const count = elementCount(info.shape);
    if (count !== target.length)
      throw new SafetensorsError(`tensor ${name} has ${count} elements, its target ${target.length}`);
    converterOf(name, info)(view(info), target);
  };
  return {
    ...opened(rangedBytes(bytes), { header, data }),
    read,
    floats(name) {
      const target = new Float32Array(elementCount(infoOf(header, name).shape));
      read(name, target);
      return target;
    },
    integers(name) {
      const info = infoOf(header, name);
      return wholeNumbers(name, info, view(info));
    },
  };
}

function infoOf(header: Header, name: string): TensorInfo {
  const tensor = header.tensors.get(name);
  if (!tensor) throw new SafetensorsError(`the file has no tensor ${name}`);
  return tensor;
}

function converterOf(name: string, { dtype }: TensorInfo): (from: DataView, into: Float32Array) => void {
  const convert = TO_F32[dtype];
  if (convert) return convert;
  throw new SafetensorsError(
    `tensor ${name} is stored as ${dtype}; weights can be read from ${Object.keys(TO_F32).join(", ")}`,
  );
}

function wholeNumbers(name: string, { dtype, shape }: TensorInfo, from: DataView): number[] {
  const at = TO_INTEGER[dtype];
  if (!at)
    throw new SafetensorsError(
      `tensor ${name} is stored as ${dtype}; whole numbers can be read from ${Object.keys(TO_INTEGER).join(", ")}`,
    );
  return Array.from({ length: elementCount(shape) }, (_, i) => {
    const value = at(from, i);
    if (!Number.isSafeInteger(value)) throw new SafetensorsError(`tensor ${name}: element ${i} is beyond 2^53`);
    return value;
  });
}

/** Values that are handed over at once: 512 kB of f32, little beside any weights and large beside the cost of a read. */
const CHUNK_VALUES = 2 ** 17;
/** Chunks end at multiples of this many rows: whole panels of a matrix product, and whole blocks of quantized weights. */
const CHUNK_ROWS = 128;

function opened(file: RangedFile, { header, data }: Opened): SafetensorsFile {
  let buffer = new Float32Array(0);
  return {
    metadata: header.metadata,
    names: () => inFileOrder(header),
    shape: (name): Shape | undefined => header.tensors.get(name)?.shape,
    dtype: (name) => infoOf(header, name).dtype,
    async fill(name, sink, place) {
      const info = infoOf(header, name);
      const convert = converterOf(name, info);
      const width = ELEMENT_BYTES[info.dtype]!;
      const count = elementCount(info.shape);
      const block = CHUNK_ROWS * Math.max(1, elementCount(info.shape.slice(1)));
      const step = Math.max(1, Math.floor(CHUNK_VALUES / block)) * block;
      for (let first = 0; first < count; first += step) {
        const length = Math.min(step, count - first);
        const begin = data + info.begin + first * width;
        const end = begin + length * width;
        const write = info.dtype === "F32" && place && (await file.into?.(begin));
        if (write) {
          const all = ({ buffer, byteOffset, byteLength }: Float32Array) =>
            expectAll(write(new Uint8Array(buffer, byteOffset, byteLength)), begin, end);
          place(all, length, first);
          continue;
        }
        const bytes = await exactly(file, begin, end);
        if (info.dtype === "F32" && bytes.byteOffset % 4 === 0)
          sink(new Float32Array(bytes.buffer, bytes.byteOffset, length), first);
        else {
          if (buffer.length < length) buffer = new Float32Array(length);
          const chunk = buffer.subarray(0, length);
          convert(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), chunk);
          sink(chunk, first);
        }
      }
    },
  };
}

function inFileOrder(header: Header): string[] {
  return [...header.tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end).map(([name]) => name);
}

/** A part of a file, as long as it was when it was opened. */
async function exactly(file: RangedFile, begin: number, end: number): Promise<Uint8Array> {
  const bytes = await file.slice(begin, end);
  expectAll(bytes.length, begin, end);
  return bytes;
}

function expectAll(came: number, begin: number, end: number): void {
  if (came === end - begin) return;
  throw new SafetensorsError(
    `bytes ${begin} to ${end} were asked for, but ${came} came; was the file changed while it was read?`,
  );
}
