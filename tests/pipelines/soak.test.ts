/** Ten thousand forward passes: nothing grows after the second. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine } from "../../sdk/engine/engine.js";
import { infer } from "../../sdk/heads/infer.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";

const test = suite("soak");
const PASSES = 10_000;
/**
 * Resident memory is not the library's alone: V8's young generation grows to three semi-spaces of 16 MB as it likes. A
 * pass makes more than 20 kB of tensors, so a leak of them would be 180 MB.
 */
const BREATH = 48e6;

test("memory is flat over 10,000 forward passes", async () => {
  using engine = await Engine.create();
  const config = freshConfig("bert", {
    vocabSize: 60,
    numHiddenLayers: 1,
    hiddenSize: 16,
    numAttentionHeads: 2,
    maxPositionEmbeddings: 16,
    dropout: 0.1,
  });
  const { model } = freshModel(engine, config, "masked-lm", 1);
  const ids = Int32Array.from({ length: 12 }, (_, i) => (i * 7) % 60);
  const sample = { ids, segments: new Uint8Array(12), special: new Uint8Array(12), words: ids, labels: {} };
  const pass = () =>
    infer(model, [sample, sample], "tokens", (m, hidden, batch) =>
      m.tokenScores(
        hidden,
        Int32Array.from(batch.ids, (_, i) => i),
      ),
    );
  const now = () => ({ live: engine.liveBytes, reserved: engine.memory.buffer.byteLength });
  pass();
  pass();
  const before = now();
  for (let i = 0; i < 1000; i++) pass();
  globalThis.gc?.();
  const resident = process.memoryUsage().rss;
  for (let i = 1000; i < PASSES; i++) pass();
  globalThis.gc?.();
  assert.equal(now(), before);
  const grown = process.memoryUsage().rss - resident;
  assert.ok(grown < BREATH, `resident memory grew by ${grown} bytes`);
});

test.run();
