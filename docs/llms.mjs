/** llms.txt: the pages with their descriptions, for programs that read documentation; llms-full.txt: the pages themselves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { place, referenceOf, SECTIONS, subpathsOf } from "./site.mjs";

const { exports } = JSON.parse(readFileSync(join(place, "../package.json"), "utf8"));
const subpaths = subpathsOf(exports).map(([subpath]) => subpath);
const listed = subpaths.filter((subpath) => subpath !== ".").map((subpath) => `\`${subpath.replace(".", "cloze")}\``);

/** Title, description and text of a page. */
function read(page) {
  const markdown = readFileSync(join(place, `${page}.md`), "utf8");
  const [, description = ""] = /^description: (.*)$/m.exec(markdown) ?? [];
  const body = markdown.replace(/^---\n[\s\S]*?\n---\n/, "").trim();
  const [, title] = /^# (.*)$/m.exec(body);
  return { title, description, body };
}

const ABOUT = `# Cloze

> An npm package that pre-trains, fine-tunes and runs BERT-family language models in Node, browsers, Deno, Bun and edge workers, on one small WebAssembly module without dependencies. It reads and writes Hugging Face folders and gives the same bits on every platform.

Import from \`cloze\`; parts are in ${listed.slice(0, -1).join(", ")} and ${listed.at(-1)}. Pipelines open a model once, by its published name or by path (\`await featureExtraction("sentence-transformers/all-MiniLM-L6-v2")\`), and return a function that is called without \`await\`; its property \`async\` is the awaitable form. Options are camelCase. The package is ESM only.
`;

export function llmsTxt() {
  const sections = SECTIONS.map(({ title, pages }) => {
    const lines = pages.map((page) => {
      const { title: name, description } = read(page);
      return `- [${name}](/${page}.html)${description && `: ${description}`}`;
    });
    return `## ${title}\n\n${lines.join("\n")}\n`;
  });
  const reference = subpaths.map((subpath) => `- [${subpath.replace(".", "cloze")}](/${referenceOf(subpath)}.html)`);
  return `${[ABOUT, ...sections, `## Reference\n\n${reference.join("\n")}\n`].join("\n")}\nThe text of all pages: [llms-full.txt](/llms-full.txt)\n`;
}

export function llmsFullTxt() {
  const pages = SECTIONS.slice(0, -1).flatMap((section) => section.pages);
  return `${ABOUT}\n${pages.map((page) => `${read(page).body}\n`).join("\n---\n\n")}`;
}
