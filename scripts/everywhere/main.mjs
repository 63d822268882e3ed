/**
 * The conformance suite in every runtime and behind every bundler, from the packed package:
 *
 *   npm run everywhere               all rows
 *   npm run everywhere -- node vite  rows whose names contain one of these words
 *   npm run everywhere -- --json     one object a row on standard output
 *
 * Runtimes and bundlers come from the package registry by name, into build/everywhere; browsers are the machine's own. What
 * cannot run here is named. The hash is that of tests/everywhere/hashes.json.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BUNDLERS } from "./bundlers.mjs";
import { EDGE } from "./edge.mjs";
import { makeProject, root } from "./places.mjs";
import { RUNTIMES } from "./runtimes.mjs";

/** Places that have no row, and why. */
const NOT_HERE = {
  Firefox: "no npm package has a Firefox that starts without a download from elsewhere",
  WebKit: "as Firefox; WebKitGTK would have to be installed",
  "deno compile": "it downloads its base program from Deno's server when it compiles",
  ARM64: "Node for ARM64 needs qemu-user-static on this machine",
  "Vercel, Deno Deploy, AWS Lambda":
    "their services cannot be reached; their runtimes have rows: edge-runtime, Deno, Node",
};

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const json = process.argv.includes("--json");
const published = JSON.parse(readFileSync(join(root, "tests/everywhere/hashes.json"), "utf8"));
const chosen = [...RUNTIMES, ...BUNDLERS, ...EDGE].filter(
  ({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word.toLowerCase())),
);
if (chosen.length === 0) {
  console.error(`no row is named ${words.join(" or ")}`);
  process.exit(2);
}

await makeProject();
let bad = 0;
if (!json) console.log(`${"".padEnd(24)} passed  failed  hash              seconds`);
for (const { name, run, noHash } of chosen) {
  const report = await Promise.resolve()
    .then(run)
    .catch((error) => ({ error: error.stderr?.toString().slice(-1500) || error.message }));
  const failed = report.error === undefined ? [...report.failed] : [report.error];
  if (!noHash && report.error === undefined && report.hash !== published.hash)
    failed.push(`the hash is ${report.hash}`);
  bad += failed.length > 0 ? 1 : 0;
  const { passed = 0, hash = "", seconds = 0 } = report;
  if (json) console.log(JSON.stringify({ name, passed, failed, hash, seconds }));
  else {
    const cells = [
      String(passed).padStart(6),
      String(failed.length).padStart(7),
      `  ${hash.padEnd(16)}`,
      String(seconds).padStart(8),
    ];
    console.log(`${name.padEnd(24)} ${cells.join(" ")}`);
    for (const failure of failed) console.log(`    ${failure}`);
  }
}
if (!json) {
  for (const [name, reason] of Object.entries(NOT_HERE)) console.log(`not run: ${name}: ${reason}`);
  console.log(bad === 0 ? `${chosen.length} rows, all green` : `${bad} of ${chosen.length} rows failed`);
}
process.exit(bad === 0 ? 0 : 1);
