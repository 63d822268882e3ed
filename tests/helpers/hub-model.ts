/** A model as a hub has it: small, but with weights of 2.7 MB, and files that no model needs. */
import { Engine } from "../../sdk/engine/engine.js";
import { jsonBytes, memoryFiles } from "../../sdk/io/files/files.js";
import { saveModel } from "../../sdk/io/pretrained/save.js";
import { freshConfig, freshModel } from "../../sdk/train/fresh/fresh-model.js";
import { LENGTH, tokenizer } from "./small-bert.js";

/** Files that a download leaves where they are. */
export const UNNEEDED = ["README.md", "pytorch_model.bin", "onnx/model.onnx"];

export async function hubModel(): Promise<ReadonlyMap<string, Uint8Array>> {
  using engine = await Engine.create();
  const config = freshConfig("bert", {
    vocabSize: tokenizer.size,
    numHiddenLayers: 6,
    hiddenSize: 96,
    numAttentionHeads: 2,
    maxPositionEmbeddings: LENGTH,
    dropout: 0.1,
  });
  const files = memoryFiles();
  await saveModel(files, { ...freshModel(engine, config, "masked-lm", 1), tokenizer, maxLength: LENGTH });
  const type = "sentence_transformers.models";
  const extra: [string, Uint8Array][] = [
    [
      "modules.json",
      jsonBytes([
        { type: `${type}.Transformer`, path: "" },
        { type: `${type}.Pooling`, path: "1_Pooling" },
      ]),
    ],
    ["1_Pooling/config.json", jsonBytes({ word_embedding_dimension: 96, pooling_mode_mean_tokens: true })],
    ...UNNEEDED.map((name): [string, Uint8Array] => [name, new TextEncoder().encode(`${name} is of no use here`)]),
  ];
  return new Map([...files.files, ...extra]);
}
