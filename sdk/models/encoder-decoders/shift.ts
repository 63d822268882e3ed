/** Teacher forcing: the decoder's inputs for a target, at each position the token before the one to predict. */

/** The target shifted right by one, with the start token first. */
export function shiftRight(target: Int32Array, start: number): Int32Array {
  const input = new Int32Array(target.length);
  input.set(target.subarray(0, -1), 1);
  input[0] = start;
  return input;
}

/**
 * The target after its last token: mBART's decoder starts with the language token that ends the target. As published, that
 * is the n-th token of a target with n tokens besides padding.
 */
export function wrapAround(target: Int32Array, padding: number): Int32Array {
  return shiftRight(target, target.at(target.filter((id) => id !== padding).length - 1)!);
}
