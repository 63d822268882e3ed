/** A server on the loopback interface with the built package below /cloze/, an empty page at /, and files of a test. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { root } from "./shared.js";

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** The package by its names, as a page has them without a bundler. */
const IMPORTS = {
  cloze: "/cloze/index.js",
  "cloze/hub": "/cloze/hub-web.js",
  "cloze/web": "/cloze/web.js",
  "cloze/worker": "/cloze/worker.js",
};

/** An icon is named because a browser asks for one otherwise, and says on the console that there is none. */
const page = (head = ""): string =>
  `<!doctype html><title>cloze</title><link rel="icon" href="data:,">${head}<input type="file" webkitdirectory>`;

const WITH_NAMES = page(`<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`);

export interface PageServer {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * @param files by path: "model/config.json", "program.js"
 * @param policy the content security policy of a page at /strict, which has no import map
 */
export async function pageServer(files: ReadonlyMap<string, Uint8Array | string>, policy = ""): Promise<PageServer> {
  const dist = join(root, "dist");
  if (!existsSync(join(dist, "library.js"))) throw new Error("the package is not built: node scripts/build.mjs");
  const contentOf = (path: string): Uint8Array | string | undefined => {
    if (path === "/") return WITH_NAMES;
    if (path === "/strict") return page();
    if (!path.startsWith("/cloze/")) return files.get(path.slice(1));
    const file = join(dist, normalize(path.slice("/cloze/".length)));
    return file.startsWith(dist) && existsSync(file) ? readFileSync(file) : undefined;
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "", "http://localhost").pathname;
    const content = contentOf(path);
    if (content === undefined) return void response.writeHead(404).end();
    const type = TYPES[extname(path) || ".html"] ?? "application/octet-stream";
    response.writeHead(200, {
      "content-type": type,
      ...(path === "/strict" && policy !== "" && { "content-security-policy": policy }),
    });
    response.end(content);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
