/**
 * The playground of examples/playground/: a page that trains and shows models in the browser, as static files.
 *
 *   npm run playground              builds build/playground/ and serves it on http://localhost:4173/
 *   npm run playground -- --build   builds it only
 *
 * The files can be put on any static server. `--port` chooses another port, `--out` another folder.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { build } from "esbuild";
import { settings } from "./build.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "examples/playground");

/** The package's subpaths as files of its build, which users import by the same names. */
function aliases() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const scripts = Object.entries(exports).filter(
    ([name, entry]) => typeof entry === "object" && !name.includes(".wasm"),
  );
  return scripts.map(([name, entry]) => [name.replace(/^\./, "cloze"), join(root, entry.browser ?? entry.default)]);
}

/** `import … from "cloze/…"` gives what the package exports to a browser. */
const packageByName = {
  name: "cloze",
  setup({ onResolve }) {
    const paths = new Map(aliases());
    onResolve({ filter: /^cloze(\/.*)?$/ }, ({ path }) => (paths.has(path) ? { path: paths.get(path) } : undefined));
  },
};

const read = (path) => readFileSync(join(root, path), "utf8").trim();

/** The project's own text by language. */
function texts() {
  const names = readdirSync(join(root, "corpus/text")).filter((name) => name.endsWith(".txt"));
  const english = ["parallel/en.txt", ...names.sort().map((name) => `text/${name}`)];
  const parallel = { "parallel-english": "en", german: "de", spanish: "es", french: "fr", chinese: "zh" };
  return {
    english: english.map((name) => read(`corpus/${name}`)).join("\n\n"),
    ...Object.fromEntries(Object.entries(parallel).map(([name, code]) => [name, read(`corpus/parallel/${code}.txt`)])),
  };
}

/** Labeled examples, published and written for the project. */
const DATA = {
  "sentiment.train.tsv": "samples/movie-reviews/train.tsv.gz",
  "sentiment.test.tsv": "samples/movie-reviews/test.tsv.gz",
  "tags.train.tsv": "samples/ud-english-ewt/train.tsv.gz",
  "tags.test.tsv": "samples/ud-english-ewt/test.tsv.gz",
  "pairs.train.tsv": "samples/snli/train.tsv.gz",
  "pairs.test.tsv": "samples/snli/test.tsv.gz",
  "answers.train.json": "questions/train.json",
  "answers.test.json": "questions/test.json",
};

function writeData(out) {
  mkdirSync(join(out, "data"));
  for (const [name, path] of Object.entries(DATA)) {
    const bytes = readFileSync(join(root, "corpus", path));
    writeFileSync(join(out, "data", name), path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  }
}

/** The models that come with it: cloze-tiny in 8 bits, and the one of sentence vectors. */
const MODELS = { "cloze-tiny": "models/cloze-tiny/q8", "cloze-tiny-embed": "models/cloze-tiny-embed" };

/** The number of a model's parameters, as the header of its safetensors file has them; scales of 8-bit weights are none. */
function parametersOf(bytes) {
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__" && !name.endsWith("_scale"));
  return tensors.reduce((sum, [, { shape }]) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Copy a model's files, list them, so that the page asks for none that is not there, and say how large it is. */
function copyModel(name, from, out) {
  const isNeeded = (file) =>
    /\.(json|safetensors)$/.test(file) && !/^(recipe|q8)\/|package\.json|run_manifest/.test(file);
  const files = filesBelow(join(root, from)).filter(isNeeded);
  for (const file of files) cpSync(join(root, from, file), join(out, "models", name, file));
  writeFileSync(join(out, "models", name, "files.json"), JSON.stringify(files));
  const parameters = parametersOf(readFileSync(join(root, from, "model.safetensors")));
  const bytes = files.reduce((sum, file) => sum + statSync(join(root, from, file)).size, 0);
  writeFileSync(join(out, "models", name, "about.json"), JSON.stringify({ parameters, bytes }));
}

/** All files below a folder, by their paths in it. */
const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => name.split(sep).join("/"))
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

/**
 * The page, which asks at once for all scripts that its first chapter needs. Otherwise a browser learns of each only when it
 * has the one that imports it.
 */
function writePage(out, outputs) {
  const nameOf = (path) => relative(out, join(root, path)).split(sep).join("/");
  const begin = Object.keys(outputs).filter((path) =>
    /page\/(main|chapters\/learn)\.tsx$/.test(outputs[path].entryPoint ?? ""),
  );
  const needed = new Set(begin);
  for (const path of needed)
    for (const { path: imported, kind } of outputs[path].imports) if (kind === "import-statement") needed.add(imported);
  const links = [...needed].map((path) => `    <link rel="modulepreload" href="./${nameOf(path)}">\n`);
  const page = readFileSync(join(source, "index.html"), "utf8");
  writeFileSync(join(out, "index.html"), page.replace("  </head>", `${links.join("")}  </head>`));
}

/** The service worker knows every file, and a hash of them all as its version. */
function writeServiceWorker(out) {
  // The playground starts its own workers, not that of the package's program.
  const files = filesBelow(out).filter((name) => !/chunks\/model-worker-/.test(name));
  const hash = createHash("sha256");
  for (const name of files) hash.update(name).update(readFileSync(join(out, name)));
  const script = readFileSync(join(source, "service-worker.js"), "utf8")
    .replace("__VERSION__", hash.digest("hex").slice(0, 16))
    .replace("__FILES__", JSON.stringify(["./", ...files.map((name) => `./${name}`)]));
  writeFileSync(join(out, "service-worker.js"), script);
}

/**
 * Build the playground.
 *
 * @param out the folder to write
 * @returns the files that esbuild wrote, by path
 */
export async function buildPlayground(out) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, "texts"), { recursive: true });
  const { metafile } = await build({
    ...settings,
    absWorkingDir: root,
    plugins: [...settings.plugins, packageByName],
    entryPoints: {
      page: join(source, "page/main.tsx"),
      lab: join(source, "worker/lab.ts"),
      models: join(source, "worker/models.ts"),
    },
    outdir: out,
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    minify: true,
    metafile: true,
    platform: "browser",
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  cpSync(join(source, "page.css"), join(out, "page.css"));
  writePage(out, metafile.outputs);
  for (const [name, text] of Object.entries(texts())) writeFileSync(join(out, `texts/${name}.txt`), `${text}\n`);
  for (const [name, from] of Object.entries(MODELS)) copyModel(name, from, out);
  writeData(out);
  writeServiceWorker(out);
  return metafile.outputs;
}

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

/** Serve a folder on the loopback address. */
export function serve(folder, port = 0) {
  const top = resolve(folder);
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const path = resolve(top, `.${decodeURIComponent(pathname)}${pathname.endsWith("/") ? "index.html" : ""}`);
    const bytes = path.startsWith(`${top}${sep}`) ? await readFile(path).catch(() => undefined) : undefined;
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" }).end(bytes);
  });
  return new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", () => done(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      build: { type: "boolean", default: false },
      port: { type: "string", default: "4173" },
      out: { type: "string", default: join(root, "build/playground") },
    },
  });
  const out = resolve(values.out);
  await buildPlayground(out);
  console.log(`the playground is in ${out}`);
  if (!values.build) {
    const server = await serve(out, Number(values.port));
    console.log(`http://localhost:${server.address().port}/`);
  }
}
