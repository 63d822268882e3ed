/**
 * Build and run one TypeScript program of this checkout:  node scripts/run.mjs FILE.ts [ARGUMENT…]
 * Packages are resolved by Node; the project's own sources are bundled.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
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

const out = join(root, "build", `run-${process.pid}`);
mkdirSync(out, { recursive: true });
await build({
  ...settings,
  absWorkingDir: root,
  entryPoints: [{ in: file, out: "program" }],
  outdir: out,
  outExtension: { ".js": ".mjs" },
  platform: "node",
  packages: "external",
  sourcemap: "inline",
});
const { status } = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--expose-gc", join(out, "program.mjs"), ...rest],
  {
    stdio: "inherit",
    env: { ...process.env, CLOZE_ROOT: root },
  },
);
rmSync(out, { recursive: true, force: true });
process.exit(status ?? 1);
