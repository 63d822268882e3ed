/**
 * A report in Chromium, wide and narrow, light and dark: nothing on the console, nothing from the network, nothing that
 * axe calls serious, values on hover and by keyboard. With $CLOZE_PICTURES=FOLDER the pages are saved to be looked at.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { renderReport } from "../../sdk/report/index.js";
import { Browser, chromium, type Page } from "../helpers/chromium.js";
import { root } from "../helpers/shared.js";
import { REPORT } from "./sections.js";

const test = suite("a report in Chromium");
const program = chromium("a report in a browser");
const folder = mkdtempSync(join(tmpdir(), "cloze-report-page-"));
const file = join(folder, "report.html");
writeFileSync(file, renderReport(REPORT));
const axe = readFileSync(createRequire(join(root, "package.json")).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env["CLOZE_PICTURES"];

/** Faults that axe calls serious or critical. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(`${axe}; 0`);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join(" | ")))`,
  );
}

const browser = program === null ? null : new Browser(program);

if (browser)
  for (const width of [1280, 390])
    for (const scheme of ["light", "dark"] as const)
      test(`${width} px, ${scheme}: quiet, offline, without serious faults, no wider than the screen`, async () => {
        const page = await browser.open(file, width, scheme);
        assert.equal(await page.evaluate("document.querySelectorAll('section').length"), REPORT.sections.length);
        assert.equal(await faultsOf(page), []);
        assert.ok((await page.evaluate<number>("document.documentElement.scrollWidth")) <= width);
        // Every plot is as wide as its place, and no wider.
        const spare = await page.evaluate<number[]>(
          "[...document.querySelectorAll('.place')].map((p) => p.clientWidth - p.firstChild.getBoundingClientRect().width)",
        );
        assert.ok(spare.length >= 7 && spare.every((pixels) => pixels >= 0), String(spare));
        if (pictures !== undefined) {
          mkdirSync(pictures, { recursive: true });
          writeFileSync(join(pictures, `report-${width}-${scheme}.png`), await browser.picture(page));
        }
        assert.equal(page.said, []);
      });

if (browser) {
  test("labels of a plane cover neither each other nor dots", async () => {
    const page = await browser.open(file, 390, "light");
    const collisions = await page.evaluate<string[]>(`(() => {
      const boxes = [...document.querySelectorAll("section.plane g[aria-label=labels] text")]
        .map((text) => ({ name: text.textContent, box: text.getBoundingClientRect() }));
      const dots = [...document.querySelectorAll("section.plane g[aria-label=dot] path")]
        .map((dot) => ({ name: "a dot", box: dot.getBoundingClientRect() }));
      const cross = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      // The box of a line of text is higher than its letters: a pixel on either side is nothing that is seen.
      const inner = ({ left, right, top, bottom }) => ({ left: left + 1, right: right - 1, top: top + 2, bottom: bottom - 2 });
      return boxes.flatMap((a, i) => [...boxes.slice(i + 1), ...dots]
        .filter((b) => cross(inner(a.box), inner(b.box))).map((b) => a.name + " and " + b.name));
    })()`);
    assert.equal(collisions, []);
  });

  test("arrow keys and the pointer show values", async () => {
    const page = await browser.open(file, 1280, "light");
    const press = (key: string) =>
      page.evaluate(
        `document.querySelector("section.curves .place").dispatchEvent(new KeyboardEvent("keydown", { key: "${key}" }))`,
      );
    const said = () => page.evaluate<string>(`document.querySelector("section.curves .said").textContent`);
    const tip = () => page.evaluate<string>(`document.querySelector("section.curves g[aria-label=tip]").textContent`);
    await press("End");
    assert.match(await said(), /^held out, step 900, 4\.356 nats per token$/);
    assert.match(await tip(), /held out.*step 900.*4\.356 nats per token/);
    await press("Home");
    assert.match(await said(), /^training, step 3, /);
    // The pointer, over the last dot of the held-out curve.
    const at = await page.evaluate<{ x: number; y: number }>(`(() => {
      const place = document.querySelector("section.curves .place");
      place.scrollIntoView();
      const { left, top, width, height } = [...place.querySelectorAll("circle")].at(-1).getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    })()`);
    await page.send("Input.dispatchMouseEvent", { type: "mouseMoved", ...at });
    assert.match(await tip(), /nats per token/);
    assert.equal(await faultsOf(page), [], "with a value shown");
  });

  test("another layer and head is drawn when it is chosen, by list and by picture", async () => {
    const page = await browser.open(file, 390, "dark");
    const cells = () =>
      page.evaluate<string>(
        `[...document.querySelectorAll("section.attention .place rect[fill-opacity]")].map((r) => r.getAttribute("fill-opacity")).join()`,
      );
    const first = await cells();
    await page.evaluate(`(() => {
      const select = document.querySelectorAll("section.attention select")[1];
      select.value = "2";
      select.dispatchEvent(new Event("change"));
    })()`);
    const second = await cells();
    assert.is.not(second, first);
    await page.evaluate(`document.querySelectorAll("section.attention button")[3].click()`);
    assert.is(await cells(), first, "the first head of the last layer again");
    assert.is(await page.evaluate("document.querySelectorAll('section.attention select')[1].value"), "0");
  });
}

test("the page that is opened holds every section", () => {
  const html = readFileSync(file, "utf8");
  for (const { title } of REPORT.sections) assert.ok(html.includes(JSON.stringify(title)), title);
});

test.after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});
test.run();
