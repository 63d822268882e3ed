/** The installed package: the tarball's files, its exports, and their bundles. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { installPackage, packagesIn } from "../helpers/installed-package.js";
import { root } from "../helpers/shared.js";

const test = suite("package");
const installed = installPackage();
const home = join(installed.project, "node_modules/cloze");
const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
test.after(() => installed.remove());

/** The conditions of an export, in order. */
type Conditions = Readonly<Record<string, string>>;
const entries = Object.entries(manifest.exports as Record<string, string | Conditions>);
/** `./worker.js` is the program of a worker, which exports nothing. */
const modules = entries.filter(
  ([name, target]) => name !== "./worker.js" && typeof target !== "string" && target["default"]!.endsWith(".js"),
);

/** Runtimes that get the kernels compiled. */
const EDGE = ["workerd", "edge-light"];

/** Where models are kept differs: on a disk, or in a browser's cache. */
const STORAGE = [...EDGE, "browser", "node", "deno", "bun"];

test("an install brings no other package, and runs no script", () => {
  assert.equal(packagesIn(installed.project), ["cloze"]);
  for (const field of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"])
    assert.is(manifest[field], undefined, field);
  for (const script of ["preinstall", "install", "postinstall", "prepare"])
    assert.is(manifest.scripts[script], undefined, script);
});

test("every export is a file of the tarball, and its types come first", () => {
  assert.is(modules.length, 14);
  for (const [name, target] of entries) {
    const paths = typeof target === "string" ? [target] : Object.values(target);
    for (const path of paths) assert.ok(existsSync(join(home, path)), `${name}: ${path}`);
    if (typeof target === "string") continue;
    const conditions = { ".": EDGE, "./hub": STORAGE }[name] ?? [];
    assert.equal(Object.keys(target), ["types", ...conditions, "default"], name);
  }
  for (const path of Object.values(manifest.bin as Conditions)) assert.ok(existsSync(join(home, path)), path);
});

test("the tarball has the files in use, and nothing else", () => {
  const expected = /^(dist\/|(LICENSE|README(\.zh)?\.md|package\.json)$)/;
  for (const path of installed.files.keys()) assert.match(path, expected);
  // The tour is the repository's: it needs the corpus, parts of which have licences of their own.
  for (const path of ["dist/complete", "dist/start.js"]) assert.not.ok(installed.files.has(path), path);
  for (const path of ["LICENSE", "README.md", "dist/LICENSES.txt"]) assert.ok(installed.files.has(path), path);
  const total = [...installed.files.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(total <= 3_000_000, `${total} bytes unpacked`);
});

test("no file of the package names a folder of the machine that built it", () => {
  for (const path of installed.files.keys())
    if (path.startsWith("dist/")) assert.not.ok(readFileSync(join(home, path), "latin1").includes(root), path);
});

/** The bundle of a program in the project. */
async function bundle(contents: string, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: installed.project },
    bundle: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    write: false,
    logLevel: "error",
    plugins,
  });
  return outputFiles[0]!.text;
}

/** Files of the package that a bundler may not drop on the package's word. */
const ofEffect: Plugin = {
  name: "of effect",
  setup({ onResolve }) {
    onResolve({ filter: /^(?:[./]|cloze\/)/ }, ({ path, kind, resolveDir }) =>
      kind === "dynamic-import" ? { path, external: true } : { path: resolve(resolveDir, path), sideEffects: true },
    );
  },
};

for (const [name, target] of modules)
  test(`importing ${name} does nothing, but that Symbol.dispose exists afterwards`, async () => {
    const text = await bundle(`import "${join(home, (target as Conditions)["default"]!)}";`, [ofEffect]);
    const statements = text
      .replace(/^\/\/.*$|^import .* from "node:.*";$/gm, "")
      .replace(/^Symbol\.dispose \?\?= .*;$/gm, "");
    // Arithmetic is kept until a bundler folds constants.
    const rest = statements.replace(/^var \w+ = [\w\s<*|()+.-]*;$/gm, (line) => (/\w\(/.test(line) ? line : "")).trim();
    assert.is(rest.slice(0, 400), "");
  });

test("classes name their method of disposal where Symbol.dispose does not exist, as in WebKit", () => {
  // The runtime's own Symbol.dispose cannot be deleted.
  const hidden = `const all = Symbol;
  globalThis.Symbol = new Proxy((name) => all(name), {
    get: (own, name) => (name === "dispose" ? own.dispose : all[name]),
  });`;
  const program = `const found = [];
  for (const name of ["cloze", "cloze/tensor", "cloze/minimal"])
    for (const [key, { prototype }] of Object.entries(await import(name)))
      if (prototype && (Symbol.dispose in prototype || "undefined" in prototype))
        found.push(key + ("undefined" in prototype ? " has a method undefined" : ""));
  console.log(JSON.stringify([found, String(Symbol.dispose)]));`;
  const of = (text: string): [found: string[], symbol: string] =>
    JSON.parse(
      execFileSync(process.execPath, ["--input-type=module", "--eval", text], {
        cwd: installed.project,
        encoding: "utf8",
      }),
    );
  const [expected] = of(program);
  assert.ok(expected.includes("Engine") && expected.includes("Scope"), String(expected));
  assert.equal(of(`${hidden}\n${program}`), [expected, String(Symbol.for("Symbol.dispose"))]);
});

test("a program for a browser takes the file of cloze/hub that needs no disk, when a model is named", async () => {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: 'import { featureExtraction } from "cloze"; featureExtraction("organization/model");',
      resolveDir: installed.project,
    },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  assert.ok(outputFiles.length > 3, "the kernels and the hub are chunks of their own");
  const inputs = Object.keys(metafile.inputs);
  assert.ok(inputs.some((path) => path.endsWith("cloze/dist/hub-web.js")));
  assert.not.ok(inputs.some((path) => path.endsWith("cloze/dist/hub.js")));
  const entry = outputFiles.find(({ path }) => /stdin\.js$/.test(path))!.text;
  assert.not.ok(/huggingface\.co|x-linked-etag/.test(entry), "who names no model loads nothing of it");
});

test("a bundle contains its imports, and nothing else", async () => {
  const text = await bundle('import { cosine } from "cloze"; console.log(cosine([1, 0], [1, 0]));');
  assert.ok(text.includes("function cosine("));
  assert.not.ok(/class (Engine|Scope|Tensor)|WebAssembly|Tokenizer/.test(text), text);
});

for (const [name] of modules)
  test(`${name} can be imported from an installed package`, async () => {
    const names = Object.keys(await import(join(home, (manifest.exports[name] as Conditions)["default"]!)));
    assert.ok(names.length >= 2, `${name}: ${names}`);
    assert.not.ok(names.includes("default"));
  });

test.run();
