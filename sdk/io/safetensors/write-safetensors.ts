/** safetensors files, written: the same tensors give the same bytes, whatever their order. */
import { shown } from "../../errors.js";
import { elementCount, type Shape } from "../../tensor/tensor.js";
import { SafetensorsError } from "./header.js";

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
      throw new SafetensorsError(`${shown(name)} cannot be the name of a tensor`);
    if (i > 0 && sorted[i - 1]!.name === name) throw new SafetensorsError(`tensor ${name} is given twice`);
    if (elementCount(shape) !== values.length)
      throw new SafetensorsError(
        `tensor ${name}: shape [${shape}] has ${elementCount(shape)} elements, got ${values.length} values`,
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
