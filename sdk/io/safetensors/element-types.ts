/** Element types of stored tensors: how wide they are, and how they become f32 or whole numbers. Little-endian throughout. */

/** Bytes of one element, by the name that safetensors gives the type. */
export const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

/** Element `i` of a tensor of whole numbers. */
type Integer = (from: DataView, i: number) => number;

/** Readers of whole numbers, by type. */
export const TO_INTEGER: Readonly<Record<string, Integer>> = {
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

type Convert = (from: DataView, into: Float32Array) => void;

const each =
  (element: (from: DataView, i: number) => number): Convert =>
  (from, into) => {
    for (let i = 0; i < into.length; i++) into[i] = element(from, i);
  };

/** IEEE 754 binary16: moved into the fields of binary32, where the exponent's bias is 112 more. */
const fromHalf: Convert = (from, into) => {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < words.length; i++) {
    const bits = from.getUint16(2 * i, true);
    const sign = (bits & 0x8000) << 16;
    const rest = bits & 0x7fff;
    if (rest >= 0x7c00) words[i] = sign | 0x7f800000 | ((rest & 0x3ff) << 13);
    else if (rest >= 0x400) words[i] = sign | ((rest << 13) + (112 << 23));
    else into[i] = (sign ? -1 : 1) * rest * 2 ** -24;
  }
};

/** bfloat16 is the upper half of binary32. */
const fromBrainFloat: Convert = (from, into) => {
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < words.length; i++) words[i] = from.getUint16(2 * i, true) << 16;
};

const copy: Convert = (from, into) =>
  new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(
    new Uint8Array(from.buffer, from.byteOffset, into.byteLength),
  );

/** Conversions to f32 of the types that weights may have; whole numbers and f64 are rounded to the nearest f32. */
export const TO_F32: Readonly<Record<string, Convert>> = /* @__PURE__ */ (() => ({
  F32: copy,
  F16: fromHalf,
  BF16: fromBrainFloat,
  F64: each((from, i) => from.getFloat64(8 * i, true)),
  ...Object.fromEntries(
    Object.entries(TO_INTEGER).flatMap(([type, element]) => (type === "BOOL" ? [] : [[type, each(element)]])),
  ),
}))();

/** binary16 of numbers that it can hold exactly; others are cut off. */
export function halves(values: Float32Array): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const found = Uint16Array.from(words, (bits, i) => {
    const sign = (bits >>> 16) & 0x8000;
    const exponent = (bits >>> 23) & 0xff;
    if (exponent === 0xff) return sign | 0x7c00 | ((bits >>> 13) & 0x3ff);
    if (exponent < 113) return sign | (Math.abs(values[i]!) * 2 ** 24);
    return sign | (((bits & 0x7fffffff) >>> 13) - (112 << 10));
  });
  return new Uint8Array(found.buffer);
}
