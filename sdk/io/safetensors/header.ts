/**
 * The header of a safetensors file, read by a tokenizer of its own.
 *
 * `JSON.parse` silently keeps the last of two equal keys and rounds numbers beyond 2^53; a file with such a
 * layout must be refused instead. The format: https://huggingface.co/docs/safetensors, "Format".
 */
import { InputError, shown } from "../../errors.js";
import { foreignKind } from "../files/file-kinds.js";
import { ELEMENT_BYTES } from "./element-types.js";

/** A file that violates its format. */
export class SafetensorsError extends InputError {
  override name = "SafetensorsError";
}

/** A tensor's entry in a header. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** bytes [begin, end) of the data after the header */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads exactly the JSON that a header may hold: objects of texts, texts, and lists of whole numbers. */
class Scanner {
  #at = 0;
  constructor(readonly text: string) {}

  fail(expected: string): never {
    const got = this.#at < this.text.length ? shown(this.text.slice(this.#at, this.#at + 12)) : "the end";
    throw new SafetensorsError(`the header is damaged: expected ${expected} at character ${this.#at}, got ${got}`);
  }

  #space(): void {
    while (this.#at < this.text.length && " \t\n\r".includes(this.text[this.#at]!)) this.#at++;
  }

  /** Whether the next sign is `sign`; it is taken if so. */
  take(sign: string): boolean {
    this.#space();
    if (this.text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  expect(sign: string): void {
    if (!this.take(sign)) this.fail(`"${sign}"`);
  }

  string(): string {
    this.#space();
    const begin = this.#at;
    if (this.text[begin] !== '"') this.fail("a text in quotes");
    let end = begin + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    this.#at = end + 1;
    try {
      const value = JSON.parse(this.text.slice(begin, end + 1)) as string;
      if (!value.isWellFormed()) throw new SafetensorsError("half a character");
      return value;
    } catch {
      this.#at = begin;
      return this.fail("a valid text");
    }
  }

  /** A whole number of at least 0, written plainly: no sign, fraction, exponent or leading zero. */
  integer(): number {
    this.#space();
    const digits = /^(0|[1-9]\d*)(?![\d.eE])/.exec(this.text.slice(this.#at, this.#at + 24))?.[0];
    if (digits === undefined || !Number.isSafeInteger(Number(digits))) this.fail("a whole number below 2^53");
    this.#at += digits.length;
    return Number(digits);
  }

  integers(): number[] {
    this.expect("[");
    const list: number[] = [];
    if (this.take("]")) return list;
    do list.push(this.integer());
    while (this.take(","));
    this.expect("]");
    return list;
  }

  /** `{ "key": value, … }`, refusing a duplicate key. */
  object(value: (key: string) => void): void {
    this.expect("{");
    const seen = new Set<string>();
    if (this.take("}")) return;
    do {
      const key = this.string();
      if (seen.has(key)) throw new SafetensorsError(`the header names ${shown(key)} twice`);
      seen.add(key);
      this.expect(":");
      value(key);
    } while (this.take(","));
    this.expect("}");
  }

  end(): void {
    if (/[^ ]/.test(this.text.slice(this.#at))) this.fail("nothing but spaces after the header");
  }
}

function readTensor(scanner: Scanner, name: string): TensorInfo {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object((key) => {
    if (key === "dtype") dtype = scanner.string();
    else if (key === "shape") shape = scanner.integers();
    else if (key === "data_offsets") offsets = scanner.integers();
    else
      throw new SafetensorsError(`tensor ${name}: unknown field ${shown(key)}; expected dtype, shape and data_offsets`);
  });
  if (dtype === undefined || !shape || offsets?.length !== 2)
    throw new SafetensorsError(`tensor ${name}: dtype, shape and two data_offsets are needed`);
  return { dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

/** A file begins with the length of its header. */
export const PREFIX_BYTES = 8;

/** No published file comes near; a longer header is an attack or a mistake. */
const LONGEST_HEADER = 100_000_000;

/**
 * Bytes of the header.
 *
 * @param prefix the first bytes of the file
 * @param size bytes of the whole file
 */
export function headerBytes(prefix: Uint8Array, size: number): number {
  if (size < PREFIX_BYTES)
    throw new SafetensorsError(`a safetensors file has at least 8 bytes, got ${size}; is it cut off?`);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true));
  // The first bytes of other formats are large numbers here.
  const kind = length > LONGEST_HEADER || length > size - PREFIX_BYTES ? foreignKind(prefix) : null;
  if (kind) throw new SafetensorsError(`the file is ${kind}`);
  if (length > LONGEST_HEADER)
    throw new SafetensorsError(
      `the header would have ${length} bytes, more than ${LONGEST_HEADER}; is this a safetensors file?`,
    );
  if (length > size - PREFIX_BYTES)
    throw new SafetensorsError(
      `the header would have ${length} bytes, but only ${size - PREFIX_BYTES} follow; is the file cut off?`,
    );
  return length;
}

/** The header's bytes as tensors and metadata. */
export function decodeHeader(bytes: Uint8Array): Header {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError("the header is not valid UTF-8");
  }
  return parseHeader(text);
}

/** The header's text as tensors and metadata; nothing is checked against the data yet. */
function parseHeader(text: string): Header {
  if (!text.startsWith("{"))
    throw new SafetensorsError(
      `the header must begin with "{", got ${shown(text.slice(0, 8))}; is this a safetensors file?`,
    );
  const scanner = new Scanner(text);
  const tensors = new Map<string, TensorInfo>();
  const metadata = new Map<string, string>();
  scanner.object((name) => {
    if (name === "__metadata__") scanner.object((key) => metadata.set(key, scanner.string()));
    else tensors.set(name, readTensor(scanner, name));
  });
  scanner.end();
  return { tensors, metadata };
}

/** Every tensor's bytes must be as many as dtype and shape say, and together fill the data without overlap or hole. */
export function checkLayout({ tensors }: Header, dataBytes: number): void {
  let next = 0;
  let before = "the header";
  for (const [name, { dtype, shape, begin, end }] of [...tensors].sort(
    ([, a], [, b]) => a.begin - b.begin || a.end - b.end,
  )) {
    const width = Object.hasOwn(ELEMENT_BYTES, dtype) ? ELEMENT_BYTES[dtype]! : undefined;
    if (width === undefined)
      throw new SafetensorsError(
        `tensor ${name}: unknown dtype ${shown(dtype)}; known are ${Object.keys(ELEMENT_BYTES).join(", ")}`,
      );
    let bytes = width;
    for (const length of shape) {
      bytes *= length;
      if (!Number.isSafeInteger(bytes))
        throw new SafetensorsError(`tensor ${name}: shape [${shape}] is larger than any file`);
    }
    if (end - begin !== bytes)
      throw new SafetensorsError(
        `tensor ${name}: ${dtype} [${shape}] takes ${bytes} bytes, its data_offsets [${begin}, ${end}] hold ${end - begin}`,
      );
    if (begin !== next)
      throw new SafetensorsError(
        `tensor ${name} begins at byte ${begin}, but ${before} ends at ${next}: there is ${begin < next ? "an overlap" : "a hole"}`,
      );
    next = end;
    before = `tensor ${name}`;
  }
  if (next !== dataBytes)
    throw new SafetensorsError(
      `the tensors take ${next} bytes, but ${dataBytes} follow the header${next > dataBytes ? "; is the file cut off?" : ""}`,
    );
}
