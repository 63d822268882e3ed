import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { CHINESE, place, referenceOf, SECTIONS, subpathsOf } from "../site.mjs";

const titleOf = (page) => {
  const [, title] = /^# (.*)$/m.exec(readFileSync(join(place, `${page}.md`), "utf8"));
  return title.replaceAll("`", "");
};
const linked = (page) => ({ text: titleOf(page), link: `/${page}` });
const { exports } = JSON.parse(readFileSync(join(place, "../package.json"), "utf8"));
const reference = subpathsOf(exports).map(([subpath]) => ({
  text: subpath.replace(/^\./, "cloze"),
  link: `/${referenceOf(subpath)}`,
}));

const sidebar = [
  ...SECTIONS.slice(0, -2).map(({ title, pages }) => ({ text: title, items: pages.map(linked) })),
  { text: "Reference", collapsed: true, items: reference },
  ...SECTIONS.slice(-2).map(({ title, pages, collapsed }) => ({ text: title, collapsed, items: pages.map(linked) })),
];

/** A sentence with a gap. */
const ICON =
  "data:image/svg+xml," +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#3451b2"/>' +
      '<path d="M6 21h7M19 21h7" stroke="#fff" stroke-width="3"/><circle cx="16" cy="14" r="3" fill="#fff"/></svg>',
  );

/** Words of the theme in Chinese. */
const CHINESE_WORDS = {
  nav: [
    { text: "入门", link: "/zh/start" },
    { text: "指南（英文）", link: "/guides/models" },
    { text: "模型与任务（英文）", link: "/support" },
    { text: "参考（英文）", link: "/reference/cloze" },
  ],
  sidebar: [{ text: "入门", items: CHINESE.map(linked) }],
  outline: { label: "本页内容" },
  docFooter: { prev: "上一页", next: "下一页" },
  langMenuLabel: "语言",
  sidebarMenuLabel: "菜单",
  returnToTopLabel: "返回顶部",
  darkModeSwitchLabel: "外观",
  lightModeSwitchTitle: "切换到浅色",
  darkModeSwitchTitle: "切换到深色",
  skipToContentLabel: "跳到正文",
  notFound: { title: "页面不存在", quote: "", linkText: "返回首页" },
};
const CHINESE_SEARCH = {
  button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
  modal: {
    displayDetails: "显示详细列表",
    resetButtonTitle: "清除",
    backButtonTitle: "关闭搜索",
    noResultsText: "没有结果：",
    footer: { selectText: "打开", navigateText: "选择", closeText: "关闭" },
  },
};

export default defineConfig({
  title: "Cloze",
  head: [["link", { rel: "icon", type: "image/svg+xml", href: ICON }]],
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
      themeConfig: CHINESE_WORDS,
    },
  },
  themeConfig: {
    nav: [
      { text: "Start", link: "/start" },
      { text: "Guides", link: "/guides/models" },
      { text: "Models and tasks", link: "/support" },
      { text: "Reference", link: "/reference/cloze" },
    ],
    sidebar,
    i18nRouting: false, // only the start is in Chinese
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: {
        locales: { zh: { translations: CHINESE_SEARCH } },
        miniSearch: {
          // Guides before the reference, which has a section for each name. Serialized, too.
          searchOptions: {
            boostDocument: (id) => (id.includes("/reference/") ? 0.2 : id.includes("/decisions/") ? 0.5 : 1),
          },
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
