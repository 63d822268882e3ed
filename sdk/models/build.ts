/** A model for a purpose: a family's body with the head that the purpose needs. */
import type { ClassifiesRows, JudgesPairs } from "../heads/pooled.js";
import type { PointsToSpans } from "../heads/span.js";
import type { LabelsTokens } from "../heads/tagging.js";
import type { PredictsTokens } from "../heads/token-prediction.js";
import type { Weights } from "../nn/weights.js";
import type { DetectsReplaced } from "../objectives/replaced-token.js";
import { ConfigError } from "./config.js";
import type { Encoder, Rewrites } from "./encoder.js";
import type { EncoderFamily, Purpose } from "./family.js";

/** What a model of each purpose can do beside encoding. */
export interface HeadOf {
  encode: unknown;
  pretrain: PredictsTokens & JudgesPairs;
  mask: PredictsTokens;
  pair: JudgesPairs;
  classify: ClassifiesRows;
  tag: LabelsTokens;
  answer: PointsToSpans;
  detect: DetectsReplaced;
  continue: PredictsTokens;
  rewrite: Rewrites;
}

export type Model<P extends Purpose> = Encoder & HeadOf[P];

/**
 * Ask the weights for every parameter that the purpose needs, and put the parts together.
 *
 * @param classes how many labels; read by `classify` and `tag` only
 * @throws {ConfigError} when the family has no such head
 */
export function buildModel<C, P extends Purpose>(
  family: EncoderFamily<C>,
  w: Weights,
  config: C,
  purpose: P,
  classes = 2,
): Model<P> {
  const missing = (what: string): never => {
    throw new ConfigError(`${family.type} has no head for ${what}`);
  };
  const { pool, mask, pair, classify, tag, answer, detect, continue: proceed, rewrite } = family.heads;
  const encoder = family.encoder(w, config);
  const makers: { [Q in Purpose]: () => HeadOf[Q] } = {
    encode: () => pool?.(w, config),
    pretrain: () => ({ ...(mask ?? missing("masked tokens"))(w, config), ...(pair ?? missing("pairs"))(w, config) }),
    mask: () => (mask ?? missing("masked tokens"))(w, config),
    pair: () => (pair ?? missing("pairs"))(w, config),
    classify: () => (classify ?? missing("classification"))(w, config, classes),
    tag: () => (tag ?? missing("tagging"))(w, config, classes),
    detect: () => (detect ?? missing("replaced tokens"))(w, config),
    continue: () => (proceed ?? missing("the next token"))(w, config),
    rewrite: () => (rewrite ?? missing("writing one sequence from another"))(w, config),
    answer: () => (answer ?? missing("question answering"))(w, config),
  };
  return Object.assign(encoder, makers[purpose]()) as Model<P>;
}
