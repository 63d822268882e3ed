/** A model folder in fewer bits: its configuration and weights are rewritten, its other files stay as they are. */
import type { Engine } from "../../engine/engine.js";
import type { CompactDtype } from "../../tensor/compact-panels.js";
import { ModelFileError, type WritableFiles } from "../files/files.js";
import { type ModelSource, openSource } from "../files/model-source.js";
import { bodyOf } from "../sentence-transformers/modules.js";
import { isStatic } from "../sentence-transformers/static-embedding.js";
import { loadModel } from "./pretrained.js";
import { weightFiles } from "./save.js";

/** The files written. */
export interface QuantizedFiles {
  /** the folder inside the model's that they are in, with a "/" at its end; "" for the model's own */
  readonly path: string;
  /** bytes of the weights */
  readonly size: number;
}

/**
 * Write config.json and model.safetensors of a model with its matrices in 8 bits (`q8`), 4 bits (`q4`) or 16 bits (`f16`).
 * The other files of the folder are the caller's to copy.
 *
 * @throws {ModelFileError} for a table of static embeddings, which has no products to gain from
 * @example
 * const small = memoryFiles();
 * const { size } = await quantizeModel(engine, files, small, "q8");
 * console.log(size, [...small.files.keys()]); // config.json, model.safetensors
 */
export async function quantizeModel(
  engine: Engine,
  files: ModelSource,
  to: WritableFiles,
  dtype: CompactDtype,
): Promise<QuantizedFiles> {
  const root = openSource(files, "quantizeModel");
  const body = await bodyOf(root);
  if (await isStatic(root, await body.json("config.json")))
    throw new ModelFileError("this model is a table of static embeddings, which is not quantized");
  using loaded = await loadModel(engine, root, { dtype });
  const { config, weights } = weightFiles(loaded);
  await to.write(`${body.path}config.json`, config);
  await to.write(`${body.path}model.safetensors`, weights);
  return { path: body.path, size: weights.length };
}
