/** Calls that must fail, and their errors. */
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

/** Require `work` to reject with an error of the class `kind` whose message matches. */
export async function rejects(
  work: Promise<unknown>,
  kind: new (message: string) => Error,
  message: RegExp,
): Promise<void> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  assert.instance(error, kind);
  assert.match((error as Error).message, message);
}
