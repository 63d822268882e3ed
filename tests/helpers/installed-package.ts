/** The package as a user has it: packed, and installed in an empty project. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./shared.js";

export interface Installed {
  /** the project's folder */
  readonly project: string;
  /** files in the tarball, by path, with their bytes */
  readonly files: ReadonlyMap<string, number>;
  remove(): void;
}

/** What `npm pack` says about a tarball. */
interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Pack the checkout into a project and install the tarball, without the network: the package has no dependencies. */
function packAndInstall(project: string): void {
  const npm = (words: string[], cwd: string): string => execFileSync("npm", words, { cwd, encoding: "utf8" });
  const said = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", project], root);
  const [packed] = JSON.parse(said) as [Packed];
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  npm(["install", "--offline", "--no-audit", "--no-fund", join(project, packed.filename)], project);
  writeFileSync(join(project, PACKED), JSON.stringify(packed));
}

const PACKED = "packed.json";

/**
 * A new project that has installed the package. scripts/test.mjs names a folder in $CLOZE_INSTALLED, the same for all files of a
 * run: the package is packed and installed once, and copied from there.
 */
export function installPackage(): Installed {
  if (!existsSync(join(root, "dist/types/index.d.ts")))
    throw new Error("the package is not built with its types: node scripts/build.mjs --types");
  const project = mkdtempSync(join(tmpdir(), "cloze-project-"));
  const once = process.env["CLOZE_INSTALLED"];
  if (once !== undefined && existsSync(once)) cpSync(once, project, { recursive: true });
  else {
    packAndInstall(project);
    if (once !== undefined) keep(project, once);
  }
  const { files } = JSON.parse(readFileSync(join(project, PACKED), "utf8")) as Packed;
  return {
    project,
    files: new Map(files.map(({ path, size }) => [path, size])),
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
}

/** Copy a project to a place that another test may write at the same moment. */
function keep(project: string, place: string): void {
  const part = `${place}-${process.pid}`;
  cpSync(project, part, { recursive: true });
  try {
    renameSync(part, place);
  } catch {
    rmSync(part, { recursive: true }); // the other's is there
  }
}

/** Errors of the type checker on files of a project, one a line. `base` is a tsconfig.json to extend. */
export function typeErrors(project: string, options: object, files: readonly string[], base?: string): string[] {
  const config = { ...(base && { extends: base, include: [] }), compilerOptions: { noEmit: true, ...options }, files };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  try {
    execFileSync(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "--pretty", "false", "-p", project],
      {
        encoding: "utf8",
      },
    );
    return [];
  } catch (error) {
    return (error as { stdout: string }).stdout.trim().split("\n");
  }
}

/** Names of the packages installed in a project. */
export const packagesIn = (project: string): string[] =>
  readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
