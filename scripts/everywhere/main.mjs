/**
 * The conformance suite in every runtime and behind every bundler, from the packed package:
 *
 *   npm run everywhere               all rows
 *   npm run everywhere -- node vite  rows whose names contain one of these words
 *   npm run everywhere -- --json     one object a row on standard output
 *
 * Runtimes and bundlers come from the package registry by name, into build/everywhere; browsers and the emulator of ARM64 are
 * the machine's own (CONTRIBUTING.md). What cannot run here is skipped by name. The hash is that of tests/everywhere/hashes.json. Each row is a process of its own,
 * which is ended with all that it started after CLOZE_EVERYWHERE_SECONDS, 900 by default.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLERS } from "./bundlers.mjs";
import { EDGE } from "./edge.mjs";
import { KERNEL_IMPORTS } from "./kernel-imports.mjs";
import { makeProject, NotHere, project, root } from "./places.mjs";
import { RECIPES } from "./recipes.mjs";
import { RUNTIMES } from "./runtimes.mjs";

/** Places without a row, and the reasons. */
const NOT_HERE = {
  "Vercel, Deno Deploy, AWS Lambda":
    "their services cannot be reached; their recipes run in edge-runtime, Deno and Node",
};

const ROWS = [...RUNTIMES, ...BUNDLERS, ...EDGE, ...KERNEL_IMPORTS, ...RECIPES];
const SECONDS = Number(process.env.CLOZE_EVERYWHERE_SECONDS ?? 900);
const MARK = "cloze-row ";

/** In the process of a row: its report is the last line. */
async function runRow(name) {
  const { run } = ROWS.find((row) => row.name === name);
  const report = await Promise.resolve()
    .then(run)
    .catch((error) =>
      error instanceof NotHere
        ? { skipped: error.message }
        : { error: error.stderr?.toString().slice(-1500) || error.message },
    );
  process.stdout.write(`\n${MARK}${JSON.stringify(report)}\n`, () => process.exit(0));
}

/** A row in a process of its own, which is ended with all that it started when it takes too long. */
function startRow(name) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "--row", name], {
    env: { ...process.env, CLOZE_EVERYWHERE_PROJECT: project },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let [output, errors, late] = ["", "", false];
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (errors += text));
  const end = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nothing of it runs any more.
    }
  };
  const timer = setTimeout(() => {
    late = true;
    end();
  }, SECONDS * 1000);
  process.once("exit", end);
  return new Promise((done) => {
    child.on("close", () => {
      clearTimeout(timer);
      process.off("exit", end);
      end();
      const last = output.trim().split("\n").at(-1);
      if (late) done({ error: `no result after ${SECONDS} s: ${errors.slice(-500)}` });
      else if (!last.startsWith(MARK)) done({ error: `the row ended without a report: ${errors.slice(-1500)}` });
      else done(JSON.parse(last.slice(MARK.length)));
    });
  });
}

/** A line of the table. */
function shown(name, { passed = 0, hash = "", seconds = 0 }, failed) {
  const cells = [
    String(passed).padStart(6),
    String(failed.length).padStart(7),
    `  ${hash.padEnd(16)}`,
    String(seconds).padStart(8),
  ];
  return [`${name.padEnd(24)} ${cells.join(" ")}`, ...failed.map((failure) => `    ${failure}`)].join("\n");
}

async function main() {
  const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
  const json = process.argv.includes("--json");
  const published = JSON.parse(readFileSync(join(root, "tests/everywhere/hashes.json"), "utf8"));
  const chosen = ROWS.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word.toLowerCase())),
  );
  if (chosen.length === 0) {
    console.error(`no row is named ${words.join(" or ")}`);
    process.exit(2);
  }
  await makeProject();
  let [bad, skipped] = [0, 0];
  if (!json) console.log(`${"".padEnd(24)} passed  failed  hash              seconds`);
  for (const { name, noHash } of chosen) {
    const report = await startRow(name);
    const failed = report.error === undefined ? [...(report.failed ?? [])] : [report.error];
    const hashed = !noHash && report.error === undefined && report.skipped === undefined;
    if (hashed && report.hash !== published.hash) failed.push(`the hash is ${report.hash}`);
    bad += failed.length > 0 ? 1 : 0;
    skipped += report.skipped === undefined ? 0 : 1;
    if (json) console.log(JSON.stringify({ name, ...report, failed }));
    else if (report.skipped !== undefined) console.log(`skipped: ${name}: ${report.skipped}`);
    else console.log([shown(name, report, failed), ...(report.notes ?? []).map((note) => `    ${note}`)].join("\n"));
  }
  if (!json) {
    for (const [name, reason] of Object.entries(NOT_HERE)) console.log(`not run: ${name}: ${reason}`);
    const ran = chosen.length - skipped;
    console.log(bad === 0 ? `${ran} rows, all green` : `${bad} of ${ran} rows failed`);
  }
  process.exit(bad === 0 ? 0 : 1);
}

const rowAt = process.argv.indexOf("--row");
await (rowAt < 0 ? main() : runRow(process.argv[rowAt + 1]));
