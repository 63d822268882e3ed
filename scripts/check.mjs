/**
 * All checks that need not run the product: types, formatting and lint, layers, dead code, sizes,
 * the package, its public names, and that no lock file names a host.
 *
 *   node scripts/check.mjs
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

const steps = [
  ["types", ["node_modules/typescript/bin/tsc", "-p", "."]],
  [
    "format and lint",
    ["scripts/checks/node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "--max-diagnostics=40"],
  ],
  ["layers", ["scripts/layers.mjs"]],
  ["dead code", ["scripts/checks/node_modules/knip/bin/knip.js", "--no-progress"]],
  ["sizes", ["scripts/size.mjs"]],
  ["package", ["scripts/package.mjs"]],
  ["public names", ["scripts/api.mjs"]],
];

// The linter and the dead-code check have a package folder of their own: users and tests install none of it.
const wanted = Object.keys(JSON.parse(readFileSync("scripts/checks/package.json", "utf8")).dependencies);
if (!wanted.every((name) => existsSync(`scripts/checks/node_modules/${name}/package.json`))) {
  const { status, stderr } = spawnSync("npm", ["install", "--prefix", "scripts/checks"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the checks could not be installed:\n${stderr}`);
}

let failed = 0;
for (const [name, command] of steps) {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
  if (status !== 0) {
    failed++;
    console.log(stdout + stderr);
  } else if (name === "sizes") console.log(stdout);
}

for (const lock of ["package-lock.json", "bench/peers/package-lock.json"]) {
  if (!existsSync(lock) || !/"resolved": *"https?:/.test(readFileSync(lock, "utf8"))) continue;
  failed++;
  console.log(`FAIL ${lock} names the hosts that packages came from`);
}
process.exit(failed ? 1 : 0);
