/**
 * Run a lesson of examples/:  npm run example NAME [-- ARGUMENT…]
 * Examples import the package by its name, as a user does. Without a name they are listed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [name, ...rest] = process.argv.slice(2);
const file = join(root, "examples", `${name}.ts`);
if (name === undefined || !existsSync(file)) {
  console.error(`usage: npm run example NAME\n`);
  for (const lesson of readdirSync(join(root, "examples")).filter((entry) => entry.endsWith(".ts"))) {
    const first = /^\/\*\*\n \* (.*)$/m.exec(readFileSync(join(root, "examples", lesson), "utf8"))?.[1] ?? "";
    console.error(`  ${lesson.replace(".ts", "").padEnd(24)} ${first}`);
  }
  process.exit(2);
}
process.exit(
  spawnSync(process.execPath, [join(root, "scripts/run.mjs"), file, ...rest], { stdio: "inherit" }).status ?? 1,
);
