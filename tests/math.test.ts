import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cos, exp, log, pow, power, sin } from "../sdk/math.js";
import { seed } from "../sdk/tensor/random.js";

const test = suite("host maths");

/**
 * Fixed-point numbers of 200 binary places: wide enough to judge double precision, without a library.
 */
const PLACES = 200n;
const ONE = 1n << PLACES;

/** A double as a fixed-point number, exactly. */
function fixed(x: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(x).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent ? 1n << 52n : 0n);
  const shift = PLACES + BigInt(Math.max(exponent, 1) - 1075);
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return bits >> 63n ? -magnitude : magnitude;
}

const times = (a: bigint, b: bigint): bigint => (a * b) >> PLACES;

/** Σ of terms that each follow from the one before, until nothing is added any more. */
function series(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let [term, sum] = [first, first];
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = next(term, n);
    sum += term;
  }
  return sum;
}

/** e^x for |x| < 40: the series at x / 64, squared six times. */
function exactExp(x: bigint): bigint {
  let value = series(ONE, (term, n) => times(term, x >> 6n) / n);
  for (let i = 0; i < 6; i++) value = times(value, value);
  return value;
}

/** The error of `got` against a fixed-point value, in units in the last place of that value. */
function ulps(got: number, want: bigint): number {
  const size = (want < 0n ? -want : want).toString(2).length - 1;
  return Math.abs(Number(fixed(got) - want) / 2 ** (size - 52));
}

const rng = seed(5);
const between = (low: number, high: number) => low + (high - low) * rng();
const draw = (count: number, low: number, high: number) => Array.from({ length: count }, () => between(low, high));

test("exp is within 1 unit in the last place", () => {
  for (const x of [...draw(2000, -20, 20), ...draw(500, -1, 1), ...draw(100, -1e-9, 1e-9)]) {
    const error = ulps(exp(x), exactExp(fixed(x)));
    assert.ok(error <= 1, `exp(${x}) is ${error} off`);
  }
  assert.equal([exp(0), exp(-Infinity), exp(Infinity), exp(710), exp(-746)], [1, 0, Infinity, Infinity, 0]);
  assert.ok(Number.isNaN(exp(Number.NaN)));
});

test("log is within 1 unit in the last place", () => {
  for (const x of [...draw(2000, 0, 100), ...draw(1000, 0.5, 2), ...draw(500, 0.999, 1.001)]) {
    // exp of the result is x times 1 + its error, so the relative error of that is the absolute one of the logarithm.
    const y = log(x);
    const absolute = Number(((exactExp(fixed(y)) - fixed(x)) << 60n) / fixed(x)) / 2 ** 60;
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(y))) - 52);
    assert.ok(Math.abs(absolute) <= unit, `log(${x}) is ${Math.abs(absolute) / unit} units off`);
  }
  assert.equal([log(1), log(0), log(Infinity)], [0, -Infinity, Infinity]);
  assert.ok(Number.isNaN(log(-1)) && Number.isNaN(log(Number.NaN)));
  // Of denormal numbers too: 2^-1074.
  assert.ok(Math.abs(log(Number.MIN_VALUE) + 1074 * Math.LN2) < 2e-13);
});

test("sin and cos are within 2 units in the last place of 1", () => {
  for (const x of [...draw(500, -4, 4), ...draw(300, -100, 100), 0]) {
    const z = fixed(x);
    const square = times(z, z);
    const sine = series(z, (term, n) => -times(term, square) / (2n * n * (2n * n + 1n)));
    const cosine = series(ONE, (term, n) => -times(term, square) / (2n * n * (2n * n - 1n)));
    for (const [got, want, name] of [
      [sin(x), sine, "sin"],
      [cos(x), cosine, "cos"],
    ] as const) {
      const error = Math.abs(Number(fixed(got) - want)) / Number(ONE);
      assert.ok(error <= 2 * 2 ** -53, `${name}(${x}) is ${error} off`);
    }
  }
  for (const x of [2 ** 20 - 0.5, -123456.789]) assert.ok(Math.abs(sin(x) ** 2 + cos(x) ** 2 - 1) < 1e-15);
  assert.throws(() => sin(2 ** 21), /must lie within ±2\^20/);
});

test("powers", () => {
  assert.equal([power(2, 10), power(0.5, 3), power(7, 0)], [1024, 0.125, 1]);
  for (const n of [1, 2, 37, 1000, 100_000]) {
    // Each squaring doubles the error and adds half a unit, so after log2(n) of them it is up to n units.
    assert.ok(Math.abs(power(0.999, n) / Math.exp(n * Math.log(0.999)) - 1) < 2 * n * 2 ** -52);
  }
  for (const [x, y] of [
    [2, 0.5],
    [10, -3.5],
    [0.3, 20],
  ] as const)
    assert.ok(Math.abs(pow(x, y) / x ** y - 1) < 2 ** -52 * (2 + Math.abs(y * Math.log(x))));
  assert.equal([pow(0, 0), pow(0, 2), pow(0, -1), pow(5, 0)], [1, 0, Infinity, 1]);
  assert.throws(() => pow(-1, 2), /must not be negative/);
});

test.run();
