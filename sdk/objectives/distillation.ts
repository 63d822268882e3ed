/**
 * Knowledge distillation: a small student learns from the output distribution of a large teacher as well as from labels.
 * Hinton, Vinyals & Dean 2015 (arXiv:1503.02531), section 2: both distributions are softened by a temperature T, and their
 * divergence is multiplied by T², which keeps the scale of its gradient independent of T. Sanh et al. 2019, "DistilBERT"
 * (arXiv:1910.01108), section 3, for masked LM: adds the loss of the labels and the cosine of the last hidden states.
 */

import { type Batch, labelled, type Sample } from "../data/sample.js";
import { ArgumentError } from "../options.js";
import { add, multiply, scale } from "../tensor/ops/elementwise.js";
import { crossEntropy, IGNORE, klDivergence } from "../tensor/ops/loss.js";
import { matmul } from "../tensor/ops/matmul.js";
import { normalizeRows } from "../tensor/ops/reduce.js";
import type { Rng } from "../tensor/random.js";
import { Scope } from "../tensor/scope.js";
import { untaped } from "../tensor/tape.js";
import { reshape, type Tensor, tensor } from "../tensor/tensor.js";
import { type LmHead, type MaskedLmOptions, maskedLm } from "./masked-lm.js";
import type { EncoderBody, Objective } from "./objective.js";

/** Weight of each part of the loss; a part of weight 0 is not computed. */
export interface DistillationWeights {
  /** divergence from the teacher's distribution */
  readonly soft: number;
  /** cross-entropy with the labels */
  readonly hard: number;
  /** cosine of the last hidden states; student and teacher must have the same width */
  readonly cosine: number;
}

/** Options of the distillation objectives. */
export interface DistillationOptions {
  /** T; 2, as in DistilBERT */
  readonly temperature?: number;
  readonly weights?: DistillationWeights;
}

/** Where student and teacher are compared, and the labels there. */
interface Question<Head> {
  corrupt(sample: Sample, rng: Rng): Sample;
  /** @returns (positions, classes) */
  scores(head: Head, hidden: Tensor, batch: Batch): Tensor;
  places(batch: Batch): number;
  /** (positions) the classes, or IGNORE; undefined where the batch has none */
  labels(batch: Batch): Int32Array | undefined;
}

const PARTS = ["soft", "hard", "cosine"] as const;

function distillation<Head>(
  teacher: EncoderBody & Head,
  question: Question<Head>,
  temperature: number,
  weights: DistillationWeights,
): Objective<EncoderBody & Head> {
  const parts = PARTS.filter((part) => weights[part] !== 0);
  if (parts.length === 0) throw new ArgumentError("distillation: every weight is 0; there is nothing to learn");
  const counts = (batch: Batch): Record<(typeof PARTS)[number], number> => ({
    soft: question.places(batch),
    hard: question.labels(batch)?.filter((label) => label !== IGNORE).length ?? 0,
    cosine: batch.ids.length,
  });
  return {
    names: parts,
    corrupt: question.corrupt,
    counts(batch) {
      const all = counts(batch);
      return parts.map((part) => all[part]);
    },
    losses(student, batch, divisors) {
      const taught = untaped(() => {
        using scope = new Scope();
        const hidden = teacher.encode(batch);
        const scores = question.scores(teacher, hidden, batch);
        return { hidden: scope.keep(hidden), scores: scope.keep(scores) };
      });
      const hidden = student.encode(batch);
      const scores = question.scores(student, hidden, batch);
      const loss: Record<(typeof PARTS)[number], (divisor: number) => Tensor> = {
        soft: (divisor) =>
          scale(klDivergence(scores, taught.scores, { temperature, divisor }), temperature * temperature),
        hard(divisor) {
          const labels = question.labels(batch);
          if (!labels)
            throw new ArgumentError("distillation: the batch has no labels; give the hard loss the weight 0");
          return crossEntropy(scores, labels, { divisor });
        },
        cosine: (divisor) => cosineLoss(hidden, taught.hidden, divisor),
      };
      return parts.map((part, i) => scale(loss[part](divisors[i]!), weights[part]));
    },
  };
}

/**
 * The sum of 1 - cosine over rows, divided by `divisor`.
 *
 * @param x (rows, width)
 * @param y (rows, width); receives no gradient
 */
export function cosineLoss(x: Tensor, y: Tensor, divisor: number): Tensor {
  const { engine } = x;
  const [rows = 0, width = 0] = x.shape;
  const sum = (t: Tensor, length: number): Tensor =>
    matmul(t, tensor(engine, new Float32Array(length).fill(1), [length, 1]));
  const cosines = sum(multiply(normalizeRows(x), normalizeRows(y)), width);
  const total = reshape(sum(reshape(cosines, [1, rows]), rows), []);
  return add(scale(total, -1 / divisor), tensor(engine, [rows / divisor], []));
}

/** A sequence classification head, which student and teacher both have. */
export interface ScoresRows {
  sequenceScores(hidden: Tensor, batch: Batch): Tensor;
}

/**
 * Learn sequence classification from a fine-tuned teacher.
 *
 * @param options by default half of the weight is on the teacher, half on the labels
 * @example
 * const task = { ...classifyTask("classify"), objective: distilClassification(classifier.model) };
 * for await (const event of finetune({ ...options, loaded: classifier, task })) console.log(event.kind);
 */
export function distilClassification<Head extends ScoresRows>(
  teacher: EncoderBody & Head,
  { temperature = 2, weights = { soft: 0.5, hard: 0.5, cosine: 0 } }: DistillationOptions = {},
): Objective<EncoderBody & Head> {
  const question: Question<Head> = {
    corrupt: (sample) => sample,
    scores: (head, hidden, batch) => head.sequenceScores(hidden, batch),
    places: (batch) => batch.rows,
    labels: (batch) => batch.labels.row,
  };
  return distillation(teacher, question, temperature, weights);
}

/** Options of {@link distilMaskedLm}. */
export interface DistilMaskedLmOptions extends DistillationOptions {
  /** where the teacher is evaluated: at every token, as DistilBERT was trained, or only at the masked ones */
  readonly at?: "every" | "labelled";
}

/**
 * Learn masked LM from a teacher. The weights are those of the published DistilBERT: 5 for the teacher, 2 for the labels, 1
 * for the hidden states.
 *
 * @example
 * const student = studentOf(teacher, 3);
 * const objective = distilMaskedLm(teacher.model, { tokenizer });
 */
export function distilMaskedLm<Head extends LmHead>(
  teacher: EncoderBody & Head,
  masked: MaskedLmOptions,
  { temperature = 2, weights = { soft: 5, hard: 2, cosine: 1 }, at = "every" }: DistilMaskedLmOptions = {},
): Objective<EncoderBody & Head> {
  const index = ({ ids, labels }: Batch): Int32Array =>
    at === "every" ? Int32Array.from(ids, (_, i) => i) : labelled(labels.tokens!);
  const question: Question<Head> = {
    corrupt: maskedLm(masked).corrupt,
    scores: (head, hidden, batch) => head.tokenScores(hidden, index(batch)),
    places: (batch) => index(batch).length,
    labels: (batch) => index(batch).map((i) => batch.labels.tokens![i]!),
  };
  return distillation(teacher, question, temperature, weights);
}
