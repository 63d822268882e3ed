/** Compare arrays of numbers and say where and by how much they differ, instead of printing them whole. */
import * as assert from "uvu/assert";

export interface Bound {
  /** Largest absolute error. */
  readonly atol?: number;
  /** Largest error as a share of the expected magnitude. */
  readonly rtol?: number;
}

/** The largest error of `got` as a share of `atol + rtol * |want|`; at most 1 passes. */
export function share(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { atol = 0, rtol = 0 }: Bound,
): { share: number; at: number } {
  let worst = 0;
  let at = 0;
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i]! - want[i]!);
    const part = Number.isNaN(error)
      ? Number.POSITIVE_INFINITY
      : error === 0
        ? 0
        : error / (atol + rtol * Math.abs(want[i]!));
    if (part > worst) [worst, at] = [part, i];
  }
  return { share: worst, at };
}

/** Require |got - want| <= atol + rtol * |want| everywhere. */
export function near(got: ArrayLike<number>, want: ArrayLike<number>, bound: Bound, what = "values"): void {
  assert.is(got.length, want.length, `${what}: ${want.length} expected, got ${got.length}`);
  const worst = share(got, want, bound);
  const message = `${what}: element ${worst.at} is ${got[worst.at]}, expected ${want[worst.at]}: ${worst.share.toFixed(2)} of the bound`;
  assert.ok(worst.share <= 1, message);
}
