/** The digamma function. */
import { log } from "../../math.js";

/** ψ(x) = d/dx ln Γ(x) for x > 0: the recurrence up to x ≥ 7, then the asymptotic series in x - 1/2. */
export function digamma(x: number): number {
  let result = 0;
  for (; x < 7; x++) result -= 1 / x;
  x -= 0.5;
  const z = 1 / (x * x);
  return result + log(x) + z / 24 - (7 / 960) * z * z + (31 / 8064) * z * z * z - (127 / 30720) * z * z * z * z;
}
