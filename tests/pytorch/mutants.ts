/**
 * Damaged safetensors files with Cloze's verdict on each, for mutants.py to compare with the reference implementation.
 *
 *   node scripts/run.mjs tests/pytorch/mutants.ts OUT.bin 1000000 && python3 tests/pytorch/mutants.py OUT.bin
 *
 * OUT.bin holds, for each file: its length (u32), 1 where Cloze reads it and 0 where it is refused (u8), its bytes.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { readSafetensors, SafetensorsError } from "../../sdk/io/safetensors/safetensors.js";
import { writeSafetensors } from "../../sdk/io/safetensors/write-safetensors.js";
import { type Rng, seed } from "../../sdk/tensor/random.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Pieces of headers: mutations insert them, so that many mutants are nearly valid files. */
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  "0",
  "1",
  "4",
  "8",
  "9",
  "-",
  ".",
  "e",
  "E",
  "+",
  "\\",
  " ",
  "\n",
  "\t",
];
const WORDS = [
  "null",
  "true",
  '"dtype"',
  '"F32"',
  '"I64"',
  '"F16"',
  '"shape"',
  "[0,4]",
  "[]",
  '"__metadata__"',
  '"a":"b"',
  "\\u0061",
  "00",
  "-0",
  "1.0",
  "1e0",
  "18446744073709551616",
  "9007199254740993",
];

const small = writeSafetensors([
  { name: "b.weight", shape: [2, 3], values: new Float32Array(6) },
  { name: "a", shape: [], values: new Float32Array(1) },
  { name: "empty", shape: [0, 4], values: new Float32Array() },
]);
const headerLength = Number(new DataView(small.buffer).getBigUint64(0, true));
const header = decoder.decode(small.subarray(8, 8 + headerLength));
const tokens = header.match(/"[^"]*"|\d+|./g) ?? [];

const pick = <T>(list: readonly T[], rng: Rng): T => list[rng.integer(list.length)]!;

const ENTRIES = header
  .trimEnd()
  .slice(1, -1)
  .split(/,(?="[^"]*":\{)/);
const FIELDS = ['"dtype":"F32"', '"shape":[]', '"data_offsets":[0,4]', '"more":1'];
const FRAMES = ["", "", "", " ", "\n", "\t", "\u00a0", "\0", "   "];

/** A header of the right form whose parts are repeated, left out, or have other fields. */
function recombined(rng: Rng): string {
  const entries = ENTRIES.flatMap((entry) =>
    rng.integer(12) === 0 ? (rng.integer(2) === 0 ? [] : [entry, pick(ENTRIES, rng)]) : [entry],
  );
  if (rng.integer(4) === 0)
    entries.push(
      pick(
        [
          '"__metadata__":null',
          '"__metadata__":{}',
          '"__metadata__":{"a":"b","a":"c"}',
          '"x":["F32",[0],[28,28]]',
          '"x":{"dtype":"I64","shape":[3,0],"data_offsets":[28,28]}',
          '"\\u0061":{"dtype":"F32","shape":[],"data_offsets":[0,4]}',
        ],
        rng,
      ),
    );
  const text = entries
    .map((entry) => (rng.integer(16) === 0 ? entry.replace(/\{/, `{${pick(FIELDS, rng)},`) : entry))
    .join(",");
  return `${rng.integer(8) === 0 ? pick(FRAMES, rng) : ""}{${text}}${pick(FRAMES, rng)}`;
}

/** The header with some of its tokens changed; its length is told rightly more often than not. */
function mutant(rng: Rng): Uint8Array {
  const list = rng.integer(3) === 0 ? [recombined(rng)] : [...tokens];
  if (list.length > 1)
    for (let i = rng.integer(4); i >= 0; i--) {
      const at = rng.integer(list.length);
      const kind = rng.integer(4);
      if (kind === 0) list.splice(at, 1);
      else if (kind === 1) list.splice(at, 0, pick([...PIECES, ...WORDS, ...tokens], rng));
      else if (kind === 2) list[at] = pick([...PIECES, ...WORDS, ...tokens], rng);
      else {
        const other = rng.integer(list.length);
        [list[at], list[other]] = [list[other]!, list[at]!];
      }
    }
  const text = encoder.encode(list.join(""));
  const data = small.subarray(8 + headerLength, small.length - (rng.integer(8) === 0 ? rng.integer(8) : 0));
  const bytes = new Uint8Array(8 + text.length + data.length);
  const told = text.length + (rng.integer(16) === 0 ? rng.integer(5) - 2 : 0);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(told), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  if (rng.integer(8) === 0) bytes[rng.integer(bytes.length)] = rng.integer(256);
  return bytes;
}

function reads(bytes: Uint8Array): boolean {
  try {
    readSafetensors(bytes);
    return true;
  } catch (error) {
    if (error instanceof SafetensorsError) return false;
    throw error;
  }
}

const [out, count = "100000"] = process.argv.slice(2);
if (out === undefined) throw new Error("usage: node scripts/run.mjs tests/pytorch/mutants.ts OUT.bin [COUNT]");
const rng = seed(1);
const descriptor = openSync(out, "w");
let accepted = 0;
for (let i = 0; i < Number(count); i++) {
  const bytes = mutant(rng.fork(i));
  const good = reads(bytes);
  if (good) accepted++;
  const entry = new Uint8Array(5 + bytes.length);
  new DataView(entry.buffer).setUint32(0, bytes.length, true);
  entry[4] = good ? 1 : 0;
  entry.set(bytes, 5);
  writeSync(descriptor, entry);
}
closeSync(descriptor);
console.log(`${count} mutants, ${accepted} of them read`);
