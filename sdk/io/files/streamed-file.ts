/** A file that arrives as a stream and is read in parts from front to back: weights go from the network into place. */
import type { RangedFile } from "./files.js";

/**
 * A file of a server or a binding as one that is read in parts. Weights are read in the order of their file, so one stream
 * serves all of them; a part before the last one opens another.
 *
 * @param size bytes of the whole file
 * @param from opens a stream of the file's bytes from an offset on
 * @example
 * const response = await fetch("https://localhost/model.safetensors");
 * const file = streamedFile(Number(response.headers.get("content-length")), async () => response.body!);
 */
export function streamedFile(size: number, from: (begin: number) => Promise<ReadableStream<Uint8Array>>): RangedFile {
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  /** bytes that came and were not asked for yet, and the offset of their first */
  let rest = new Uint8Array(0);
  let at = 0;
  let buffer = new Uint8Array(0);

  async function more(): Promise<boolean> {
    const { done, value } = await reader!.read();
    rest = (value as Uint8Array<ArrayBuffer> | undefined) ?? new Uint8Array(0);
    return !done;
  }

  async function seek(begin: number): Promise<void> {
    if (!reader || begin < at) {
      await reader?.cancel();
      reader = (await from(begin)).getReader();
      [rest, at] = [new Uint8Array(0), begin];
    }
    while (at + rest.length <= begin && at < begin) {
      at += rest.length;
      if (!(await more())) return;
    }
    rest = rest.subarray(begin - at);
    at = begin;
  }

  function take(count: number): Uint8Array {
    const taken = rest.subarray(0, count);
    rest = rest.subarray(taken.length);
    at += taken.length;
    return taken;
  }

  return {
    size,
    async slice(begin, end) {
      const length = Math.min(end, size) - begin;
      await seek(begin);
      if (rest.length >= length) return take(length);
      if (buffer.length < length) buffer = new Uint8Array(length);
      let filled = 0;
      do {
        const taken = take(length - filled);
        buffer.set(taken, filled);
        filled += taken.length;
      } while (filled < length && (rest.length > 0 || (await more())));
      return buffer.subarray(0, filled);
    },
    async close() {
      await reader?.cancel();
      reader = null;
    },
  };
}
