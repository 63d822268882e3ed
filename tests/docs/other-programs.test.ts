/**
 * Programs of the pages that are not TypeScript, which guides.test.ts leaves out: each is run from the packed package by a row of
 * `npm run everywhere` or by a test, or belongs to another library.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { featureExtraction, memoryFiles } from "cloze";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Browser, chromium } from "../helpers/chromium.js";
import { codeBlocks } from "../helpers/code-blocks.js";
import { hubModel } from "../helpers/hub-model.js";
import { installPackage } from "../helpers/installed-package.js";
import { pageServer } from "../helpers/page-server.js";
import { root } from "../helpers/shared.js";

const test = suite("programs that are not TypeScript");

const HERE = "below";
const PEER = "shown beside ours";

/** What runs each block of a page, in order. The rows read the text from the page. */
const RUN_BY: Readonly<Record<string, readonly string[]>> = {
  "docs/from/python.md": [PEER, PEER],
  "docs/from/transformers-js.md": [PEER],
  "docs/guides/edge.md": Array(2).fill("guide to edge workers, workerd, by wrangler") as string[],
  "docs/guides/workers.md": [HERE, HERE],
  "docs/runtimes.md": ["imports of the .wasm", "Deno Deploy recipe, Deno"],
};

const blocksOf = (path: string): string[] => {
  const markdown = readFileSync(join(root, path), "utf8");
  const languages = new Set(Array.from(markdown.matchAll(/^```(\w+)$/gm), ([, language]) => language!));
  return ["ts", "sh", "json"]
    .reduce((rest, known) => rest.filter((one) => one !== known), [...languages])
    .flatMap((language) => codeBlocks(markdown, language));
};

test("every program is run by something that exists", async () => {
  const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !/^(api|decisions|node_modules|public|reference)\b/.test(name))
    .map((name) => `docs/${name}`)
    .concat("README.md", "README.zh.md");
  const counts = pages.map((path) => [path, blocksOf(path).length] as const).filter(([, count]) => count > 0);
  assert.equal(
    Object.fromEntries(counts.sort()),
    Object.fromEntries(Object.entries(RUN_BY).map(([path, by]) => [path, by.length])),
  );
  const rowsOf = async (file: string, name: string): Promise<string[]> => {
    const module = (await import(pathToFileURL(join(root, "scripts/everywhere", file)).href)) as Record<
      string,
      unknown
    >;
    return (module[name] as { readonly name: string }[]).map((row) => row.name);
  };
  const rows = [...(await rowsOf("recipes.mjs", "RECIPES")), ...(await rowsOf("kernel-imports.mjs", "KERNEL_IMPORTS"))];
  const unknown = Object.values(RUN_BY)
    .flat()
    .filter((by) => by !== HERE && by !== PEER && !rows.includes(by));
  assert.equal(unknown, []);
});

const program = chromium("the worker file of docs/guides/workers.md");
if (program !== null) {
  const browser = new Browser(program);
  const { project, remove } = installPackage();
  test.after(async () => {
    await browser.close();
    remove();
  });

  test("the worker file of the guide to workers serves a page that forbids workers from blob:", async () => {
    const [worker, page] = blocksOf("docs/guides/workers.md");
    assert.match(worker!, /^\/\/ model-worker\.js\n/);
    assert.match(page!, /^\/\/ page\.js\n/);
    writeFileSync(join(project, "model-worker.js"), worker!);
    writeFileSync(
      join(project, "page.js"),
      `${page}
const embed = await models.featureExtraction("/model");
export const vector = Array.from(await embed("the cat"));
models[Symbol.dispose]();
`,
    );
    const { outputFiles } = await build({
      absWorkingDir: project,
      entryPoints: ["model-worker.js", "page.js"],
      outdir: "out",
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      logLevel: "error",
    });
    const model = await hubModel();
    const files = new Map<string, Uint8Array | string>([...model].map(([name, bytes]) => [`model/${name}`, bytes]));
    for (const { path, text } of outputFiles) files.set(path.slice(join(project, "out").length + 1), text);
    const server = await pageServer(files, "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
    try {
      const opened = await browser.open(`${server.address}/strict`, 1280, "light");
      const vector = await opened.evaluate<number[]>(`import("/page.js").then(({ vector }) => vector)`);
      const here = await featureExtraction(memoryFiles(model));
      assert.equal(vector, Array.from(here("the cat")));
    } finally {
      await server.close();
    }
  });
} else test("Chromium is not installed", () => assert.is(program, null));

test.run();
