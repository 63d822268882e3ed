/**
 * The base of every error that is the caller's to mend: a file, an option or a text that cannot be used. Anything else
 * that is thrown is a failure of the run or a fault in the library; the command line tells the two apart by this class
 * (exit status 2 and 1).
 *
 * @example
 * try {
 *   await loadModel(engine, files);
 * } catch (error) {
 *   if (error instanceof InputError) console.error(error.message); // says what was expected, what came, and why
 *   else throw error;
 * }
 */
export class InputError extends Error {
  override name = "InputError";
}
