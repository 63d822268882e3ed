/**
 * Compare ids and offsets with the reference library over whole data sets, by checksum:
 *
 *   python bench/peers/reference-tokens.py ../shared OUT
 *   node scripts/run.mjs bench/peers/compare-tokens.ts ../shared OUT [NAME…]
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readTokenizerJson, toCodePoints } from "../../sdk/tokenizer/index.js";

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let i = 0; i < 8; i++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c >>> 0;
});

function crc32(numbers: Int32Array, start: number): number {
  let crc = ~start;
  for (const byte of new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
  return ~crc >>> 0;
}

const [shared = "../shared", out = "out", ...names] = process.argv.slice(2);
const golden = join(shared, "golden", "tokenizers");
const texts = readFileSync(join(out, "texts.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as string);
let wrong = 0;
for (const name of readdirSync(golden)) {
  if (!existsSync(join(out, `${name}.crc`)) || (names.length > 0 && !names.includes(name))) continue;
  const bytes = readFileSync(join(out, `${name}.crc`));
  const want = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const tokenizer = readTokenizerJson(gunzipSync(readFileSync(join(golden, name, "tokenizer.json.gz"))));
  let differ = 0;
  texts.forEach((text, i) => {
    const { ids, offsets } = tokenizer.encode(text);
    if (crc32(toCodePoints(offsets, text), crc32(ids, 0)) === want[i]) return;
    if (differ++ < 3) console.log(`   ${i}: ${JSON.stringify(text).slice(0, 200)}`);
  });
  wrong += differ;
  console.log(`${name.padEnd(30)} ${differ} of ${texts.length} texts differ`);
}
process.exit(wrong === 0 ? 0 : 1);
