/** The imports of the kernels in docs/runtimes.md, as they are there: in each tool that a line names, an engine takes them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pageValue } from "./browser.mjs";
import { viteBuilt, webpacked } from "./bundlers.mjs";
import { inEdgeRuntime, wrangler } from "./edge.mjs";
import { project, root, write } from "./places.mjs";
import { bun, deno, nodeAt } from "./runtimes.mjs";
import { bundled, inWorkerd } from "./workerd.mjs";

/** A module of the project: the import whose comment names a tool, an engine over it, and the result of its build. */
function programFor(tool, name, end) {
  const page = readFileSync(join(root, "docs/runtimes.md"), "utf8");
  const line = page.split("\n").find((one) => /^(import|const) kernels|^import source/.test(one) && one.includes(tool));
  const made = "const build = () => Engine.create({ module: kernels }).then((engine) => engine.build);";
  mkdirSync(join(project, "imports"), { recursive: true });
  write(`imports/${name}`, `${line}\nimport { Engine } from "cloze";\n${made}\n${end}\n`);
  return `imports/${name}`;
}

const PRINT = "console.log(await build());";
const SHOW = "build().then((made) => (globalThis.report = made), (error) => (globalThis.report = String(error)));";
const printed = (program, words) => execFileSync(program, words, { cwd: project, encoding: "utf8" }).trim();

/** The build of an engine over the import, by the tool's name in the page. */
const TOOLS = {
  async wrangler() {
    programFor("wrangler", "worker.js", "export default { fetch: async () => Response.json(await build()) };");
    write(
      "imports/wrangler.json",
      JSON.stringify({ name: "imports", main: "worker.js", compatibility_date: "2026-04-01" }),
    );
    const tools = wrangler();
    return inWorkerd(tools, bundled(tools, join(project, "imports")), {}, (post) => post("/", {}));
  },
  Bun: () => printed(bun(), [programFor("Bun", "bun.js", PRINT)]),
  Node: () => printed(nodeAt(24), [programFor("Node", "node.js", PRINT)]),
  Deno: () => printed(deno(), ["run", "-A", programFor("Deno", "deno.js", PRINT)]),
  Vercel: () =>
    inEdgeRuntime(
      programFor(
        "Vercel",
        "edge.js",
        'addEventListener("fetch", (event) => event.respondWith(build().then((made) => Response.json(made))));',
      ),
    ),
  async Vite() {
    programFor("Vite", "vite.js", SHOW);
    write("imports/index.html", '<!doctype html><script type="module" src="./vite.js"></script>\n');
    return pageValue(await viteBuilt(join(project, "imports"), "vite-url"), "", "globalThis.report");
  },
  webpack: async () =>
    pageValue(await webpacked(programFor("webpack", "webpack.js", SHOW), "webpack-url"), "", "globalThis.report"),
};

async function imports() {
  const failed = [];
  for (const [tool, build] of Object.entries(TOOLS)) {
    const made = await Promise.resolve()
      .then(build)
      .catch((error) => error.stderr?.toString().slice(-500) || error.message);
    if (made !== "strict") failed.push(`${tool}: ${made}`);
  }
  return { passed: Object.keys(TOOLS).length - failed.length, failed };
}

export const KERNEL_IMPORTS = [{ name: "imports of the .wasm", noHash: true, run: imports }];
