/**
 * Double-precision functions for the host that give the same bits on every engine.
 *
 * `Math.exp`, `log`, `cos` and the like differ between engines and versions, so none of them may touch a number that
 * reaches a weight or a score. These use + - * /, Math.sqrt, Math.floor and Math.round alone, which are exact.
 * Errors were measured against 60-digit values: see tests/math.test.ts.
 */
import { InputError } from "./errors.js";

const LN2_HIGH = 0.6931471803691238; // the upper 33 bits of ln 2: multiples by small whole numbers are exact
const LN2_LOW = 1.9082149292705877e-10;

const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** Exponents of the normal numbers. */
const LEAST_NORMAL = -1022;
const MOST_NORMAL = 1023;

/** 2 to the powers from -1022 to 1023, made when the first is asked for. */
let powers: Float64Array | undefined;

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(MOST_NORMAL - LEAST_NORMAL + 1);
  powers[0] = 2.2250738585072014e-308;
  for (let i = 1; i < powers.length; i++) powers[i] = 2 * powers[i - 1]!;
  return powers;
}

/** 2 to a whole power within the range of normal numbers. */
function powerOfTwo(exponent: number): number {
  powers ??= powersOfTwo();
  return powers[exponent - LEAST_NORMAL]!;
}

/** e to the power x; at most 1 unit in the last place from the true value. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  // 1 / k! for k = 13 … 2, as |r| <= ln(2) / 2: to below half a unit in the last place. Written out, as it takes half the time.
  let p = 1.6059043836821613e-10 * r + 2.08767569878681e-9;
  p = p * r + 2.505210838544172e-8;
  p = p * r + 2.755731922398589e-7;
  p = p * r + 2.7557319223985893e-6;
  p = p * r + 2.48015873015873e-5;
  p = p * r + 1.984126984126984e-4;
  p = p * r + 1.3888888888888889e-3;
  p = p * r + 8.333333333333333e-3;
  p = p * r + 4.1666666666666664e-2;
  p = p * r + 1.6666666666666666e-1;
  p = p * r + 0.5;
  // 1 + r + r² p, the small parts first; the rounding error of r is added back.
  const value = 1 + (r + (r * r * p + (high - r - low)));
  // The value is between 0.7 and 1.5: at the ends of the range the product with a power of two takes two steps.
  if (k > LEAST_NORMAL && k <= MOST_NORMAL) return value * powerOfTwo(k);
  const half = Math.floor(k / 2);
  return value * powerOfTwo(half) * powerOfTwo(k - half);
}

/** Natural logarithm; at most 1 unit in the last place from the true value. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let scaled = x;
  let exponent = 0;
  if (x < 2.2250738585072014e-308) {
    scaled *= 2 ** 54;
    exponent = -54;
  }
  bits.setFloat64(0, scaled);
  const top = bits.getUint32(0);
  exponent += (top >>> 20) - 1023;
  bits.setUint32(0, (top & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  // ln m = 2 artanh(s), s = (m - 1) / (m + 1): f - (f²/2 - s (f²/2 + R)) with f = m - 1 keeps the last bits.
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  let r = 2 / 23;
  for (let odd = 21; odd >= 3; odd -= 2) r = r * z + 2 / odd;
  r *= z;
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + r) + exponent * LN2_LOW) - f);
}

const PI_HALF_1 = 1.5707963267341256; // π/2 in three parts of 33 bits
const PI_HALF_2 = 6.077100506303966e-11;
const PI_HALF_3 = 2.0222662487959506e-21;

/** Angles beyond this lose digits in the reduction. */
const LARGEST_ANGLE = 2 ** 20;

/** Σ (-1)^k x^(2k + 1) / (2k + 1)! for |x| <= π/4 */
function sineNear(x: number): number {
  const z = x * x;
  let p = 1;
  for (let n = 19; n >= 3; n -= 2) p = 1 - (z / (n * (n - 1))) * p;
  return x * p;
}

function cosineNear(x: number): number {
  const z = x * x;
  let p = 1;
  for (let n = 20; n >= 2; n -= 2) p = 1 - (z / (n * (n - 1))) * p;
  return p;
}

/** Sine of an angle of at most 2^20; at most 2 units in the last place of 1 from the true value. */
export function sin(x: number): number {
  if (!(Math.abs(x) <= LARGEST_ANGLE)) throw new InputError(`sin: the angle must lie within ±2^20, got ${x}`);
  const n = Math.round(x / (PI_HALF_1 + PI_HALF_2));
  const r = x - n * PI_HALF_1 - n * PI_HALF_2 - n * PI_HALF_3;
  const quarter = ((n % 4) + 4) % 4;
  if (quarter === 0) return sineNear(r);
  if (quarter === 1) return cosineNear(r);
  return quarter === 2 ? -sineNear(r) : -cosineNear(r);
}

/** Cosine of an angle of at most 2^20; at most 2 units in the last place of 1 from the true value. */
export function cos(x: number): number {
  if (!(Math.abs(x) <= LARGEST_ANGLE)) throw new InputError(`cos: the angle must lie within ±2^20, got ${x}`);
  const n = Math.round(x / (PI_HALF_1 + PI_HALF_2));
  const r = x - n * PI_HALF_1 - n * PI_HALF_2 - n * PI_HALF_3;
  const quarter = ((n % 4) + 4) % 4;
  if (quarter === 0) return cosineNear(r);
  if (quarter === 1) return -sineNear(r);
  return quarter === 2 ? -cosineNear(r) : sineNear(r);
}

/** x to a whole power of at least 0, by squaring: the decay of optimizer moments. */
export function power(x: number, n: number): number {
  let result = 1;
  for (let base = x, rest = n; rest > 0; rest = Math.floor(rest / 2), base *= base) if (rest % 2 === 1) result *= base;
  return result;
}

/** x > 0 to any power: exp(y ln x). The relative error grows with |y ln x|: about that many units in the last place. */
export function pow(x: number, y: number): number {
  if (x === 0) return y === 0 ? 1 : y > 0 ? 0 : Number.POSITIVE_INFINITY;
  if (!(x > 0)) throw new InputError(`pow: the base must not be negative, got ${x}`);
  return exp(y * log(x));
}
