/** Take the pictures of the playground in docs/pictures/, with Chromium:  npm run docs:pictures */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Browser, chromium, type Page } from "../helpers/chromium.js";
import { root } from "../helpers/shared.js";
import { fill, goTo, press, servePlayground, until } from "./page-driver.js";

/** Minutes that a slow machine may take, in milliseconds. */
const PATIENCE = 900_000;

async function resize(page: Page, width: number, height: number): Promise<void> {
  await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await new Promise((resume) => setTimeout(resume, 1000));
}

/** Write what is shown from one height to another, in pixels of the document. */
async function take(page: Page, name: string, width: number, top: number, bottom: number): Promise<void> {
  const clip = { x: 0, y: top, width, height: bottom - top, scale: 1 };
  const { data } = await page.send("Page.captureScreenshot", { captureBeyondViewport: true, clip });
  writeFileSync(join(root, "docs/pictures", name), Buffer.from(data as string, "base64"));
}

/** cloze-tiny learns the built-in text, with the same architecture from random weights beside it. */
async function takeLearning(page: Page): Promise<void> {
  await fill(page, "Start from", "cloze-tiny");
  await fill(page, "Steps", 60);
  await press(page, "Train");
  await until(page, `document.querySelector("[data-hash]")`, PATIENCE);
  // The speed is that of this machine at this moment, and a picture is no place for a measurement.
  await page.evaluate(
    `[...document.querySelectorAll(".facts div")].find(({ textContent }) => /tokens . s/.test(textContent)).remove()`,
  );
  const bottom = await page.evaluate<number>(
    `Math.ceil(document.querySelector(".cards").getBoundingClientRect().bottom + scrollY) + 28`,
  );
  // The column of chapters is as high as the window.
  await resize(page, 1280, bottom);
  await take(page, "playground-learn.png", 1280, 0, bottom);
}

/** The hidden states of a sentence, and one word in ten sentences. */
async function takeInside(page: Page): Promise<void> {
  await goTo(page, "inside");
  await resize(page, 752, 900);
  await until(
    page,
    `document.querySelectorAll(".plot svg").length >= 3 && document.querySelector(".states")`,
    PATIENCE,
  );
  await new Promise((resume) => setTimeout(resume, 1000));
  const [top, bottom] = await page.evaluate<[number, number]>(`(() => {
    const [, hidden, word] = document.querySelectorAll("main section");
    return [hidden.getBoundingClientRect().top + scrollY - 4, word.getBoundingClientRect().bottom + scrollY + 20];
  })()`);
  await take(page, "playground-inside.png", 752, top, bottom);
}

const program = chromium("the pictures of the playground");
if (program === null) process.exit(1);
const served = await servePlayground();
const browser = new Browser(program);
try {
  const page = await browser.open(`${served.address}#/learn`, 1280, "light");
  await page.send("Emulation.setScrollbarsHidden", { hidden: true });
  await takeLearning(page);
  await takeInside(page);
} finally {
  await browser.close();
  await served.stop();
}
