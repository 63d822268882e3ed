/** A BERT small enough for any test, with a tokenizer of a few words. */
import { type Batch, collate, type Sample, sampleOf } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import type { LabelSet } from "../../sdk/heads/labels.js";
import { jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { loadModel, type Pretrained } from "../../sdk/io/pretrained/pretrained.js";
import type { ModelTask } from "../../sdk/models/family/family.js";
import { trainWordPiece } from "../../sdk/tokenizer/index.js";
import { freshConfig } from "../../sdk/train/fresh/fresh-model.js";

export const SENTENCES = ["the cat sat on the mat", "a dog ran to the cat", "the sun is up", "dogs and cats ran on"];
export const tokenizer = trainWordPiece(SENTENCES, { size: 60 });
export const LENGTH = 16;

export const config = freshConfig("bert", {
  vocabSize: tokenizer.size,
  numHiddenLayers: 2,
  hiddenSize: 16,
  numAttentionHeads: 2,
  maxPositionEmbeddings: LENGTH,
  dropout: 0.1,
});

export function samples(texts: readonly string[] = SENTENCES): Sample[] {
  return texts.map((text) => sampleOf(tokenizer.encode(text)));
}

export function batch(texts: readonly string[] = SENTENCES): Batch {
  return collate(samples(texts));
}

/** A model with random weights. `extra` goes into its configuration. */
export function smallBert<P extends ModelTask>(
  engine: Engine,
  purpose: P,
  labels: LabelSet | null = null,
  extra: object = {},
): Promise<Pretrained<P>> {
  const files = memoryFiles([["config.json", jsonBytes({ ...config, ...extra })]]);
  return loadModel(engine, files, { task: purpose, labels, scratch: true, seed: 5 });
}
