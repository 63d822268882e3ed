/** The built program in a process and a folder of its own, as a user runs it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
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
  // A name that is no folder must not be looked for elsewhere.
  const env = { ...process.env, HF_HUB_OFFLINE: "1", HF_HOME: join(place, "no-cache") };
  const cloze = (words: readonly string[], input = ""): Outcome =>
    spawnSync(process.execPath, [join(root, "dist/cli.js"), ...words], { encoding: "utf8", input, cwd: place, env });
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

/**
 * Runs a command that leaves its checkpoint and curves behind, as if it had been killed before its folder `out` was in place; the
 * folder that it would have written is `out` with `-whole`.
 */
export function interruptedIn(place: string): (words: readonly string[], out: string) => void {
  return (words, out) => {
    const program = [
      `import fs from "node:fs";`,
      `const { rm } = fs.promises;`,
      `fs.promises.rm = async (name, ...rest) => /\\.(checkpoint|curves\\.jsonl)$/.test(String(name)) ? undefined : rm(name, ...rest);`,
      `(await import("node:module")).syncBuiltinESMExports();`,
      `process.argv = [process.argv[0], ...${JSON.stringify(words)}];`,
      `await import(${JSON.stringify(join(root, "dist/cli.js"))});`,
    ].join(" ");
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      cwd: place,
    });
    assert.is(status, 0, stderr);
    renameSync(join(place, out), join(place, `${out}-whole`));
    assert.ok(existsSync(join(place, `${out}.checkpoint`)));
  };
}
