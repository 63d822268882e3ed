/** A headless Firefox, spoken to in WebDriver BiDi, the protocol that it serves itself: no package is needed. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserPage, isOwn, type PageBrowser, programOf, removeProfile, TWO_FRAMES } from "./page.js";

/** Where Firefox is, or null. */
export function firefox(why: string): string | null {
  if (typeof WebSocket === "undefined") {
    console.log(`skipped: ${why} (needs a WebSocket: Node 22, or Node 20 with --experimental-websocket)`);
    return null;
  }
  return programOf("Firefox", "CLOZE_FIREFOX", ["firefox-esr", "firefox"], why);
}

/** Nothing is asked of the network by Firefox itself. */
const PREFERENCES = {
  "app.update.disabledForTesting": true,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly message?: string;
};

interface Waiting {
  done(value: Record<string, unknown>): void;
  failed(error: Error): void;
}

/** What a page says to the console, as far as it is a fault, and the addresses that it asks for. */
function saidIn({ method, params = {} }: Message, origin: string): string | undefined {
  if (method === "log.entryAdded") return JSON.stringify(params);
  const { url = "" } = (params["request"] ?? {}) as { url?: string };
  return method === "network.beforeRequestSent" && !isOwn(origin, url) ? `asked for ${url}` : undefined;
}

export class Firefox implements PageBrowser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, (message: Message) => void>();
  readonly #contexts = new WeakMap<BrowserPage, string>();
  #next = 1;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = child;
    this.#profile = profile;
    this.#socket = socket;
    this.#closed = new Promise((done) => {
      child.on("close", (status) => {
        for (const { failed } of this.#waiting.values()) failed(new Error(`Firefox ended with status ${status}`));
        done();
      });
    });
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data as string) as Message));
  }

  static async start(program: string): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), "cloze-firefox-"));
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
    writeFileSync(join(profile, "user.js"), lines.join(""));
    const words = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"];
    const child = spawn(program, words, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: profile, MOZ_HEADLESS: "1" },
    });
    const address = await new Promise<string>((done, failed) => {
      let text = "";
      child.stderr.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        const found = /BiDi listening on (ws:\S+)/.exec(text)?.[1];
        if (found !== undefined) done(found);
      });
      child.on("close", () => failed(new Error(`Firefox ended: ${text}`)));
    });
    const socket = new WebSocket(`${address}/session`);
    await new Promise((done, failed) => {
      socket.addEventListener("open", done);
      socket.addEventListener("error", () => failed(new Error(`no connection to ${address}`)));
    });
    const browser = new Firefox(child, profile, socket);
    await browser.#send("session.new", { capabilities: {} });
    await browser.#send("session.subscribe", { events: ["log.entryAdded", "network.beforeRequestSent"] });
    return browser;
  }

  #receive(message: Message): void {
    if (message.id === undefined || message.id === null) {
      const { context, source } = (message.params ?? {}) as { context?: string; source?: { context?: string } };
      this.#listeners.get(context ?? source?.context ?? "")?.(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.result) waiting?.done(message.result);
    else waiting?.failed(new Error(message.message));
  }

  #send(method: string, params: object): Promise<Record<string, unknown>> {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((done, failed) => this.#waiting.set(id, { done, failed }));
  }

  async open(address: string, width: number, scheme: "light" | "dark"): Promise<BrowserPage> {
    if (scheme !== "light") throw new Error("Firefox is opened in light; the page has a choice of its own");
    const { origin } = new URL(address);
    const { context } = (await this.#send("browsingContext.create", { type: "tab" })) as { context: string };
    const said: string[] = [];
    this.#listeners.set(context, (message) => {
      const entry = saidIn(message, origin);
      if (entry !== undefined) said.push(entry);
    });
    const page: BrowserPage = {
      said,
      evaluate: (expression) => this.#evaluate(context, expression),
      resize: async (pixels) => {
        const viewport = { width: pixels, height: 900 };
        await this.#send("browsingContext.setViewport", { context, viewport });
      },
      reload: async () => void (await this.#send("browsingContext.reload", { context, wait: "complete" })),
      close: async () => void (await this.#send("browsingContext.close", { context })),
    };
    this.#contexts.set(page, context);
    await page.resize(width);
    await this.#send("browsingContext.navigate", { context, url: address, wait: "complete" });
    await page.evaluate(TWO_FRAMES);
    return page;
  }

  /** The value crosses as JSON, as Chromium's does. */
  async #evaluate<T>(context: string, expression: string): Promise<T> {
    const whole = `(async () => JSON.stringify([await (0, eval)(${JSON.stringify(expression)})]))()`;
    const target = { context };
    const answer = await this.#send("script.evaluate", { expression: whole, target, awaitPromise: true });
    const { result, exceptionDetails } = answer as { result?: { value: string }; exceptionDetails?: { text: string } };
    if (!result) throw new Error(exceptionDetails?.text);
    return (JSON.parse(result.value) as [T])[0];
  }

  async picture(page: BrowserPage): Promise<Uint8Array> {
    const context = this.#contexts.get(page);
    const { data } = await this.#send("browsingContext.captureScreenshot", { context, origin: "document" });
    return Buffer.from(data as string, "base64");
  }

  async close(): Promise<void> {
    this.#socket.close();
    this.#process.kill();
    await this.#closed;
    await removeProfile(this.#profile);
  }
}
