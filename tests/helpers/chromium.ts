/** A headless Chromium, spoken to over a pipe in its DevTools protocol: no package and no port is needed. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type BrowserPage, isOwn, type PageBrowser, programOf, removeProfile, TWO_FRAMES } from "./page.js";

/** Where Chromium is, or null. */
export const chromium = (why: string): string | null =>
  programOf("Chromium", "CLOZE_CHROMIUM", ["chromium", "chromium-browser", "google-chrome"], why);

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
};

/** A page of the browser. */
export interface Page extends BrowserPage {
  /** Ask the protocol. */
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  /** Hear of all events of the protocol with this name. */
  follow(method: string, listener: (params: Record<string, unknown>) => void): void;
}

/** A process of the browser. */
export interface BrowserProcess {
  readonly type: string;
  readonly id: number;
  /** seconds of all its threads */
  readonly cpuTime: number;
}

export class Browser implements PageBrowser {
  readonly #process: ChildProcess;
  readonly #profile = mkdtempSync(join(tmpdir(), "cloze-chromium-"));
  readonly #waiting = new Map<number, { done(value: Record<string, unknown>): void; failed(error: Error): void }>();
  readonly #listeners = new Map<string, (message: Message) => void>();
  readonly #closed: Promise<void>;
  #next = 1;

  constructor(program: string) {
    const flags =
      "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe";
    this.#process = spawn(program, [...flags.split(" "), `--user-data-dir=${this.#profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    this.#closed = new Promise((done) => {
      this.#process.on("close", (status) => {
        for (const { failed } of this.#waiting.values()) failed(new Error(`Chromium ended with status ${status}`));
        done();
      });
    });
    let text = "";
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (part: string) => {
      const messages = (text + part).split("\0");
      text = messages.pop()!;
      for (const message of messages) this.#receive(JSON.parse(message) as Message & { sessionId?: string });
    });
  }

  #receive(message: Message & { readonly sessionId?: string }): void {
    if (message.id === undefined) {
      this.#listeners.get(message.sessionId ?? "")?.(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) waiting?.failed(new Error(message.error.message));
    else waiting?.done(message.result as Record<string, unknown>);
  }

  #send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = this.#next++;
    (this.#process.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`,
    );
    return new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
  }

  /** Open a file, or a page of a server, at a width, in light or dark. */
  async open(address: string, width: number, scheme: "light" | "dark"): Promise<Page> {
    const url = /^https?:/.test(address) ? address : `file://${address}`;
    const { origin } = new URL(url);
    const { targetId } = await this.#send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = (await this.#send("Target.attachToTarget", { targetId, flatten: true })) as {
      sessionId: string;
    };
    const said: string[] = [];
    const followers = new Map<string, (params: Record<string, unknown>) => void>();
    let loaded = (): void => {};
    const ready = new Promise<void>((done) => (loaded = done));
    this.#listeners.set(sessionId, ({ method, params = {} }) => {
      followers.get(method ?? "")?.(params);
      if (method === "Page.loadEventFired") loaded();
      if (method === "Runtime.consoleAPICalled" || method === "Runtime.exceptionThrown" || method === "Log.entryAdded")
        said.push(JSON.stringify(params));
      const { url: asked = "" } = (params["request"] ?? {}) as { url?: string };
      if (method === "Network.requestWillBeSent" && !isOwn(origin, asked)) said.push(`asked for ${asked}`);
    });
    const send = (method: string, params?: object) => this.#send(method, params, sessionId);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
    const resize = async (pixels: number): Promise<void> => {
      const size = { width: pixels, height: 900, deviceScaleFactor: 1, mobile: false };
      await send("Emulation.setDeviceMetricsOverride", size);
    };
    await resize(width);
    await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await send("Page.navigate", { url });
    await ready;
    const evaluate = async <T>(expression: string): Promise<T> => {
      const answer = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: object };
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return result.value;
    };
    await evaluate(TWO_FRAMES);
    const reload = async (): Promise<void> => void (await send("Page.reload"));
    const close = async (): Promise<void> => void (await send("Page.close"));
    const follow: Page["follow"] = (method, listener) => void followers.set(method, listener);
    return { send, evaluate, said, resize, reload, close, follow };
  }

  /** The process that draws and computes the one page that is open: of all renderers the busiest. */
  async renderer(): Promise<BrowserProcess> {
    const { processInfo } = (await this.#send("SystemInfo.getProcessInfo")) as { processInfo: BrowserProcess[] };
    const renderers = processInfo.filter(({ type }) => type === "renderer");
    return renderers.reduce((most, each) => (each.cpuTime > most.cpuTime ? each : most));
  }

  /** The whole page as PNG. */
  async picture(page: BrowserPage): Promise<Uint8Array> {
    const { data } = await (page as Page).send("Page.captureScreenshot", {
      captureBeyondViewport: true,
      clip: await this.#sizeOf(page),
    });
    return Buffer.from(data as string, "base64");
  }

  async #sizeOf(page: BrowserPage): Promise<object> {
    const size = await page.evaluate<object>(
      "({ x: 0, y: 0, scale: 1, width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })",
    );
    return size;
  }

  async close(): Promise<void> {
    this.#process.kill();
    await this.#closed;
    await removeProfile(this.#profile);
  }
}
