/**
 * The documentation site: the reference from docstrings, llms.txt, then the pages.
 *
 *   npm run docs               writes build/docs/, which any static server can serve
 *   npm run docs -- --dev      serves the pages while they are edited
 *
 * The generator has a package folder of its own, docs/, and is installed when it is first needed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { llmsFullTxt, llmsTxt } from "../docs/llms.mjs";
import { referenceOf, subpathsOf } from "../docs/site.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);
const run = (command, words, cwd = root) => execFileSync(command, words, { cwd, stdio: "inherit" });

const wanted = Object.keys(JSON.parse(readFileSync("docs/package.json", "utf8")).dependencies);
if (!wanted.every((name) => existsSync(`docs/node_modules/${name}/package.json`)))
  run("npm", ["install", "--prefix", "docs", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]);
execFileSync(process.execPath, ["scripts/build.mjs", "--types"], { stdio: ["ignore", "ignore", "inherit"] });

/** The declarations of every subpath, copied by name so that each becomes a page of its own. */
const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = "build/docs-entries";
mkdirSync(entries, { recursive: true });
const subpaths = subpathsOf(exports);
const modules = subpaths.map(([subpath, { types }]) => {
  const file = `${entries}/${referenceOf(subpath).replace("reference/", "")}.ts`;
  writeFileSync(file, `export * from "${join("../..", types).replace(/\.d\.ts$/, ".js")}";\n`);
  return file;
});
writeFileSync(
  `${entries}/tsconfig.json`,
  JSON.stringify({
    compilerOptions: {
      target: "es2022",
      lib: ["es2022", "esnext.disposable", "dom"],
      module: "esnext",
      moduleResolution: "bundler",
      strict: true,
      skipLibCheck: true,
      types: [],
    },
    include: ["*.ts"],
  }),
);
const options = {
  entryPoints: modules.map((file) => join(root, file)),
  tsconfig: join(root, entries, "tsconfig.json"),
  plugin: ["typedoc-plugin-markdown", "typedoc-vitepress-theme"],
  out: join(root, "docs/reference"),
  docsRoot: join(root, "docs"),
  readme: "none",
  outputFileStrategy: "modules",
  entryFileName: "index",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  sanitizeComments: true,
  useCodeBlocks: true,
  useHTMLAnchors: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeDeclarationFormat: "table",
  githubPages: false,
  sidebar: { autoConfiguration: false },
  logLevel: "Warn",
  validation: { notExported: false, invalidLink: false },
};
writeFileSync("docs/typedoc.json", JSON.stringify(options));
run(process.execPath, ["node_modules/typedoc/bin/typedoc", "--options", "typedoc.json"], join(root, "docs"));

/** Each page begins with the subpath as it is imported, and the summary in its source. */
for (const [subpath, { types }] of subpaths) {
  const page = `docs/${referenceOf(subpath)}.md`;
  const [, about = ""] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(types, "utf8")) ?? [];
  const [summary] = about
    .replace(/^ *\* ?/gm, "")
    .trim()
    .replace(/^cloze[\w/]*: /, "")
    .split("\n\n");
  const text = `${summary.charAt(0).toUpperCase()}${summary.slice(1).replaceAll("\n", " ")}`;
  const body = readFileSync(page, "utf8")
    .replace(/^# .*$/m, `# ${subpath.replace(/^\./, "cloze")}\n\n${text}`)
    // The generator writes ids of properties in one way and links to them in another.
    .replace(/(?<=id="|#)property-[^")]*/g, (id) => id.replace(/[_-]+/g, "-").replace(/-$/, ""));
  writeFileSync(page, body);
}

/** The list of the pages names them so too. */
const list = "docs/reference/index.md";
const named = readFileSync(list, "utf8")
  .replace(/^# .*$/m, "# Reference")
  .replaceAll(/\[cloze-(\w+)\]/g, "[cloze/$1]");
writeFileSync(list, named);

mkdirSync("docs/public", { recursive: true });
writeFileSync("docs/public/llms.txt", llmsTxt());
writeFileSync("docs/public/llms-full.txt", llmsFullTxt());

const words = process.argv.includes("--dev") ? ["dev", "."] : ["build", "."];
const { status } = spawnSync(process.execPath, ["node_modules/vitepress/bin/vitepress.js", ...words], {
  cwd: join(root, "docs"),
  stdio: "inherit",
});
if (status === 0 && words[0] === "build") console.log("the site is in build/docs/");
process.exit(status ?? 1);
