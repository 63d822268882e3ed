/**
 * The recipes of docs/runtimes.md and docs/guides/edge.md, as they are there, with cloze-tiny-embed: each gives the vector that
 * this process gives. The services themselves cannot be reached; their handlers run in the runtimes that the services have.
 */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { serving } from "./browser.mjs";
import { inEdgeRuntime, wrangler } from "./edge.mjs";
import { project, root, tools, write } from "./places.mjs";
import { deno, nodeAt } from "./runtimes.mjs";
import { bundled, inWorkerd } from "./workerd.mjs";

const TEXT = "A cat sleeps on the sofa.";

/** The first program below a heading of a page. */
function recipe(heading, path = "docs/runtimes.md") {
  const page = readFileSync(join(root, path), "utf8");
  const [, section] = page.split(new RegExp(`^## ${heading}$`, "m"));
  return /```[jt]s\n([\s\S]*?)```/.exec(section)[1];
}

/** A folder of the project with the model beside a program. */
function folderOf(name) {
  const folder = join(project, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "models/cloze-tiny-embed"), join(folder, "model"), {
    recursive: true,
    filter: (path) => !path.endsWith("recipe"),
  });
  return folder;
}

/** A program that reads its model from this address instead of the page's. */
const reading = (address, code) => code.replace(/"https:\/\/models\.example\/[^"]*"/, JSON.stringify(`${address}/`));

const plain = async (code) => (await (await import("esbuild")).transform(code, { loader: "ts" })).code;

/** The report about a vector. */
async function compared(vector, options = {}) {
  const load = (name) => import(pathToFileURL(join(project, `node_modules/cloze/dist/${name}.js`)).href);
  const [{ featureExtraction }, { folder }] = [await load("index"), await load("node")];
  const embed = await featureExtraction(folder(join(root, "models/cloze-tiny-embed")), options);
  const same = JSON.stringify(Array.from(embed(TEXT))) === JSON.stringify(vector);
  embed[Symbol.dispose]();
  return { passed: same ? 1 : 0, failed: same ? [] : ["the vector is another one"] };
}

async function lambda() {
  const folder = folderOf("lambda");
  write("lambda/index.mjs", await plain(recipe("AWS Lambda")));
  write(
    "lambda/call.mjs",
    `import { handler } from "./index.mjs";\nconsole.log((await handler({ body: ${JSON.stringify(TEXT)} })).body);\n`,
  );
  // The newest runtime of the service.
  const env = { ...process.env, LAMBDA_TASK_ROOT: folder };
  return compared(JSON.parse(execFileSync(nodeAt(24), ["call.mjs"], { cwd: folder, env, encoding: "utf8" })));
}

/** A port that nothing listens at. */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function denoDeploy() {
  const folder = folderOf("deno-deploy");
  write("deno-deploy/main.js", recipe("Deno Deploy"));
  // The package is not published yet: its names lead to the installed one.
  const installed = (name) => pathToFileURL(join(project, `node_modules/cloze/dist/${name}.js`)).href;
  const imports = { "npm:cloze": installed("index"), "npm:cloze/node": installed("node") };
  write("deno-deploy/imports.json", JSON.stringify({ imports }));
  const port = await freePort();
  const words = [
    "run",
    "--allow-read",
    "--allow-net",
    "--allow-env",
    "--allow-sys",
    "--import-map=imports.json",
    "main.js",
  ];
  const env = { ...process.env, DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` };
  const server = spawn(deno(), words, { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  server.stderr.on("data", (text) => (errors += text));
  try {
    while (server.exitCode === null) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: TEXT }).catch(() => null);
      if (response) return await compared(await response.json());
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(errors);
  } finally {
    server.kill();
  }
}

async function vercelEdge() {
  const folder = folderOf("vercel");
  return serving(join(folder, "model"), {}, async (address) => {
    write("vercel/recipe.ts", reading(address, recipe("Vercel")));
    write(
      "vercel/edge.js",
      'import { POST } from "./recipe.ts";\naddEventListener("fetch", (event) => event.respondWith(POST(event.request)));\n',
    );
    return compared(await inEdgeRuntime("vercel/edge.js", { method: "POST", body: TEXT }), { dtype: "q8" });
  });
}

/** The two programs of the guide to edge workers: the kernels passed on by hand, and none of it. */
async function edgeGuide() {
  const guide = (heading) => recipe(heading, "docs/guides/edge.md");
  const folder = folderOf("edge-guide");
  return serving(join(folder, "model"), {}, async (address) => {
    write("edge-guide/open.js", guide("No configuration"));
    const worker = reading(address, guide("Where the model comes from"));
    write("edge-guide/worker.js", worker);
    // What is posted is JSON; the guide's worker takes plain text.
    write(
      "edge-guide/main.js",
      `import { webFolder } from "cloze/web";
import { open } from "./open.js";
import worker from "./worker.js";
let opening;
export default {
  async fetch(request) {
    const text = await request.json();
    if (new URL(request.url).pathname === "/") return worker.fetch(new Request(request.url, { method: "POST", body: text }));
    const embed = await (opening ??= open(webFolder("${address}/")));
    return Response.json(Array.from(embed(text)));
  },
};
`,
    );
    write(
      "edge-guide/wrangler.json",
      JSON.stringify({ name: "edge-guide", main: "main.js", compatibility_date: "2026-04-01" }),
    );
    const [whole, short, again] = await inWorkerd(wrangler(), bundled(tools, folder), {}, async (post) => [
      await post("/by-hand", TEXT),
      await post("/", TEXT),
      await post("/", TEXT),
    ]);
    const reports = [
      await compared(whole),
      await compared(short, { dtype: "q8" }),
      await compared(again, { dtype: "q8" }),
    ];
    return {
      passed: reports.reduce((sum, { passed }) => sum + passed, 0),
      failed: reports.flatMap(({ failed }) => failed),
    };
  });
}

export const RECIPES = [
  { name: "AWS Lambda recipe, Node", noHash: true, run: lambda },
  { name: "Deno Deploy recipe, Deno", noHash: true, run: denoDeploy },
  { name: "Vercel recipe, edge", noHash: true, run: vercelEdge },
  { name: "guide to edge workers, workerd, by wrangler", noHash: true, run: edgeGuide },
];
