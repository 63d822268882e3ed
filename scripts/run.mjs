/**
 * Build and run one TypeScript program of this checkout:  node scripts/run.mjs FILE.ts [ARGUMENT…]
 * Packages are resolved by Node; the project's own sources are bundled.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { settings } from "./build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [file, ...rest] = process.argv.slice(2);
const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], {
  stdio: ["ignore", "ignore", "inherit"],
});
if (built.status !== 0) process.exit(built.status ?? 1);

// One folder below package.json, where the command line looks for its version.
const program = join(root, "build", `run-${process.pid}.mjs`);
await build({
  ...settings,
  absWorkingDir: root,
  entryPoints: [file],
  outfile: program,
  platform: "node",
  packages: "external",
  sourcemap: "inline",
});
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--expose-gc", program, ...rest], {
  stdio: "inherit",
  env: { ...process.env, CLOZE_ROOT: root },
});
rmSync(program, { force: true });
process.exit(status ?? 1);
