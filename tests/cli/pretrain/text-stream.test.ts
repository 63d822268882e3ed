/** Text too large for memory: blocks, held-out documents, samples and fingerprints of files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { heldDocuments, sizeOf, TextStream } from "../../../sdk/cli/pretrain/text-stream.js";
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
    Array.from({ length: DOCUMENTS / 20 }, (_, i) => 20 * i),
  );
  const trained: number[] = [];
  for await (const block of new TextStream([file], tokenizer, true).blocks()) trained.push(...numbersOf(block));
  assert.equal(
    trained,
    Array.from({ length: DOCUMENTS }, (_, i) => i).filter((i) => i % 20 !== 0),
  );
  let all = 0;
  for await (const block of new TextStream([file, file], tokenizer, false).blocks()) all += block.length;
  assert.is(all, 2 * DOCUMENTS);
});

test("samples are a function of seed and epoch", async () => {
  const stream = new TextStream([file], tokenizer, true);
  const samples = async (seed: number, epoch: number): Promise<string> => {
    const make = (documents: Parameters<typeof pretrainingSamples>[0], own: number) =>
      pretrainingSamples(documents, "sentences", { length: 16, tokenizer, seed: own });
    const all: Sample[] = [];
    for await (const sample of stream.samples(make, seed)(epoch) as AsyncIterable<Sample>) all.push(sample);
    return all.map(({ ids }) => [...ids].join()).join(";");
  };
  const first = await samples(1, 0);
  assert.is(await samples(1, 0), first);
  assert.is.not(await samples(1, 1), first);
  assert.is.not(await samples(2, 0), first);
});

test("a fingerprint changes with every edit of a small file, and not with its name", async () => {
  const of = (name: string, content: string): Promise<string> => {
    writeFileSync(join(place, name), content);
    return new TextStream([join(place, name)], tokenizer, true).fingerprint();
  };
  const whole = await of("a.txt", text);
  assert.is(await of("b.txt", text), whole);
  for (const other of [
    text.slice(1),
    `${text}\n`,
    text.replace("number 250", "number 25O"),
    text.replace("\n\n", "\n \n"),
  ])
    assert.is.not(await of("c.txt", other), whole);
});

test("sizes: gzip counts four times, standard input not at all", async () => {
  const zipped = join(place, "z.gz");
  writeFileSync(zipped, new Uint8Array(10));
  assert.is(await sizeOf([file, zipped, "-"]), text.length + 40);
});

test.after(() => rmSync(place, { recursive: true }));

test.run();
