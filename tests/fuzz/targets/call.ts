/** Public functions with hostile arguments: values of another type, out of range, missing, or that throw when read. */
import fc from "fast-check";
import * as tensors from "../../../sdk/tensor.js";
import { hostileValue } from "../hostile.js";
import { callMutant, type Mutant, type Target } from "../mutant.js";

/** Valid arguments of a function, made for each call, and the use of its result. */
export interface Call {
  readonly args: () => unknown[];
  readonly run: (...args: never[]) => unknown;
  /** keys from the arguments down to a place: 1 for functions that are called so often that they look at no entry */
  readonly depth: number;
}

export const call = (run: Call["run"], args: Call["args"], depth = 2): Call => ({ run, args, depth });

/** A place in arguments: the keys that lead there. */
type Path = readonly (string | number)[];

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype);

/** All places of some arguments, down to `depth` keys, in plain objects and arrays. */
function pathsOf(value: unknown, depth: number, path: Path = []): Path[] {
  if (depth === 0 || !isPlain(value)) return [path];
  const keys = Object.keys(value).slice(0, 12);
  return [path, ...keys.flatMap((key) => pathsOf(value[key], depth - 1, [...path, key]))];
}

const THREW = "a getter of the caller's threw";

/** Put a value, or a getter that throws, in a place. */
function put(args: unknown[], path: Path, value: unknown, throws: boolean): void {
  let holder = args as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const get = (): never => {
    throw new Error(THREW);
  };
  const what = throws && path.length > 1 ? { get } : { value, writable: true };
  Object.defineProperty(holder, path.at(-1)!, { ...what, enumerable: true, configurable: true });
}

/** A value as a report shows it. */
function shown(value: unknown): string {
  try {
    return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value).slice(0, 80);
  } catch {
    return `a ${typeof value} that cannot be shown`;
  }
}

/** Take a few values of an iterator. */
async function some(items: unknown): Promise<void> {
  if (typeof items !== "object" || items === null) return;
  if (!(Symbol.iterator in items || Symbol.asyncIterator in items)) return;
  let count = 0;
  for await (const _ of items as AsyncIterable<unknown>) if (++count > 20) return;
}

/** Call with a value in a place; the caller's own error may pass. */
async function attempt({ args, run }: Call, path: Path, value: unknown, throws: boolean): Promise<void> {
  const scope = new tensors.Scope();
  try {
    const given = args();
    put(given, path, value, throws);
    const result = run(...(given as never[]));
    // Ops are synchronous; a scope may not be held open over a wait.
    if (!(result instanceof Promise) && !(typeof result === "object" && result !== null)) return;
    scope[Symbol.dispose]();
    await some(await result);
  } catch (error) {
    if (!String((error as Error).message).includes(THREW)) throw error;
  } finally {
    scope[Symbol.dispose]();
  }
}

function mutantsOf(name: string, one: Call): fc.Arbitrary<Mutant> {
  const paths = pathsOf(one.args(), one.depth).slice(1);
  return fc
    .record({ path: fc.constantFrom(...paths), value: hostileValue, throws: fc.nat(20).map((n) => n === 0) })
    .map(({ path, value, throws }) =>
      callMutant(
        name.replaceAll(/\W/g, "-"),
        () => `${name}: ${path.join(".")} = ${throws ? "a getter that throws" : shown(value)}`,
        () => attempt(one, path, value, throws),
      ),
    );
}

/** A target of the mutants of all these calls. */
export const callTarget =
  (calls: () => Promise<Readonly<Record<string, Call>>>): Target =>
  async () =>
    fc.oneof(...Object.entries(await calls()).map(([name, one]) => mutantsOf(name, one)));
