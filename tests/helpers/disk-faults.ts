/** Something happens at the n-th call that changes the disk. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** Calls of `node:fs/promises`, and of its file handles, that change something. */
const CALLS = ["open", "rename", "symlink", "mkdir", "rm", "copyFile", "link"] as const;
const HANDLE_CALLS = ["write", "writeFile", "sync", "truncate", "close"] as const;

/** Before the call, after it, or for bytes that are written when half of them are. */
export type Moment = "before" | "half" | "after";

type Call = (...words: unknown[]) => Promise<unknown>;

/**
 * @param at number of the call, from 1
 * @param happen for "before" it may throw, in place of the call
 * @returns the number of calls so far, and an end to it
 */
export async function atCall(at: number, moment: Moment, happen: () => void) {
  let count = 0;
  const wrap = (target: Record<string, Call>, name: string): (() => void) => {
    const original = target[name]!;
    target[name] = async function (this: unknown, ...words: unknown[]) {
      const isNow = ++count === at;
      if (isNow && moment === "before") happen();
      if (isNow && moment === "half" && name === "write") {
        const [bytes, from, length, place] = words as [Uint8Array, number, number, number];
        await original.call(this, bytes, from, length >> 1, place);
        happen();
      }
      const result = await original.apply(this, words);
      if (isNow && moment === "after") happen();
      return result;
    };
    return () => void (target[name] = original);
  };
  const handle = await fs.promises.open("/dev/null");
  const prototype = Object.getPrototypeOf(handle) as Record<string, Call>;
  await handle.close();
  const undo = [
    ...HANDLE_CALLS.map((name) => wrap(prototype, name)),
    ...CALLS.map((name) => wrap(fs.promises as unknown as Record<string, Call>, name)),
  ];
  syncBuiltinESMExports();
  return {
    get count(): number {
      return count;
    },
    end(): void {
      for (const one of undo) one();
      syncBuiltinESMExports();
    },
  };
}
