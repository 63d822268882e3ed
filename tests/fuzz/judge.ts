/** The criterion of a named error: one of the project's own classes, short, readable, without internals. */
import { DisposedError, InputError, OutOfMemoryError, TrainingError } from "../../sdk/index.js";

/** A call may also run out of memory, use disposed objects, or train until it diverges. */
const OF_CALLS = [InputError, DisposedError, OutOfMemoryError, TrainingError];

/** Long enough for a list of twenty tensor names. */
const LONGEST_MESSAGE = 3000;

/** Why an error that a reader, or a call, threw is not good enough; null when it is. */
export function fault(error: unknown, call = false): string | null {
  if (!(error instanceof Error)) return `threw ${typeof error}, no Error`;
  const own = call ? OF_CALLS.some((kind) => error instanceof kind) : error instanceof InputError;
  if (!own) return `${error.name} is no error of Cloze's: ${error.message.slice(0, 200)}`;
  const { message } = error;
  if (message.length < 10) return `the message says too little: ${JSON.stringify(message)}`;
  if (message.length > LONGEST_MESSAGE) return `the message has ${message.length} characters`;
  const control = /[^\P{Cc}\n]|\p{Cs}|[\u2028\u2029]/u.exec(message);
  if (control) return `the message holds an unescaped control character: ${JSON.stringify(message.slice(0, 200))}`;
  // A caller's value may be undefined or NaN, and is quoted; a file's cannot.
  const workings = /\[object \w+\]|Unexpected token|Cannot read|is not a function|is not iterable/;
  if (workings.test(message) || (!call && /\b(undefined|NaN)\b/.test(message)))
    return `the message shows its workings: ${JSON.stringify(message.slice(0, 300))}`;
  return null;
}
