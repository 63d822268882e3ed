/** Predicting tokens: the masked-LM head. Only the positions that are predicted are ever projected to the vocabulary. */
import type { Tensor } from "../tensor/tensor.js";

export interface PredictsTokens {
  /**
   * @param hidden (tokens, width)
   * @param index the tokens to predict at
   * @returns (index.length, vocabulary) unnormalised scores
   */
  tokenScores(hidden: Tensor, index: Int32Array): Tensor;
}
