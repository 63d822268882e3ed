/**
 * Run every tests/**\/*.test.ts, each in a process of its own, and count from uvu's own totals.
 *
 *   node scripts/test.mjs [PART-OF-A-PATH…] [--runtime PATH-OF-NODE]
 *
 * A file that ran no test fails: uvu itself would pass a file without `test.run()`.
 * The last line is `N passed, N failed`, with `, N skipped` if tests were skipped, each named above it.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { settings } from "./build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

const words = process.argv.slice(2);
const runtimeAt = words.indexOf("--runtime");
const runtime = runtimeAt < 0 ? process.execPath : words.splice(runtimeAt, 2)[1];

/** Begin with what takes longest, so that no long file is left when the others are done. */
const LONGEST = [
  "playground/chromium",
  "playground/firefox",
  "docs/guides",
  "cli/faults",
  "models/cloze-tiny",
  "playground/measurements",
  "docs/readme",
  "cli/",
  "pipelines/turns",
];
function turnOf(file) {
  const at = LONGEST.findIndex((part) => file.startsWith(join("tests", part)));
  return at < 0 ? LONGEST.length : at;
}

const files = readdirSync("tests", { recursive: true })
  .map((name) => join("tests", name))
  .filter((name) => name.endsWith(".test.ts") && (words.length === 0 || words.some((word) => name.includes(word))))
  .sort((a, b) => turnOf(a) - turnOf(b) || (a < b ? -1 : 1));

const out = join(root, "build", `tests-${process.pid}`);
mkdirSync(out, { recursive: true });
await build({
  ...settings,
  entryPoints: files,
  outbase: "tests",
  outdir: out,
  outExtension: { ".js": ".mjs" },
  platform: "node",
  packages: "external",
  // What files share is built once: two hundred whole copies of the library take twenty times as long to write.
  splitting: true,
  chunkNames: "chunks/[hash]",
  sourcemap: true,
});

/** Run one file; return its output and uvu's totals. */
function run(file) {
  const program = join(out, relative("tests", file).replace(/\.ts$/, ".mjs"));
  return new Promise((done) => {
    // Node 20 has a WebSocket behind this flag; later versions accept it.
    const flags = ["--enable-source-maps", "--expose-gc", "--experimental-websocket"];
    const child = spawn(runtime, [...flags, program], {
      env: { ...process.env, CLOZE_ROOT: root, CLOZE_INSTALLED: join(out, "installed"), FORCE_COLOR: "0" },
    });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("close", (status) => {
      const count = (name) =>
        [...output.matchAll(new RegExp(`^ +${name}: +(\\d+)`, "gm"))].reduce((sum, match) => sum + Number(match[1]), 0);
      const total = count("Total"),
        passed = count("Passed");
      const skips = [...output.matchAll(/^skipped: (.*)$/gm)].map((match) => match[1]);
      const failed = total === 0 || (status !== 0 && total === passed) ? total - passed + 1 : total - passed;
      done({ file, output, total, passed, failed, skips });
    });
  });
}

const sums = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const queue = [...files];
async function work() {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const started = Date.now();
    const result = await run(file);
    sums.passed += result.passed;
    sums.failed += result.failed;
    sums.skipped += result.skips.length;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${result.failed ? "FAIL" : "ok  "} ${file}  ${result.passed} of ${result.total}, ${seconds} s`);
    for (const skip of result.skips) console.log(`     skipped: ${skip}`);
    if (result.failed) {
      failures.push(file);
      console.log(
        result.total === 0 ? `${result.output}\n     this file ran no test: is test.run() missing?` : result.output,
      );
    }
  }
}
// Twice as many as cores: files wait half of their time, for the disk, a browser, a server or a timer.
await Promise.all(Array.from({ length: 2 * Math.min(2, availableParallelism()) }, work));
rmSync(out, { recursive: true, force: true });
if (files.length === 0) sums.failed++;
if (failures.length > 0) console.log(`failed: ${failures.join(", ")}`);
console.log(`${sums.passed} passed, ${sums.failed} failed${sums.skipped ? `, ${sums.skipped} skipped` : ""}`);
process.exit(sums.failed ? 1 : 0);
