/** Predicting tokens: the masked-LM head. Only the positions that are predicted are ever projected to the vocabulary. */
export type { LmHead } from "../objectives/masked-lm.js";
