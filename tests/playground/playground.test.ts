/**
 * The playground in Chromium: every chapter is used, and a model that is trained in the tab, which is closed in the middle, has
 * the hash of the command line's.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Browser, chromium, type Page } from "../helpers/chromium.js";
import { commandIn } from "../helpers/command.js";
import { root } from "../helpers/shared.js";
import { faultsOf, fill, goTo, press, servePlayground, until } from "./page-driver.js";

const test = suite("the playground in Chromium");
const program = chromium("the playground in a browser");
const command = commandIn("playground");

const served = program === null ? null : await servePlayground();
const browser = program === null ? null : new Browser(program);

/** Messages that the console must never have, and faults that a chapter must never have. */
async function requireQuiet(page: Page): Promise<void> {
  assert.equal(page.said, []);
  assert.equal(await faultsOf(page), []);
  const [whole, shown] = await page.evaluate<[number, number]>(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  );
  const wide = await page.evaluate<string>(`[...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((e) => e.tagName + "." + e.getAttribute("class")).slice(0, 5).join(" ")`);
  assert.ok(whole <= shown, `the page is ${whole} px wide, the window ${shown}: ${wide}`);
}

if (browser && served) {
  test("a run that is paused, closed and continued has the hash of the command line", async () => {
    const first = await browser.open(served.address, 1280, "light");
    await goTo(first, "learn");
    await fill(first, "Steps", 60);
    await press(first, "Train");
    await until(first, `/step (1\\d|2\\d) of/.test(document.querySelector("[role=status]").textContent)`);
    await press(first, "Pause");
    await until(first, `/paused at step/.test(document.querySelector("[role=status]").textContent)`);
    await requireQuiet(first);
    await first.send("Page.close");
    const page = await browser.open(`${served.address}#/learn`, 1280, "light");
    await press(page, "Continue");
    const hash = await until<string>(page, `document.querySelector("[data-hash]")?.dataset.hash`);
    const line = await page.evaluate<string>(`document.querySelector("section pre").textContent`);
    const text = await fetch(`${served.address}texts/english.txt`);
    writeFileSync(join(command.place, "text.txt"), await text.text());
    const words = line.split(" ").slice(2);
    const { status, stderr } = command.cloze(words);
    assert.is(status, 0, stderr);
    const manifest = JSON.parse(readFileSync(join(command.place, "my-model/run_manifest.json"), "utf8"));
    assert.is(hash, manifest.saved);
    await fill(page, "Hash of the command line", manifest.saved);
    await until(page, `document.querySelector("p.good")`);
    await requireQuiet(page);
  });
}

/** What a reader does in each chapter, and what must then be there. */
const WALK: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async tokens(page) {
    await fill(page, "Text", "unforgettable lighthouse keepers");
    await until(
      page,
      `document.querySelectorAll(".piece").length > 5 && document.querySelectorAll(".plot svg").length > 0`,
    );
    await fill(page, "Pieces", 60);
    await fill(page, "Your text", "the cat sat on the mat\nthe dog sat on the cat");
    await press(page, "Learn");
    await until(page, `/learned here/.test(document.querySelector("main select").selectedOptions[0].textContent)`);
  },
  async labels(page) {
    for (const [objective, sign] of [
      ["masked-lm+next-sentence-prediction", "section strong"],
      ["replaced-token-detection", "li.special"],
      ["t5", "section h2 + .cells + h2"],
      ["masked-lm", "li.mask .answer"],
    ]) {
      await fill(page, "Objective", objective!);
      await until(page, `document.querySelector(${JSON.stringify(sign)})`);
    }
    await until(page, `document.querySelectorAll(".guesses li").length === 4`);
    const shown = await page.evaluate<string>(`document.querySelector(".cells").textContent`);
    await press(page, "Draw again");
    await until(page, `document.querySelector(".cells").textContent !== ${JSON.stringify(shown)}`);
  },
  async inside(page) {
    await until(page, `document.querySelectorAll(".plot svg").length >= 3`);
    await fill(page, "Text", "The cat sees the dog.");
    await until(page, `/the cat sees the dog/.test(document.querySelector(".plot svg").getAttribute("aria-label"))`);
  },
  async write(page) {
    await until(page, `document.querySelectorAll(".choice").length >= 5`);
    await page.evaluate(`document.querySelector(".choice").click()`);
    await until(page, `document.querySelector(".written mark").textContent !== "…"`);
  },
  async search(page) {
    await until(page, `document.querySelector("textarea").value.length > 1000`);
    await fill(page, "Lines", "The dog barks.\nBread is baked in an oven.\nRain falls on the roof.");
    await press(page, "Embed the lines");
    await until(page, `document.querySelectorAll(".found li").length === 3`);
    await fill(page, "Find", "wet weather");
    await until(page, `/Rain/.test(document.querySelector(".found li").textContent)`);
  },
  async models(page) {
    await until(page, `document.querySelectorAll(".guesses li").length >= 8`);
    // The models that were trained in the chapters before.
    await until(page, `document.querySelectorAll("tbody tr").length >= 4`);
  },
  async finetune(page) {
    await until(page, `document.querySelector("textarea").value.length > 1000`);
    const rows = ["good film\tyes", "bad film\tno", "fine play\tyes", "dull play\tno"];
    await fill(page, "Examples to learn from", ["text\tlabel", ...rows].join("\n"));
    await fill(page, "Examples to test with", ["text\tlabel", ...rows].join("\n"));
    await fill(page, "Epochs", 1);
    await press(page, "Fine-tune");
    await until(page, `document.querySelector(".confusion")`);
    await press(page, "Ask");
    await until(page, `document.querySelectorAll(".guesses.wide li").length === 2`);
  },
  async languages(page) {
    await fill(page, "English, and", "german");
    await fill(page, "Steps", 20);
    await press(page, "Learn both");
    await until(page, `document.querySelectorAll(".half svg").length === 2`);
    await press(page, "Stop");
    await until(page, `[...document.querySelectorAll("button")].some((b) => b.textContent === "Learn both")`);
  },
  async benchmark(page) {
    await press(page, "Run");
    await until(page, `document.querySelector("tbody td.good")`);
    await press(page, "Stop");
  },
};

/** Choose a language or colours of the page. */
const choose = (page: Page, label: string, value: string): Promise<void> =>
  page.evaluate(`(() => {
    const select = document.querySelector('.settings select[aria-label="${label}"]');
    select.value = "${value}";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);

const resize = (page: Page, width: number): Promise<unknown> =>
  page.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });

if (browser && served) {
  test("every chapter computes, is quiet, and has no serious fault in any size, colours and language", async () => {
    const page = await browser.open(`${served.address}#/learn?objective=causal-lm&steps=20`, 1280, "light");
    await press(page, "Train");
    await until(page, `document.querySelector("[data-hash]")`);
    for (const [chapter, walk] of Object.entries(WALK)) {
      await goTo(page, chapter);
      await walk(page);
      await requireQuiet(page);
      await resize(page, 390);
      await choose(page, "Language", "zh");
      await choose(page, "配色", "dark");
      await until(page, `document.documentElement.lang === "zh"`);
      await requireQuiet(page);
      await choose(page, "配色", "light");
      await choose(page, "语言", "en");
      await resize(page, 1280);
    }
  });

  test("the first load is at most 450 kB, compressed, without the models", () => {
    const out = join(root, "build/playground");
    const scripts = readdirSync(out, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(js|css|html)$/.test(name))
      // The playground never asks for these: the package's own worker, and kernels that are not the same everywhere.
      .filter((name) => !/model-worker-|kernels\.relaxed-/.test(name));
    const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(out, name)), { level: 9 }).length, 0);
    assert.ok(bytes <= 450_000, `${bytes} bytes`);
  });

  test("without its server it still works", async () => {
    const page = await browser.open(`${served.address}#/tokens`, 1280, "light");
    await page.evaluate("navigator.serviceWorker.ready.then(() => 0)");
    await served.stop();
    await page.send("Page.reload");
    await until(page, `document.querySelectorAll(".piece").length > 5`);
    await goTo(page, "labels");
    await until(page, `document.querySelector("li.mask .answer")`);
    assert.equal(page.said, []);
  });
}

test.after(async () => {
  await browser?.close();
  await served?.stop();
  command.remove();
});

if (program === null) test("needs Chromium", () => assert.is(browser, null));

test.run();
