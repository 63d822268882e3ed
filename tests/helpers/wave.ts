/** Numbers for tests: the same on every machine, without pattern, in [-1, 1). */
export function wave(length: number, seed = 0): Float32Array {
  const values = new Float32Array(length);
  let state = Math.imul(seed + 1, 0x9e3779b9);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    values[i] = ((state ^ (state >>> 13)) >> 8) / 2 ** 23;
  }
  return values;
}
