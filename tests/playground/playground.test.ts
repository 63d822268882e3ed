/**
 * The playground in Chromium: every chapter is used, and a model that is trained in the tab across a reload has the hash of the
 * command line's. With $CLOZE_PICTURES=FOLDER pictures are saved to be looked at.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Browser, chromium, type Page } from "../helpers/chromium.js";
import { commandIn } from "../helpers/command.js";
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
  assert.ok(whole <= shown, `the page is ${whole} px wide, the window ${shown}`);
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

test.after(async () => {
  await browser?.close();
  await served?.stop();
  command.remove();
});

if (program === null) test("needs Chromium", () => assert.is(browser, null));

test.run();
