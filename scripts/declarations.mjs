/** The declarations of the package, in dist/types: part of scripts/build.mjs. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The type of `import kernels from "cloze/kernels.strict.wasm"` if the runtime or bundler compiles such imports. */
const WASM_TYPES = `/** The compiled kernels, for \`Engine.create({ module })\`. */
declare const kernels: WebAssembly.Module;
export default kernels;
`;

/** The comment about a file before its imports: editors show it nowhere, and all of them take 20 kB. */
const FILE_HEADER = /^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n(?=import |export [{*]|\/\*\*)/;

/** Declarations of all that is exported; a new build of the package has removed those of the one before. */
export function buildDeclarations() {
  if (existsSync("dist/types/kernels.wasm.d.ts")) return;
  const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", "sdk", "--outDir"];
  const tsc = ["node_modules/typescript/bin/tsc", ...options, "dist/types", "-p", "scripts/types.json"];
  execFileSync(process.execPath, tsc, { stdio: "inherit" });
  // The compiler does not copy files that are declarations already.
  copyFileSync("sdk/engine/kernels.d.ts", "dist/types/engine/kernels.d.ts");
  writeFileSync("dist/types/engine-worker.d.ts", "export {};\n");
  dropUnreachable();
  for (const path of declarationFiles()) {
    const text = readFileSync(path, "utf8").replace(FILE_HEADER, "");
    // `Disposable` is not in the library es2022 that a project may have chosen.
    const library = /\bDisposable\b|Symbol\.dispose/.test(text) ? '/// <reference lib="esnext.disposable" />\n' : "";
    writeFileSync(path, library + text);
  }
  writeFileSync("dist/types/kernels.wasm.d.ts", WASM_TYPES);
}

const declarationFiles = () =>
  readdirSync("dist/types", { recursive: true })
    .map((path) => join("dist/types", path))
    .filter((path) => path.endsWith(".d.ts"));

/** Remove declarations that no export of package.json leads to: those of programs, and private ones. */
function dropUnreachable() {
  const reached = new Set();
  const reach = (path) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const [, target] of readFileSync(path, "utf8").matchAll(/(?:from|import\(|import) ?"(\.[^"]+)"/g))
      reach(join(dirname(path), target.replace(/(?:\.js)?$/, ".d.ts")));
  };
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const { types } of Object.values(exports)) if (types && !types.includes("kernels.wasm")) reach(join(types));
  for (const path of declarationFiles()) if (!reached.has(path)) rmSync(path);
  for (const path of readdirSync("dist/types", { recursive: true }).sort().reverse()) {
    const folder = join("dist/types", path);
    if (statSync(folder).isDirectory() && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
  }
}
