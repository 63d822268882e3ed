/**
 * The same bits on every runtime: run the hash program under Node 20, 22, 24, 26, Deno and Bun, with one thread and with
 * two, and compare.
 *
 *   node scripts/runtimes.mjs
 *
 * The runtimes come from the package registry into build/runtimes; none is a dependency of the project.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const place = join(root, "build", "runtimes");
const system = `${{ win32: "win" }[process.platform] ?? process.platform}-${process.arch}`;
const VERSIONS = [20, 22, 24, 26];
const PACKAGES = {
  ...Object.fromEntries(VERSIONS.map((version) => [`node${version}`, `npm:node-${system}@${version}`])),
  deno: "2",
  bun: "1",
};

mkdirSync(place, { recursive: true });
writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, dependencies: PACKAGES }));
writeFileSync(join(place, ".npmrc"), "omit-lockfile-registry-resolved=true\naudit=false\nfund=false\n");
if (!existsSync(join(place, "node_modules", "bun"))) {
  const { status, stderr } = spawnSync("npm", ["install", "--no-package-lock"], { cwd: place, encoding: "utf8" });
  if (status !== 0) {
    console.error(`the runtimes could not be installed:\n${stderr}`);
    process.exit(1);
  }
}
const made = spawnSync(process.execPath, [join(root, "scripts/hash.mjs"), "--file"], { encoding: "utf8" });
if (made.status !== 0) throw new Error(made.stderr);
const file = made.stdout.trim().split("\n").at(-1);
const bin = (name) => join(place, "node_modules", name);
const commands = {
  "this Node": [process.execPath, file],
  ...Object.fromEntries(VERSIONS.map((version) => [`Node ${version}`, [bin(`node${version}/bin/node`), file]])),
  Deno: [bin(".bin/deno"), "run", "-A", file],
  Bun: [bin(".bin/bun"), file],
};
const hashes = new Set();
for (const threads of ["1", "2"]) {
  for (const [name, [program, ...words]] of Object.entries(commands)) {
    const { status, stdout, stderr, error } = spawnSync(program, [...words, threads], { encoding: "utf8" });
    const hash = stdout?.trim().split("\n").at(-1) ?? "";
    const title = `${name}, ${threads} ${threads === "1" ? "thread" : "threads"}`;
    console.log(`${title.padEnd(22)} ${status === 0 ? hash : `FAIL ${error?.message ?? stderr}`}`);
    hashes.add(status === 0 ? hash : title);
  }
}
console.log(
  hashes.size === 1 ? "one hash on every runtime, with one thread and with two" : `${hashes.size} different results`,
);
process.exit(hashes.size === 1 ? 0 : 1);
