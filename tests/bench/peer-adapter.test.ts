/** The plug for harnesses that compare libraries: it gives the same values as the package itself. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sampleOf } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { hiddenStates } from "../../sdk/heads/embedding.js";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { root } from "../helpers/shared.js";
import { SENTENCES, smallBert, tokenizer } from "../helpers/small-bert.js";

interface Adapter {
  readonly version: () => string;
  importOnly(): Promise<void>;
  load(input: object): Promise<{ run(input: object): { data: Float32Array } }>;
  loadTokenizer(input: object): Promise<{ encode(text: string): { ids: Int32Array } }>;
  train(input: object): Promise<{ step(input: object): number; dispose(): void }>;
  generator(input: object): Promise<{ generate(input: object): Int32Array }>;
}

const test = suite("the plug for comparing with peers");
const engine = await Engine.create();
const place = mkdtempSync(join(tmpdir(), "cloze-adapter-"));
const adapter: Adapter = await import(pathToFileURL(join(root, "bench/peer-adapter.mjs")).href);

/** Write the files of a model with random weights. */
async function written(name: string, saved: Parameters<typeof saveModel>[1]): Promise<string> {
  const files = memoryFiles();
  await saveModel(files, saved);
  const folder = join(place, name);
  mkdirSync(folder);
  for (const [file, bytes] of files.files) writeFileSync(join(folder, file), bytes);
  return folder;
}

test("padded rows give the hidden states of the texts, and zeros at masked places", async () => {
  const model = await smallBert(engine, "feature-extraction");
  const modelDir = await written("bert", { ...model, tokenizer, maxLength: 16 });
  const { run } = await adapter.load({ modelDir, dtype: "fp32", threads: 1 });
  const encoded = SENTENCES.slice(0, 2).map((text) => tokenizer.encode(text));
  const length = Math.max(...encoded.map(({ ids }) => ids.length)) + 2;
  const ids = new Int32Array(2 * length);
  const mask = new Int32Array(2 * length);
  for (const [row, { ids: text }] of encoded.entries()) {
    ids.set(text, row * length);
    mask.fill(1, row * length, row * length + text.length);
  }
  const { data } = run({ B: 2, S: length, ids, mask });
  const want = hiddenStates(
    model.model,
    encoded.map((encoding) => sampleOf(encoding)),
  );
  const width = data.length / (2 * length);
  assert.is(width, 16);
  for (const [row, hidden] of want.entries()) {
    const begin = row * length * width;
    assert.equal([...data.subarray(begin, begin + hidden.length)], [...hidden]);
    assert.ok(data.subarray(begin + hidden.length, begin + length * width).every((value) => value === 0));
  }
});

test("a tokenizer file gives the ids of the tokenizer", async () => {
  const folder = await written("tokenizer", {
    ...(await smallBert(engine, "feature-extraction")),
    tokenizer,
    maxLength: 16,
  });
  const { encode } = await adapter.loadTokenizer({ file: join(folder, "tokenizer.json") });
  assert.equal([...encode(SENTENCES[0]!).ids], [...tokenizer.encode(SENTENCES[0]!).ids]);
});

for (const kind of ["mlm", "gpt"])
  test(`training steps of kind ${kind} learn, and score only labelled places whichever head computes`, async () => {
    const sizes = { layers: 2, width: 32, heads: 2, vocab: 50, positions: 16, batch: 4, seq: 16 };
    const optimizer = { lr: 1e-2, betas: [0.9, 0.999], weightDecay: 0.01, clip: 1, seed: 1, dropout: 0, threads: 1 };
    const ids = Int32Array.from({ length: 64 }, (_, at) => (at * 7) % 50);
    const labels = ids.map((id, at) => (at % 5 === 0 ? (id + 1) % 50 : -100));
    const losses: number[][] = [];
    for (const head of ["all", "masked"]) {
      const { step, dispose } = await adapter.train({ kind, head, ...sizes, ...optimizer });
      losses.push(Array.from({ length: 30 }, () => step({ ids, labels })));
      dispose();
    }
    const [all, masked] = losses as [number[], number[]];
    // The first losses are sums of the same terms in the same order; later ones differ by rounding in the gradient.
    assert.is(all[0], masked[0]);
    // Thirteen labels of 50 classes: ln 50 at random weights, far less once overfitted.
    assert.ok(Math.abs(masked[0]! - Math.log(50)) < 0.5, `first loss ${masked[0]}`);
    assert.ok(masked[29]! < 1, `last loss ${masked[29]}`);
    assert.ok(all[29]! < 1, `last loss ${all[29]}`);
  });

test("a missing part throws", async () => {
  for (const input of [{ dtype: "fp4" }, { dtype: "fp32", modelDir: join(place, "nowhere") }]) {
    let failed: unknown;
    await adapter.load({ modelDir: join(place, "bert"), threads: 1, ...input }).catch((error) => (failed = error));
    assert.instance(failed, Error);
  }
});

test.after(() => rmSync(place, { recursive: true, force: true }));
test.run();
