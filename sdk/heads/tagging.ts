/** Labelling tokens: parts of speech, named entities. */
import type { Tensor } from "../tensor/tensor.js";

export interface LabelsTokens {
  /** @returns (tokens, classes) unnormalised scores */
  tagScores(hidden: Tensor): Tensor;
}
