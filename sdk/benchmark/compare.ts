/** Two people's results beside each other. */
import { InputError, shown } from "../errors.js";
import { PUBLISHED, scoreOf, VERSION } from "./published.js";

/** A line of a comparison. */
export interface Compared {
  readonly workload: string;
  readonly a_ms: number;
  readonly b_ms: number;
  /** how many times as fast b is */
  readonly ratio: number;
}

/** Results as `cloze bench --json` writes them: an object a line. */
export interface Results {
  readonly runtime: string;
  /** null unless all workloads are there */
  readonly score: number | null;
  /** whether the machine was idle otherwise; null where that was not measured */
  readonly quiet: boolean | null;
  /** milliseconds by workload: the first quartiles */
  readonly quartiles: ReadonlyMap<string, number>;
}

/**
 * Read results, and refuse invalid ones: of another version, without a hash or with one that was not published, or with a
 * score that is not that of the quartiles.
 *
 * @param name the file, for messages
 * @throws {InputError} naming the workload and its fault
 * @example
 * const mine = readResults(new TextDecoder().decode(await folder("results").read("mine.jsonl")), "mine.jsonl");
 * console.log(mine.runtime, mine.score);
 */
export function readResults(text: string, name: string): Results {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const quartiles = new Map<string, number>();
  let end: Record<string, unknown> | undefined;
  for (const [i, line] of lines.entries()) {
    const result = objectOf(line, `${name}: line ${i + 1}`);
    if (result["workload"] === undefined) end = result;
    else {
      const [workload, milliseconds] = quartile(result, name);
      if (quartiles.has(workload)) throw new InputError(`${name}: ${shown(workload)} is there twice`);
      quartiles.set(workload, milliseconds);
    }
  }
  if (!end || end["version"] !== VERSION)
    throw new InputError(
      `${name}: results of version ${shown(end?.["version"])} cannot be compared; this package has version ${VERSION}`,
    );
  const score = scoreOf(quartiles);
  if ((end["score"] ?? null) !== score)
    throw new InputError(`${name}: its score is ${shown(end["score"])}, that of its quartiles ${shown(score)}`);
  const { quiet } = end;
  return { runtime: String(end["runtime"]), score, quiet: typeof quiet === "boolean" ? quiet : null, quartiles };
}

function objectOf(line: string, place: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new InputError(`${place} is not a JSON object; expected the output of cloze bench --json`);
}

function quartile({ workload, hash, quartiles_ms }: Record<string, unknown>, name: string): [string, number] {
  const published = Object.hasOwn(PUBLISHED, String(workload)) ? PUBLISHED[String(workload)] : undefined;
  if (!published) throw new InputError(`${name}: there is no workload ${shown(workload)} in version ${VERSION}`);
  if (hash !== published.hash)
    throw new InputError(
      `${name}: ${shown(workload)} is not valid: its output has the hash ${shown(hash)}, not ${published.hash}`,
    );
  const first: unknown = Array.isArray(quartiles_ms) ? quartiles_ms[0] : undefined;
  if (typeof first !== "number" || !(first > 0))
    throw new InputError(`${name}: ${shown(workload)} has no quartiles_ms above 0, got ${shown(quartiles_ms)}`);
  return [String(workload), first];
}

/**
 * The workloads that both results have, in the order of `a`.
 *
 * @example
 * const [a, b] = [200, 100].map((ms) => ({ runtime: "node", score: null, quiet: true, quartiles: new Map([["train", ms]]) }));
 * compareResults(a!, b!); // [{ workload: "train", a_ms: 200, b_ms: 100, ratio: 2 }]
 */
export function compareResults(a: Results, b: Results): Compared[] {
  return [...a.quartiles].flatMap(([workload, mine]) => {
    const other = b.quartiles.get(workload);
    return other === undefined
      ? []
      : [{ workload, a_ms: mine, b_ms: other, ratio: Number((mine / other).toPrecision(4)) }];
  });
}
