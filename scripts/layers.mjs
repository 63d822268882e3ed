/**
 * Who may import whom: every relative import in sdk/ must point down the layers of ARCHITECTURE.md.
 *
 *   node scripts/layers.mjs        prints each import that does not, and fails if there is one
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const sdk = join(dirname(fileURLToPath(import.meta.url)), "..", "sdk");

const below = {
  engine: [],
  tokenizer: [],
  tensor: ["engine"],
  data: ["tensor", "tokenizer"],
  nn: ["data", "tensor", "engine"],
  objectives: ["tensor", "data", "tokenizer"],
  heads: ["objectives", "nn", "tensor", "data", "tokenizer"],
  models: ["heads", "objectives", "nn", "tensor", "data"],
  generate: ["engine", "models", "heads", "objectives", "nn", "tensor", "data"],
  multilingual: ["heads", "objectives", "nn", "tensor", "data"],
  io: ["models", "heads", "nn", "tensor", "tokenizer", "data", "engine"],
  train: ["objectives", "heads", "models", "nn", "tensor", "data", "io", "engine", "tokenizer"],
};
const all = [...Object.keys(below), "."];
below.pipelines = all.filter((folder) => folder !== ".");
below.report = [...below.pipelines, "pipelines"];
below["."] = [...below.report, "report"];
below.cli = ["."];
below.tour = [".", "cli"];

const wrong = [];
for (const name of readdirSync(sdk, { recursive: true })) {
  if (!name.endsWith(".ts") || name.endsWith(".d.ts")) continue;
  const file = join(sdk, name);
  const folder = layerOf(file);
  for (const [, target] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    const other = layerOf(join(dirname(file), target));
    if (other === null || other === folder) continue;
    if (!below[folder]?.includes(other))
      wrong.push(`${relative(sdk, file)} imports ${target}: ${folder}/ may not import ${other}/`);
  }
}

/** Files of sdk/ that stand below every folder, and import nothing. */
function isGround(path) {
  return /^(errors|json)\.(js|ts)$/.test(relative(sdk, path));
}

/** The folder directly under sdk/ that a path is in; "." for sdk/ itself; null for build outputs. */
function layerOf(path) {
  const inside = relative(sdk, path);
  if (inside.startsWith("..") || isGround(path)) return null;
  return inside.includes(sep) ? inside.split(sep)[0] : ".";
}

for (const line of wrong) console.error(line);
console.log(wrong.length ? `${wrong.length} imports point the wrong way` : "layers: every import points down");
process.exit(wrong.length ? 1 : 0);
