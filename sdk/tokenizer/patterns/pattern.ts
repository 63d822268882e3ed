/**
 * Searching with regular expressions in linear time: all threads of a program advance together, one character at a time
 * (Pike's machine; Cox 2009, "Regular Expression Matching: the Virtual Machine Approach").
 */
import type { NormalizedString } from "../text/normalized-string.js";
import { codePointAt, width } from "../text/unicode.js";
import { parsePattern } from "./parser.js";
import type { Instruction } from "./program.js";

/** Finds the next match at or after `from`, within units [.., end): its start and end as a pair, or null. */
export type Finder = (units: Uint16Array, from: number, end: number, begin: number) => readonly [number, number] | null;

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

/** " {2,}", with which SentencePiece models collapse spaces: frequent enough for a dedicated scanner. */
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
  const machine = new Machine(parsePattern(source, path));
  return (units, from, end, begin) => machine.find(units, from, end, begin);
}

/**
 * Whether a pattern matches the whole of a text, as Python's `re.fullmatch` asks.
 *
 * @param path where the pattern is written, for errors
 * @example
 * wholeMatcher(".*\\.query", "target_modules")("layer.0.query"); // true
 */
export function wholeMatcher(source: string, path: string): (text: string) => boolean {
  parsePattern(source, path); // on its own first: the wrapping must not close a group that it left open
  const find = regexFinder(`(?:${source})\\z`, path);
  return (text) => {
    const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    return find(units, 0, units.length, 0)?.[0] === 0;
  };
}

/** Program counters of the threads in order of preference, and the start of each one's match. */
interface Threads {
  readonly places: Int32Array;
  readonly starts: Int32Array;
  count: number;
}

/** Runs one program: each character advances all threads, at most one per instruction, so a search is one pass. */
class Machine {
  private current: Threads;
  private next: Threads;
  /** By instruction: the last step at which a thread reached it. */
  private readonly seen: Int32Array;
  private stamp = 0;
  private readonly stack: Int32Array;

  constructor(private readonly program: readonly Instruction[]) {
    const size = program.length;
    const threads = (): Threads => ({ places: new Int32Array(size), starts: new Int32Array(size), count: 0 });
    this.current = threads();
    this.next = threads();
    this.seen = new Int32Array(size);
    this.stack = new Int32Array(2 * size + 2);
  }

  /** The leftmost match at or after `from`, the preferred one of those that begin there; null when there is none. */
  find(units: Uint16Array, from: number, end: number, begin: number): readonly [number, number] | null {
    const { program } = this;
    let start = -1;
    let stop = -1;
    this.current.count = 0;
    this.newStamp();
    for (let at = from; ; ) {
      // A match may also start here, less preferred than earlier ones.
      if (stop < 0) this.follow(0, at, units, at, end, begin, this.current);
      else if (this.current.count === 0) break;
      const { places, starts, count } = this.current;
      const character = at < end ? codePointAt(units, at) : -1;
      const after = at + (character > 0xffff ? 2 : 1);
      this.next.count = 0;
      this.newStamp();
      for (let i = 0; i < count; i++) {
        const step = program[places[i]!]!;
        if (step.kind === "match") {
          start = starts[i]!;
          stop = at;
          break; // the remaining threads are less preferred
        }
        if (step.kind === "character" && at < end && step.test(character))
          this.follow(places[i]! + 1, starts[i]!, units, after, end, begin, this.next);
      }
      [this.current, this.next] = [this.next, this.current];
      if (at >= end) break;
      at = after;
    }
    return stop < 0 ? null : [start, stop];
  }

  private newStamp(): void {
    if (++this.stamp === 0x7fffffff) this.stamp = this.seen.fill(0)[0]! + 1;
  }

  /** Add the thread at `place`, following jumps, with the preferred branch first. */
  private follow(
    place: number,
    start: number,
    units: Uint16Array,
    at: number,
    end: number,
    begin: number,
    list: Threads,
  ): void {
    const { stack, seen, program, stamp } = this;
    let height = 0;
    stack[height++] = place;
    while (height > 0) {
      const here = stack[--height]!;
      if (seen[here] === stamp) continue;
      seen[here] = stamp;
      const step = program[here]!;
      if (step.kind === "split") {
        stack[height++] = here + step.other;
        stack[height++] = here + step.first;
      } else if (step.kind === "jump") stack[height++] = here + step.by;
      else if (step.kind === "look") {
        if (step.holds(units, at, end, begin)) stack[height++] = here + 1;
      } else {
        list.places[list.count] = here;
        list.starts[list.count++] = start;
      }
    }
  }
}

/**
 * Call `on` for each stretch of units [begin, end), matched or not, in order. An empty match directly
 * after another match is skipped.
 */
export function eachStretch(
  find: Finder,
  { units }: NormalizedString,
  begin: number,
  end: number,
  on: (start: number, stop: number, matched: boolean) => void,
): void {
  let at = begin;
  let last = -1;
  for (let from = begin; from <= end && begin < end; ) {
    const found = find(units, from, end, begin);
    if (found === null) break;
    const [start, stop] = found;
    if (start === stop && stop === last) {
      from = stop + (stop < end ? width(codePointAt(units, stop)) : 1);
      continue;
    }
    if (start > at) on(at, start, false);
    on(start, stop, true);
    at = from = last = stop;
  }
  if (at < end) on(at, end, false);
}
