/** What counts as a named error: one of the project's own, short, readable, that shows none of its own workings. */
import { InputError } from "../../sdk/errors.js";

/** Long enough for a list of twenty tensor names. */
const LONGEST_MESSAGE = 3000;

/** Why an error that a reader threw is not good enough; null when it is. */
export function fault(error: unknown): string | null {
  if (!(error instanceof Error)) return `threw ${typeof error}, no Error`;
  if (!(error instanceof InputError)) return `${error.name} is no InputError: ${error.message.slice(0, 200)}`;
  const { message } = error;
  if (message.length < 10) return `the message says too little: ${JSON.stringify(message)}`;
  if (message.length > LONGEST_MESSAGE) return `the message has ${message.length} characters`;
  const control = /[^\P{Cc}\n]|\p{Cs}|[\u2028\u2029]/u.exec(message);
  if (control) return `the message holds an unescaped control character: ${JSON.stringify(message.slice(0, 200))}`;
  if (
    /\[object \w+\]|\bundefined\b|\bNaN\b|Unexpected token|Cannot read|is not a function|is not iterable/.test(message)
  )
    return `the message shows its workings: ${JSON.stringify(message.slice(0, 300))}`;
  return null;
}
