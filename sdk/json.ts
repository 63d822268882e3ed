/**
 * JSON with errors that name the place: the messages of engines differ, quote the file and count in their own ways.
 *
 * The engine parses the text. Only if that fails is it read again, to find the first character that breaks RFC 8259.
 */
import { InputError, shown } from "./errors.js";

/** A text is not JSON. `line` and `column` start at 1. */
export class JsonError extends InputError {
  override name = "JsonError";
  constructor(
    problem: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(`not valid JSON: ${problem} at line ${line}, column ${column}`);
  }
}

/**
 * The value of a JSON text.
 *
 * @throws {JsonError} with the place of the first fault
 * @example
 * parseJson('{"a": 1,}'); // JsonError: not valid JSON: expected a name in quotes, got "}" at line 1, column 9
 */
export function parseJson(text: string): unknown {
  if (typeof text !== "string") throw new InputError(`parseJson: text must be a string, got ${shown(text)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw errorAt(text, faultOf(text));
  }
  const deep = tooDeep(text);
  if (deep >= 0) throw errorAt(text, { at: deep, problem: nestingProblem() });
  return value;
}

/** Deeper than any file that is read here. Deeper values could overflow the call stack of their reader. */
const DEEPEST = 500;
const nestingProblem = (): string => `nested more than ${DEEPEST} levels deep`;

/** Where a valid text goes below the deepest level; -1 when it does not. */
function tooDeep(text: string): number {
  let [depth, quoted] = [0, false];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > DEEPEST) return i;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return -1;
}

function errorAt(text: string, { at, problem }: Fault): JsonError {
  const before = text.slice(0, at).split("\n");
  return new JsonError(problem, before.length, before.at(-1)!.length + 1);
}

interface Fault {
  readonly at: number;
  readonly problem: string;
}

/** White space, then one token: a string, a number, a word or a single character. */
const TOKEN =
  /[ \t\n\r]*("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b|[[\]{},:])/uy;

const EXPECTED = {
  value: "a value",
  valueOrEnd: 'a value or "]"',
  name: "a name in quotes",
  nameOrEnd: 'a name in quotes or "}"',
  colon: '":"',
  next: '"," or the end of the list or object',
  end: "the end of the text",
};

type State = keyof typeof EXPECTED;

/** The first fault of a text that the engine has refused. Nesting is kept in a list: depth costs no call stack. */
function faultOf(text: string): Fault {
  const open: string[] = [];
  let state: State = "value";
  TOKEN.lastIndex = 0;
  for (;;) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    const token = match?.[1];
    const next: State | null = token === undefined ? null : after(state, token, open);
    if (next === null) return refused(text, match ? TOKEN.lastIndex - token!.length : at, state);
    if (next === "end" && /^[ \t\n\r]*$/.test(text.slice(TOKEN.lastIndex)))
      return { at: TOKEN.lastIndex, problem: nestingProblem() };
    state = next;
  }
}

/** What must follow a token; null when the token may not be there. `open` holds the closing brackets that are due. */
function after(state: State, token: string, open: string[]): State | null {
  const opening = (closing: string, next: State): State => {
    open.push(closing);
    return next;
  };
  const valueEnds = (): State => (open.length === 0 ? "end" : "next");
  const closes = (): State | null => {
    if (token !== open.at(-1)) return null;
    open.pop();
    return valueEnds();
  };
  switch (state) {
    case "colon":
      return token === ":" ? "value" : null;
    case "name":
    case "nameOrEnd":
      if (token.startsWith('"')) return "colon";
      return state === "nameOrEnd" ? closes() : null;
    case "next":
      if (token !== ",") return closes();
      return open.at(-1) === "}" ? "name" : "value";
    case "end":
      return null;
    default:
      if (token === "{") return opening("}", "nameOrEnd");
      if (token === "[") return opening("]", "valueOrEnd");
      if (state === "valueOrEnd" && token === "]") return closes();
      return /^[\]},:]/.test(token) ? null : valueEnds();
  }
}

/** Longest piece of a text that is shown in a message. */
const SHOWN = 20;

function refused(text: string, from: number, state: State): Fault {
  const at = from + /^[ \t\n\r]*/.exec(text.slice(from))![0].length;
  const rest = text.slice(at, at + SHOWN);
  const got = rest === "" ? "the end of the text" : JSON.stringify(/^[\w.+-]+|^./su.exec(rest)![0]);
  const unclosed = rest.startsWith('"') && state !== "next" && state !== "end" && state !== "colon";
  if (unclosed) return { at, problem: "a string is not closed, or holds a character that must be escaped," };
  return { at, problem: `expected ${EXPECTED[state]}, got ${got}` };
}
