import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readSafetensors, SafetensorsError } from "../../../sdk/io/safetensors/safetensors.js";
import { type NamedTensor, writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";

const test = suite("safetensors");

const encoder = new TextEncoder();

/** A file with this header text and number of bytes of data. */
function file(header: string | Uint8Array, dataBytes = 0, length?: number): Uint8Array {
  const text = typeof header === "string" ? encoder.encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = i;
  return bytes;
}

function refused(bytes: Uint8Array, message: RegExp): void {
  let error: unknown;
  try {
    readSafetensors(bytes);
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, SafetensorsError, `expected a refusal that matches ${message}, got ${error}`);
  assert.match((error as Error).message, message);
}

const entry = (name: string, dtype: string, shape: string, offsets: string): string =>
  `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
const header = (...entries: string[]): string => `{${entries.join(",")}}`;

const SMALL: readonly NamedTensor[] = [
  { name: "b.weight", shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40) },
  { name: "a", shape: [], values: Float32Array.of(Number.POSITIVE_INFINITY) },
  { name: "empty", shape: [0, 4], values: new Float32Array() },
];

test("written tensors are read back, in any order of writing", () => {
  const bytes = writeSafetensors(SMALL, { format: "pt", note: "ä" });
  assert.equal(writeSafetensors([...SMALL].reverse(), { format: "pt", note: "ä" }), bytes);
  const read = readSafetensors(bytes);
  assert.equal([...read.names()], ["a", "b.weight", "empty"]);
  for (const { name, shape, values } of SMALL) {
    assert.equal(read.shape(name), shape);
    assert.is(read.dtype(name), "F32");
    assert.ok(read.floats(name).every((value, i) => Object.is(value, values[i])));
  }
  assert.equal(Object.fromEntries(read.metadata), { format: "pt", note: "ä" });
  assert.is(read.shape("c"), undefined);
  assert.throws(() => read.floats("c"), /no tensor c/);
  assert.throws(() => read.read("a", new Float32Array(2)), /tensor a has 1 elements, its target 2/);
});

test("data begin at a multiple of eight bytes", () => {
  for (let length = 1; length < 20; length++) {
    const bytes = writeSafetensors([{ name: "x".repeat(length), shape: [1], values: Float32Array.of(1) }]);
    assert.is(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8, 0);
  }
});

test("a file cut off at any byte, or with a byte too many, is refused", () => {
  const bytes = writeSafetensors(SMALL);
  for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /./);
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  refused(longer, /but 29 follow the header/);
});

test("a file that does not begin at the start of its buffer is read the same", () => {
  const bytes = writeSafetensors(SMALL);
  const within = new Uint8Array(bytes.length + 3);
  within.set(bytes, 3);
  assert.equal(readSafetensors(within.subarray(3)).floats("b.weight"), SMALL[0]!.values);
});

test("half precision, whole numbers and flags are converted", () => {
  // biome-ignore format: pairs of bits and value
  const halves: readonly [number, number][] = [
    [0x0000, 0], [0x8000, -0], [0x3c00, 1], [0xc000, -2], [0x7bff, 65504], [0x0001, 2 ** -24], [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14], [0x3555, 0.333251953125], [0x7c00, Number.POSITIVE_INFINITY], [0xfc00, Number.NEGATIVE_INFINITY], [0x7e00, Number.NaN],
  ];
  const text = header(entry("h", "F16", `[${halves.length}]`, `[0,${2 * halves.length}]`));
  const bytes = file(text, 2 * halves.length);
  const view = new DataView(bytes.buffer, bytes.length - 2 * halves.length);
  for (const [i, [bits]] of halves.entries()) view.setUint16(2 * i, bits, true);
  const floats = readSafetensors(bytes).floats("h");
  for (const [i, [, value]] of halves.entries()) assert.ok(Object.is(floats[i], value), `${floats[i]} for ${value}`);

  const brain = file(header(entry("b", "BF16", "[2]", "[0,4]")), 4);
  brain.set([0x80, 0x3f, 0x49, 0xc0], brain.length - 4);
  assert.equal(readSafetensors(brain).floats("b"), Float32Array.of(1, -3.140625));

  const whole = file(
    header(
      entry("i", "I64", "[2]", "[0,16]"),
      entry("j", "I32", "[1]", "[16,20]"),
      entry("k", "BOOL", "[2]", "[20,22]"),
    ),
    22,
  );
  const at = new DataView(whole.buffer, whole.length - 22);
  at.setBigInt64(0, -100n, true);
  at.setBigInt64(8, 2n ** 53n, true);
  at.setInt32(16, -7, true);
  const read = readSafetensors(whole);
  assert.equal(read.integers("j"), [-7]);
  assert.equal(read.integers("k"), [20, 21]);
  assert.throws(() => read.integers("i"), /tensor i: element 1 is beyond 2\^53/);
  // 2^53 is a power of two, so an f32 holds it.
  assert.equal(read.floats("i"), Float32Array.of(-100, 2 ** 53));
  assert.throws(
    () => read.floats("k"),
    /tensor k is stored as BOOL; weights can be read from F32, F16, BF16, F64, I64, U64, I32/,
  );
  const double = file(header(entry("d", "F64", "[2]", "[0,16]")), 16);
  new DataView(double.buffer, double.length - 16).setFloat64(0, 0.1, true);
  new DataView(double.buffer, double.length - 16).setFloat64(8, -3, true);
  assert.equal(readSafetensors(double).floats("d"), Float32Array.of(0.1, -3));
});

test("names of an object's own members are ordinary names", () => {
  const bytes = file(header(entry("__proto__", "F32", "[1]", "[0,4]"), entry("constructor", "F32", "[1]", "[4,8]")), 8);
  assert.equal([...readSafetensors(bytes).names()], ["__proto__", "constructor"]);
  assert.is(readSafetensors(file(header())).shape("toString"), undefined);
});

test("spaces within and after the header are allowed", () => {
  const text = `{ "x" :\n\t{"shape": [ 1 ] , "dtype" :"F32", "data_offsets":[0, 4]}\r } `;
  assert.equal(readSafetensors(file(`${text}     `, 4)).shape("x"), [1]);
});

// biome-ignore format: a table
const LIES: readonly [string, Uint8Array, RegExp][] = [
  ["no header", new Uint8Array(8), /must begin with "\{"/],
  ["an endless header", file("{}", 0, 200_000_000), /would have 200000000 bytes/],
  ["a header length beyond 2^53", file("{}", 0, Number.MAX_SAFE_INTEGER), /would have/],
  ["a header longer than the file", file("{}", 0, 3), /only 2 follow/],
  ["a space before the header", file(" {}"), /must begin with/],
  ["a byte order mark", file("\ufeff{}"), /must begin with/],
  ["a line feed behind the header", file("{}\n"), /nothing but spaces/],
  ["something behind the header", file("{} x"), /nothing but spaces/],
  ["half an UTF-8 character", file(Uint8Array.of(0x7b, 0xc3, 0x7d)), /UTF-8/],
  ["half a surrogate pair", file('{"\\ud800":1}'), /valid text/],
  ["a list instead of an object", file("[]"), /must begin with/],
  ["a name twice", file(header(entry("x", "F32", "[0]", "[0,0]"), entry("x", "F32", "[0]", "[0,0]"))), /"x" twice/],
  ["a name twice, written differently", file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}'), /"a" twice/],
  ["a field twice", file('{"x":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), /"dtype" twice/],
  ["an unknown field", file('{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"more":1}}'), /tensor x: unknown field "more"/],
  ["a missing field", file('{"x":{"dtype":"F32","shape":[0]}}'), /tensor x: dtype, shape and two data_offsets/],
  ["three offsets", file(header(entry("x", "F32", "[0]", "[0,0,0]"))), /two data_offsets/],
  ["metadata that is no text", file('{"__metadata__":{"a":1}}'), /a text in quotes/],
  ["metadata that is nested", file('{"__metadata__":{"a":{}}}'), /a text in quotes/],
  ["an unknown dtype", file(header(entry("x", "F31", "[0]", "[0,0]"))), /tensor x: unknown dtype "F31"/],
  ["a dtype named as a member", file(header(entry("x", "toString", "[0]", "[0,0]"))), /unknown dtype/],
  ["a hole", file(header(entry("x", "F32", "[1]", "[0,4]"), entry("y", "F32", "[1]", "[8,12]")), 12), /tensor y begins at byte 8.*a hole/],
  ["a hole at the start", file(header(entry("x", "F32", "[1]", "[4,8]")), 8), /a hole/],
  ["a hole at the end", file(header(entry("x", "F32", "[1]", "[0,4]")), 8), /take 4 bytes, but 8 follow/],
  ["an overlap", file(header(entry("x", "F32", "[2]", "[0,8]"), entry("y", "F32", "[1]", "[4,8]")), 8), /an overlap/],
  ["the same bytes twice", file(header(entry("x", "F32", "[1]", "[0,4]"), entry("y", "F32", "[1]", "[0,4]")), 4), /an overlap/],
  ["offsets beyond the file", file(header(entry("x", "F32", "[2]", "[0,8]")), 4), /take 8 bytes, but 4 follow.*cut off/],
  ["offsets that run backwards", file(header(entry("x", "F32", "[1]", "[4,0]")), 4), /hold -4/],
  ["a shape larger than its bytes", file(header(entry("x", "F32", "[2]", "[0,4]")), 4), /F32 \[2\] takes 8 bytes/],
  ["a shape that overflows", file(header(entry("x", "F32", "[4294967296,4294967296]", "[0,4]")), 4), /larger than any file/],
  ["a shape that overflows to zero", file(header(entry("x", "F32", "[4294967296,4294967296,0]", "[0,0]"))), /larger than any file/],
  ["a number beyond 2^53", file(header(entry("x", "F32", "[9007199254740993]", "[0,4]")), 4), /below 2\^53/],
  ["a number of many digits", file(header(entry("x", "F32", `[${"1".repeat(400)}]`, "[0,4]")), 4), /below 2\^53/],
  ["a negative number", file(header(entry("x", "F32", "[-1]", "[0,4]")), 4), /whole number/],
  ["minus zero", file(header(entry("x", "F32", "[-0]", "[0,0]"))), /whole number/],
  ["an exponent", file(header(entry("x", "F32", "[1e0]", "[0,4]")), 4), /whole number/],
  ["a fraction", file(header(entry("x", "F32", "[1.0]", "[0,4]")), 4), /whole number/],
  ["a leading zero", file(header(entry("x", "F32", "[01]", "[0,4]")), 4), /whole number/],
  ["a hexadecimal number", file(header(entry("x", "F32", "[0x1]", "[0,4]")), 4), /expected/],
  ["a comma too many", file(`{${entry("x", "F32", "[1]", "[0,4]")},}`, 4), /a text in quotes/],
  ["a comma too many in a list", file(header(entry("x", "F32", "[1,]", "[0,4]")), 4), /whole number/],
  ["an open text", file('{"x'), /valid text/],
  ["an open escape", file('{"x\\'), /valid text/],
  ["a tab in a text", file('{"\t":1}'), /valid text/],
  ["deep nesting", file(`{"x":{"shape":${"[".repeat(100_000)}`), /whole number/],
];

for (const [what, bytes, message] of LIES) test(`refused: ${what}`, () => refused(bytes, message));

test("tensors that readers would refuse are not written", () => {
  const one = { name: "x", shape: [1], values: Float32Array.of(1) };
  const writing = (tensors: readonly NamedTensor[]) => () => writeSafetensors(tensors);
  assert.throws(writing([one, one]), /tensor x is given twice/);
  assert.throws(writing([{ ...one, shape: [2] }]), /shape \[2\] has 2 elements, got 1 values/);
  assert.throws(writing([{ ...one, name: "__metadata__" }]), /cannot be the name/);
  assert.throws(writing([{ ...one, name: "\ud800" }]), /cannot be the name/);
  assert.throws(writing([{ ...one, values: Float32Array.of(Number.NaN) }]), /tensor x: element 0 is not a number/);
});

const tensors = fc.uniqueArray(
  fc
    .record({
      name: fc.string({ unit: "binary", maxLength: 12 }).filter((name) => name !== "__metadata__"),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    })
    .chain(({ name, shape }) => {
      const length = shape.reduce((product, n) => product * n, 1);
      const values = fc.float32Array({ noNaN: true, minLength: length, maxLength: length });
      return values.map((v): NamedTensor => ({ name, shape, values: v }));
    }),
  { selector: ({ name }) => name, maxLength: 6 },
);

test("anything that can be written is read back", () => {
  fc.assert(
    fc.property(tensors, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (list, metadata) => {
      const read = readSafetensors(writeSafetensors(list, metadata));
      assert.equal(new Set(read.names()), new Set(list.map(({ name }) => name)));
      for (const { name, shape, values } of list) {
        assert.equal(read.shape(name), shape);
        assert.ok(read.floats(name).every((value, i) => Object.is(value, values[i])));
      }
      assert.equal(new Map(read.metadata), new Map(Object.entries(metadata)));
    }),
    { numRuns: 500, seed: 1 },
  );
});

/** Changes of a file: bytes set, taken out or put in, in the header far more often than in the data. */
const changes = fc.array(
  fc.record({
    kind: fc.constantFrom("set", "remove", "insert"),
    place: fc.nat(400),
    byte: fc.oneof(fc.constantFrom(...encoder.encode('{}[]",:0123456789.eE-\\ ')), fc.nat(255)),
  }),
  { minLength: 1, maxLength: 4 },
);

function changed(bytes: Uint8Array, list: readonly { kind: string; place: number; byte: number }[]): Uint8Array {
  const mutant = [...bytes];
  for (const { kind, place, byte } of list) {
    const at = place % mutant.length;
    if (kind === "set") mutant[at] = byte;
    else mutant.splice(at, kind === "remove" ? 1 : 0, ...(kind === "insert" ? [byte] : []));
  }
  return Uint8Array.from(mutant);
}

test("a damaged file is refused by name, or is another sound file", () => {
  const original = writeSafetensors(SMALL);
  let refusals = 0;
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = changed(original, list);
      try {
        const read = readSafetensors(bytes);
        // Valid: every tensor's bytes are within the file, and together they cover its data.
        let data = 0;
        for (const name of read.names()) {
          if (read.dtype(name) === "F32") data += 4 * read.floats(name).length;
        }
        assert.ok(data <= bytes.length);
      } catch (error) {
        assert.instance(error, SafetensorsError);
        refusals++;
      }
    }),
    { numRuns: 20_000, seed: 2 },
  );
  assert.ok(refusals > 10_000, `only ${refusals} of 20,000 mutants were refused`);
});

test.run();
