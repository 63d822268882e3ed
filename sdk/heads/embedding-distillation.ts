/**
 * Distillation of sentence embeddings: the student's vector of a text must point where the teacher's does.
 *
 * Reimers & Gurevych 2020 (arXiv:2004.09813), section 3, with the cosine instead of the squared error: uses of the
 * vectors compare only their directions. A student of another width learns a projection of the teacher's vectors.
 */
import type { Batch } from "../data/sample.js";
import { cosineLoss } from "../objectives/distillation.js";
import type { EncoderBody, Objective } from "../objectives/objective.js";
import { ArgumentError } from "../options.js";
import { matmul } from "../tensor/ops/matmul.js";
import { Scope } from "../tensor/scope.js";
import { untaped } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Pooling, pool } from "./pooling.js";

/** Options of {@link distilEmbedding}. */
export interface EmbeddingDistillation {
  readonly teacher: EncoderBody;
  readonly pooling: Pooling;
  /** (teacher's width, student's width) maps the teacher's vectors; needed where the widths differ */
  readonly projection?: Tensor;
}

/**
 * The mean of 1 - cosine between the vectors of student and teacher. A sample is a text as the student reads it; its `target`
 * is the same text as the teacher reads it, whose tokenizer may be another. The teacher computes without a tape.
 *
 * @example
 * const objective = distilEmbedding({ teacher: teacher.model, pooling: { mode: "mean", normalize: true } });
 * @throws {ArgumentError} when a batch has no targets, or the widths differ without a projection
 */
export function distilEmbedding({ teacher, pooling, projection }: EmbeddingDistillation): Objective<EncoderBody> {
  const vectors = (model: EncoderBody, batch: Batch): Tensor => pool(model.encode(batch), batch.starts, pooling);
  const taught = (batch: Batch): Tensor =>
    untaped(() => {
      using scope = new Scope();
      const own = vectors(teacher, batch);
      return scope.keep(projection ? matmul(own, projection) : own);
    });
  return {
    names: ["cosine"],
    corrupt: (sample) => sample,
    counts: (batch) => [batch.rows],
    losses(student, batch, [count]) {
      if (!batch.target)
        throw new ArgumentError("distilEmbedding: the samples have no target, the text for the teacher");
      const wanted = taught(batch.target);
      const learned = vectors(student, batch);
      if (learned.shape[1] !== wanted.shape[1])
        throw new ArgumentError(
          `distilEmbedding: the student's vectors have ${learned.shape[1]} dimensions, the teacher's ${wanted.shape[1]}; give a projection [${projection ? projection.shape[0] : wanted.shape[1]}, ${learned.shape[1]}]`,
        );
      return [cosineLoss(learned, wanted, count!)];
    },
  };
}
