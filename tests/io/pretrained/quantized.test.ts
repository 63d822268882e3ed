/** Models in fewer bits: loaded so, saved and loaded again, and refused where they cannot be used. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../../sdk/data/sample.js";
import { Engine } from "../../../sdk/engine/engine.js";
import { cosine } from "../../../sdk/heads/similarity.js";
import { memoryFiles } from "../../../sdk/io/files/files.js";
import { folder } from "../../../sdk/io/files/folder.js";
import { loadModel, type Pretrained } from "../../../sdk/io/pretrained/pretrained.js";
import { quantizeModel } from "../../../sdk/io/pretrained/quantize.js";
import { weightFiles } from "../../../sdk/io/pretrained/save.js";
import { FAMILIES } from "../../../sdk/models/families.js";
import type { ModelTask } from "../../../sdk/models/family/family.js";
import { featureExtraction } from "../../../sdk/pipelines/feature-extraction.js";
import { CompactWeightError, Matrix } from "../../../sdk/tensor/matrix.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { spearman } from "../../../sdk/train/metrics/correlation.js";
import { adamW } from "../../../sdk/train/optim/adamw.js";
import { refused } from "../../helpers/refused.js";
import { sequence } from "../../helpers/sequences.js";
import { shared } from "../../helpers/shared.js";
import { tinyModel } from "../../helpers/tiny-models.js";

const test = suite("models in fewer bits");
const engine = await Engine.create();

/** Sequences of different lengths, and targets for decoders. */
const SAMPLES = [5, 17, 9].map((length, row) => ({
  ...sequence(
    Array.from({ length }, () => 1),
    7 + 20 * row,
  ),
  target: sequence([1, 1, 1], 60 + row),
}));

/** A task of a family: its body where it has a model for it. */
const taskOf = ({ architectures }: (typeof FAMILIES)[number]): ModelTask =>
  (["feature-extraction", "causal-lm", "seq2seq-lm"] as const).find((task) => task in architectures)!;

function filesOf(loaded: Pretrained) {
  const { config, weights } = weightFiles(loaded);
  return memoryFiles([
    ["config.json", config],
    ["model.safetensors", weights],
  ]);
}

function hiddenOf({ model }: Pretrained): Float32Array {
  using _ = new Scope();
  return model.encode(collate(SAMPLES)).toArray();
}

/** |got - want| / |want| */
function distance(got: Float32Array, want: Float32Array): number {
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(got.map((value, i) => value - want[i]!)) / norm(want);
}

/**
 * Relative error of the hidden states. A weight is rounded by at most half of a step, which is a 63rd of the largest of
 * its group, an activation by half of a 255th of its range. With weights and activations of normal distribution, largest
 * about three deviations, that is 1.4 % and .7 % of the deviation in the mean of squares: 1.5 % of a product. Two layers
 * have at most seven products one after the other, and tables before them: √8 x 1.5 % = 4.4 %, and twice that is room
 * for a bad draw. In 4 bits a step is an eighth of the largest: 11 % of a product, √8 times that, and the same room.
 */
const BOUND = { f16: 0.004, q8: 0.09, q4: 0.62 } as const;

/** Models of these are published only; Marian is BART's network, which is among the others. */
const PUBLISHED_ONLY = ["marian"];

for (const family of FAMILIES.filter(({ type }) => !PUBLISHED_ONLY.includes(type)))
  test(`${family.type}: loads in each type, near to f32, and as it was saved`, async () => {
    const task = taskOf(family);
    using fresh = tinyModel(engine, family.type, task, { width: 64 });
    const files = filesOf(fresh);
    const want = hiddenOf(fresh);
    for (const dtype of ["f16", "q8", "q4"] as const) {
      using loaded = await loadModel(engine, files, { task, dtype });
      const got = hiddenOf(loaded);
      const kept = [...loaded.weights.entries()].filter(([, t]) => t instanceof Matrix).map(([, t]) => t.dtype);
      assert.ok(kept.includes(dtype), `${dtype}: no weight is kept so`);
      const error = distance(got, want);
      assert.ok(error > 0 && error < BOUND[dtype], `${dtype}: relative error ${error}`);
      if (dtype === "f16") continue;
      const saved = filesOf(loaded);
      assert.ok(saved.files.get("model.safetensors")!.length < files.files.get("model.safetensors")!.length);
      using again = await loadModel(engine, saved, { task });
      assert.equal(hiddenOf(again), got, `${dtype}: saved and loaded`);
      using expanded = await loadModel(engine, saved, { task, dtype: "f32" });
      for (const [name, t] of expanded.weights.entries())
        assert.equal(t.toArray(), new Map(loaded.weights.entries()).get(name)!.toArray(), name);
      assert.not.ok("quantization_config" in JSON.parse(new TextDecoder().decode(weightFiles(expanded).config)));
    }
  });

test("training weights in fewer bits is refused by name", async () => {
  using fresh = tinyModel(engine, "bert", "masked-lm");
  using loaded = await loadModel(engine, filesOf(fresh), { dtype: "int8" });
  await refused(() => adamW(loaded.weights), /kept as q8, for inference alone; to train .* load it with dtype "f32"/);
  assert.throws(() => loaded.weights.entries().next().value![1].overwrite(() => {}), (e: Error) => e instanceof CompactWeightError); // biome-ignore format: one line
});

test("schemes of other libraries are refused by name", async () => {
  using fresh = tinyModel(engine, "bert", "feature-extraction");
  const files = filesOf(fresh);
  const config = JSON.parse(new TextDecoder().decode(files.files.get("config.json")!)) as object;
  for (const [stated, named] of [
    [{ quant_method: "compressed-tensors", format: "int-quantized" }, /compressed-tensors \(int-quantized\)/],
    [{ quant_method: "bitsandbytes", load_in_8bit: true }, /bitsandbytes/],
    [{ load_in_4bit: true }, /bitsandbytes/],
    [{ quant_method: "gptq", bits: 4 }, /gptq/],
    [{ quant_method: "awq" }, /awq/],
    [{ quant_method: "fp8" }, /fp8/],
    [{ quant_method: "cloze", dtype: "q3" }, /"q3" is not known; expected "q8" or "q4"/],
  ] as const) {
    const text = JSON.stringify({ ...config, quantization_config: stated });
    const changed = memoryFiles([["config.json", new TextEncoder().encode(text)], ["model.safetensors", files.files.get("model.safetensors")!]]); // biome-ignore format: one line
    await refused(() => loadModel(engine, changed), named);
  }
  await refused(
    () => loadModel(engine, files, { dtype: "q5" as never }),
    /dtype must be one of "f32", "f16", "q8", "q4"/,
  );
});

test("all-MiniLM-L6-v2 in 8 bits: vectors, similarity of sentences and memory", async () => {
  const model = shared("models/all-MiniLM-L6-v2/model.safetensors", "the quality of 8 bits on a published model");
  const sentences = shared("data/stsb-multi/stsb-en-test.tsv.gz", "the quality of 8 bits on published sentences");
  if (!model || !sentences) return;
  const files = folder(model.slice(0, -"/model.safetensors".length));
  const lines = gunzipSync(readFileSync(sentences)).toString("utf8").trim().split("\n").slice(1);
  // Every sixth pair: the whole set takes two minutes. On all 1,379 of them 8 bits reach the bars of decision 025.
  const rows = lines.filter((_, i) => i % 6 === 0).map((line) => line.split("\t"));
  const texts = [...rows.map(([, a]) => a!), ...rows.map(([, , b]) => b!)];
  const vectorsOf = async (dtype: "f32" | "q8" | "q4") => {
    const own = await Engine.create();
    using embed = await featureExtraction(files, { engine: own, dtype });
    embed("A cat sleeps on the mat, and a dog barks at it.");
    const bytes = own.memory.buffer.byteLength;
    const vectors = dtype === "q4" ? [] : embed(texts);
    own.dispose();
    return { vectors, bytes };
  };
  const [f32, q8, q4] = [await vectorsOf("f32"), await vectorsOf("q8"), await vectorsOf("q4")];
  const cosines = f32.vectors.map((vector, i) => cosine(vector, q8.vectors[i]!));
  const mean = cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
  const figure = ({ vectors }: { readonly vectors: readonly Float32Array[] }) => {
    const similarities = rows.map((_, i) => cosine(vectors[i]!, vectors[rows.length + i]!));
    return 100 * spearman(similarities, rows.map(([score]) => Number(score))); // biome-ignore format: one line
  };
  assert.ok(mean >= 0.998, `mean cosine ${mean}`);
  assert.ok(Math.min(...cosines) >= 0.99, `least cosine ${Math.min(...cosines)}`);
  // 82.03 and 81.8 on the whole set; a part of n = 230 pairs moves both alike.
  assert.ok(figure(q8) >= figure(f32) - 0.23, `Spearman ${figure(q8)}, in f32 ${figure(f32)}`);
  assert.ok(q8.bytes <= 32e6, `8 bits: ${q8.bytes} bytes`);
  assert.ok(q4.bytes <= 22e6, `4 bits: ${q4.bytes} bytes`);
});

test("quantization of a static embedding table is refused by name", async () => {
  const modules = [{ type: "sentence_transformers.models.StaticEmbedding", path: "." }];
  const files = memoryFiles([["modules.json", new TextEncoder().encode(JSON.stringify(modules))]]);
  await refused(() => quantizeModel(engine, files, memoryFiles(), "q8"), /static embeddings/);
});

test.run();
