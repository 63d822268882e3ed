/** From distances to entries of a table of relative positions. */
import { log } from "../math.js";

export interface BucketOptions {
  /** entries of the table */
  readonly buckets: number;
  /** distances from here on share the last entry */
  readonly farthest: number;
  /** whether keys after the query have entries of their own; a decoder never sees them */
  readonly bothWays: boolean;
}

/**
 * T5's buckets: near distances have one each, farther ones share logarithmically wider ones. Raffel et al. 2020
 * (arXiv:1910.10683), section 2.1; mesh_tensorflow's _relative_position_bucket. Rounded to f32 after each operation, as
 * the published models were trained.
 *
 * @param distance key - query
 * @example
 * relativeBucket(-3, { buckets: 32, farthest: 128, bothWays: true }); // 3: three before the query
 */
export function relativeBucket(distance: number, { buckets, farthest, bothWays }: BucketOptions): number {
  const half = bothWays ? Math.floor(buckets / 2) : buckets;
  const side = bothWays && distance > 0 ? half : 0;
  const far = bothWays ? Math.abs(distance) : Math.max(0, -distance);
  const exact = Math.floor(half / 2);
  if (far < exact) return side + far;
  const { fround } = Math;
  const share = fround(fround(log(fround(far / exact))) / fround(log(farthest / exact)));
  return side + Math.min(half - 1, exact + Math.trunc(fround(share * (half - exact))));
}

/**
 * DeBERTa's buckets: distances up to half the buckets have one each, farther ones share logarithmically wider ones. He et
 * al. 2021, "DeBERTaV3" (arXiv:2111.09543); microsoft/DeBERTa, da_utils.py. Rounded to f32 as the published models were
 * trained.
 *
 * @param distance query - key
 * @param buckets on each side
 * @param farthest the longest distance that is told apart
 */
export function logBucket(distance: number, buckets: number, farthest: number): number {
  const middle = Math.floor(buckets / 2);
  const far = Math.abs(distance);
  if (far <= middle) return distance;
  const { fround } = Math;
  const share = fround(fround(log(fround(far / middle))) / fround(log(fround((farthest - 1) / middle))));
  return Math.sign(distance) * (Math.ceil(fround(share * (middle - 1))) + middle);
}
