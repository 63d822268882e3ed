/**
 * Calibration: whether a model that is 80 % sure is right in 80 % of such cases.
 *
 * Expected calibration error with bins of equal width: Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, section 2.
 */
import { ArgumentError, checkArgument, checkOptions, numbers, wholeNumber } from "../../options.js";

/** Predictions whose confidence is in (from, to]; the first bin includes 0. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  /** predictions in the bin */
  readonly count: number;
  /** their mean confidence; NaN in an empty bin */
  readonly confidence: number;
  /** the share of them that is right; NaN in an empty bin */
  readonly accuracy: number;
}

/** Calibration of a classifier: how far its confidence is from its accuracy. */
export interface Calibration {
  /** the mean of |accuracy - confidence| over the bins, each weighted by its share of the predictions */
  readonly expectedError: number;
  /** the largest |accuracy - confidence| of a bin that is not empty */
  readonly maximumError: number;
  /** mean confidence minus accuracy: above 0 the model is overconfident */
  readonly overconfidence: number;
  readonly bins: readonly CalibrationBin[];
}

/** Options of {@link calibration}. */
export interface CalibrationOptions {
  /** number of bins of equal width; 15, as in Guo et al. */
  readonly bins?: number;
}

/**
 * Expected calibration error and the bins of a reliability diagram.
 *
 * @param confidences the probability of each prediction, from 0 to 1
 * @param right 1 where the prediction is right, 0 elsewhere
 * @example
 * calibration([0.9, 0.9, 0.6, 0.6], [1, 1, 1, 0]).expectedError; // 0.1: |1 - 0.9| / 2 + |0.5 - 0.6| / 2
 * @throws {ArgumentError} for a confidence outside of [0, 1], or lists of different lengths
 */
export function calibration(
  confidences: ArrayLike<number>,
  right: ArrayLike<number>,
  options: CalibrationOptions = {},
): Calibration {
  checkArgument("calibration", "confidences", confidences, numbers);
  checkArgument("calibration", "right", right, numbers);
  checkOptions("calibration", options, { bins: wholeNumber(1, 10_000) });
  if (confidences.length !== right.length)
    throw new ArgumentError(`calibration: ${confidences.length} confidences for ${right.length} predictions`);
  if (right.length === 0) throw new ArgumentError("calibration: there is nothing to score");
  const { bins: count = 15 } = options;
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < right.length; i++) {
    const confidence = confidences[i]!;
    if (!(confidence >= 0 && confidence <= 1))
      throw new ArgumentError(`calibration: confidences[${i}] must be from 0 to 1, got ${confidence}`);
    const bin = sums[Math.max(0, Math.ceil(confidence * count) - 1)]!;
    bin.count++;
    bin.confidence += confidence;
    bin.right += right[i] === 1 ? 1 : 0;
  }
  const bins = sums.map((sum, b) => ({
    from: b / count,
    to: (b + 1) / count,
    count: sum.count,
    confidence: sum.confidence / sum.count,
    accuracy: sum.right / sum.count,
  }));
  const gaps = bins.filter(({ count: n }) => n > 0).map((bin) => ({ ...bin, gap: bin.confidence - bin.accuracy }));
  const share = (n: number): number => n / right.length;
  return {
    expectedError: gaps.reduce((sum, { count: n, gap }) => sum + share(n) * Math.abs(gap), 0),
    maximumError: Math.max(...gaps.map(({ gap }) => Math.abs(gap))),
    overconfidence: gaps.reduce((sum, { count: n, gap }) => sum + share(n) * gap, 0),
    bins,
  };
}
