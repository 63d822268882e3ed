import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { CHINESE, place, referenceOf, SECTIONS, subpathsOf } from "../site.mjs";

const titleOf = (page) => {
  const [, title] = /^# (.*)$/m.exec(readFileSync(join(place, `${page}.md`), "utf8"));
  return title.replaceAll("`", "");
};
const linked = (page) => ({ text: titleOf(page), link: `/${page}` });
const { exports, version } = JSON.parse(readFileSync(join(place, "../package.json"), "utf8"));
const reference = subpathsOf(exports).map(([subpath]) => ({
  text: subpath.replace(/^\./, "cloze"),
  link: `/${referenceOf(subpath)}`,
}));

const sidebar = [
  ...SECTIONS.slice(0, -2).map(({ title, pages }) => ({ text: title, items: pages.map(linked) })),
  { text: "Reference", collapsed: true, items: reference },
  ...SECTIONS.slice(-2).map(({ title, pages, collapsed }) => ({ text: title, collapsed, items: pages.map(linked) })),
];

export default defineConfig({
  title: "Cloze",
  description: "Train and run BERT-family language models wherever JavaScript runs.",
  outDir: "../build/docs",
  cacheDir: "../build/docs-cache",
  srcExclude: ["api/**", "node_modules/**", "generated/**"],
  cleanUrls: false,
  lastUpdated: false,
  locales: {
    root: { label: "English", lang: "en" },
    zh: {
      label: "简体中文",
      lang: "zh-Hans",
      themeConfig: { sidebar: [{ text: "入门", items: CHINESE.map(linked) }], outline: { label: "本页内容" } },
    },
  },
  themeConfig: {
    nav: [
      { text: "Start", link: "/start" },
      { text: "Guides", link: "/guides/models" },
      { text: "Models and tasks", link: "/support" },
      { text: "Reference", link: "/reference/cloze" },
      { text: version, link: "/support" },
    ],
    sidebar,
    i18nRouting: false, // only the start is in Chinese
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: {
        miniSearch: {
          options: {
            // Chinese has no spaces between words. The function is serialized, so it refers to nothing outside.
            tokenize: (text) =>
              Array.from(new Intl.Segmenter("zh", { granularity: "word" }).segment(text))
                .filter(({ isWordLike }) => isWordLike)
                .map(({ segment }) => segment),
          },
        },
      },
    },
  },
});
