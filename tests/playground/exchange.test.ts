/** Models leave the playground as folders, and enter it from a folder, a drop and an address. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fillMask } from "cloze";
import { folder } from "cloze/node";
import { unzipSync } from "fflate";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Browser, chromium, type Page } from "../helpers/chromium.js";
import { LoopbackHub } from "../helpers/loopback-hub.js";
import { fill, goTo, press, type Served, servePlayground, until } from "./page-driver.js";

const test = suite("models of the playground");
const program = chromium("the exchange of models with the playground");

const TEXT = "The children played in the [MASK] of the house.";

/** The file that the next press of a button downloads. */
async function downloadOf(page: Page, button: string): Promise<Uint8Array> {
  await page.evaluate(`(() => {
    globalThis.downloaded = new Promise((done) => {
      HTMLAnchorElement.prototype.click = async function () {
        const blob = await (await fetch(this.href)).blob();
        const reader = new FileReader();
        reader.onload = () => done(reader.result.split(",")[1]);
        reader.readAsDataURL(blob);
      };
    });
  })()`);
  await press(page, button);
  return Buffer.from(await page.evaluate<string>("globalThis.downloaded"), "base64");
}

/** Write a zip's files, and return the one folder in it. */
function unzipped(zip: Uint8Array, place: string): string {
  const files = Object.entries(unzipSync(zip));
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), bytes);
  }
  return join(place, files[0]![0].split("/")[0]!);
}

const rows = (page: Page): Promise<number> => page.evaluate(`document.querySelectorAll("tbody tr").length`);

/** What the page shows for the masks of the text: tokens, and percentages as they are rounded. */
const guessesShown = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll(".guesses li")].map((li) => li.textContent)`);

const percent = (score: number): string => `${(100 * score).toFixed(score < 0.0995 ? 1 : 0)}%`;

if (program === null) test("are not exchanged without Chromium", () => assert.is(program, null));
else {
  let browser: Browser;
  let served: Served;
  const place = mkdtempSync(join(tmpdir(), "cloze-exchange-"));
  test.before(async () => {
    served = await servePlayground();
    browser = new Browser(program);
  });

  test("a model is trained, downloaded, opened elsewhere, and brought back", async () => {
    const page = await browser.open(`${served.address}#/learn?steps=20`, 1280, "light");
    await press(page, "Train");
    await until(page, `document.querySelector("[data-hash]")`);
    await goTo(page, "models");
    await until(page, `document.querySelectorAll("tbody tr").length === 3`);
    const own = unzipped(await downloadOf(page, "Download"), place);
    const id = await page.evaluate<string>(
      `[...document.querySelectorAll("main select option")].find((o) => /masked-lm/.test(o.textContent)).value`,
    );
    await fill(page, "Model", id);
    await fill(page, "A text with [MASK]", TEXT);
    using fillIn = await fillMask(folder(own), { topK: 8 });
    const expected = (await fillIn(TEXT)).map(({ token_str, score }) => `${token_str}${percent(score)}`);
    await until(page, `document.querySelector(".guesses li")?.textContent === ${JSON.stringify(expected[0])}`);
    assert.equal(await guessesShown(page), expected);
    await requireImports(page, own);
  });

  /** The folder by its button and by a drop, and one by its address; each is one more row. */
  async function requireImports(page: Page, own: string): Promise<void> {
    const { root } = (await page.send("DOM.getDocument")) as { root: { nodeId: number } };
    const found = await page.send("DOM.querySelector", {
      nodeId: root.nodeId,
      selector: "input[webkitdirectory]",
    });
    await page.send("DOM.setFileInputFiles", { files: [own], nodeId: found["nodeId"] });
    await until(page, `document.querySelectorAll("tbody tr").length === 4`);
    await page.evaluate(`document.querySelector(".drop").scrollIntoView({ block: "center" })`);
    const [x, y] = await page.evaluate<[number, number]>(
      `(({ x, y, width, height }) => [x + width / 2, y + height / 2])(document.querySelector(".drop").getBoundingClientRect())`,
    );
    const data = { items: [], files: [own], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"])
      await page.send("Input.dispatchDragEvent", { type, x, y, data });
    await until(page, `document.querySelectorAll("tbody tr").length === 5`);
    assert.equal(page.said, []);
    await fill(page, "By name from the hub, or by address", `${served.address}models/cloze-tiny-embed/`);
    await press(page, "Fetch");
    await until(page, `document.querySelectorAll("tbody tr").length === 6`);
    assert.is(await rows(page), 6);
    await requireNamed(page);
  }

  /** A published model by its name, from a mirror of the hub, is one more row, and answers. */
  async function requireNamed(page: Page): Promise<void> {
    const source = join(served.folder, "models/cloze-tiny");
    const files = readdirSync(source).map((name): [string, Uint8Array] => [name, readFileSync(join(source, name))]);
    const hub = await new LoopbackHub(new Map(files), "someone/tiny").open();
    try {
      await fill(page, "Address of the mirror", hub.endpoint);
      await fill(page, "By name from the hub, or by address", "someone/tiny");
      await press(page, "Fetch");
      const option = `[...document.querySelectorAll("main select option")].find((e) => e.textContent === "someone/tiny")`;
      await fill(page, "Model", await until(page, `${option}?.value`));
      await until(page, `document.querySelectorAll(".guesses li").length === 8`);
      assert.is(await rows(page), 7);
      await fill(page, "By name from the hub, or by address", "someone/else");
      await press(page, "Fetch");
      await until(page, `/someone\\/else is not there/.test(document.querySelector(".fault").textContent)`);
    } finally {
      await hub.close();
    }
  }

  test.after(async () => {
    await browser.close();
    await served.stop();
    rmSync(place, { recursive: true, force: true });
  });
}

test.run();
