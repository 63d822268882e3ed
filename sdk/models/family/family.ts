/** The definition of an architecture: its configuration, its stored names, its body and its heads. One file each. */
import type { PairHead, SequenceHead } from "../../heads/pooled.js";
import type { SpanHead } from "../../heads/span.js";
import type { TokenHead } from "../../heads/tagging.js";
import type { Weights } from "../../nn/weights.js";
import type { LmHead } from "../../objectives/masked-lm.js";
import type { ReplacedTokenHead } from "../../objectives/replaced-token-detection.js";
import type { Section } from "./config.js";
import type { Encoder, EncoderDecoder } from "./encoder.js";
import type { ModelSizes } from "./sizes.js";

/** The methods of a model of each task, in addition to encoding. */
export interface HeadOf {
  "feature-extraction": unknown;
  /** masked-lm and next-sentence-prediction (or sentence order) together */
  pretraining: LmHead & PairHead;
  "masked-lm": LmHead;
  "next-sentence-prediction": PairHead;
  "sequence-classification": SequenceHead;
  "token-classification": TokenHead;
  "question-answering": SpanHead;
  "replaced-token-detection": ReplacedTokenHead;
  "causal-lm": LmHead;
  "seq2seq-lm": EncoderDecoder;
}

/** The task of a model: one for each kind of published class. */
export type ModelTask = keyof HeadOf;

/** Tasks that have a head of their own. */
export type HeadTask = Exclude<ModelTask, "feature-extraction" | "pretraining">;

/** The kind of vocabulary of a family's published models, for training a new one. */
export interface VocabularyKind {
  readonly algorithm: "wordpiece" | "byte-level-bpe" | "unigram";
  /** special tokens, in the order of their ids; those of the algorithm's usual preset where absent */
  readonly special?: readonly string[];
  /** whether the published vocabularies have an uncased form */
  readonly uncased: boolean;
}

/** Where a family's parameters are, by the beginnings of their names. */
export interface ParameterLayout {
  /** below the first layer: embeddings, and parameters that all layers share */
  readonly embeddings: readonly string[];
  /** stacks of layers, the lowest first: `${stack}.0`, `${stack}.1`, … */
  readonly stacks: readonly string[];
  /** the field of config.json that counts the layers; absent where layers share weights, or with two stacks */
  readonly countField?: string;
}

/** A family of models. `Config` is the result of {@link read}: the fields of config.json that change the computation. */
export interface EncoderFamily<Config> {
  /** model_type of config.json */
  readonly type: string;
  /** prefix of the body's parameter names in files of models with a head */
  readonly prefix: string;
  /** published class names, written to and read from `architectures` of config.json */
  readonly architectures: Readonly<Partial<Record<ModelTask, string>>>;
  readonly vocabulary: VocabularyKind;
  readonly parameters: ParameterLayout;
  /** config.json of a new model; absent for families that cannot be trained from scratch */
  readonly fresh?: (sizes: ModelSizes) => Section;
  /** the fields of config.json that are computed, separated by blanks; `config-fields.ts` adds those of all families */
  readonly configFields: readonly string[];
  /** fields of its config.json that change no result */
  readonly fieldsWithoutEffect?: string;
  read(json: unknown): Config;
  /** the name used here for the name of today's files; null for the family's buffers, which are not parameters */
  canonicalName(stored: string): string | null;
  /** names under which published files may repeat a parameter that is tied: name -> parameter */
  tied(config: Config): Readonly<Record<string, string>>;
  /** whether a parameter belongs to a head: it may be missing (a new task) or left over (another task's) */
  isHead(name: string): boolean;
  /** whether a parameter belongs to the decoder, which a model of the encoder alone leaves in the file */
  isOfDecoder?(name: string): boolean;
  encoder(w: Weights, config: Config): Encoder;
  readonly heads: Heads<Config>;
}

/** Makers of heads by task; a family has no model for the tasks that are absent. */
export type Heads<Config> = {
  readonly [T in HeadTask]?: (w: Weights, config: Config, classes: number) => HeadOf[T];
} & {
  /** Ask for parameters that the bare model stores but does not use, so that they are saved again. */
  readonly "feature-extraction"?: (w: Weights, config: Config) => void;
};
