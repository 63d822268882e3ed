/**
 * The package as publint and are-the-types-wrong see it, every export included, the `.wasm` ones too.
 *
 *   node scripts/package.mjs
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);
execFileSync(process.execPath, ["scripts/build.mjs", "--types"], { stdio: ["ignore", "ignore", "inherit"] });
const folder = mkdtempSync(join(tmpdir(), "cloze-pack-"));
const [{ filename }] = JSON.parse(
  execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { encoding: "utf8" }),
);
const tarball = join(folder, filename);
const bin = "scripts/checks/node_modules/.bin";
let failed = false;
for (const [program, ...words] of [
  [`${bin}/publint`, tarball, "--strict"],
  // CommonJS programs import the package dynamically, which every supported Node can.
  [`${bin}/attw`, tarball, "--profile", "esm-only", "--no-color", "--no-emoji", "--format", "table-flipped"],
]) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status === 0) continue;
  failed = true;
  console.error(`${program} ${words.join(" ")}\n${stdout}${stderr}`);
}
rmSync(folder, { recursive: true });
if (!failed) console.log("package: no problem found by publint and are-the-types-wrong");
process.exit(failed ? 1 : 0);
