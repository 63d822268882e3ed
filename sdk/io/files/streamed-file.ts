/** A file that arrives as a stream and is read in parts from front to back: weights go from the network into place. */
import type { RangedFile } from "./files.js";

/** Bytes of the memory that a stream of bytes fills again and again. */
const BLOCK = 65536;

/** What {@link readerOf} has in common with both kinds of readers. */
interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/**
 * Reads a stream part by part; a part is valid until the next. Streams of bytes, as responses are, fill one block of memory
 * again and again: a new array for each part would be garbage in the size of the weights, before it is collected.
 */
function readerOf(stream: ReadableStream<Uint8Array>): Reader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    return stream.getReader();
  }
  let block = new ArrayBuffer(BLOCK);
  return {
    async read() {
      const result = await reader.read(new Uint8Array(block));
      if (result.value) block = result.value.buffer;
      return result;
    },
    cancel: () => reader.cancel(),
  };
}

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
  let reader: Reader | null = null;
  /** bytes that came and were not asked for yet, and the offset of their first */
  let rest: Uint8Array = new Uint8Array(0);
  let at = 0;
  let buffer = new Uint8Array(0);

  async function more(): Promise<boolean> {
    const { done, value } = await reader!.read();
    rest = value ?? new Uint8Array(0);
    return !done;
  }

  async function seek(begin: number): Promise<void> {
    if (!reader || begin < at) {
      await reader?.cancel();
      reader = readerOf(await from(begin));
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
