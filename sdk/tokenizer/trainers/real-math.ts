/**
 * Logarithm and exponential from additions and multiplications alone: the engine's own differ between engines in their
 * last digits, and a vocabulary learnt anywhere must be the same everywhere. Errors stay below 1e-15 of the result.
 */

const LN2_HIGH = 0.6931471803691238; // the first 32 bits, so that k * LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;
const scratch = new DataView(new ArrayBuffer(8));

/** Natural logarithm of a positive number: x = 2^k (1 + s) / (1 - s), ln x = k ln 2 + 2 atanh s. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984; // 2^54
    k = -54;
  }
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  k += (high >>> 20) - 1023;
  scratch.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = scratch.getFloat64(0); // in [1, 2)
  if (m > Math.SQRT2) {
    m /= 2;
    k++;
  }
  const s = (m - 1) / (m + 1); // |s| < 0.172
  const z = s * s;
  let sum = 0;
  for (let n = 21; n >= 3; n -= 2) sum = (sum + 1 / n) * z;
  return k * LN2_HIGH + (2 * s + (2 * s * sum + k * LN2_LOW));
}

/** e^x: x = k ln 2 + r with |r| < 0.35, then the series of e^r. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.7) return Number.POSITIVE_INFINITY;
  if (x < -745) return 0;
  const k = Math.round(x / Math.LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 16; n >= 1; n--) sum = 1 + (r * sum) / n;
  return k < -1000 ? sum * power(k + 100) * power(-100) : sum * power(k);
}

/** 2^k for k in [-1022, 1023]. */
function power(k: number): number {
  scratch.setUint32(0, (k + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

/** Derivative of ln Γ, for x > 0. */
export function digamma(x: number): number {
  let result = 0;
  for (; x < 7; x++) result -= 1 / x;
  x -= 0.5;
  const z = 1 / (x * x);
  return result + ln(x) + z / 24 - (7 / 960) * z * z + (31 / 8064) * z * z * z - (127 / 30720) * z * z * z * z;
}
