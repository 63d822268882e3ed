/** The playground served on this machine, and the actions of a user on its page. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserPage as Page } from "../helpers/page.js";
import { root } from "../helpers/shared.js";

/** A server of the built playground. */
export interface Served {
  readonly address: string;
  /** the files that are served */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Build the playground and serve it, as `npm run playground` does. */
export async function servePlayground(): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "cloze-playground-"));
  const child = spawn(process.execPath, [join(root, "scripts/playground.mjs"), "--port", "0", "--out", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  void ended.then(() => rmSync(folder, { recursive: true, force: true }));
  const address = await new Promise<string>((done, failed) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      said += part;
      const found = /http:\S+/.exec(said)?.[0];
      if (found !== undefined) done(found);
    });
    ended.then(() => failed(new Error(`scripts/playground.mjs ended: ${said}`)));
  });
  return {
    address,
    folder,
    stop: () => {
      child.kill();
      return ended;
    },
  };
}

const axe = readFileSync(createRequire(join(root, "package.json")).resolve("axe-core/axe.min.js"), "utf8");

/** Faults that axe calls serious or critical. */
export async function faultsOf(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>(`"axe" in globalThis`))) await page.evaluate(`${axe}; 0`);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join(" | ")))`,
  );
}

/** Wait until an expression in the page is true, and return its value. */
export async function until<T>(page: Page, expression: string, milliseconds = 120_000): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await page.evaluate<T>(`(() => { try { return ${expression}; } catch { return undefined; } })()`);
    if (value) return value;
    if (Date.now() > end) {
      const shown = await page.evaluate<string>("document.body.innerText.slice(0, 3000)");
      throw new Error(`after ${milliseconds} ms not true: ${expression}\n${shown}`);
    }
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

const byText = (selector: string, text: string): string =>
  `[...document.querySelectorAll(${JSON.stringify(selector)})].find((e) => e.textContent.trim() === ${JSON.stringify(text)})`;

/** Press the button with this text, once it can be pressed: found and pressed at once, since a button such as "Stop" goes. */
export async function press(page: Page, text: string): Promise<void> {
  await until(page, `((button) => button?.disabled === false && (button.click(), true))(${byText("button", text)})`);
}

/** Set the control with this label, as typing and leaving it would. */
export async function fill(page: Page, label: string, value: string | number): Promise<void> {
  const control = `document.getElementById(${byText("label", label)}.htmlFor)`;
  await until(page, `${byText("label", label)} && !${control}.disabled`);
  await page.evaluate(`(() => {
    const control = ${control};
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(control), "value").set.call(control, ${JSON.stringify(String(value))});
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);
}

/** Go to a chapter, and wait until it is shown. */
export async function goTo(page: Page, chapter: string): Promise<void> {
  await page.evaluate(`location.hash = "#/${chapter}"; 0`);
  await until(
    page,
    `document.querySelector("nav a[aria-current]").hash === "#/${chapter}" && document.querySelector("main h1")`,
  );
}
