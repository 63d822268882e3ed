/**
 * Decimal numbers to the nearest f64, ties to even, as IEEE 754 asks for: what is written in files is read as every other
 * program reads it.
 */

/** 10^0 … 10^19, the powers of ten below 2^64. */
const POWERS = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
  10000000000000000000,
]);

/** digits / 10^decimals, for at most 19 decimals. */
export function decimal(digits: u64, decimals: u32): f64 {
  const power = load<u64>(POWERS + (<usize>decimals << 3));
  // Both are exact, so that only the division rounds.
  if (digits <= <u64>1 << 53) return <f64>digits / <f64>power;

  // quotient = digits / power * 2^(63 + left - right), of 63 or 64 bits: 53, and more that say how to round.
  const left = clz(digits);
  const right = clz(power);
  const high = digits << left;
  const quotient = divide(high >> 1, high << 63, power << right);
  const extra = 11 - clz(quotient);
  const half = <u64>1 << (extra - 1);
  const below = quotient & (2 * half - 1);
  let kept = quotient >> extra;
  if (below > half || (below == half && (remainder != 0 || (kept & 1) != 0))) kept++;
  return <f64>kept * reinterpret<f64>((1023 - 63 + extra + right - left) << 52);
}

/** What {@link divide} left. */
let remainder: u64 = 0;

/** (high 2^64 + low) / by, for high < by and by >= 2^63, in two digits of 32 bits (Knuth, volume 2, 4.3.1, algorithm D). */
function divide(high: u64, low: u64, by: u64): u64 {
  const first = digit(high, low >> 32, by);
  const second = digit(remainder, low & 0xffffffff, by);
  return (first << 32) + second;
}

/** (high 2^32 + next) / by, which is a digit; the remainder is left. */
function digit(high: u64, next: u64, by: u64): u64 {
  const top = by >> 32;
  const bottom = by & 0xffffffff;
  let guess = high / top;
  let rest = high % top;
  while (guess >> 32 != 0 || guess * bottom > ((rest << 32) | next)) {
    guess--;
    rest += top;
    if (rest >> 32 != 0) break;
  }
  remainder = ((high << 32) | next) - guess * by;
  return guess;
}
