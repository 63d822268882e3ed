/**
 * The playground in a browser: every chapter is used, and a model that is trained in the tab, which is closed in the middle, has
 * the hash of the command line's.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandIn } from "../helpers/command.js";
import type { BrowserPage, PageBrowser } from "../helpers/page.js";
import { faultsOf, fill, goTo, press, type Served, servePlayground, until } from "./page-driver.js";
import { WALK } from "./walk.js";

/** Messages that the console must never have, and faults that a chapter must never have. */
async function requireQuiet(page: BrowserPage): Promise<void> {
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

/** Choose a language or colors of the page. */
const choose = (page: BrowserPage, label: string, value: string): Promise<void> =>
  page.evaluate(`(() => {
    const select = document.querySelector('.settings select[aria-label="${label}"]');
    select.value = "${value}";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);

/** The hash of the weights that the command line trains with the command shown on the page. */
function hashOfCommand(text: string, line: string): string {
  const command = commandIn("playground");
  try {
    writeFileSync(join(command.place, "text.txt"), text);
    const { status, stderr } = command.cloze(line.split(" ").slice(2));
    assert.is(status, 0, stderr);
    return JSON.parse(readFileSync(join(command.place, "my-model/run_manifest.json"), "utf8")).saved;
  } finally {
    command.remove();
  }
}

/** Continue the run that a closed tab has left, and learn the same on the command line. */
async function continueRun(browser: PageBrowser, served: Served, text: string): Promise<void> {
  const page = await browser.open(`${served.address}#/learn`, 1280, "light");
  await press(page, "Continue");
  const hash = await until<string>(page, `document.querySelector("[data-hash]")?.dataset.hash`);
  const saved = hashOfCommand(text, await page.evaluate(`document.querySelector("section pre").textContent`));
  assert.is(hash, saved);
  await fill(page, "Hash of the command line", saved);
  await until(page, `document.querySelector("p.good")`);
  await requireQuiet(page);
  await page.close();
}

/** Train with an objective, pause, close the tab, and continue in another. */
async function trainTwice(browser: PageBrowser, served: Served, objective: string): Promise<void> {
  const first = await browser.open(served.address, 1280, "light");
  await goTo(first, "learn");
  await fill(first, "Objective", objective);
  await fill(first, "Steps", 30);
  await press(first, "Train");
  await until(first, `/step [12]\\d of/.test(document.querySelector("[role=status]").textContent)`);
  await press(first, "Pause");
  await until(first, `/paused at step/.test(document.querySelector("[role=status]").textContent)`);
  await requireQuiet(first);
  await first.close();
  await continueRun(browser, served, await (await fetch(`${served.address}texts/english.txt`)).text());
}

/** Train on a text of the reader's, and close the tab while it trains: the run continues from its last checkpoint. */
async function closeWhileTraining(browser: PageBrowser, served: Served): Promise<void> {
  const documents = Array.from({ length: 24 }, (_, i) => `The number ${i} is small.\nIt comes after ${i - 1}.`);
  const text = documents.join("\n\n");
  const page = await browser.open(
    `${served.address}#/learn?steps=2000&width=32&heads=2&layers=1&text=own`,
    1280,
    "light",
  );
  await fill(page, "Your text", text);
  await press(page, "Train");
  const kept = `[...document.querySelectorAll(".facts div")].find((e) => e.textContent.startsWith("last checkpoint"))`;
  await until(page, `/\\d/.test(${kept}.querySelector("dd").textContent)`);
  assert.not(await page.evaluate(`document.querySelector("[data-hash]") !== null`), "the run is still under way");
  await page.close();
  await continueRun(browser, served, text);
}

/** A link to a chapter brings its inputs, and the same draw. */
async function shareLink(browser: PageBrowser, served: Served): Promise<void> {
  const page = await browser.open(`${served.address}#/labels`, 1280, "light");
  await fill(page, "Your sentences", "A bee flies over the wall & back. It finds 3 flowers.");
  await fill(page, "Objective", "t5");
  await press(page, "Draw again");
  const shown = `/extra_id_0/.test(document.querySelector("section").textContent) && document.querySelector("section").textContent`;
  await until(page, `/draw 2/.test(document.querySelector(".status").textContent) && ${shown}`);
  await page.evaluate(`Object.defineProperty(navigator, "clipboard", {
    value: { writeText: async (text) => void (globalThis.copied = text) },
  }) && 0`);
  await press(page, "Copy a link");
  const link = await until<string>(page, "globalThis.copied");
  const other = await browser.open(link, 1280, "light");
  await until(other, `document.querySelector("section").textContent.length > 20`);
  assert.is(await until(other, shown), await until(page, shown));
  for (const each of [page, other]) {
    await requireQuiet(each);
    await each.close();
  }
}

/** Use every chapter, at two widths, in both languages and colors. */
async function walk(browser: PageBrowser, served: Served): Promise<void> {
  const page = await browser.open(`${served.address}#/learn?objective=causal-lm&steps=20`, 1280, "light");
  await press(page, "Train");
  await until(page, `document.querySelector("[data-hash]")`);
  for (const [chapter, visit] of Object.entries(WALK)) {
    await goTo(page, chapter);
    await visit(page);
    await requireQuiet(page);
    await page.resize(390);
    await choose(page, "Language", "zh");
    await choose(page, "配色", "dark");
    await until(page, `document.documentElement.lang === "zh"`);
    await requireQuiet(page);
    await choose(page, "配色", "light");
    await choose(page, "语言", "en");
    await page.resize(1280);
  }
  await page.close();
}

/** Once it is loaded, it needs no server. */
async function withoutServer(browser: PageBrowser, served: Served): Promise<void> {
  const page = await browser.open(`${served.address}#/tokens`, 1280, "light");
  await page.evaluate("navigator.serviceWorker.ready.then(() => 0)");
  // A load that is broken off is an error on the console of Firefox.
  await until(page, `document.querySelectorAll(".piece").length > 5`);
  await served.stop();
  await page.reload();
  await until(page, `document.querySelectorAll(".piece").length > 5`);
  await goTo(page, "labels");
  await until(page, `document.querySelector("li.mask .answer")`);
  assert.equal(page.said, []);
}

export interface BrowserKind {
  readonly name: string;
  /** its path, or null where there is none */
  readonly program: string | null;
  start(program: string): Promise<PageBrowser>;
  /** objectives that are trained; one is enough where the other browser has trained the rest */
  readonly objectives: readonly string[];
}

export function testPlayground({ name, program, start, objectives }: BrowserKind): void {
  const test = suite(`the playground in ${name}`);
  if (program === null) test("is skipped by name", () => assert.is(program, null));
  else {
    let browser: PageBrowser;
    let served: Served;
    test.before(async () => {
      served = await servePlayground();
      browser = await start(program);
    });
    for (const objective of objectives)
      test(`${objective}, paused, closed and continued, has the hash of the command line`, () =>
        trainTwice(browser, served, objective));
    test("a tab that is closed while it trains on a text of the reader's leaves a run with the same hash", () =>
      closeWhileTraining(browser, served));
    test("a link brings a chapter's inputs and its draw", () => shareLink(browser, served));
    test("every chapter computes, is quiet, and has no serious fault in any size, colors and language", () =>
      walk(browser, served));
    test("without its server it still works", () => withoutServer(browser, served));
    test.after(async () => {
      await browser.close();
      await served.stop();
    });
  }
  test.run();
}
