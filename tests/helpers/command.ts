/** The built program in a process and a folder of its own, as a user runs it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { root } from "./shared.js";

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Objects of JSON, one a line. */
export const objectsOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** @param name of the folder, in which paths are relative; `remove` it when all is done */
export function commandIn(name: string) {
  const place = mkdtempSync(join(tmpdir(), `cloze-${name}-`));
  const cloze = (words: readonly string[], input = ""): Outcome =>
    spawnSync(process.execPath, [join(root, "dist/cli.js"), ...words], { encoding: "utf8", input, cwd: place });
  /** The objects that a command prints that must succeed. */
  const objects = (words: readonly string[], input = ""): Record<string, unknown>[] => {
    const { status, stdout, stderr } = cloze(words, input);
    assert.is(status, 0, `${words.join(" ")}: ${stderr}`);
    return objectsOf(stdout);
  };
  /** The last of them: the figures of a run. */
  const lastObject = (words: readonly string[], input = ""): Record<string, unknown> => objects(words, input).at(-1)!;
  return { place, cloze, objects, lastObject, remove: () => rmSync(place, { recursive: true, force: true }) };
}
