/** The package as a user has it: packed, and installed in an empty project. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./shared.js";

export interface Installed {
  /** the project's folder */
  readonly project: string;
  readonly tarball: string;
  /** files in the tarball, by path, with their bytes */
  readonly files: ReadonlyMap<string, number>;
  remove(): void;
}

/** Pack the checkout and install the tarball, without the network: the package has no dependencies. */
export function installPackage(): Installed {
  if (!existsSync(join(root, "dist/types/index.d.ts")))
    throw new Error("the package is not built with its types: node scripts/build.mjs --types");
  const project = mkdtempSync(join(tmpdir(), "cloze-project-"));
  const npm = (words: string[], cwd: string): string => execFileSync("npm", words, { cwd, encoding: "utf8" });
  const [{ filename, files }] = JSON.parse(
    npm(["pack", "--json", "--ignore-scripts", "--pack-destination", project], root),
  );
  const tarball = join(project, filename);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  npm(["install", "--offline", "--no-audit", "--no-fund", tarball], project);
  const sizes = (files as { path: string; size: number }[]).map(({ path, size }) => [path, size] as const);
  return {
    project,
    tarball,
    files: new Map(sizes),
    remove: () => rmSync(project, { recursive: true, force: true }),
  };
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
