/** Pages: a server of one folder, and a browser that opens them. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { install, NotHere, project, tools } from "./places.mjs";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Serve a folder on the loopback interface while `work` runs, with these headers.
 *
 * @param work receives the address, and a promise of the report that a page posts to /report
 */
export async function serving(folder, headers, work) {
  let posted;
  const report = new Promise((resolve) => (posted = resolve));
  const server = createServer(async (request, response) => {
    if (request.method === "POST" && request.url === "/report") {
      let text = "";
      for await (const part of request.setEncoding("utf8")) text += part;
      posted(JSON.parse(text));
      return response.writeHead(204).end();
    }
    const path = join(folder, normalize(new URL(request.url, "http://localhost").pathname));
    const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end();
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    const bytes = readFileSync(file).subarray(Number(from ?? 0));
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(from === undefined ? 200 : 206, {
      ...{ "content-type": type, "content-length": bytes.length },
      ...headers,
    });
    response.end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work(`http://127.0.0.1:${server.address().port}`, report);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Headers of a page whose threads may share memory. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** The first of these paths that exists. */
const firstOf = (...paths) => paths.find((path) => path !== undefined && existsSync(path));

const FIREFOX = [process.env.CLOZE_FIREFOX, "/usr/bin/firefox-esr", "/usr/bin/firefox"];
const WEBKIT = [process.env.CLOZE_WEBKIT, "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"];

/** The report that the page of a folder posts, in a browser that is started with this address and nothing else. */
async function posted(folder, program, words, env) {
  return serving(folder, ISOLATED, async (address, report) => {
    const browser = spawn(program, [...words, `${address}/`], { env: { ...process.env, ...env }, stdio: "ignore" });
    const ended = new Promise((_, reject) => {
      browser.on("error", reject);
      browser.on("exit", (status) => reject(new Error(`the browser ended with status ${status}`)));
    });
    try {
      return await Promise.race([report, ended]);
    } finally {
      browser.kill();
    }
  });
}

export function inFirefox(folder) {
  const program = firstOf(...FIREFOX);
  if (!program) throw new NotHere("no Firefox is installed; set CLOZE_FIREFOX to its path");
  const profile = mkdtempSync(join(project, "firefox-"));
  return posted(folder, program, ["--headless", "--no-remote", "--profile", profile], { HOME: profile });
}

/**
 * WebKitGTK needs a display: xvfb-run gives it one. It has SharedArrayBuffer, as Safari does, only with the variable
 * JSC_useSharedArrayBuffer.
 */
export function inWebKit(folder, env = {}) {
  const [program, display] = [firstOf(...WEBKIT), firstOf("/usr/bin/xvfb-run")];
  if (!program || !display)
    throw new NotHere(
      "no WebKitGTK is installed: it is in Debian's webkit2gtk-driver, xvfb and xauth, or at CLOZE_WEBKIT",
    );
  return posted(folder, display, ["-a", program], { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1", ...env });
}

/** Open an address in Chromium, and return the value of `wanted` there once it is not undefined. */
export async function inChromium(address, wanted = "globalThis.report") {
  install({ "playwright-core": "1" });
  const executablePath = process.env.CLOZE_CHROMIUM ?? firstOf(...BROWSERS);
  if (!executablePath) throw new NotHere("no Chromium is installed; set CLOZE_CHROMIUM to its path");
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
export const pageReport = (folder, headers = {}, query = "") =>
  serving(folder, headers, (address) => inChromium(`${address}/${query}`));

/** The final value of `wanted` on a folder's page. */
export const pageValue = (folder, path, wanted, headers = {}) =>
  serving(folder, headers, (address) => inChromium(`${address}/${path}`, wanted));
