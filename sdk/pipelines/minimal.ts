/** The embedding pipeline from parts that the caller chooses, so that a bundle has no other ones. */
import { BareEngine } from "../engine/bare-engine.js";
import type { KernelSource } from "../engine/source.js";
import { type Files, ModelFileError } from "../io/files/files.js";
import { openFolder } from "../io/files/model-folder.js";
import { loadModelOf } from "../io/pretrained/pretrained.js";
import { familyAmong } from "../models/family-of.js";
import { ArgumentError, aFunction, checkOptions, listOf, withFields } from "../options.js";
import { readVocabulary, type Tokenizer } from "../tokenizer/index.js";
import {
  type EmbeddingOptions,
  eachText,
  type FeatureExtractionOptions,
  openEmbeddingOf,
} from "./feature-extraction.js";
import { openPipelineOf, type Parts, type Pipeline } from "./pipeline.js";

/** An architecture that can be loaded. */
export interface Architecture {
  /** `model_type` of config.json */
  readonly type: string;
}

/** The parts of {@link featureExtractionOf}. */
export interface EmbeddingParts {
  /** `strictKernels` or `relaxedKernels`; in an edge worker a function that gives the imported module */
  readonly kernels: KernelSource;
  /** the architectures that can be loaded, such as `[bert]` */
  readonly families: readonly Architecture[];
  /** reads the folder's tokenizer: {@link readWordPiece}, `loadTokenizer` of `cloze`, or a function of your own */
  readonly tokenizer: (files: Files) => Promise<Tokenizer>;
}

/**
 * `featureExtraction` of `cloze` with these parts alone. Adapters and the option `build` are not among them.
 *
 * @example
 * const parts = { kernels: strictKernels, families: [bert], tokenizer: readWordPiece };
 * const embed = await featureExtractionOf(parts, folder("all-MiniLM-L6-v2"));
 * embed("A cat sleeps."); // the same 384 numbers
 */
export async function featureExtractionOf(
  parts: EmbeddingParts,
  files: Files,
  options: Omit<FeatureExtractionOptions, "adapter" | "build"> = {},
): Promise<Pipeline<string, Float32Array, EmbeddingOptions>> {
  checkOptions("featureExtractionOf: parts", parts, {
    kernels: aFunction,
    families: listOf(withFields("a family, such as bert", "type"), 1),
    tokenizer: aFunction,
  });
  const { kernels, families, tokenizer } = parts;
  const few: Parts = {
    engine(build) {
      if (build !== undefined)
        throw new ArgumentError("featureExtractionOf: the build is that of the kernels in its parts");
      return BareEngine.over(kernels, {});
    },
    model(engine, folder, adapter, given) {
      if (adapter)
        throw new ArgumentError("featureExtractionOf has no adapters; featureExtraction of cloze loads them");
      return loadModelOf((config) => familyAmong(families, config), engine, folder, given);
    },
    tokenizer,
  };
  return openEmbeddingOf(
    (folder, given, description) => openPipelineOf(few, folder, given, description),
    "featureExtractionOf",
    files,
    options,
    eachText("featureExtractionOf"),
  );
}

/**
 * BERT's tokenizer from a folder's vocab.txt and the settings of its tokenizer_config.json.
 *
 * @throws {ModelFileError} when the folder has no vocab.txt
 * @example
 * const tokenizer = await readWordPiece(folder("bert-base-uncased"));
 */
export async function readWordPiece(files: Files): Promise<Tokenizer> {
  const folder = openFolder(files, "readWordPiece");
  const [vocabulary, settings] = await Promise.all([folder.read("vocab.txt"), folder.fields("tokenizer_config.json")]);
  if (!vocabulary)
    throw new ModelFileError("vocab.txt is missing: the tokenizer of this folder is not BERT's WordPiece");
  return readVocabulary(new TextDecoder().decode(vocabulary), { settings });
}
