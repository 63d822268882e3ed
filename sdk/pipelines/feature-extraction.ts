/** Text embeddings, pooled and normalized as the folder's files or the caller specify. */
import { sampleOf } from "../data/sample.js";
import type { Engine } from "../engine/engine.js";
import { embedInSteps } from "../heads/embedding.js";
import { atLayers, type LayerJoin } from "../heads/layer-states.js";
import type { Counted, PoolingMode } from "../heads/pooling.js";
import type { Files } from "../io/files/files.js";
import { openFolder } from "../io/files/model-folder.js";
import { type ModelSource, openSource } from "../io/files/model-source.js";
import { type LoadedModules, loadModules } from "../io/sentence-transformers/load-modules.js";
import { promptText, readSentenceSettings, type SentenceSettings } from "../io/sentence-transformers/sentence.js";
import { ArgumentError, aBoolean, aString, listOf, oneOf, type Rules } from "../options.js";
import { columns } from "../tensor/ops/elementwise.js";
import { Scope } from "../tensor/scope.js";
import { eachInSteps } from "../tensor/steps.js";
import { type Tensor, zeros } from "../tensor/tensor.js";
import type { Tokenizer } from "../tokenizer/index.js";
import { textOf } from "./options.js";
import {
  type CallOptions,
  type Description,
  type OpenPipeline,
  openPipeline,
  type Pipeline,
  type PipelineOptions,
} from "./pipeline.js";

/** Which layers' hidden states are pooled. */
export interface LayerOptions {
  /** 0 for the embeddings, 1 … for the layers, -1 for the last (the default) */
  readonly layers?: readonly number[];
  /** how several layers become one; `mean` by default */
  readonly join?: LayerJoin;
}

/** Options of {@link featureExtraction}, when it is opened and when it is called. */
export interface EmbeddingOptions extends CallOptions, LayerOptions {
  /** overrides the folder's pooling */
  readonly pooling?: PoolingMode;
  /** scale vectors to unit length, after the folder's truncate_dim, so that the dot product is the cosine; overrides the folder */
  readonly normalize?: boolean;
  /** whether special tokens such as [CLS] and [SEP] are pooled; true by default */
  readonly special?: boolean;
  /** name of one of the folder's prompts: "query", "passage" … */
  readonly prompt?: string;
  /** text prepended to every input, instead of one of the folder's prompts */
  readonly prefix?: string;
}

/** Options at the opening of {@link featureExtraction}. */
export interface FeatureExtractionOptions extends PipelineOptions, EmbeddingOptions {}

/** Layers by number: those that exist are known only when the model is. */
export const layerRules = (): Rules<LayerOptions> => ({
  layers: listOf({ expected: "a whole number", accepts: Number.isSafeInteger }, 1),
  join: oneOf("mean", "sum", "concat"),
});

const rules = (): Rules<Omit<EmbeddingOptions, keyof CallOptions>> => ({
  ...layerRules(),
  pooling: oneOf("mean", "cls", "max", "last", "weighted", "mean-sqrt"),
  normalize: aBoolean,
  special: aBoolean,
  prompt: aString,
  prefix: aString,
});

/** Names of sentence-transformers and transformers.js. */
const ELSEWHERE = {
  normalize_embeddings: "normalize says whether vectors are divided by their length",
  normalise: "normalize says whether vectors are divided by their length",
  prompt_name: "the name of one of the folder's prompts is prompt",
  precision: "vectors are float32",
  quantize: "vectors are float32",
  output_value: "for vectors of words type wordVectors",
  return_tensors: "vectors are Float32Array",
} as const;

/** Number of leading tokens that a prompt takes, as sentence-transformers counts them: without the final special token. */
function tokensOf(tokenizer: Tokenizer, prompt: string): number {
  const { special } = tokenizer.encode(prompt);
  return special.length - (special.at(-1) === 1 ? 1 : 0);
}

/** Which tokens are pooled. */
function countedOf(
  tokenizer: Tokenizer,
  { promptCounts }: SentenceSettings,
  prompt: string,
  special: boolean | undefined,
): Counted {
  return {
    ...(special !== undefined && { special }),
    ...(prompt !== "" && !promptCounts && { skip: tokensOf(tokenizer, prompt) }),
  };
}

/** The text prepended to every input. */
function promptOf(where: string, settings: SentenceSettings, { prompt, prefix }: EmbeddingOptions): string {
  if (prompt !== undefined && prefix !== undefined)
    throw new ArgumentError(`${where}: give the name of a prompt or a prefix, not both`);
  return prefix ?? promptText(settings, prompt);
}

/**
 * A vector for each text.
 *
 * @param files of the model; or its folder, or the name that it is published by
 * @example
 * const embed = await featureExtraction("sentence-transformers/all-MiniLM-L6-v2");
 * embed("A cat sleeps."); // Float32Array of 384 numbers
 * embed(["A cat sleeps.", "It rains."], { pooling: "cls", normalize: true }); // an array of two
 * await embed.async(texts, { signal: AbortSignal.timeout(5000) }); // the same for many texts, while other tasks run
 * const questions = await featureExtraction(folder("e5-small-v2"), { prefix: "query: " });
 */
export async function featureExtraction(
  files: ModelSource,
  options: FeatureExtractionOptions = {},
): Promise<Pipeline<string, Float32Array, EmbeddingOptions>> {
  const name = "featureExtraction";
  return openEmbedding(name, files, options, eachText(name));
}

/** {@link featureExtraction} and pipelines around it; messages name the function that the caller used. */
export const openEmbedding = async <Input, Output>(
  name: string,
  files: ModelSource,
  options: FeatureExtractionOptions,
  around: Around<Input, Output>,
) => openEmbeddingOf(openPipeline, name, openSource(files, name, options), options, around);

/** The vector of a text without tokens (possible with static embeddings only): zeros, through the modules after pooling. */
function vectorOfNothing(engine: Engine, width: number, { behind }: LoadedModules): Float32Array {
  using _ = new Scope();
  return behind(zeros(engine, [1, width])).toArray();
}

/** How another pipeline turns the vectors of its texts into its result. */
export type Around<Input, Output> = Pick<
  Description<"feature-extraction", Input, Output, EmbeddingOptions>,
  "input" | "read"
> & {
  /** the texts of an input, and the result made from their vectors */
  readonly texts: (input: Input) => readonly string[];
  readonly output: (vectors: readonly Float32Array[]) => Output;
};

/** A vector for each text as it is. */
export const eachText = (name: string): Around<string, Float32Array> => ({
  input: (value, at) => textOf(name, at, value),
  texts: (text) => [text],
  output: ([vector]) => vector!,
});

/** The same pipeline, opened with all parts of the package or with few. */
export async function openEmbeddingOf<Input, Output>(
  open: OpenPipeline,
  name: string,
  files: Files,
  options: FeatureExtractionOptions,
  { texts, output, ...around }: Around<Input, Output>,
): Promise<Pipeline<Input, Output, EmbeddingOptions>> {
  const folder = openFolder(files, name).readAhead();
  const settings = await readSentenceSettings(folder);
  return open<"feature-extraction", Input, Output, EmbeddingOptions>(folder, options, {
    name,
    task: "feature-extraction",
    rules: rules(),
    elsewhere: ELSEWHERE,
    ...around,
    async make({ engine, model, tokenizer, family }, own) {
      promptOf(name, settings, options);
      if (options.layers) atLayers(model, options.layers, options.join);
      const { mode } = settings.pooling;
      const width = model.hiddenSize * (typeof mode === "string" ? 1 : mode.length);
      const modules = await loadModules(engine, folder, settings.modules ?? [], width);
      own(modules);
      return function* (inputs, asked) {
        const prompt = promptOf(name, settings, asked);
        const { dimensions = Number.POSITIVE_INFINITY } = settings;
        // As in the library, vectors keep their first numbers before the length that a call asks for, and after the folder's own.
        const behind = (vectors: Tensor): Tensor => {
          const made = modules.behind(vectors);
          return asked.normalize === true && dimensions < made.shape[1]! ? columns(made, 0, dimensions) : made;
        };
        // Tables of static embeddings have no use for [CLS] and the like.
        const options = { truncate: { length: asked.length }, special: family.type !== "static-embedding" };
        const asTexts = inputs.map(texts);
        const samples = yield* eachInSteps(asTexts.flat(), (text) =>
          sampleOf(tokenizer.encode(prompt + text, undefined, options)),
        );
        const found = yield* embedInSteps(
          asked.layers ? atLayers(model, asked.layers, asked.join) : modules.before(model),
          samples.filter(({ ids }) => ids.length > 0),
          {
            mode: asked.pooling ?? settings.pooling.mode,
            normalize: asked.normalize ?? settings.pooling.normalize,
          },
          countedOf(tokenizer, settings, prompt, asked.special),
          behind,
        );
        let next = 0;
        const vectors = samples.map(({ ids }) =>
          ids.length > 0 ? found[next++]! : vectorOfNothing(engine, width, modules),
        );
        const cut = vectors.map((vector) => (dimensions < vector.length ? vector.slice(0, dimensions) : vector));
        let first = 0;
        return asTexts.map(({ length }) => output(cut.slice(first, (first += length))));
      };
    },
  });
}
