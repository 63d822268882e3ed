/** A decoder's inputs from its target: at each place it is shown what it should have written before. */

/** The target one place on, behind the start token. */
export function shiftRight(target: Int32Array, start: number): Int32Array {
  const input = new Int32Array(target.length);
  input.set(target.subarray(0, -1), 1);
  input[0] = start;
  return input;
}

/** The target with its last token moved to the front: mBART begins with the language that ends the target. */
export function wrapAround(target: Int32Array): Int32Array {
  return shiftRight(target, target.at(-1)!);
}
