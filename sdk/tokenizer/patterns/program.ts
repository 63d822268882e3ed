/**
 * The syntax tree of a pattern, and the program that pattern.ts runs for it: one instruction for each character test, and jumps
 * between them (Thompson 1968).
 */
import type { Look, Test } from "./conditions.js";

/** Targets are relative to the instruction. */
export type Instruction =
  | { readonly kind: "character"; readonly test: Test }
  | { readonly kind: "split"; readonly first: number; readonly other: number }
  | { readonly kind: "jump"; readonly by: number }
  | { readonly kind: "look"; readonly holds: Look }
  | { readonly kind: "match" };

/** The syntax tree of a pattern. */
export type Node =
  | { readonly type: "test"; readonly test: Test }
  | { readonly type: "look"; readonly holds: Look }
  | { readonly type: "all"; readonly parts: readonly Node[] }
  | { readonly type: "any"; readonly parts: readonly Node[] }
  | Repeat;

interface Repeat {
  readonly type: "repeat";
  readonly part: Node;
  readonly least: number;
  readonly most: number;
  readonly lazy: boolean;
}

/** Fails if a program of this length is too large. */
export type Limit = (length: number) => void;

/** The instructions of a tree; alternatives and options are tried in their order. */
export function compile(node: Node, limit: Limit): Instruction[] {
  if (node.type === "test") return [{ kind: "character", test: node.test }];
  if (node.type === "look") return [{ kind: "look", holds: node.holds }];
  if (node.type === "repeat") return repeat(node, compile(node.part, limit), limit);
  let program: Instruction[] = [];
  if (node.type === "all")
    for (const part of node.parts) {
      program.push(...compile(part, limit));
      limit(program.length);
    }
  else
    node.parts
      .slice()
      .reverse()
      .forEach((part, i) => {
        const first = compile(part, limit);
        const jump: Instruction = { kind: "jump", by: program.length + 1 };
        program = i === 0 ? first : [{ kind: "split", first: 1, other: first.length + 2 }, ...first, jump, ...program];
        limit(program.length);
      });
  return program;
}

function repeat({ least, most, lazy }: Repeat, part: Instruction[], limit: Limit): Instruction[] {
  const loops = most === Number.POSITIVE_INFINITY;
  const end = part.length + (loops ? 2 : 1);
  const option: Instruction[] = [{ kind: "split", first: lazy ? end : 1, other: lazy ? 1 : end }, ...part];
  if (loops) option.push({ kind: "jump", by: 1 - end });
  const options = loops ? 1 : most - least;
  limit(least * part.length + options * end);
  const times = (count: number, program: Instruction[]) => Array.from({ length: count }, () => program).flat();
  return [...times(least, part), ...times(options, option)];
}
