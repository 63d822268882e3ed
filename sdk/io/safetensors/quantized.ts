/**
 * Quantized weights in safetensors: how this package stores them, and how other schemes are recognized and refused.
 *
 * A matrix `name` in 8 bits is an I8 tensor of its own shape, whole numbers from -63 to 63, and `name_scale`, F32, with a
 * scale for every 128 inputs: (out, ⌈in / 128⌉) beside (out, in), and (⌈in / 128⌉, out) beside (in, out). In 4 bits it is
 * a U8 tensor (out, in / 2) or (in / 2, out), two inputs a byte, the even one in the low half, each a whole number plus 8,
 * and a BF16 scale for every 32 inputs. A weight is its whole number times its scale. config.json says
 *
 *   "quantization_config": {"quant_method": "cloze", "dtype": "q8"}
 */
import { shown } from "../../errors.js";
import { ConfigError, type Section } from "../../models/family/config.js";
import type { StoredTensors } from "../../nn/weights.js";
import type { CompactDtype } from "../../tensor/compact-panels.js";
import type { Orientation } from "../../tensor/matrix.js";
import { elementCount, type Shape } from "../../tensor/tensor.js";
import { fieldsOf } from "../files/files.js";
import { SafetensorsError } from "./header.js";
import type { TensorBytes } from "./write-safetensors.js";

/** Weights stored as integers and scales. */
export type QuantizedDtype = Exclude<CompactDtype, "f16">;

const METHOD = "cloze";
const SCALE = "_scale";
/** Inputs that share a scale. */
const GROUP: Readonly<Record<QuantizedDtype, number>> = { q8: 128, q4: 32 };
/** The element types of the integers, and their formats. */
const STORED: Readonly<Record<string, QuantizedDtype>> = { I8: "q8", U8: "q4" };

export const quantizationConfig = (dtype: QuantizedDtype): Section => ({
  quant_method: METHOD,
  dtype,
  group_size: GROUP[dtype],
});

/**
 * How a folder's weights are quantized by its config.json; null where they are not.
 *
 * @throws {ConfigError} naming a scheme that is not this package's
 */
export function quantizationOf(config: Section): QuantizedDtype | null {
  const stated = config["quantization_config"];
  if (stated === undefined || stated === null) return null;
  const { quant_method: method, dtype, fmt, format, load_in_8bit, load_in_4bit } = fieldsOf(stated);
  if (method === METHOD && (dtype === "q8" || dtype === "q4")) return dtype;
  if (method === METHOD)
    throw new ConfigError(`config.json: quantization_config.dtype ${shown(dtype)} is not known; expected "q8" or "q4"`);
  const name =
    typeof method === "string" ? method : load_in_8bit === true || load_in_4bit === true ? "bitsandbytes" : "unknown";
  const kind = typeof format === "string" ? ` (${format})` : typeof fmt === "string" ? ` (${fmt})` : "";
  throw new ConfigError(
    `config.json: these weights are quantized with ${name}${kind}, which is not read; take the folder of the model before it was quantized and load it with dtype "q8", or quantize it with cloze quantize`,
  );
}

/** Tensors of files, with their element types. */
export interface TypedTensors extends StoredTensors {
  dtype(name: string): string;
}

/** The same tensors with whole numbers and scales multiplied: names and shapes are those of the model. */
export function dequantized(stored: TypedTensors): StoredTensors {
  const names = new Set(stored.names());
  const isScale = (name: string) => name.endsWith(SCALE) && names.has(name.slice(0, -SCALE.length));
  const kept = [...names].filter((name) => !isScale(name));
  const schemeOf = (name: string): QuantizedDtype | undefined =>
    names.has(name + SCALE) ? STORED[stored.dtype(name)] : undefined;
  const layoutOf = (name: string): Layout =>
    layout(name, schemeOf(name)!, stored.shape(name)!, stored.shape(name + SCALE)!);
  let reading: Promise<ReadonlyMap<string, Float32Array>> | null = null;
  /** All scales, before any whole numbers: files have them in front, and a stream is not read twice for each matrix. */
  const scalesOf = async (name: string): Promise<Float32Array> => {
    reading ??= (async () => {
      const all = new Map<string, Float32Array>();
      for (const scale of [...names].filter(isScale)) {
        const values = new Float32Array(elementCount(stored.shape(scale)!));
        await stored.fill(scale, (part, first) => values.set(part, first));
        all.set(scale, values);
      }
      return all;
    })();
    return (await reading).get(name + SCALE)!;
  };
  return {
    names: () => kept,
    shape: (name) => (isScale(name) ? undefined : schemeOf(name) ? layoutOf(name).shape : stored.shape(name)),
    async fill(name, sink, place) {
      const scheme = schemeOf(name);
      if (!scheme) return stored.fill(name, sink, place);
      const own = layoutOf(name);
      const scales = await scalesOf(name);
      const width = own.shape[1]!;
      if (scheme === "q8")
        return stored.fill(name, (values, first) => {
          scaleRows(values, first / width, own, scales);
          sink(values, first);
        });
      const halves = stored.shape(name)![1]!;
      return stored.fill(name, (bytes, first) => {
        const values = unpackedHalves(bytes, halves, own);
        const row = (first / halves) * (own.orientation === "out-inner" ? 1 : 2);
        scaleRows(values, row, own, scales);
        sink(values, row * width);
      });
    },
  };
}

/** Which axis of a matrix has scales, and its shape. */
interface Layout {
  readonly orientation: Orientation;
  readonly group: number;
  readonly shape: Shape;
  readonly scales: Shape;
}

function layout(name: string, scheme: QuantizedDtype, stored: Shape, scales: Shape): Layout {
  const group = GROUP[scheme];
  const each = scheme === "q4" ? 2 : 1;
  if (stored.length === 2 && scales.length === 2) {
    const [rows, columns] = stored as [number, number];
    const [down, across] = scales as [number, number];
    if (down === rows && across === Math.ceil((columns * each) / group))
      return { orientation: "out-inner", group, shape: [rows, columns * each], scales };
    if (across === columns && down === Math.ceil((rows * each) / group))
      return { orientation: "inner-out", group, shape: [rows * each, columns], scales };
  }
  throw new SafetensorsError(
    `tensor ${name}: its scales are [${scales}] beside [${stored}]; expected one for every ${group} inputs`,
  );
}

/** Multiply whole rows, the first of them `row`, by their scales. */
function scaleRows(
  values: Float32Array,
  row: number,
  { orientation, group, shape }: Layout,
  scales: Float32Array,
): void {
  const width = shape[1]!;
  const groups = Math.ceil(width / group);
  for (let first = 0; first < values.length; first += width, row++) {
    if (orientation === "inner-out") {
      const from = Math.floor(row / group) * width;
      for (let j = 0; j < width; j++) values[first + j]! *= scales[from + j]!;
    } else {
      for (let j = 0; j < width; j++) values[first + j]! *= scales[row * groups + Math.floor(j / group)]!;
    }
  }
}

/** Whole numbers of rows of bytes, two in each. */
function unpackedHalves(bytes: Float32Array, width: number, { orientation }: Layout): Float32Array {
  const values = new Float32Array(2 * bytes.length);
  for (const [i, byte] of bytes.entries()) {
    const row = Math.floor(i / width);
    const [even, step] = orientation === "out-inner" ? [2 * i, 1] : [2 * row * width + (i - row * width), width];
    values[even] = (byte & 15) - 8;
    values[even + step] = (byte >> 4) - 8;
  }
  return values;
}

/** A weight that was quantized, as the tensors that it is stored as. */
export function quantizedTensors(
  name: string,
  values: Float32Array,
  shape: Shape,
  orientation: Orientation,
  dtype: QuantizedDtype,
): TensorBytes[] {
  const [rows, width] = shape as [number, number];
  const group = GROUP[dtype];
  const isByRow = orientation === "out-inner";
  const inner = isByRow ? width : rows;
  const groups = Math.ceil(inner / group);
  const place = (out: number, k: number) => (isByRow ? out * width + k : k * width + out);
  const outs = isByRow ? rows : width;
  const scales = new Float32Array(outs * groups);
  const whole = new Int8Array(values.length);
  for (let out = 0; out < outs; out++) {
    for (let g = 0; g < groups; g++) {
      const end = Math.min(inner, (g + 1) * group);
      const scale = scaleOf(dtype, g * group, end, (k) => values[place(out, k)]!);
      scales[isByRow ? out * groups + g : g * outs + out] = scale;
      for (let k = g * group; k < end; k++)
        whole[place(out, k)] = scale === 0 ? 0 : Math.round(values[place(out, k)]! / scale);
    }
  }
  const scaleShape = isByRow ? [outs, groups] : [groups, outs];
  if (dtype === "q8")
    return [
      { name, shape, dtype: "I8", bytes: new Uint8Array(whole.buffer) },
      { name: name + SCALE, shape: scaleShape, dtype: "F32", bytes: new Uint8Array(scales.buffer) },
    ];
  // bf16 is the upper half of f32; the lower half of these scales is zero.
  const upper = Uint16Array.from(new Uint32Array(scales.buffer), (bits) => bits >>> 16);
  return [
    {
      name,
      shape: isByRow ? [outs, inner / 2] : [inner / 2, outs],
      dtype: "U8",
      bytes: packedHalves(whole, [outs, inner], isByRow),
    },
    { name: name + SCALE, shape: scaleShape, dtype: "BF16", bytes: new Uint8Array(upper.buffer) },
  ];
}

/** The scale that the values of a group are whole multiples of, as assembly/product/q8.ts and assembly/product/q4.ts chose it. */
function scaleOf(dtype: QuantizedDtype, begin: number, end: number, value: (k: number) => number): number {
  let most = 0;
  for (let k = begin; k < end; k++) if (Math.abs(value(k)) > Math.abs(most)) most = value(k);
  return dtype === "q8" ? Math.abs(most) / 63 : most / -8;
}

function packedHalves(whole: Int8Array, [outs, inner]: readonly [number, number], isByRow: boolean): Uint8Array {
  const bytes = new Uint8Array(whole.length / 2);
  const [outStep, step] = isByRow ? [inner, 1] : [1, outs];
  for (let out = 0; out < outs; out++)
    for (let k = 0; k < inner; k += 2) {
      const even = out * outStep + k * step;
      bytes[isByRow ? even / 2 : (k / 2) * outs + out] = (whole[even]! + 8) | ((whole[even + step]! + 8) << 4);
    }
  return bytes;
}
