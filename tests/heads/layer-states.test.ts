import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Batch, collate } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { embedTexts, hiddenStates, wordVector } from "../../sdk/heads/embedding.js";
import { atLayers, LayerError, shiftedAt } from "../../sdk/heads/layer-states.js";
import { Scope } from "../../sdk/tensor/scope.js";
import type { Tensor } from "../../sdk/tensor/tensor.js";
import { near } from "../helpers/near.js";
import { LENGTH, SENTENCES, samples, smallBert, tokenizer } from "../helpers/small-bert.js";

const test = suite("layers");
const engine = await Engine.create();
const loaded = await smallBert(engine, "feature-extraction");
const { model } = loaded;
const WIDTH = 16;

/** Hidden states of every layer of one sample, the embeddings' first. */
function everyLayer(text: string): Float32Array[] {
  using _ = new Scope();
  const hidden: Tensor[] = [];
  model.encode(collate(samples([text])), { hidden });
  return hidden.map((state) => state.toArray());
}

test("one layer, counted from either end, equals the trace", () => {
  for (const text of SENTENCES) {
    const all = everyLayer(text);
    assert.is(all.length, 3);
    for (const [layer, state] of all.entries()) {
      assert.equal(hiddenStates(atLayers(model, [layer]), samples([text]))[0], state);
      assert.equal(hiddenStates(atLayers(model, [layer - all.length]), samples([text]))[0], state);
    }
    assert.equal(hiddenStates(model, samples([text]))[0], all.at(-1));
  }
});

test("several layers are concatenated, added or averaged", () => {
  const [text] = SENTENCES as [string];
  const all = everyLayer(text);
  const joined = (join: "concat" | "sum" | "mean") => hiddenStates(atLayers(model, [0, -1], join), samples([text]))[0]!;
  const [first, last] = [all[0]!, all.at(-1)!];
  assert.equal(
    joined("sum"),
    first.map((x, i) => x + last[i]!),
  );
  assert.equal(
    joined("mean"),
    first.map((x, i) => Math.fround(x + last[i]!) / 2),
  );
  const wide = joined("concat");
  assert.is(wide.length, 2 * first.length);
  for (let t = 0; t < first.length / WIDTH; t++) {
    assert.equal(wide.slice(2 * t * WIDTH, (2 * t + 1) * WIDTH), first.slice(t * WIDTH, (t + 1) * WIDTH));
    assert.equal(wide.slice((2 * t + 1) * WIDTH, (2 * t + 2) * WIDTH), last.slice(t * WIDTH, (t + 1) * WIDTH));
  }
});

test("vectors of texts and words from an intermediate layer", () => {
  const pooling = { mode: "mean", normalize: false } as const;
  const vectors = embedTexts(atLayers(model, [1], "mean"), tokenizer, SENTENCES, pooling, LENGTH);
  for (const [i, text] of SENTENCES.entries()) {
    const state = everyLayer(text)[1]!;
    const tokens = state.length / WIDTH;
    const mean = Array.from({ length: WIDTH }, (_, d) =>
      Array.from({ length: tokens }, (__, t) => state[t * WIDTH + d]!).reduce((sum, x) => sum + x / tokens, 0),
    );
    // Sums of at most 16 layer-normalized numbers, of magnitude 4 at most.
    near(vectors[i]!, mean, { atol: 16 * 4 * 2 ** -24 });
  }
  const [sample] = samples(["xyzzy cat"]) as [ReturnType<typeof samples>[number]];
  const state = hiddenStates(atLayers(model, [1]), [sample])[0]!;
  assert.equal(wordVector(state, sample, 0, "first"), state.slice(WIDTH, 2 * WIDTH));
  assert.throws(() => wordVector(state, sample, 9, "first"), /has no word 9/);
});

test("layers that do not exist are refused, and nothing stays in memory", () => {
  const live = engine.liveBytes;
  assert.throws(() => hiddenStates(atLayers(model, [3]), samples()), /layer 3 does not exist.*0 \(embeddings\) to 2/);
  assert.throws(() => hiddenStates(atLayers(model, [-4]), samples()), /layer -4 does not exist/);
  assert.throws(() => atLayers(model, []), /at least one layer/);
  assert.throws(() => atLayers(model, [0.5]), /whole number, got 0.5/);
  hiddenStates(atLayers(model, [0, 1, 2], "concat"), samples());
  assert.is(engine.liveBytes, live);
});

test("a shift at a layer is added to every token, and the layers above continue from there", () => {
  const [text] = SENTENCES as [string];
  const shift = Float64Array.from({ length: WIDTH }, (_, d) => (d - 7) / 4);
  const last = hiddenStates(model, samples([text]))[0]!;
  const none = new Float64Array(WIDTH);
  for (const layer of [0, 1, 2])
    assert.equal(hiddenStates(shiftedAt(model, layer, none), samples([text]))[0], last, `no shift at layer ${layer}`);
  // At the last layer nothing follows: the same additions, in the same precision.
  const moved = hiddenStates(shiftedAt(model, 2, shift), samples([text]))[0]!;
  assert.equal(
    moved,
    last.map((x, i) => x + Math.fround(shift[i % WIDTH]!)),
  );
  // Below it, later layers read the moved states, so the result differs by more than a shift.
  const below = hiddenStates(shiftedAt(model, 1, shift), samples([text]))[0]!;
  const differences = below.map((x, i) => x - last[i]!);
  const columns = Array.from({ length: WIDTH }, (_, d) => differences.filter((_x, i) => i % WIDTH === d));
  assert.ok(columns.some((column) => Math.max(...column) - Math.min(...column) > 1e-3));
});

test("a shift that cannot be made is refused", () => {
  const refused = (layer: number, width: number, message: RegExp) =>
    assert.throws(
      () => hiddenStates(shiftedAt(model, layer, new Float64Array(width)), samples(["the cat"])),
      (error: unknown) => error instanceof LayerError && message.test(error.message),
    );
  refused(3, WIDTH, /layer 3 does not exist: the model has layers 0 \(embeddings\) to 2/);
  refused(1, 5, /a shift of 5 numbers for hidden states of 16/);
  const deaf = {
    encode: (batch: Batch, trace?: { readonly hidden: Tensor[] }) =>
      model.encode(batch, trace && { hidden: trace.hidden }),
  };
  assert.throws(
    () => hiddenStates(shiftedAt(deaf, 1, new Float64Array(WIDTH)), samples(["the cat"])),
    /layers of this model cannot be changed/,
  );
});

test.run();
