/** A model for a task: a family's body with the head that the task needs. */
import type { PairHead, SequenceHead } from "../heads/pooled.js";
import type { SpanHead } from "../heads/span.js";
import type { TokenHead } from "../heads/tagging.js";
import type { LmHead } from "../heads/token-prediction.js";
import type { Weights } from "../nn/weights.js";
import type { ReplacedTokenHead } from "../objectives/replaced-token-detection.js";
import { ConfigError } from "./config.js";
import type { Encoder, EncoderDecoder } from "./encoder.js";
import type { EncoderFamily, ModelTask } from "./family.js";

/** What a model of each task can do beside encoding. */
export interface HeadOf {
  "feature-extraction": unknown;
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

export type Model<P extends ModelTask> = Encoder & HeadOf[P];

/**
 * Ask the weights for every parameter that the task needs, and put the parts together.
 *
 * @param classes how many labels; read by `classify` and `tag` only
 * @throws {ConfigError} when the family has no such head
 */
export function buildModel<C, P extends ModelTask>(
  family: EncoderFamily<C>,
  w: Weights,
  config: C,
  task: P,
  classes = 2,
): Model<P> {
  const missing = (what: string): never => {
    throw new ConfigError(`${family.type} has no head for ${what}`);
  };
  const { pool, mask, pair, classify, tag, answer, detect, continue: proceed, rewrite } = family.heads;
  const encoder = family.encoder(w, config);
  const makers: { [Q in ModelTask]: () => HeadOf[Q] } = {
    "feature-extraction": () => pool?.(w, config),
    pretraining: () => ({ ...(mask ?? missing("masked tokens"))(w, config), ...(pair ?? missing("pairs"))(w, config) }),
    "masked-lm": () => (mask ?? missing("masked tokens"))(w, config),
    "next-sentence-prediction": () => (pair ?? missing("pairs"))(w, config),
    "sequence-classification": () => (classify ?? missing("classification"))(w, config, classes),
    "token-classification": () => (tag ?? missing("tagging"))(w, config, classes),
    "replaced-token-detection": () => (detect ?? missing("replaced tokens"))(w, config),
    "causal-lm": () => (proceed ?? missing("the next token"))(w, config),
    "seq2seq-lm": () => (rewrite ?? missing("writing one sequence from another"))(w, config),
    "question-answering": () => (answer ?? missing("question answering"))(w, config),
  };
  return Object.assign(encoder, makers[task]()) as Model<P>;
}
