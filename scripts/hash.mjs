/**
 * One hash over everything that must be the same on every runtime:
 *
 *   npm run hash              one line per stage, then the hash over all
 *   npm run hash -- --threads 2
 *   npm run hash -- --file    the path of a self-contained ES module that prints the same in Node, Deno and Bun
 *   npm run hash:everything   the longer hash of the conformance suite, beside that of tests/everywhere/hashes.json
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { settings } from "./build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], {
  stdio: ["ignore", "ignore", "inherit"],
});
if (built.status !== 0) process.exit(built.status ?? 1);

const everything = process.argv.includes("--everything");
export const file = join(root, "build", everything ? "hash-everything.mjs" : "hash.mjs");
await build({
  ...settings,
  absWorkingDir: root,
  entryPoints: [everything ? "tests/everywhere/hash.ts" : "tests/hash.ts"],
  outfile: file,
  platform: "neutral",
  mainFields: ["module", "main"],
  // Imported when a model is named, which no stage does.
  external: ["cloze/hub"],
});
if (process.argv.includes("--file")) console.log(file);
else {
  const at = process.argv.indexOf("--threads");
  const threads = at < 0 ? [] : [process.argv[at + 1]];
  process.exit(spawnSync(process.execPath, [file, ...threads], { stdio: "inherit" }).status ?? 1);
}
