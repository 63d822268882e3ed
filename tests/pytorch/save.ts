/**
 * Save a model of every family and task as Cloze saves them, beside the scores that Cloze computes, for check.py to compare.
 *
 *   node scripts/run.mjs tests/pytorch/save.ts OUT && python3 tests/pytorch/check.py OUT
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Batch, collate, sampleOf } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { type Pooling, pool } from "../../sdk/heads/pooling.js";
import { jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { folder } from "../../sdk/io/files/folder.js";
import { writableFolder, writeFolder } from "../../sdk/io/files/write-whole.js";
import { loadModel, type Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { type NamedTensor, writeSafetensors } from "../../sdk/io/safetensors/write-safetensors.js";
import { readSentenceSettings } from "../../sdk/io/sentence-transformers/sentence.js";
import { writeSentenceSettings } from "../../sdk/io/sentence-transformers/write-sentence.js";
import { loadTokenizer } from "../../sdk/io/tokenizers/tokenizer-files.js";
import { familyOf } from "../../sdk/models/families.js";
import type { Model } from "../../sdk/models/family/build.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { Scope } from "../../sdk/tensor/scope.js";
import type { Tensor } from "../../sdk/tensor/tensor.js";
import { type Tokenizer, trainWordPiece } from "../../sdk/tokenizer/index.js";
import { electraConfigs, freshElectra } from "../../sdk/train/fresh/electra-pair.js";
import { freshConfig } from "../../sdk/train/fresh/fresh-model.js";
import { disturb } from "../helpers/parameters.js";
import { shared } from "../helpers/shared.js";
import { smallConfig, TYPES } from "./small-configs.js";

const TEXTS: readonly (readonly [string, string?])[] = [
  ["The unwanted guest closed the window quietly."],
  ["Is it raining?", "Yes, the streets are wet."],
  ["Übung macht den Meister", "练习 [MASK] 造就大师"],
  [""],
  ["words ".repeat(60)],
];
const LENGTH = 64;

const out = process.argv[2];
if (out === undefined) throw new Error("usage: node scripts/run.mjs tests/pytorch/save.ts OUT");
mkdirSync(out, { recursive: true });
const engine = await Engine.create();
const tokenizer = trainWordPiece(
  TEXTS.flatMap((pair) => pair.filter((text) => text !== undefined)),
  { size: 120, lowercase: true },
);

function batchOf(tokens: Tokenizer, length: number): Batch {
  return collate(TEXTS.map(([text, pair]) => sampleOf(tokens.encode(text, pair, { truncate: { length } }))));
}

/** Scores by the name of PyTorch's output. A decoder reads the texts themselves, shifted right. */
function scoresOf({ task, model, family }: Pretrained, batch: Batch): Record<string, Tensor> {
  if (task === "seq2seq-lm") return generationScores(model as Model<"seq2seq-lm">, batch);
  const m = model as Model<"pretraining"> &
    Model<"sequence-classification"> &
    Model<"token-classification"> &
    Model<"question-answering"> &
    Model<"replaced-token-detection">;
  const hidden = m.encode(batch);
  const everywhere = Int32Array.from(batch.ids, (_, i) => i);
  const byTask: Record<Exclude<ModelTask, "seq2seq-lm">, () => Record<string, Tensor>> = {
    "feature-extraction": () => ({ last_hidden_state: hidden }),
    pretraining: () => ({
      prediction_logits: m.tokenScores(hidden, everywhere),
      [family.type === "albert" ? "sop_logits" : "seq_relationship_logits"]: m.pairScores(hidden, batch),
    }),
    "masked-lm": () => ({ logits: m.tokenScores(hidden, everywhere) }),
    "replaced-token-detection": () => ({ logits: m.replacedScores(hidden) }),
    "causal-lm": () => ({ logits: m.tokenScores(hidden, everywhere) }),
    "next-sentence-prediction": () => ({ logits: m.pairScores(hidden, batch) }),
    "sequence-classification": () => ({ logits: m.sequenceScores(hidden, batch) }),
    "token-classification": () => ({ logits: m.tokenClassScores(hidden) }),
    "question-answering": () => ({ span_logits: m.spanScores(hidden) }),
  };
  return byTask[task]();
}

function generationScores(model: Model<"seq2seq-lm">, batch: Batch): Record<string, Tensor> {
  const { starts } = batch;
  const ids = batch.ids.slice();
  for (let row = 0; row < batch.rows; row++)
    ids.set(model.shifted(batch.ids.subarray(starts[row]!, starts[row + 1]!)), starts[row]!);
  const states = model.decode({ ...batch, ids }, { hidden: model.encode(batch), starts });
  return {
    logits: model.tokenScores(
      states,
      Int32Array.from(ids, (_, i) => i),
    ),
  };
}

function named(name: string, { shape, dtype, data }: Tensor): NamedTensor {
  if (dtype !== "f32") throw new TypeError(`${name} is not f32`);
  return { name, shape, values: data.slice() };
}

const numbers = (name: string, values: Int32Array): NamedTensor => ({
  name,
  shape: [values.length],
  values: Float32Array.from(values),
});

/** What Cloze computes for the texts, beside the folder. */
function writeExpected(name: string, batch: Batch, scores: Record<string, Tensor>): void {
  const inputs = [numbers("ids", batch.ids), numbers("segments", batch.segments), numbers("starts", batch.starts)];
  const outputs = Object.entries(scores).map(([output, t]) => named(`scores.${output}`, t));
  writeFileSync(join(out!, `${name}.expected.safetensors`), writeSafetensors([...inputs, ...outputs]));
}

async function save(name: string, loaded: Pretrained): Promise<void> {
  await writeFolder(join(out!, name), true, (files) => saveModel(files, { ...loaded, tokenizer, maxLength: LENGTH }));
  using _ = new Scope();
  const batch = batchOf(tokenizer, LENGTH);
  writeExpected(name, batch, scoresOf(loaded, batch));
}

/** A small model whose every parameter is far from its initial value: a name that is lost would change the scores. */
async function made<T extends ModelTask>(task: T, labels: LabelSet | null, extra = {}): Promise<Pretrained<T>> {
  const sizes = {
    vocabSize: tokenizer.size,
    numHiddenLayers: 2,
    hiddenSize: 32,
    numAttentionHeads: 4,
    maxPositionEmbeddings: LENGTH,
    dropout: 0.1,
  };
  const files = memoryFiles([["config.json", jsonBytes({ ...freshConfig("bert", sizes), ...extra })]]);
  const loaded = await loadModel(engine, files, { task, labels, scratch: true, seed: 7 });
  disturb(loaded.weights, 0.1);
  return loaded;
}

const three = new LabelSet(["bad", "so-so", "good"]);
const pretrained = await made("pretraining", null);
await save("pretrain", pretrained);
await save("mask-from-pretrain", { ...pretrained, task: "masked-lm", model: pretrained.model });
await save("pair-from-pretrain", { ...pretrained, task: "next-sentence-prediction", model: pretrained.model });
await save("encode-from-pretrain", { ...pretrained, task: "feature-extraction", model: pretrained.model });
await save("mask", await made("masked-lm", null));
await save("mask-gelu-new", await made("masked-lm", null, { hidden_act: "gelu_new", torch_dtype: "float16" }));
await save("mask-untied", await made("masked-lm", null, { tie_word_embeddings: false }));
await save("classify", await made("sequence-classification", three));
await save("regress", await made("sequence-classification", null));
await save("tag", await made("token-classification", three));
// A configuration that comes from a classifier with three classes must not make three columns of the two of a span.
await save("answer", await made("question-answering", null, { id2label: { 0: "a", 1: "b", 2: "c" }, num_labels: 3 }));
// A new head on a saved body.
await save(
  "tag-from-mask",
  await loadModel(engine, folder(join(out, "mask")), { task: "token-classification", labels: three, seed: 3 }),
);

/** Small models of the other families, every published class of each. */
for (const type of TYPES.filter((known) => known !== "bert")) {
  const config = smallConfig(type, tokenizer.size, LENGTH, tokenizer.special);
  for (const task of Object.keys(familyOf(config).architectures) as ModelTask[]) {
    const labels = task === "token-classification" || task === "sequence-classification" ? three : null;
    const files = memoryFiles([["config.json", jsonBytes(config)]]);
    const loaded = await loadModel(engine, files, { task, labels, scratch: true, seed: 7 });
    disturb(loaded.weights, 0.1);
    await save(`${type}-${task}`, loaded);
  }
}

/** Two models over the same embeddings, each a folder of its own. */
const pairSizes = {
  vocabSize: tokenizer.size,
  numHiddenLayers: 2,
  hiddenSize: 32,
  numAttentionHeads: 4,
  maxPositionEmbeddings: LENGTH,
  dropout: 0.1,
};
const pair = freshElectra(engine, electraConfigs({ ...pairSizes, embeddingSize: 16, generator: 1 / 2 }), 7);
disturb(pair.weights, 0.1);
await save("electra-pair-generator", pair.generator);
await save("electra-pair-discriminator", pair.discriminator);

/** A sentence-transformers folder, its vectors as Cloze computes them. */
async function saveSentence(name: string, from: string, pooling: Pooling | null): Promise<void> {
  using loaded = await loadModel(engine, folder(from), { task: "feature-extraction" });
  const tokens = await loadTokenizer(folder(from));
  const settings = await readSentenceSettings(folder(from));
  const wanted = pooling ? { ...settings, pooling } : settings;
  const length = Math.min(settings.maxLength ?? LENGTH, loaded.model.maxLength);
  await writeFolder(join(out!, name), true, async (files) => {
    await saveModel(files, { ...loaded, tokenizer: tokens, maxLength: length });
    await writeSentenceSettings(files, { ...wanted, maxLength: length }, loaded.model.hiddenSize);
  });
  using _ = new Scope();
  const singles = TEXTS.map(([text]) => sampleOf(tokens.encode(text, undefined, { truncate: { length } })));
  const batch = collate(singles);
  const vectors = pool(loaded.model.encode(batch), batch.starts, wanted.pooling);
  writeExpected(name, batch, { sentence_embedding: vectors });
}

await saveSentence("sentence-cls", join(out, "mask"), { mode: "cls", normalize: false });
await saveSentence("sentence-mean", join(out, "pretrain"), { mode: "mean", normalize: true });
await saveSentence("sentence-max", join(out, "encode-from-pretrain"), { mode: "max", normalize: true });
const published = shared("models/all-MiniLM-L6-v2", "a published sentence model saved again");
if (published) await saveSentence("sentence-published", published, null);
await writableFolder(out).write("texts.json", jsonBytes(TEXTS.map(([text, pair]) => [text, pair ?? null])));
engine.dispose();
