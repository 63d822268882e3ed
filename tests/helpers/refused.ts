/** What a call is refused with: the message, which must be of the caller's kind of error. */
import * as assert from "uvu/assert";
import { InputError } from "../../sdk/errors.js";

/** Require `what` to throw, or to reject with, an InputError whose message matches. */
export async function refused(what: () => unknown, message: RegExp): Promise<void> {
  let error: unknown;
  try {
    await what();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error !== undefined, `nothing was refused; expected ${message}`);
  assert.instance(error, InputError, `${(error as Error).name}: ${(error as Error).message}`);
  assert.match((error as Error).message, message);
}
