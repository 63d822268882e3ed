/** Pages: a server of one folder, and a browser that opens them. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { install, tools } from "./places.mjs";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Serve a folder on the loopback interface while `work` runs, with these headers. */
async function serving(folder, headers, work) {
  const server = createServer((request, response) => {
    const path = join(folder, normalize(new URL(request.url, "http://localhost").pathname));
    const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", ...headers });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Open an address in Chromium, and give what `wanted` gives there once it is not undefined. */
export async function inChromium(address, wanted = "globalThis.report") {
  install({ "playwright-core": "1" });
  const executablePath = process.env.CLOZE_CHROMIUM ?? BROWSERS.find(existsSync);
  if (!executablePath) throw new Error("no Chromium is installed: name one in CLOZE_CHROMIUM");
  const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(address);
    // Playwright's own waiting evaluates strings in the page, which a content security policy forbids.
    for (let tries = 0; tries < 1200; tries++) {
      const value = await page.evaluate(wanted);
      if (value !== undefined && value !== null) return value;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(errors.join("; ") || "the page reported nothing");
  } finally {
    await browser.close();
  }
}

/** The suite's report from a folder of a page. */
export const pageReport = (folder, headers = {}) => serving(folder, headers, (address) => inChromium(`${address}/`));

/** What a folder's page has at last. */
export const pageValue = (folder, path, wanted, headers = {}) =>
  serving(folder, headers, (address) => inChromium(`${address}/${path}`, wanted));
