/** Lines of code by folder and bytes of what is shipped:  node scripts/size.mjs */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lines = new Map();
for (const top of ["assembly", "sdk", "tests", "examples", "bench", "scripts"]) {
  if (!existsSync(join(root, top))) continue;
  for (const name of readdirSync(join(root, top), { recursive: true })) {
    if (
      !/\.(ts|mjs)$/.test(name) ||
      name.endsWith(".d.ts") ||
      name.includes("generated") ||
      name.includes("node_modules")
    )
      continue;
    const folder = top === "sdk" && name.includes(sep) ? `sdk/${name.split(sep)[0]}` : top;
    const count = readFileSync(join(root, top, name), "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "").length;
    lines.set(folder, (lines.get(folder) ?? 0) + count);
  }
}
for (const [folder, count] of lines) console.log(`${String(count).padStart(7)} lines  ${folder}`);
for (const file of [
  "dist/kernels.strict.wasm",
  "dist/kernels.relaxed.wasm",
  "dist/index.js",
  "dist/tokenizer.js",
  "dist/cli.js",
]) {
  if (!existsSync(join(root, file))) continue;
  const { size } = statSync(join(root, file));
  console.log(
    `${String(size).padStart(7)} bytes  ${file} (${gzipSync(readFileSync(join(root, file))).length} gzipped)`,
  );
}
