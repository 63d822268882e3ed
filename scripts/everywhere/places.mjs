/** The folders of `npm run everywhere`: tools by package name, and a project that has installed the packed package. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { settings } from "../build.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const place = join(root, "build", "everywhere");
export const tools = join(place, "tools");
const GIVEN = process.env.CLOZE_EVERYWHERE_PROJECT;
/**
 * Outside of the checkout, whose tsconfig.json bundlers would follow to the sources. The processes of the rows share the one
 * that their parent has made.
 */
export const project = GIVEN ?? join(realpathSync(tmpdir()), `cloze-everywhere-${process.pid}`);
if (GIVEN === undefined) process.on("exit", () => rmSync(project, { recursive: true, force: true }));

/** A requirement of a row that this machine lacks: the row is skipped, with a message. */
export class NotHere extends Error {}

const npm = (words, cwd) => execFileSync("npm", words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Install packages by name and range, those that are missing alone. */
export function install(packages, folder = tools, ...words) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "package.json");
  const { dependencies = {} } = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const missing = Object.entries(packages).filter(([name]) => !existsSync(join(folder, "node_modules", name)));
  if (missing.length === 0) return;
  writeFileSync(path, JSON.stringify({ private: true, dependencies: { ...dependencies, ...packages } }));
  npm(["install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", ...words], folder);
}

/** Tools that a bundler looks for in the project itself, apart from the others, which would be copied with them. */
export const toolsApart = (name) => join(place, name);

/** Pack the package, install the tarball, and put the suite beside it. */
export async function makeProject() {
  execFileSync(process.execPath, [join(root, "scripts/build.mjs"), "--types"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  const [{ filename }] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", project], root));
  write("package.json", JSON.stringify({ name: "project", private: true, type: "module", version: "1.0.0" }));
  npm(["install", "--offline", "--no-audit", "--no-fund", join(project, filename)], project);
  await build({
    ...settings,
    absWorkingDir: root,
    entryPoints: ["tests/everywhere/conformance.ts"],
    outfile: join(project, "conformance.js"),
    platform: "neutral",
    external: ["cloze", "cloze/*"],
  });
  write("print.js", 'import { run } from "./conformance.js";\nconsole.log(JSON.stringify(await run()));\n');
  // Without top-level await, which some targets of bundlers do not have.
  write(
    "page.js",
    'import { run } from "./conformance.js";\nconst done = (report) => { globalThis.report = report; fetch("report", { method: "POST", body: JSON.stringify(report) }).catch(() => {}); };\nrun({ workers: location.search !== "?no-workers" }).then(done, (error) => done({ error: String(error) }));\n',
  );
  write("index.html", '<!doctype html><title>suite</title><script type="module" src="./page.js"></script>\n');
}

/** Write a file of the project. */
export function write(name, text) {
  const path = join(project, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
