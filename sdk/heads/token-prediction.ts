/** Predicting tokens: the masked-LM head. Only the positions that are predicted are ever projected to the vocabulary. */
export type { PredictsTokens } from "../objectives/masked-lm.js";
