/** A model hub on this machine that misbehaves on purpose, with a second server that large files are redirected to. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const gitSha1 = (bytes: Uint8Array): string =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** What goes wrong; nothing by default. */
export interface Faults {
  /** bytes of each response with a file after which the connection is destroyed */
  cutAfter?: number;
  /** a range is ignored: the file begins again */
  ignoreRange?: boolean;
  /** the answer does not say which range it is, as browsers hide it from pages of another origin */
  hideRange?: boolean;
  /** listed in place of the size or the hash */
  listedSize?: (size: number) => number;
  listedHash?: string;
  /** the listing has names alone, as some mirrors give it */
  namesAlone?: boolean;
  /** announced in place of the length, for each file */
  announced?: number;
  /** sent in place of the file */
  body?: Uint8Array;
  type?: string;
  /** bytes after the file */
  more?: number;
  /** compressed with gzip, unasked */
  compressed?: Uint8Array;
  /** where large files are redirected to */
  redirect?: string;
  /** an answer of this status, and a header with its code, for everything */
  status?: number;
  code?: string;
  /** a number of responses with this status before the right one */
  busy?: number;
  /** no byte is sent after the headers */
  silent?: boolean;
  /** the listing itself */
  listing?: string;
  /** milliseconds before each chunk of 64 kB */
  slow?: number;
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly token: string | undefined;
  readonly range: string | undefined;
}

const CHUNK = 65536;

/** Files of at least this many bytes are in LFS: hashed by SHA-256, and redirected to the other server. */
const LARGE = 4096;

function listen(server: Server): Promise<string> {
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

const hashOf = (bytes: Uint8Array): string => (bytes.length >= LARGE ? sha256(bytes) : gitSha1(bytes));

export class LoopbackHub {
  readonly faults: Faults = {};
  readonly received: Received[] = [];
  endpoint = "";
  /** the server that has the large files */
  store = "";
  readonly #servers: Server[] = [];

  /** @param files of the one model, which has one commit and the branch main */
  constructor(
    readonly files: ReadonlyMap<string, Uint8Array>,
    readonly name: string,
  ) {}

  async open(): Promise<this> {
    const answers = [this.#answerAsHub, this.#answerAsStore];
    this.#servers.push(
      ...answers.map((answer) =>
        createServer((request, response) => {
          const { method = "", url = "", headers } = request;
          const { host = "", authorization, range } = headers;
          this.received.push({ method, url, host, token: authorization, range });
          // As the Hugging Face hub does, for pages of any origin.
          response.setHeader("access-control-allow-origin", "*");
          response.setHeader("access-control-expose-headers", "x-repo-commit, x-linked-etag, x-linked-size, etag");
          answer.call(this, request, response);
        }),
      ),
    );
    [this.endpoint, this.store] = (await Promise.all(this.#servers.map(listen))) as [string, string];
    return this;
  }

  /** Behave well again, and forget the requests received. */
  reset(): void {
    for (const fault of Object.keys(this.faults)) delete this.faults[fault as keyof Faults];
    this.received.length = 0;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  #answerAsStore(request: IncomingMessage, response: ServerResponse): void {
    const bytes = [...this.files.values()].find((one) => request.url === `/${hashOf(one)}`);
    if (bytes) void this.#sendFile(request, response, bytes);
    else response.writeHead(404).end();
  }

  #answerAsHub(request: IncomingMessage, response: ServerResponse): void {
    const { faults, name } = this;
    const url = decodeURIComponent((request.url ?? "").split("?")[0]!);
    const refuse = (status: number, code = "") =>
      response.writeHead(status, { "x-error-code": code, "x-repo-commit": COMMIT }).end("no");
    if (faults.busy) {
      faults.busy--;
      refuse(503);
    } else if (faults.status !== undefined) refuse(faults.status, faults.code);
    else if (url.startsWith(`/api/models/${name}`)) this.#sendListing(url, response, refuse);
    else {
      const [, file = ""] = new RegExp(`^/${name}/resolve/(?:main|${COMMIT})/(.+)$`).exec(url) ?? [];
      const bytes = this.files.get(file);
      if (bytes) this.#sendOrRedirect(request, response, bytes);
      else refuse(404, url.startsWith(`/${name}/`) ? "EntryNotFound" : "RepoNotFound");
    }
  }

  #sendListing(url: string, response: ServerResponse, refuse: (status: number, code: string) => unknown): void {
    const [, kind = "", revision = COMMIT] =
      /^\/api\/models\/[^/]+\/[^/]+(?:\/(revision|tree)\/(.+))?$/.exec(url) ?? [];
    if (this.faults.listing === undefined && ![COMMIT, "main"].includes(revision)) {
      refuse(404, "RevisionNotFound");
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    const info = () =>
      this.faults.listing ?? JSON.stringify({ id: this.name, sha: COMMIT, siblings: this.#siblings() });
    response.end(kind === "tree" ? JSON.stringify(this.#tree()) : info());
  }

  #siblings(): object[] {
    const { namesAlone, listedSize, listedHash } = this.faults;
    return Array.from(this.files, ([rfilename, bytes]) => {
      if (namesAlone) return { rfilename };
      const size = listedSize?.(bytes.length) ?? bytes.length;
      if (bytes.length < LARGE) return { rfilename, size, blobId: listedHash ?? gitSha1(bytes) };
      const lfs = { sha256: listedHash ?? sha256(bytes), size, pointerSize: 130 };
      return { rfilename, size, blobId: "f".repeat(40), lfs };
    });
  }

  /** Further requests of Python. */
  #tree(): object[] {
    return Array.from(this.files, ([path, bytes]) => {
      const lfs = { oid: sha256(bytes), size: bytes.length, pointerSize: 130 };
      return { type: "file", path, size: bytes.length, oid: gitSha1(bytes), ...(bytes.length >= LARGE && { lfs }) };
    });
  }

  #sendOrRedirect(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
    response.setHeader("x-repo-commit", COMMIT);
    if (bytes.length < LARGE) {
      response.setHeader("etag", `"${gitSha1(bytes)}"`);
      void this.#sendFile(request, response, bytes);
      return;
    }
    const hash = sha256(bytes);
    response.writeHead(302, {
      location: this.faults.redirect ?? `${this.store}/${hash}`,
      "x-linked-etag": `"${hash}"`,
      "x-linked-size": bytes.length,
    });
    response.end();
  }

  async #sendFile(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): Promise<void> {
    const { faults } = this;
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    const isPart = from !== undefined && !faults.ignoreRange;
    const begin = isPart ? Number(from) : 0;
    if (isPart && begin >= bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const whole = faults.body ?? (faults.more ? new Uint8Array([...bytes, ...new Uint8Array(faults.more)]) : bytes);
    const body = faults.compressed ?? whole.subarray(begin);
    const isOpen = faults.more !== undefined || faults.listedSize !== undefined;
    response.writeHead(isPart ? 206 : 200, {
      "content-type": faults.type ?? "application/octet-stream",
      ...(!isOpen && { "content-length": faults.announced ?? body.length }),
      ...(isPart && !faults.hideRange && { "content-range": `bytes ${begin}-${bytes.length - 1}/${bytes.length}` }),
      ...(faults.compressed && { "content-encoding": "gzip" }),
    });
    if (request.method === "HEAD") response.end();
    else if (faults.silent) response.flushHeaders();
    else await this.#send(response, body);
  }

  async #send(response: ServerResponse, bytes: Uint8Array): Promise<void> {
    const { cutAfter = Number.POSITIVE_INFINITY, slow } = this.faults;
    for (let sent = 0; sent < bytes.length; ) {
      const chunk = bytes.subarray(sent, Math.min(sent + CHUNK, cutAfter));
      if (slow) await wait(slow);
      await new Promise<void>((done) => response.write(chunk, () => done()));
      sent += chunk.length;
      if (sent >= cutAfter && sent < bytes.length) {
        if (slow) await wait(slow);
        response.destroy();
        return;
      }
    }
    response.end();
  }
}

/** Start a hub; `close` it when all is done. */
export const loopbackHub = (files: ReadonlyMap<string, Uint8Array>, name = "organization/tiny"): Promise<LoopbackHub> =>
  new LoopbackHub(files, name).open();
