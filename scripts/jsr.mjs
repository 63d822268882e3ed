/**
 * The package as JSR takes it, in build/jsr: its modules name their declarations, and declarations name each other by the
 * names of their files. JSR has no conditions of exports; each export is the one of Deno.
 *
 *   node scripts/jsr.mjs && (cd build/jsr && deno publish --dry-run --allow-dirty)
 *
 * `npm run everywhere -- jsr` does this, and runs the suite on the result.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** JSR has no packages without a scope. */
const NAME = "@cloze/cloze";

/** Modules by export: `"./hub": { default: "./dist/hub.js", types: "./dist/types/hub.d.ts" }`. */
export function jsrExports(from) {
  const { exports } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  return Object.fromEntries(
    Object.entries(exports)
      .filter(([, to]) => to.default?.endsWith(".js"))
      .map(([name, to]) => [name, { default: to.deno ?? to.default, types: to.types }]),
  );
}

/** @param from the package, built or installed */
export function writeJsrPackage(from, to) {
  rmSync(to, { recursive: true, force: true });
  for (const name of ["dist", "LICENSE", "README.md"]) cpSync(join(from, name), join(to, name), { recursive: true });
  for (const name of ["dist/complete", "dist/start.js"]) rmSync(join(to, name), { recursive: true, force: true });
  const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  const modules = jsrExports(from);
  const exports = Object.fromEntries(Object.entries(modules).map(([name, { default: path }]) => [name, path]));
  // Built files are ignored by git, whose list is that of JSR unless it is told otherwise.
  const config = { name: NAME, version, license, exports, publish: { exclude: ["!**/*"] } };
  writeFileSync(join(to, "jsr.json"), `${JSON.stringify(config, null, 2)}\n`);
  for (const { default: path, types } of Object.values(modules)) {
    const file = join(to, path);
    const declarations = relative(dirname(file), join(to, types)).replaceAll("\\", "/");
    writeFileSync(file, `/* @ts-self-types="./${declarations}" */\n${readFileSync(file, "utf8")}`);
  }
  for (const name of readdirSync(join(to, "dist/types"), { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(to, "dist/types", name);
    const text = readFileSync(file, "utf8")
      .replace(/(from |import\()"(\.[^"]+)\.js"/g, '$1"$2.d.ts"')
      // JSR forbids references to libraries of types; those of its runtimes have `Disposable`.
      .replace('/// <reference lib="esnext.disposable" />\n', "");
    writeFileSync(file, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeJsrPackage(root, join(root, "build/jsr"));
