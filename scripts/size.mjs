/**
 * Lines of code by folder, and bytes of the shipped files; fails where a budget is exceeded.
 *
 *   node scripts/size.mjs
 *
 * Bundles are the output of a user's bundler for one import: minified, gzipped, from dist/.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

/** Shipped files, with budgets in bytes after gzip. */
const FILES = { "dist/kernels.strict.wasm": 24_000, "dist/kernels.relaxed.wasm": 24_000 };

/** Imports of a program, with budgets in bytes after gzip. */
const BUNDLES = {
  'import { cosine } from "cloze"': 3_000,
  'import { readVocabulary } from "cloze/tokenizer"': 16_000,
  'import { readTokenizerJson } from "cloze/tokenizer"': 34_000,
  'import { bert, featureExtractionOf, readWordPiece, strictKernels } from "cloze/minimal"': 95_000,
  'import { bert, featureExtractionOf, strictKernels } from "cloze/minimal"; import { loadTokenizer } from "cloze"': 106_700,
  'import { featureExtraction } from "cloze"': 172_000,
  'import * as cloze from "cloze"': 220_000,
  'import { hub } from "cloze/hub"': 12_000,
};

let failed = false;
function report(bytes, budget, name) {
  const over = bytes > budget;
  failed ||= over;
  console.log(`${String(bytes).padStart(7)} of ${budget} bytes  ${name}${over ? "  OVER BUDGET" : ""}`);
}

/** Lines that are not blank, by folder. */
function countLines() {
  const lines = new Map();
  for (const top of ["assembly", "sdk", "tests", "examples", "bench", "scripts"]) {
    for (const name of readdirSync(top, { recursive: true })) {
      if (!/\.(ts|mjs)$/.test(name) || /\.d\.ts$|generated|node_modules/.test(name)) continue;
      const folder = top === "sdk" && name.includes(sep) ? `sdk/${name.split(sep)[0]}` : top;
      const count = readFileSync(join(top, name), "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "").length;
      lines.set(folder, (lines.get(folder) ?? 0) + count);
    }
  }
  return lines;
}

/** Bytes of a program that only re-exports its imports, minified and gzipped. */
async function bundle(statement) {
  const names = [...statement.matchAll(/\{ (.*?) \}|\* as (\w+)/g)].map(([, list, all]) => list ?? all);
  const { outputFiles } = await build({
    stdin: { contents: `${statement}; console.log(${names.join()});`, resolveDir: root },
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
    logLevel: "error",
    platform: "neutral",
    // A chunk of its own, which is loaded when a model is named.
    external: ["node:*", ...(statement.includes("cloze/hub") ? [] : ["cloze/hub"])],
    tsconfigRaw: {}, // dist/, not the sources that tsconfig.json maps the names to
  });
  return gzipSync(outputFiles[0].contents).length;
}

if (!existsSync("dist/library.js")) throw new Error("nothing is built: node scripts/build.mjs");
for (const [folder, count] of countLines()) console.log(`${String(count).padStart(7)} lines  ${folder}`);
for (const [file, budget] of Object.entries(FILES)) report(gzipSync(readFileSync(file)).length, budget, file);
for (const [statement, budget] of Object.entries(BUNDLES)) report(await bundle(statement), budget, statement);
process.exit(failed ? 1 : 0);
