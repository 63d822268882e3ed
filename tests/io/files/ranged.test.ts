/** Files read in parts: on disk and in memory, and tensors that stream out of them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type Files,
  ModelFileError,
  memoryFiles,
  openFile,
  type RangedFile,
  rangedBytes,
} from "../../../sdk/io/files/files.js";
import { folder } from "../../../sdk/io/files/folder.js";
import { openSafetensors, readSafetensors, SafetensorsError } from "../../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";
import { brainFloats, halfFloats, rawSafetensors } from "../../helpers/raw-safetensors.js";

const test = suite("files in parts");

const place = mkdtempSync(join(tmpdir(), "cloze-ranged-"));
test.after(() => rmSync(place, { recursive: true, force: true }));

const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i) * 8);

/** Shapes on both sides of a chunk's borders: 131,072 values, cut at multiples of 128 rows. */
const SHAPES = {
  scalar: [],
  bias: [5],
  long: [131_072 + 17],
  narrow: [70_000, 3],
  exact: [256, 512],
  wide: [260, 1125],
  deep: [300, 8, 120],
  empty: [0, 4],
} as const;

const tensors = Object.entries(SHAPES).map(([name, shape]) => ({
  name,
  shape,
  values: wave(shape.reduce<number>((product, length) => product * length, 1)),
}));
const whole = writeSafetensors(tensors);
writeFileSync(join(place, "model.safetensors"), whole);

/** Open descriptors of this process, where the system lists them. */
const descriptors = (): number | null => {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
};

/**
 * Fill every tensor and check it against the written values, chunk by chunk.
 *
 * @param inPlace whether the values are to be written to their place
 */
async function fillAll(file: RangedFile, inPlace = false): Promise<void> {
  const opened = await openSafetensors(file);
  for (const name of opened.names()) {
    const { shape, values } = tensors.find((tensor) => tensor.name === name)!;
    const block =
      128 *
      Math.max(
        1,
        shape.slice(1).reduce<number>((product, length) => product * length, 1),
      );
    const got = new Float32Array(values.length);
    let next = 0;
    const arrives = (length: number, first: number): void => {
      assert.is(first, next, `${name}: chunks follow each other`);
      assert.is(first % block, 0, `${name}: a chunk begins at a multiple of 128 rows`);
      assert.ok(length <= Math.max(2 ** 17, block), `${name}: a chunk of ${length}`);
      next = first + length;
    };
    const take = (chunk: Float32Array, first: number): void => {
      arrives(chunk.length, first);
      got.set(chunk, first);
    };
    const copied = (): never => assert.unreachable(`${name}: a copy`) as never;
    if (!inPlace) await opened.fill(name, take);
    else
      await opened.fill(name, copied, (write, count, first) => {
        arrives(count, first);
        write(got.subarray(first, first + count));
      });
    assert.is(next, values.length, name);
    assert.ok(Buffer.from(got.buffer).equals(Buffer.from(values.buffer)), name);
  }
}

test("tensors stream from disk, memory, unaligned memory and sources that give whole files alone", async () => {
  const shifted = new Uint8Array(whole.length + 1);
  shifted.set(whole, 1);
  const plain: Files = { read: async (name) => (name === "model.safetensors" ? whole : undefined) };
  const before = descriptors();
  for (const file of [
    await folder(place).open!("model.safetensors"),
    await memoryFiles([["model.safetensors", whole]]).open!("model.safetensors"),
    rangedBytes(shifted.subarray(1)),
    await openFile(plain, "model.safetensors"),
  ]) {
    assert.is(file!.size, whole.length);
    await fillAll(file!);
    if (file!.into) await fillAll(file!, true);
    await file!.close?.();
  }
  assert.is(descriptors(), before);
  assert.is(await openFile(plain, "other"), undefined);
  assert.is(await folder(place).open!("other"), undefined);
  assert.is(await memoryFiles().open!("other"), undefined);
});

test("a folder on disk writes values to their place", async () => {
  const file = (await folder(place).open!("model.safetensors"))!;
  try {
    assert.type(file.into, "function");
  } finally {
    await file.close!();
  }
});

test("names come in the order of the data, whatever the header's order", async () => {
  const { header, data } = { header: 8 + Number(new DataView(whole.buffer).getBigUint64(0, true)), data: whole };
  const text = JSON.parse(new TextDecoder().decode(data.subarray(8, header))) as Record<string, unknown>;
  const turned = JSON.stringify(Object.fromEntries(Object.entries(text).reverse()));
  const file = new Uint8Array(data.length);
  file.set(data);
  file.fill(0x20, 8, header);
  file.set(new TextEncoder().encode(turned), 8);
  const names = [...(await openSafetensors(rangedBytes(file))).names()];
  assert.equal(names, [...(await openSafetensors(rangedBytes(data))).names()]);
  await fillAll(rangedBytes(file));
});

test("other element types are converted as they arrive, as they are when the file is read whole", async () => {
  const values = wave(150_000);
  const doubles = new Uint8Array(Float64Array.from(values).buffer);
  const integers = new Uint8Array(Int16Array.from(values).buffer);
  const bytes = rawSafetensors([
    { name: "b", dtype: "BF16", shape: [30_000, 5], bytes: brainFloats(values) },
    { name: "d", dtype: "F64", shape: [150_000], bytes: doubles },
    { name: "i", dtype: "I16", shape: [3, 50_000], bytes: integers },
  ]);
  const opened = await openSafetensors(rangedBytes(bytes));
  for (const [name, want] of [
    ["b", readSafetensors(bytes).floats("b")],
    ["d", values],
    ["i", Float32Array.from(Int16Array.from(values))],
  ] as const) {
    const got = new Float32Array(want.length);
    await opened.fill(name, (chunk, first) => got.set(chunk, first));
    assert.equal(got, want, name);
  }
});

test("every f16 is read as its value", async () => {
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const bytes = rawSafetensors([{ name: "h", dtype: "F16", shape: [65536], bytes: new Uint8Array(all.buffer) }]);
  const values = new Float32Array(65536);
  await (await openSafetensors(rangedBytes(bytes))).fill("h", (chunk, first) => values.set(chunk, first));
  // IEEE 754: (-1)^sign · 2^(exponent - 15) · 1.fraction, and 2^-14 · 0.fraction where the exponent is 0.
  for (const [bits, value] of values.entries()) {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, (bits & 1023) / 1024];
    const finite = exponent === 0 ? 2 ** -14 * fraction : 2 ** (exponent - 15) * (1 + fraction);
    const want = exponent < 31 ? sign * finite : fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    assert.ok(Object.is(value, want), `${bits.toString(16)}: ${value} for ${want}`);
  }
  const back = new Uint16Array(halfFloats(values).buffer);
  for (const [bits, half] of back.entries()) if (!Number.isNaN(values[bits])) assert.is(half, bits);
});

test("a file that lies about its layout is refused by its header, before any value is read", async () => {
  const read: [number, number][] = [];
  const file = rangedBytes(whole.subarray(0, whole.length - 4));
  const watched: RangedFile = {
    size: file.size,
    slice(begin, end) {
      read.push([begin, end]);
      return file.slice(begin, end);
    },
  };
  const error = await openSafetensors(watched).catch((caught: unknown) => caught);
  assert.instance(error, SafetensorsError);
  assert.match((error as Error).message, /is the file cut off\?/);
  const header = 8 + Number(new DataView(whole.buffer).getBigUint64(0, true));
  assert.equal(read, [
    [0, 8],
    [8, header],
  ]);
});

test("a file that shrinks while it is read is refused", async () => {
  const path = join(place, "shrinking.safetensors");
  writeFileSync(path, whole);
  const file = (await folder(place).open!("shrinking.safetensors"))!;
  try {
    const opened = await openSafetensors(file);
    truncateSync(path, whole.length - 100_000);
    const values = new Float32Array(whole.length);
    for (const place of [
      undefined,
      (write: (target: Float32Array) => void, count: number) => write(values.subarray(0, count)),
    ]) {
      const name = [...opened.names()].at(-1)!;
      const error = await opened.fill(name, () => {}, place).catch((caught: unknown) => caught);
      assert.instance(error, SafetensorsError);
      assert.match((error as Error).message, /was the file changed while it was read\?/);
    }
  } finally {
    await file.close!();
  }
});

test("a missing file is missing in parts, too", async () => {
  mkdirSync(join(place, "inner"));
  const error = await folder(place).open!("inner").catch((caught: unknown) => caught);
  assert.instance(error, ModelFileError);
  assert.match((error as Error).message, /inner is not a file/);
});

test.run();
