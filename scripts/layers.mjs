/**
 * Who may import whom: every relative import in sdk/ must point down the layers of ARCHITECTURE.md, and only engine/ and
 * tensor/ may call kernels or name addresses.
 *
 *   node scripts/layers.mjs        prints each fault, and fails if there is one
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
  const text = readFileSync(file, "utf8");
  // Tensors are what the layers above share; kernels and addresses stay below them.
  for (const [inside] of ["engine", "tensor"].includes(folder) ? [] : text.matchAll(/\.(?:kernels|address)\b/g))
    wrong.push(`${relative(sdk, file)} has ${inside}: only engine/ and tensor/ know kernels and addresses`);
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    const other = layerOf(join(dirname(file), target));
    if (other === null || other === folder) continue;
    if (!below[folder]?.includes(other))
      wrong.push(`${relative(sdk, file)} imports ${target}: ${folder}/ may not import ${other}/`);
  }
}

/** Files of sdk/ that are below every folder. */
function isGround(path) {
  return /^(errors|json|options)\.(js|ts)$/.test(relative(sdk, path));
}

/** The folder directly under sdk/ that a path is in; "." for sdk/ itself; null for build outputs. */
function layerOf(path) {
  const inside = relative(sdk, path);
  if (inside.startsWith("..") || isGround(path)) return null;
  return inside.includes(sep) ? inside.split(sep)[0] : ".";
}

for (const line of wrong) console.error(line);
console.log(
  wrong.length
    ? `${wrong.length} faults`
    : "layers: every import points down; kernels and addresses are in engine/ and tensor/",
);
process.exit(wrong.length ? 1 : 0);
