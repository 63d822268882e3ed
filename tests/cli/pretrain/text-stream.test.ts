/** Text too large for memory: blocks, held-out documents, samples and fingerprints of files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { heldDocuments, IN_MEMORY, largeSize, sharedText, TextStream } from "../../../sdk/cli/pretrain/text-stream.js";
import { pretrainingSamples, type Sample } from "../../../sdk/data.js";
import { trainWordPiece } from "../../../sdk/tokenizer/index.js";

const test = suite("streamed text");
const place = mkdtempSync(join(tmpdir(), "cloze-stream-"));
const file = join(place, "text.txt");
const DOCUMENTS = 500;
const text = Array.from({ length: DOCUMENTS }, (_, i) => `the number ${i}\nis here\n\n`).join("");
writeFileSync(file, text);
const tokenizer = trainWordPiece(text.split("\n"), { size: 120 });

const numbersOf = (documents: readonly (readonly { readonly ids: Int32Array }[])[]): number[] =>
  documents.map(([first]) => Number(/\d+/.exec(tokenizer.decode(first!.ids))![0]));

test("every document is trained on or held out, never both; a block has the documents in their order", async () => {
  const held = (await heldDocuments([file])).map(([line]) => Number(/\d+/.exec(line!)![0]));
  assert.equal(
    held,
    Array.from({ length: DOCUMENTS / 20 }, (_, i) => 20 * i + 19),
  );
  const trained: number[] = [];
  for await (const block of new TextStream([file], tokenizer, true).blocks()) trained.push(...numbersOf(block));
  assert.equal(
    trained,
    Array.from({ length: DOCUMENTS }, (_, i) => i).filter((i) => i % 20 !== 19),
  );
  let all = 0;
  for await (const block of new TextStream([file, file], tokenizer, false).blocks()) all += block.length;
  assert.is(all, 2 * DOCUMENTS);
});

test("samples are a function of seed and epoch", async () => {
  const stream = new TextStream([file], tokenizer, true);
  const samples = async (seed: number, epoch: number): Promise<string> => {
    const make = (documents: Parameters<typeof pretrainingSamples>[0], own: number) =>
      pretrainingSamples(documents, "sentences", { maxLength: 16, tokenizer, seed: own });
    const all: Sample[] = [];
    for await (const sample of stream.samples(make, seed).read(epoch)) all.push(sample);
    return all.map(({ ids }) => [...ids].join()).join(";");
  };
  const first = await samples(1, 0);
  assert.is(await samples(1, 0), first);
  assert.is.not(await samples(1, 1), first);
  assert.is.not(await samples(2, 0), first);
});

test("a fingerprint changes with every byte, and not with the name of a file", async () => {
  const of = (name: string, content: string | Uint8Array): Promise<string> => {
    writeFileSync(join(place, name), content);
    return new TextStream([join(place, name)], tokenizer, true).fingerprint();
  };
  const whole = await of("a.txt", text);
  assert.is(await of("b.txt", text), whole);
  for (const other of [text.slice(1), `${text}\n`, text.replace("\n\n", "\n \n")])
    assert.is.not(await of("c.txt", other), whole);
  // Two bytes of 5 MB changed places, far from any other change.
  const large = new Uint8Array(5e6).fill(0x61);
  const before = await of("d.txt", large);
  large[2_345_678] = 0x62;
  const changed = await of("d.txt", large);
  large[2_345_678] = 0x61;
  large[2_345_679] = 0x62;
  assert.is(new Set([before, changed, await of("d.txt", large)]).size, 3);
  // Text that moves from one file to the next is other text: documents end with their files.
  const two = (cut: number): Promise<string> => {
    writeFileSync(join(place, "e.txt"), text.slice(0, cut));
    writeFileSync(join(place, "f.txt"), text.slice(cut));
    return new TextStream([join(place, "e.txt"), join(place, "f.txt")], tokenizer, true).fingerprint();
  };
  assert.is.not(await two(100), await two(200));
});

test("text is large by its bytes or its lines, of gzip as they are unpacked; standard input is not", async () => {
  const at = (name: string) => join(place, name);
  assert.is(await largeSize([file, "-"]), undefined);
  writeFileSync(at("lines"), "\n".repeat(IN_MEMORY.lines + 1));
  assert.is(await largeSize([at("lines")]), IN_MEMORY.lines + 1);
  writeFileSync(at("fewer"), "\n".repeat(IN_MEMORY.lines));
  assert.is(await largeSize([at("fewer")]), undefined);
  assert.is(await largeSize([at("fewer"), file]), IN_MEMORY.lines + text.length);
  // 70 MB that take 70 kB.
  writeFileSync(at("z.gz"), gzipSync(Buffer.alloc(70e6, "a")));
  assert.ok((await largeSize([at("z.gz")]))! > 0);
  writeFileSync(at("small.gz"), gzipSync(text));
  assert.is(await largeSize([at("small.gz")]), undefined);
});

test("a vocabulary is learned from a share spread over the whole text", async () => {
  const read: string[] = [];
  for await (const line of sharedText([file], 10 * IN_MEMORY.bytes)) read.push(line);
  const numbers = read.flatMap((line) => /\d+/.exec(line)?.[0] ?? []).map(Number);
  assert.equal(
    numbers,
    Array.from({ length: DOCUMENTS / 10 }, (_, i) => 10 * i),
  );
});

test.after(() => rmSync(place, { recursive: true }));

test.run();
