/** Reading Protocol Buffers, as far as SentencePiece's model files need it. The bytes are untrusted. */
import { TokenizerError } from "../errors.js";

/** One field of a message: its number, and its value as a number (varint, fixed) or as bytes. */
export type Field =
  | { readonly number: number; readonly value: number }
  | { readonly number: number; readonly bytes: Uint8Array };

/** All fields of a message, in order. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const fail = (): never => {
    throw new TokenizerError(
      `SentencePiece model: no field can be read at byte ${at} of a message. Is the file whole?`,
    );
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) return fail();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return fail();
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const kind = key % 8;
    const size = kind === 2 ? varint() : kind === 5 ? 4 : kind === 1 ? 8 : 0;
    if (at + size > message.length || (kind !== 0 && size === 0 && kind !== 2)) fail();
    if (kind === 0) yield { number, value: varint() };
    else if (kind === 2) yield { number, bytes: message.subarray(at, at + size) };
    else yield { number, value: kind === 5 ? view.getFloat32(at, true) : view.getFloat64(at, true) };
    at += size;
  }
}
