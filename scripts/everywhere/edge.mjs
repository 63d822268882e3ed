/** Edge runtimes: the suite as a worker, and examples/worker with its bounds on memory. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { nextBuilt } from "./bundlers.mjs";
import { install, NotHere, project, root, tools, write } from "./places.mjs";
import { bundled, exampleWorker, inWorkerd, startOf } from "./workerd.mjs";

const WORKER = `import { run } from "./conformance.js";
export default { fetch: async () => Response.json(await run({ edge: true })) };
`;

/** The folder of wrangler and miniflare. */
export function wrangler() {
  install({ wrangler: "4", miniflare: "4" });
  return tools;
}

/** A folder of the project for a worker, which finds the package above it. */
function workerFolder(name) {
  const folder = join(project, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function suite() {
  const folder = workerFolder("workerd");
  cpSync(join(project, "conformance.js"), join(folder, "conformance.js"));
  write("workerd/worker.js", WORKER);
  write(
    "workerd/wrangler.json",
    JSON.stringify({ name: "suite", main: "worker.js", compatibility_date: "2026-04-01" }),
  );
  return inWorkerd(wrangler(), bundled(tools, folder), {}, (post) => post("/", {}));
}

/** What Cloudflare allows a worker for its start is far more; a cold start is to be that of an empty worker. */
const GLOBAL_SCOPE = 50;

/** A worker that imports the whole package starts within {@link GLOBAL_SCOPE} ms of an empty one. */
async function globalScope() {
  const folder = workerFolder("scope");
  write(
    "scope/worker.js",
    'import * as cloze from "cloze";\nexport default { fetch: () => Response.json(Object.keys(cloze).length) };\n',
  );
  write("scope/wrangler.json", JSON.stringify({ name: "scope", main: "worker.js", compatibility_date: "2026-04-01" }));
  const { worker, empty } = await startOf(wrangler(), bundled(tools, folder));
  const more = worker - empty;
  const holds = more <= GLOBAL_SCOPE;
  return {
    passed: holds ? 1 : 0,
    failed: holds ? [] : [`it takes ${more.toFixed(0)} ms more than an empty worker`],
    notes: [`${worker.toFixed(0)} ms, an empty worker ${empty.toFixed(0)} ms: ${(worker / empty).toFixed(2)} times`],
  };
}

/** Mebibytes that examples/worker may take with a model: resident, above an empty worker, and in the engine. 38 are 40 MB. */
const MINILM = { resident: 128, engine: 64 };
const TINY = { resident: 38, engine: 16 };

/** examples/worker with a published folder in 8 bits. */
async function example(name, published, most) {
  if (!existsSync(published)) throw new NotHere(`${published} is missing; all-MiniLM-L6-v2 is sought in CLOZE_SHARED`);
  const folder = workerFolder(name);
  for (const file of readdirSync(join(root, "examples/worker")))
    cpSync(join(root, "examples/worker", file), join(folder, file));
  const model = join(folder, "model");
  const cli = join(project, "node_modules/cloze/dist/cli.js");
  const quantize = ["quantize", "--model", published, "--dtype", "q8", "--out", model];
  execFileSync(process.execPath, [cli, ...quantize], { stdio: ["ignore", "ignore", "pipe"] });
  const started = Date.now();
  const { tests } = await exampleWorker(wrangler(), folder, model, most);
  const failed = Object.entries(tests).flatMap(([test, holds]) => (holds ? [] : [test]));
  const passed = Object.values(tests).filter(Boolean).length;
  const notes = Object.keys(tests).filter((test) => test.startsWith("takes"));
  return { passed, failed, notes, seconds: (Date.now() - started) / 1000 };
}

const miniLM = () => {
  const shared = process.env.CLOZE_SHARED ?? join(root, "../shared");
  return example("example", join(shared, "models/all-MiniLM-L6-v2"), MINILM);
};

const tiny = () => example("example-tiny", join(root, "models/cloze-tiny-embed"), TINY);

/** Vercel's edge runtime, as its package simulates it, with a program; `?module` imports are compiled modules. */
export async function inEdgeRuntime(entry, request) {
  install({ "edge-runtime": "4" });
  const { build } = await import("esbuild");
  const modules = {};
  const compiled = {
    name: "compiled modules",
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /\.wasm\?module$/ }, async ({ path, kind, resolveDir }) => ({
        path: (await resolve(path.replace("?module", ""), { kind, resolveDir })).path,
        namespace: "wasm",
      }));
      onLoad({ filter: /.*/, namespace: "wasm" }, ({ path }) => {
        const name = `wasm_${Object.keys(modules).length}`;
        modules[name] = path;
        return { contents: `export default globalThis.${name};` };
      });
    },
  };
  const { outputFiles } = await build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    format: "iife",
    conditions: ["edge-light"],
    plugins: [compiled],
    write: false,
    logLevel: "error",
  });
  const { EdgeRuntime } = createRequire(join(tools, "package.json"))("edge-runtime");
  const runtime = new EdgeRuntime({
    initialCode: outputFiles[0].text,
    extend(context) {
      for (const [name, path] of Object.entries(modules)) context[name] = new WebAssembly.Module(readFileSync(path));
      return context;
    },
  });
  return (await runtime.dispatchFetch("http://edge/", request)).json();
}

function edgeRuntime() {
  write(
    "edge.js",
    'import { run } from "./conformance.js";\naddEventListener("fetch", (event) => event.respondWith(run({ edge: true }).then((report) => Response.json(report))));\n',
  );
  return inEdgeRuntime("edge.js");
}

/** A route of Next, built and served by itself. */
async function nextRoute(route) {
  const { folder, next, env } = nextBuilt();
  const port = 3100 + (process.pid % 800);
  const server = spawn(process.execPath, [next, "start", "-H", "127.0.0.1", "-p", String(port)], {
    cwd: folder,
    env,
    stdio: "ignore",
  });
  try {
    for (let tries = 0; tries < 120; tries++) {
      const response = await fetch(`http://127.0.0.1:${port}/${route}`, { signal: AbortSignal.timeout(120_000) }).catch(
        () => null,
      );
      if (response?.ok) return response.json();
      if (response) throw new Error((await response.text()).slice(0, 500));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error("Next did not answer");
  } finally {
    server.kill();
  }
}

export const EDGE = [
  { name: "workerd, by wrangler", run: suite },
  { name: "global scope, workerd", noHash: true, run: globalScope },
  { name: "examples/worker, workerd", noHash: true, run: miniLM },
  { name: "examples/worker with cloze-tiny-embed, workerd", noHash: true, run: tiny },
  { name: "edge-runtime", run: edgeRuntime },
  { name: "Next, Node route", run: () => nextRoute("node") },
  { name: "Next, edge route", run: () => nextRoute("edge") },
];
