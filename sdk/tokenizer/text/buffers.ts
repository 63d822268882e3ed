/** Typed arrays of text: UTF-16 units, and arrays that grow. */

/** Units [start, end) as a string, in chunks, because a call takes a limited number of arguments. */
export function decodeUnits(units: Uint16Array, start: number, end: number): string {
  if (end - start <= 4096) return String.fromCharCode.apply(null, units.subarray(start, end) as unknown as number[]);
  let text = "";
  for (let at = start; at < end; at += 4096) text += decodeUnits(units, at, Math.min(end, at + 4096));
  return text;
}

/** Copy `from` to the start of the larger array `to`, and return that. */
export function grown<T extends Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array>(
  from: T,
  to: T,
): T {
  to.set(from);
  return to;
}
