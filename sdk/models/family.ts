/** The families of models and what each of them can be built for. */
import type { ClassifiesRows, JudgesPairs } from "../heads/pooled.js";
import type { PointsToSpans } from "../heads/span.js";
import type { LabelsTokens } from "../heads/tagging.js";
import type { PredictsTokens } from "../heads/token-prediction.js";
import type { Weights } from "../nn/weights.js";
import type { DetectsReplaced } from "../objectives/replaced-token.js";
import { albert } from "./albert.js";
import { bart, marian, mbart } from "./bart.js";
import { bert } from "./bert.js";
import { ConfigError, section } from "./config.js";
import { debertaV2 } from "./deberta.js";
import { distilbert } from "./distilbert.js";
import { electra } from "./electra.js";
import type { Encoder, Rewrites } from "./encoder.js";
import { gpt2 } from "./gpt2.js";
import { modernbert } from "./modernbert.js";
import { mpnet } from "./mpnet.js";
import { roberta, xlmRoberta } from "./roberta.js";
import { t5 } from "./t5.js";

/** What a model is for: the published classes by what they do. */
export type Purpose =
  | "encode"
  | "pretrain"
  | "mask"
  | "pair"
  | "classify"
  | "tag"
  | "answer"
  /** tell replaced tokens from original ones */
  | "detect"
  /** say which token comes next */
  | "continue"
  /** write one sequence from another */
  | "rewrite";

/** A family of models: its configuration, its stored names, its body and its heads. */
export interface EncoderFamily<Config> {
  /** model_type of config.json */
  readonly type: string;
  /** what the names of the body begin with in files of models with a head */
  readonly prefix: string;
  /** published class names, written to and read from `architectures` of config.json */
  readonly architectures: Readonly<Partial<Record<Purpose, string>>>;
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
    mask?(w: Weights, config: Config): PredictsTokens;
    pair?(w: Weights, config: Config): JudgesPairs;
    classify?(w: Weights, config: Config, classes: number): ClassifiesRows;
    tag?(w: Weights, config: Config, classes: number): LabelsTokens;
    answer?(w: Weights, config: Config): PointsToSpans;
    detect?(w: Weights, config: Config): DetectsReplaced;
    continue?(w: Weights, config: Config): PredictsTokens;
    rewrite?(w: Weights, config: Config): Rewrites;
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
      `config.json: model_type ${JSON.stringify(type)} is not supported; supported are ${Object.keys(families).join(", ")}`,
    );
  return family as EncoderFamily<unknown>;
}
