/** Links between documents lead to pages and headings that exist; the site's list of pages is complete. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../helpers/shared.js";

const test = suite("links of documents");

interface Site {
  readonly SECTIONS: readonly { readonly title: string; readonly pages: readonly string[] }[];
  readonly CHINESE: readonly string[];
  referenceOf(subpath: string): string;
}
const { SECTIONS, CHINESE, referenceOf } = (await import(pathToFileURL(join(root, "docs/site.mjs")).href)) as Site;
const { llmsTxt, llmsFullTxt } = (await import(pathToFileURL(join(root, "docs/llms.mjs")).href)) as {
  llmsTxt(): string;
  llmsFullTxt(): string;
};

/** Markdown of the repository that people read, by path from the root. */
const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md") && !/^(api|node_modules|reference|public)\//.test(name))
  .map((name) => join("docs", name));
const documents = [...readdirSync(root).filter((name) => name.endsWith(".md")), ...pages];

const textOf = (path: string): string => readFileSync(join(root, path), "utf8").replace(/^```[\s\S]*?^```$/gm, "");

/** Ids of headings as the site and GitHub make them. */
function idsOf(path: string): Set<string> {
  const headings = Array.from(textOf(path).matchAll(/^#+ (.*)$/gm), ([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll("`", "")
        .replace(/[^\p{L}\p{N}\s_-]+/gu, "")
        .trim()
        .replace(/\s+/g, "-"),
    ),
  );
}

/** Pages of the reference, which `npm run docs` makes. */
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: Record<string, object> };
const reference = new Set(Object.keys(exports).map((subpath) => `docs/${referenceOf(subpath)}.md`));

test("every relative link leads to a file, and to a heading in it", () => {
  const broken: string[] = [];
  let links = 0;
  for (const path of documents)
    for (const [, target] of textOf(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      links++;
      const [file, id] = target!.split("#") as [string, string?];
      const full = file === "" ? path : normalize(join(dirname(path), file));
      const known = existsSync(join(root, full)) || reference.has(full);
      if (!known || (id !== undefined && existsSync(join(root, full)) && !idsOf(full).has(id)))
        broken.push(`${path}: ${target}`);
    }
  assert.equal(broken, []);
  assert.ok(links > 40, `only ${links} links`);
});

test("every npm script that a document names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const named = documents.flatMap((path) =>
    Array.from(readFileSync(join(root, path), "utf8").matchAll(/\bnpm run ([\w:-]+)/g), ([, name]) => ({
      path,
      name: name!,
    })),
  );
  assert.ok(named.length > 40, `only ${named.length} scripts`);
  assert.equal(
    named.filter(({ name }) => !Object.hasOwn(scripts, name)),
    [],
  );
});

test("front matter is YAML: a plain value has no colon before a blank, which would begin another value", () => {
  const lines = pages.flatMap((path) => {
    const [, matter = ""] = /^---\n([\s\S]*?)\n---\n/.exec(readFileSync(join(root, path), "utf8")) ?? [];
    return matter.split("\n").map((line) => ({ path, line }));
  });
  assert.ok(lines.length > 30, `only ${lines.length} lines`);
  assert.equal(
    lines.filter(({ line }) => /^[\s-]*\w+: [^"'].*: /.test(line)),
    [],
  );
});

test("home pages and llms.txt lead to pages of the site", () => {
  const known = new Set([...SECTIONS.flatMap(({ pages: own }) => own), ...CHINESE, "zh/index", "index"]);
  for (const path of reference) known.add(path.replace(/^docs\/|\.md$/g, ""));
  const homes = ["docs/index.md", "docs/zh/index.md"].flatMap((path) =>
    Array.from(readFileSync(join(root, path), "utf8").matchAll(/link: \/(\S+)/g), ([, link]) => link!),
  );
  const listed = Array.from(llmsTxt().matchAll(/\]\(\/([^)]+)\.html\)/g), ([, link]) => link!);
  assert.ok(homes.length >= 12 && listed.length > 30, `${homes.length}, ${listed.length} links`);
  assert.equal(
    [...homes, ...listed].filter((link) => !known.has(link)),
    [],
  );
});

test("the site lists every page, each has a title, and guides have descriptions", () => {
  const listed = [...SECTIONS.flatMap(({ pages: own }) => own), ...CHINESE, "index", "zh/index"].sort();
  assert.equal(pages.map((path) => relative("docs", path).replace(/\.md$/, "")).sort(), listed);
  for (const page of listed) {
    const text = readFileSync(join(root, "docs", `${page}.md`), "utf8");
    if (!page.endsWith("index")) assert.match(text, /^# \S/m, page);
    if (!page.startsWith("decisions/")) assert.match(text, /^description: .{20,}$/m, page);
  }
  assert.ok(llmsFullTxt().length > 30_000);
});

test.run();
