/**
 * The pages of the site in order: what the sidebar, llms.txt and the tests read. Paths are those of the Markdown,
 * without .md.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const place = dirname(fileURLToPath(import.meta.url));

/** The title of a page is its first heading; decisions are named by theirs. */
const decisions = readdirSync(join(place, "decisions"))
  .filter((name) => name.endsWith(".md"))
  .sort()
  .map((name) => `decisions/${name.slice(0, -3)}`);

export const SECTIONS = [
  { title: "Start", pages: ["start"] },
  {
    title: "Guides",
    pages: [
      "guides/models",
      "guides/search",
      "guides/zero-shot",
      "guides/fine-tune",
      "guides/pretrain",
      "guides/tokenizers",
      "guides/multilingual",
      "guides/generation",
      "guides/adapters",
      "guides/edge",
      "guides/browser",
      "guides/playground",
      "guides/workers",
      "runtimes",
      "guides/speed",
      "benchmark",
      "guides/report",
      "guides/reproducibility",
      "guides/extending",
    ],
  },
  { title: "Coming from", pages: ["from/transformers-js", "from/python", "results"] },
  { title: "Models and tasks", pages: ["support"] },
  {
    title: "How it works",
    pages: ["how-it-works/kernels", "how-it-works/tape", "how-it-works/ragged-batches", "how-it-works/same-bits"],
  },
  { title: "Decisions", collapsed: true, pages: decisions },
];

/** Pages in Chinese. */
export const CHINESE = ["zh/start"];

/** What users import by name, with its declarations: entries of `exports` that are not files. */
export const subpathsOf = (exports) =>
  Object.entries(exports).filter(([subpath, { types }]) => types !== undefined && !/\.\w+$/.test(subpath));

/** The page of a subpath in the reference. */
export const referenceOf = (subpath) => `reference/${subpath === "." ? "cloze" : `cloze-${subpath.replace("./", "")}`}`;
