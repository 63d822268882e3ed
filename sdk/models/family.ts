/** The families of models and what each of them can be built for. */
import { shown } from "../errors.js";
import type { PairHead, SequenceHead } from "../heads/pooled.js";
import type { SpanHead } from "../heads/span.js";
import type { TokenHead } from "../heads/tagging.js";
import type { LmHead } from "../heads/token-prediction.js";
import type { Weights } from "../nn/weights.js";
import type { ReplacedTokenHead } from "../objectives/replaced-token-detection.js";
import { albert } from "./albert.js";
import { bart, marian, mbart } from "./bart.js";
import { bert } from "./bert.js";
import { ConfigError, section } from "./config.js";
import { debertaV2 } from "./deberta.js";
import { distilbert } from "./distilbert.js";
import { electra } from "./electra.js";
import type { Encoder, EncoderDecoder } from "./encoder.js";
import { gpt2 } from "./gpt2.js";
import { modernbert } from "./modernbert.js";
import { mpnet } from "./mpnet.js";
import { roberta, xlmRoberta } from "./roberta.js";
import { t5 } from "./t5.js";

/** What a model is for: the published classes by what they do. */
export type ModelTask =
  | "feature-extraction"
  | "pretraining"
  | "masked-lm"
  | "next-sentence-prediction"
  | "sequence-classification"
  | "token-classification"
  | "question-answering"
  /** tell replaced tokens from original ones */
  | "replaced-token-detection"
  /** say which token comes next */
  | "causal-lm"
  /** write one sequence from another */
  | "seq2seq-lm";

/** A family of models: its configuration, its stored names, its body and its heads. */
export interface EncoderFamily<Config> {
  /** model_type of config.json */
  readonly type: string;
  /** what the names of the body begin with in files of models with a head */
  readonly prefix: string;
  /** published class names, written to and read from `architectures` of config.json */
  readonly architectures: Readonly<Partial<Record<ModelTask, string>>>;
  read(json: unknown): Config;
  /** the name used here for a stored name; null for buffers, which are no parameters */
  canonicalName(stored: string): string | null;
  /** names that published files may hold besides the parameter they are tied to: name -> parameter */
  tied(config: Config): Readonly<Record<string, string>>;
  /** whether a parameter belongs to a head: those may be missing (a new task) or left over (another task's) */
  isHead(name: string): boolean;
  encoder(w: Weights, config: Config): Encoder;
  readonly heads: {
    /** what the bare model carries beside the encoder without using it: kept where a file has it, so that it is saved again */
    pool?(w: Weights, config: Config): void;
    mask?(w: Weights, config: Config): LmHead;
    pair?(w: Weights, config: Config): PairHead;
    classify?(w: Weights, config: Config, classes: number): SequenceHead;
    tag?(w: Weights, config: Config, classes: number): TokenHead;
    answer?(w: Weights, config: Config): SpanHead;
    detect?(w: Weights, config: Config): ReplacedTokenHead;
    continue?(w: Weights, config: Config): LmHead;
    rewrite?(w: Weights, config: Config): EncoderDecoder;
  };
}

/** The only table of families, by model_type. */
const families = {
  albert,
  bart,
  bert,
  "deberta-v2": debertaV2,
  distilbert,
  electra,
  gpt2,
  marian,
  mbart,
  modernbert,
  mpnet,
  roberta,
  t5,
  "xlm-roberta": xlmRoberta,
} as const;

/** The family that config.json names. */
export function familyOf(json: unknown): EncoderFamily<unknown> {
  const type = section(json)["model_type"];
  const family =
    typeof type === "string" && Object.hasOwn(families, type) ? families[type as keyof typeof families] : undefined;
  if (!family)
    throw new ConfigError(
      `config.json: model_type ${shown(type)} is not supported; supported are ${Object.keys(families).join(", ")}`,
    );
  return family as EncoderFamily<unknown>;
}
