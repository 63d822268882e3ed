/**
 * Build missing or stale outputs: the kernels (AssemblyScript), then the package (esbuild), with --types also its declarations.
 *
 *   node scripts/build.mjs [--types]
 *
 * Every output is written to a temporary path and renamed, so a build that is interrupted leaves no torn file.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { abiOf } from "./abi.mjs";
import { buildDeclarations } from "./declarations.mjs";
import { buildYardstick } from "./yardstick.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

/** The newest modification time under `path`, in milliseconds. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** The inputs of AssemblyScript: the compute module in its two builds. */
const KERNELS = {
  strict: {
    config: "asconfig.json",
    entry: "assembly/index.ts",
    out: "build/kernels.strict.wasm",
    types: "sdk/engine/kernels.d.ts",
    abi: "sdk/engine/abi.ts",
  },
  relaxed: { config: "asconfig.json", entry: "assembly/index.ts", out: "build/kernels.relaxed.wasm" },
};

/** The loops that `cloze bench` measures a core with. */
const YARDSTICK = "build/yardstick.wasm";

/** An AssemblyScript file and every file that it imports. */
function sourcesOf(entry, seen = new Set()) {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const [, target] of readFileSync(entry, "utf8").matchAll(/^(?:import|export)\b[^;]*?from "(\.[^"]+)"/gm))
    sourcesOf(`${join(dirname(entry), target)}.ts`, seen);
  return seen;
}

/** Compile one of {@link KERNELS}, and the declarations of its exports, unless its own sources are older. */
async function buildKernels(name) {
  const { config, entry, out, types, abi } = KERNELS[name];
  if (modified("assembly/generated/tiles.ts") < modified("scripts/micro-kernels.mjs"))
    (await import("./micro-kernels.mjs")).writeMicroKernels();
  if (modified("assembly/generated/dot-tiles.ts") < modified("scripts/dot-tiles.mjs"))
    (await import("./dot-tiles.mjs")).writeDotTiles();
  const sources = Math.max(...[config, "scripts/abi.mjs", ...sourcesOf(entry)].map(modified));
  if (modified(out) > sources && [types, abi].every((path) => path === undefined || existsSync(path))) return;
  const part = `build/part-${process.pid}`;
  mkdirSync(part, { recursive: true });
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  execFileSync(process.execPath, [asc, "--config", config, "--target", name, "--outFile", `${part}/kernels.wasm`], {
    stdio: "inherit",
  });
  if (types !== undefined) {
    const declarations = readFileSync(`${part}/kernels.d.ts`, "utf8");
    writeFileSync(`${part}/types.d.ts`, `// Generated from assembly/ by scripts/build.mjs.\n${declarations}`);
    renameSync(`${part}/types.d.ts`, types);
    if (abi !== undefined) {
      writeFileSync(`${part}/abi.ts`, abiOf(readFileSync(`${part}/kernels.wasm`), declarations));
      renameSync(`${part}/abi.ts`, abi);
    }
  }
  renameSync(`${part}/kernels.wasm`, out);
  rmSync(part, { recursive: true });
}

/** `import text from "./file?text"` gives the file as a string, `?hex` its bytes as hexadecimal digits. */
const asString = {
  name: "string",
  setup({ onResolve, onLoad }) {
    for (const [query, encoding] of [
      ["text", "utf8"],
      ["hex", "hex"],
    ]) {
      onResolve({ filter: new RegExp(`\\?${query}$`) }, ({ path, resolveDir }) => ({
        path: relative(root, join(resolveDir, path.slice(0, -query.length - 1))), // outputs name it
        namespace: query,
      }));
      onLoad({ filter: /.*/, namespace: query }, ({ path }) => ({
        contents: readFileSync(join(root, path), encoding),
        loader: "text",
      }));
    }
  },
};

/** {@link asString} for a program that gets the kernels' digits from elsewhere: those inside the package are empty. */
const withoutKernels = {
  name: "without kernels",
  setup(build) {
    build.onLoad({ filter: /kernels\.\w+\.wasm$/, namespace: "hex" }, () => ({ contents: "", loader: "text" }));
    asString.setup(build);
  },
};

/** Shared esbuild settings: modern JavaScript that Node 20 runs; `using` is lowered. */
export const settings = {
  bundle: true,
  format: "esm",
  target: "es2022",
  supported: { using: false },
  plugins: [asString],
  logLevel: "warning",
  legalComments: "none",
};

/**
 * Scripts that the library carries as text: that of every report (the plotting library and the code that uses it), the
 * program of an engine's workers, and that of workers with models, which contains the former.
 */
const SCRIPTS = {
  "report-page": "sdk/report/page/main.ts",
  worker: "sdk/engine/worker.ts",
  "model-worker": "sdk/worker/program.ts",
};

async function buildScript(name) {
  const out = `build/${name}.js`;
  const list = `build/${name}.json`;
  const inputs = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
  const newestInput = Math.max(...["package-lock.json", "scripts/build.mjs", ...inputs].map(modified));
  if (inputs.length > 0 && modified(out) > newestInput) return;
  const part = `build/${name}-${process.pid}.js`;
  const { metafile } = await build({
    ...settings,
    metafile: true,
    entryPoints: [SCRIPTS[name]],
    outfile: part,
    format: "iife",
    platform: "browser",
    minify: true,
    // Whoever starts workers looks up the names of models, and lends files and kernels (sdk/worker/program.ts).
    external: ["cloze/hub"],
    plugins: [name === "model-worker" ? withoutKernels : asString],
  });
  // Texts and kernels inside the script are inputs too.
  const paths = Object.keys(metafile.inputs).map((path) => path.replace(/^(text|hex):/, ""));
  writeFileSync(list, JSON.stringify(paths));
  renameSync(part, out);
}

/** The subpaths that users import, by the name after `cloze/`. */
export const SUBPATHS = {
  index: "sdk/index.ts",
  benchmark: "sdk/benchmark/index.ts",
  data: "sdk/data.ts",
  generate: "sdk/generate.ts",
  hub: "sdk/hub.ts",
  metrics: "sdk/metrics.ts",
  minimal: "sdk/minimal.ts",
  multilingual: "sdk/multilingual.ts",
  node: "sdk/node.ts",
  report: "sdk/report/index.ts",
  tensor: "sdk/tensor.ts",
  tokenizer: "sdk/tokenizer/index.ts",
  web: "sdk/web.ts",
  worker: "sdk/worker.ts",
};

/** Subpaths with a file of their own: they work without the engine, or contain much that others do not need. */
const APART = ["benchmark", "hub", "node", "report", "tokenizer", "web"];

/** Replacements of files for runtimes without a disk: package.json says which runtimes take them. */
const WITHOUT_DISK = { "hub-web": "sdk/hub-web.ts" };

/** Programs that import the library by its name. */
const PROGRAMS = { cli: "sdk/cli/main.ts", start: "sdk/tour/start.ts" };

/** License texts of every package whose code is in the outputs. */
function licences(inputs) {
  const names = new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean));
  // Packages of one author often have one text, which is there once, under their names.
  const holders = new Map();
  for (const name of [...names].sort()) {
    const folder = join("node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licensed under ${license}.`;
    holders.set(text, [...(holders.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...holders].map(([text, packages]) => `${packages.join("\n")}\n\n${text}\n`);
  return `Cloze contains code of the packages below.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/**
 * Let bundlers drop unused code. A call of a function that says `@__NO_SIDE_EFFECTS__` has no side effect, which esbuild
 * knows inside one file only. Chunks that are imported for nothing else are not needed, nor are esbuild's 12 kB of comments
 * with the paths of sources, which the package does not have.
 */
function markPure(part) {
  const names = readdirSync(part, { recursive: true }).filter((entry) => entry.endsWith(".js"));
  const texts = new Map(names.map((name) => [name, readFileSync(join(part, name), "utf8")]));
  const pure = new Set();
  for (const text of texts.values())
    for (const [, name] of text.matchAll(/^\/\/ @__NO_SIDE_EFFECTS__\nfunction (\w+)/gm)) pure.add(name);
  const calls = new RegExp(`(?<![\\w$.])(?:${[...pure].join("|")})\\(`, "g");
  for (const [name, text] of texts) {
    const marked = text
      .replace(/^var \w+ = [\s\S]*?;$/gm, (statement) => statement.replace(calls, "/* @__PURE__ */ $&"))
      .replace(/^import "\.[^"]+";$/gm, "")
      .replace(/^\/\/ (?:sdk\/|text:|hex:).*\n/gm, "");
    writeFileSync(join(part, name), marked);
  }
}

/**
 * The library: one file, `library.js`, that the subpaths export from, and one for each of {@link APART}.
 *
 * Splitting all subpaths gives nineteen chunks, and a module for each source 236: `import "cloze"` in a new process of
 * Node 20 then takes 61 and 177 ms instead of 36. Bundlers drop unused code from one file as well, because no
 * statement at the top level has a side effect (tests/package).
 */
async function buildLibrary(part) {
  const options = {
    ...settings,
    metafile: true,
    splitting: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    // The library imports cloze/hub by its name, when a model is named.
    external: ["node:*", "cloze/hub"],
  };
  const joint = Object.keys(SUBPATHS).filter((name) => !APART.includes(name));
  const all = joint.map((name) => `export * from "../../${SUBPATHS[name]}";\n`).join("");
  writeFileSync(`${part}/library.ts`, `${all}export { provideKernels } from "../../sdk/engine/source.ts";\n`);
  const { metafile } = await build({
    ...options,
    entryPoints: {
      library: `${part}/library.ts`,
      ...Object.fromEntries(APART.map((name) => [name, SUBPATHS[name]])),
      ...WITHOUT_DISK,
    },
    outdir: part,
    chunkNames: "chunks/[name]-[hash]",
  });
  rmSync(`${part}/library.ts`);
  markPure(part);
  const { outputs } = (
    await build({
      ...options,
      write: false,
      outdir: part,
      entryPoints: Object.fromEntries(joint.map((name) => [name, SUBPATHS[name]])),
    })
  ).metafile;
  for (const name of joint) {
    const { exports } = outputs[`${part}/${name}.js`];
    writeFileSync(`${part}/${name}.js`, `export {\n  ${[...exports].sort().join(",\n  ")}\n} from "./library.js";\n`);
  }
  for (const name of Object.keys(EDGE)) writeFileSync(`${part}/${name}.js`, edgeEntry(name));
  return metafile;
}

/**
 * Runtimes that compile no bytes: the suffix of a `.wasm` address that imports it compiled in their tools, and which builds.
 * Next's edge routes run inside Node while one develops, and Node 20 cannot compile the relaxed build.
 */
const EDGE = {
  workerd: { query: "", builds: ["relaxed", "strict"] },
  "edge-light": { query: "?module", builds: ["strict"] },
};

/** `cloze` for such a runtime: the same exports, and the kernels as compiled modules. */
function edgeEntry(name) {
  const { query, builds } = EDGE[name];
  return `${builds.map((build) => `import ${build} from "./kernels.${build}.wasm${query}";\n`).join("")}import { provideKernels } from "./library.js";

provideKernels({ ${builds.join(", ")} });
export * from "./index.js";
`;
}

async function buildPackage() {
  const scripts = Object.keys(SCRIPTS).map((name) => `build/${name}.js`);
  const sources = ["sdk", "package-lock.json", "scripts/build.mjs", ...scripts].map(newest);
  const inputs = Math.max(...sources, ...Object.values(KERNELS).map(({ out }) => modified(out)));
  if (modified("dist/complete") > inputs) return;
  const part = `build/dist-${process.pid}`;
  mkdirSync(part, { recursive: true });
  const library = await buildLibrary(part);
  const programs = await build({
    ...settings,
    metafile: true,
    entryPoints: PROGRAMS,
    outdir: part,
    platform: "node",
    // The programs share the libraries of the command line. Their files find the package's own from beside each other.
    splitting: true,
    // They are not imported, and minified they halve the package.
    minify: true,
    chunkNames: "programs-[hash]",
    external: ["cloze", "cloze/*"],
    // Some of the command line's libraries are CommonJS and ask for Node's own modules.
    banner: {
      js: 'import { createRequire as $require } from "node:module"; const require = $require(import.meta.url);',
    },
  });
  for (const name of ["strict", "relaxed"])
    writeFileSync(`${part}/kernels.${name}.wasm`, readFileSync(`build/kernels.${name}.wasm`));
  copyFileSync("build/worker.js", `${part}/engine-worker.js`);
  copyFileSync("sdk/benchmark/page.html", `${part}/benchmark.html`);
  copyFileSync("sdk/benchmark/page.js", `${part}/benchmark-page.js`);
  const used = [library, programs.metafile].flatMap(({ inputs }) => Object.keys(inputs));
  const page = JSON.parse(readFileSync("build/report-page.json", "utf8"));
  writeFileSync(`${part}/LICENSES.txt`, licences([...used, ...page]));
  rmSync("dist", { recursive: true, force: true });
  renameSync(part, "dist");
  writeFileSync("dist/complete", "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync("build", { recursive: true });
  for (const name of ["strict", "relaxed"]) await buildKernels(name);
  if (modified(YARDSTICK) < modified("scripts/yardstick.mjs")) buildYardstick(root, YARDSTICK);
  for (const name of Object.keys(SCRIPTS)) await buildScript(name);
  await buildPackage();
  if (process.argv.includes("--types")) buildDeclarations();
}
