/**
 * Patterns of Split and Replace: plain strings, or regular expressions in the dialect that tokenizer files use. They are
 * run by a machine that follows all alternatives at once (Thompson 1968; Pike's virtual machine), so no pattern is
 * catastrophic. What the machine cannot do (back references, look-behind) is an error.
 */
import type { Aligned } from "./aligned.js";
import { brief, TokenizerError } from "./errors.js";
import { Fields } from "./fields.js";
import { type Instruction, parsePattern } from "./pattern-parser.js";
import { codePointAt, width } from "./unicode.js";

/** Finds the next match at or after `from`, within units [.., end): its start and end as a pair, or null. */
export type Finder = (units: Uint16Array, from: number, end: number, begin: number) => readonly [number, number] | null;

/** {"String": "x"}, {"Regex": "x+"} or plain "x" of old files. */
export function readPattern(json: unknown, path: string): Finder {
  if (typeof json === "string") return stringFinder(json);
  const fields = new Fields(json, path);
  if (fields.get("String") !== undefined) return stringFinder(fields.string("String"));
  if (fields.get("Regex") === undefined)
    throw new TokenizerError(`${path}: {"String": …} or {"Regex": …} was expected, got ${brief(json)}`);
  return regexFinder(fields.string("Regex"), path);
}

export function stringFinder(text: string): Finder {
  if (text === "") return () => null;
  const first = text.charCodeAt(0);
  return (units, from, end) => {
    for (let at = from; at + text.length <= end; at++) {
      if (units[at] !== first) continue;
      let i = 1;
      while (i < text.length && units[at + i] === text.charCodeAt(i)) i++;
      if (i === text.length) return [at, at + i];
    }
    return null;
  };
}

/** " {2,}", which SentencePiece models collapse spaces with: common enough for a scanner of its own. */
const spaces: Finder = (units, from, end) => {
  for (let at = from; at + 1 < end; at++) {
    if (units[at] !== 0x20 || units[at + 1] !== 0x20) continue;
    let stop = at + 2;
    while (stop < end && units[stop] === 0x20) stop++;
    return [at, stop];
  }
  return null;
};

export function regexFinder(source: string, path: string): Finder {
  if (source === " {2,}") return spaces;
  const program = parsePattern(source, path);
  const machine = new Machine(program);
  return (units, from, end, begin) => {
    for (let at = from; at <= end; ) {
      const stop = machine.match(units, at, end, begin);
      if (stop > at) return [at, stop];
      at += at < end ? width(codePointAt(units, at)) : 1;
    }
    return null;
  };
}

/** Runs one program: threads in order of preference, each at most once a place in the program. */
class Machine {
  private current: number[] = [];
  private next: number[] = [];
  private readonly seen: Int32Array;
  private stamp = 0;
  private end = -1;

  constructor(private readonly program: readonly Instruction[]) {
    this.seen = new Int32Array(program.length);
  }

  /** The end of the preferred match that begins at `start`, or -1. Empty matches count as none. */
  match(units: Uint16Array, start: number, end: number, begin: number): number {
    this.current = [];
    this.end = -1;
    if (++this.stamp === 0x7fffffff) this.stamp = this.seen.fill(0)[0]! + 1;
    this.follow(0, units, start, end, begin, this.current);
    for (let at = start; this.current.length > 0 && at < end; ) {
      const character = codePointAt(units, at);
      const after = at + width(character);
      this.next = [];
      this.stamp++;
      for (const place of this.current) {
        const step = this.program[place]!;
        if (step.kind === "match") {
          this.end = at;
          break; // threads behind this one are less preferred
        }
        if (step.kind === "character" && step.test(character))
          this.follow(place + 1, units, after, end, begin, this.next);
      }
      this.current = this.next;
      at = after;
      if (at >= end) this.finish(at);
    }
    if (start >= end) this.finish(start);
    return this.end > start ? this.end : -1;
  }

  private finish(at: number): void {
    for (const place of this.current)
      if (this.program[place]!.kind === "match") {
        this.end = at;
        return;
      }
  }

  /** Add the thread at `place`, following jumps, with the preferred branch first. */
  private follow(place: number, units: Uint16Array, at: number, end: number, begin: number, list: number[]): void {
    const stack = [place];
    while (stack.length > 0) {
      const here = stack.pop()!;
      if (this.seen[here] === this.stamp) continue;
      this.seen[here] = this.stamp;
      const step = this.program[here]!;
      if (step.kind === "split") stack.push(step.other, step.first);
      else if (step.kind === "jump") stack.push(step.to);
      else if (step.kind !== "look") list.push(here);
      else if (looks(step, units, at, end, begin)) stack.push(here + 1);
    }
  }
}

function looks(
  step: Instruction & { kind: "look" },
  units: Uint16Array,
  at: number,
  end: number,
  begin: number,
): boolean {
  if (step.at === "start") return at === begin;
  if (step.at === "end") return at === end;
  const holds = at < end && step.test(codePointAt(units, at));
  return holds !== step.negative;
}

/** Call `on` for each stretch of units [begin, end), matched or not, in order. */
export function eachStretch(
  find: Finder,
  { units }: Aligned,
  begin: number,
  end: number,
  on: (start: number, stop: number, matched: boolean) => void,
): void {
  let at = begin;
  for (let found = find(units, at, end, begin); found !== null; found = find(units, at, end, begin)) {
    const [start, stop] = found;
    if (start > at) on(at, start, false);
    on(start, stop, true);
    at = stop;
  }
  if (at < end) on(at, end, false);
}
