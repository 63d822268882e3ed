/** Bundlers: each makes a page of the suite without a line of configuration for the package, and Chromium opens it. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ISOLATED, inChromium, inFirefox, inWebKit, pageReport, pageValue } from "./browser.mjs";
import { install, project, root, tools, toolsApart, write } from "./places.mjs";

const require = createRequire(join(tools, "package.json"));
/** A tool's module; those that are ES modules alone as well. */
const tool = (name) => import(pathToFileURL(require.resolve(name)).href);
const out = (name) => {
  const folder = join(project, "out", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
};
const page = (folder, script) =>
  writeFileSync(join(folder, "index.html"), `<!doctype html><script type="module" src="./${script}"></script>`);

async function esbuilt(name = "esbuild") {
  const folder = out(name);
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: project,
    entryPoints: ["page.js"],
    bundle: true,
    format: "esm",
    outdir: folder,
    logLevel: "error",
  });
  page(folder, "page.js");
  return folder;
}

async function rolled() {
  install({ rollup: "4", "@rollup/plugin-node-resolve": "16" });
  const folder = out("rollup");
  const [{ rollup }, { nodeResolve }] = await Promise.all([tool("rollup"), tool("@rollup/plugin-node-resolve")]);
  const bundle = await rollup({
    input: join(project, "page.js"),
    plugins: [nodeResolve({ browser: true })],
    logLevel: "silent",
  });
  await bundle.write({ dir: folder, format: "es" });
  page(folder, "page.js");
  return folder;
}

export async function webpacked(entry = "page.js", name = "webpack") {
  install({ webpack: "5" });
  const folder = out(name);
  const webpack = require("webpack");
  const config = { mode: "production", entry: join(project, entry), output: { path: folder, filename: "page.js" } };
  const stats = await new Promise((resolve, reject) =>
    webpack(config, (error, done) => (error ? reject(error) : resolve(done))),
  );
  if (stats.hasErrors()) throw new Error(stats.toString("errors-only"));
  page(folder, "page.js");
  return folder;
}

export async function viteBuilt(site = project, name = "vite") {
  install({ vite: "8" });
  const folder = out(name);
  const { build } = await import(pathToFileURL(join(tools, "node_modules/vite/dist/node/index.js")).href);
  await build({ root: site, configFile: false, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  return folder;
}

async function viteServed() {
  install({ vite: "8" });
  const { createServer } = await import(pathToFileURL(join(tools, "node_modules/vite/dist/node/index.js")).href);
  const server = await createServer({
    root: project,
    configFile: false,
    logLevel: "error",
    server: { host: "127.0.0.1", port: 0 },
  });
  await server.listen();
  try {
    return await inChromium(`http://127.0.0.1:${server.httpServer.address().port}/`);
  } finally {
    await server.close();
  }
}

async function parcelled() {
  install({ parcel: "2" });
  const folder = out("parcel");
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  write("package.json", JSON.stringify({ ...manifest, "@parcel/resolver-default": { packageExports: true } }));
  const parcel = join(tools, "node_modules/parcel/lib/bin.js");
  execFileSync(
    process.execPath,
    [parcel, "build", "index.html", "--dist-dir", folder, "--no-cache", "--public-url", "./"],
    {
      cwd: project,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  return folder;
}

/**
 * Next, with a route in Node and one in the edge runtime, by the route's name. It is built once for both. Its packages are
 * copied into the project, because it does not follow links that lead outside.
 */
function nextBuilt() {
  const own = toolsApart("next");
  install({ next: "16", react: "19", "react-dom": "19" }, own);
  const folder = join(project, "next");
  const next = join(folder, "node_modules/next/dist/bin/next");
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
  if (existsSync(join(folder, ".next/BUILD_ID"))) return { folder, next, env };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const from of [own, project])
    cpSync(join(from, "node_modules"), join(folder, "node_modules"), { recursive: true, force: false });
  cpSync(join(project, "conformance.js"), join(folder, "conformance.js"));
  for (const [name, runtime] of [
    ["node", "nodejs"],
    ["edge", "edge"],
  ])
    write(
      `next/app/${name}/route.js`,
      `import { run } from "../../conformance.js";\nexport const runtime = "${runtime}";\nexport const dynamic = "force-dynamic";\nexport const GET = async () => Response.json(await run({ edge: ${runtime === "edge"} }));\n`,
    );
  write("next/app/layout.js", "export default ({ children }) => <html><body>{children}</body></html>;\n");
  write("next/app/page.js", "export default () => <p>suite</p>;\n");
  write("next/package.json", '{"private":true,"type":"module"}');
  execFileSync(process.execPath, [next, "build"], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  return { folder, next, env };
}

const raw = async () => {
  const folder = out("raw");
  cpSync(join(project, "node_modules/cloze/dist"), join(folder, "cloze"), { recursive: true });
  for (const name of ["conformance.js", "page.js"]) cpSync(join(project, name), join(folder, name));
  const imports = Object.fromEntries(
    ["index", "data", "generate", "minimal", "tensor", "tokenizer", "worker"].map((name) => [
      name === "index" ? "cloze" : `cloze/${name}`,
      `./cloze/${name}.js`,
    ]),
  );
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="./page.js"></script>`,
  );
  return folder;
};

const CSP = "content-security-policy";

/** Without 'wasm-unsafe-eval' nothing runs, and the error says what to add. */
async function forbidden() {
  const folder = await esbuilt("csp");
  const { error, failed } = await pageValue(folder, "", "globalThis.report", { [CSP]: "script-src 'self'" });
  const said = `${error} ${failed?.[0]}`;
  const right = /Add 'wasm-unsafe-eval' to its script-src/.test(said);
  return { passed: right ? 1 : 0, failed: right ? [] : [`the message is ${said}`], hash: "", seconds: 0 };
}

/** The benchmark's page computes the published bits. */
async function benchmarkPage() {
  const first = await pageValue(
    join(root, "dist"),
    "benchmark.html",
    "document.querySelector('tbody tr td:last-child')?.textContent",
  );
  const right = /^[0-9a-f]{16}$/.test(first);
  return { passed: right ? 1 : 0, failed: right ? [] : [first], hash: "", seconds: 0 };
}

export const BUNDLERS = [
  { name: "Chromium, no bundler", run: async () => pageReport(await raw(), ISOLATED) },
  { name: "Firefox, no bundler", run: async () => inFirefox(await raw()) },
  { name: "WebKit, no bundler", run: async () => inWebKit(await raw()) },
  { name: "WebKit, shared memory", run: async () => inWebKit(await raw(), { JSC_useSharedArrayBuffer: "1" }) },
  { name: "esbuild", run: async () => pageReport(await esbuilt()) },
  {
    name: "CSP 'wasm-unsafe-eval'",
    run: async () => pageReport(await esbuilt("csp"), { [CSP]: "script-src 'self' 'wasm-unsafe-eval'" }, "?no-workers"),
  },
  { name: "CSP without it", noHash: true, run: forbidden },
  { name: "Rollup", run: async () => pageReport(await rolled()) },
  { name: "webpack", run: async () => pageReport(await webpacked()) },
  { name: "Vite build", run: async () => pageReport(await viteBuilt()) },
  { name: "Vite dev", run: viteServed },
  { name: "Parcel", run: async () => pageReport(await parcelled()) },
  { name: "benchmark page", noHash: true, run: benchmarkPage },
];

export { nextBuilt };
