/** Models where there is no disk: below a URL, in folders and stores of a browser, and published ones in memory. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ModelFileError, memoryFiles } from "../../sdk/io/files/files.js";
import { DownloadError, HubError } from "../../sdk/io/hub/errors.js";
import type { HubOptions } from "../../sdk/io/hub/options.js";
import { directoryFiles, selectedFiles } from "../../sdk/io/web/browser-files.js";
import { modelFiles } from "../../sdk/io/web/locate.js";
import { webFolder } from "../../sdk/io/web/web-folder.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { hubModel, UNNEEDED } from "../helpers/hub-model.js";
import { COMMIT, loopbackHub, sha256 } from "../helpers/loopback-hub.js";
import { rejects } from "../helpers/refused.js";

const test = suite("models on the web");
const files = await hubModel();
const hub = await loopbackHub(files);
const weights = files.get("model.safetensors")!;

/** The plain server's treatment of each file: by default it sends the file, with ranges. */
let behave: { page?: boolean; status?: number; noRanges?: boolean; cut?: boolean; length?: boolean } = {};
const asked: string[] = [];
const server: Server = createServer((request, response) => {
  const name = (request.url ?? "").replace(/^\/models\//, "").replace(/\?.*$/, "");
  asked.push(`${name}${request.headers.range ? ` ${request.headers.range}` : ""}`);
  const bytes = files.get(name);
  if (behave.status !== undefined) return void response.writeHead(behave.status).end();
  if (!bytes && behave.page) return void response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
  if (!bytes) return void response.writeHead(404).end();
  const [, from = "0"] = /^bytes=(\d+)-$/.exec(behave.noRanges ? "" : (request.headers.range ?? "")) ?? [];
  const body = bytes.subarray(Number(from));
  const headers = behave.length === false ? {} : { "content-length": body.length };
  response.writeHead(from === "0" ? 200 : 206, headers);
  if (!behave.cut) return void response.end(body);
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
});
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models`;

test.before.each(() => {
  behave = {};
  asked.length = 0;
  hub.reset();
});
test.after(async () => {
  await hub.close();
  server.closeAllConnections();
  server.close();
});

const expected = await (async () => {
  using embed = await featureExtraction(memoryFiles(files));
  return embed("the cat");
})();

test("a model behind a URL is read as it arrives, with and without a length", async () => {
  for (const length of [true, false]) {
    behave = { length };
    using embed = await featureExtraction(webFolder(base));
    assert.equal(embed("the cat"), expected);
  }
  using named = await featureExtraction(modelFiles(`${base}/`));
  assert.equal(named("the cat"), expected);
  assert.is(asked.filter((name) => name.startsWith("model.safetensors")).length, 3, "each time in one answer");
});

test("parts may be read in any order, from servers with and without ranges", async () => {
  for (const noRanges of [false, true]) {
    behave = { noRanges };
    const file = (await webFolder(base).open!("model.safetensors"))!;
    assert.is(file.size, weights.length);
    for (const [begin, end] of [
      [70_000, 70_100],
      [10, 200_000],
      [200_000, 200_001],
      [0, 8],
      [weights.length - 3, weights.length + 9],
    ] as const)
      assert.equal(Buffer.from(await file.slice(begin, end)), Buffer.from(weights.subarray(begin, end)), `${begin}`);
    await file.close!();
  }
});

test("a missing file is one that is not there, also where a server answers every path with its page", async () => {
  for (const page of [false, true]) {
    behave = { page };
    assert.is(await webFolder(base).read("no.json"), undefined);
    assert.is(await webFolder(base).open!("no.safetensors"), undefined);
  }
});

test("other status codes, a cut connection and names that lead outside the folder are named errors", async () => {
  behave = { status: 500 };
  await rejects(
    webFolder(base).read("config.json"),
    ModelFileError,
    /config\.json cannot be fetched: the server answers 500/,
  );
  behave = { cut: true };
  await rejects(
    webFolder(base).read("model.safetensors"),
    ModelFileError,
    /model\.safetensors(: the transfer was cut| cannot be fetched)/,
  );
  await rejects(featureExtraction(webFolder(base)), ModelFileError, /the transfer was cut|cannot be fetched/);
  for (const name of ["../secret", "/etc/passwd", "a\0b", "https://elsewhere/x", "..%2fx"])
    await rejects(webFolder(base).read(name), ModelFileError, /the file name .* is refused/);
  await rejects(webFolder("http://127.0.0.1:1/").read("config.json"), ModelFileError, /cannot be fetched/);
  assert.throws(() => webFolder("not a url"), /base must be the URL of a folder/);
});

/** Files as an `<input webkitdirectory>` gives them. */
const chosen = (): File[] =>
  Array.from(files, ([name, bytes]) =>
    Object.defineProperty(new File([bytes as Uint8Array<ArrayBuffer>], name.split("/").at(-1)!), "webkitRelativePath", {
      value: `my-model/${name}`,
    }),
  );

test("a folder that a user chose is a model", async () => {
  using embed = await featureExtraction(selectedFiles(chosen()));
  assert.equal(embed("the cat"), expected);
  assert.is(await selectedFiles(chosen()).read("no.json"), undefined);
  await rejects(selectedFiles(chosen()).read("../x"), ModelFileError, /is refused/);
});

/** A folder of the File System Access API, in memory. */
function directory(): FileSystemDirectoryHandle {
  const entries = new Map<string, Uint8Array | FileSystemDirectoryHandle>();
  const missing = (): never => {
    throw new DOMException("not found", "NotFoundError");
  };
  return {
    async getDirectoryHandle(name: string, { create = false } = {}) {
      if (!entries.has(name) && create) entries.set(name, directory());
      return (entries.get(name) as FileSystemDirectoryHandle) ?? missing();
    },
    async getFileHandle(name: string, { create = false } = {}) {
      if (!entries.has(name) && !create) missing();
      return {
        getFile: async () => new File([entries.get(name) as Uint8Array<ArrayBuffer>], name),
        async createWritable() {
          let bytes = new Uint8Array(0);
          return {
            write: async (more: Uint8Array<ArrayBuffer>) => void (bytes = more),
            close: async () => void entries.set(name, bytes),
            abort: async () => {},
          };
        },
      };
    },
  } as unknown as FileSystemDirectoryHandle;
}

test("a folder of the File System Access API, or OPFS, is written, read and a model", async () => {
  const store = directoryFiles(directory());
  for (const [name, bytes] of files) await store.write(name, bytes);
  using embed = await featureExtraction(store);
  assert.equal(embed("the cat"), expected);
  assert.is(await store.read("1_Pooling/no.json"), undefined);
  assert.is(await store.read("nowhere/config.json"), undefined);
  await rejects(store.write("../x", weights), ModelFileError, /is refused/);
  assert.throws(() => directoryFiles({} as never), /directory must be the handle of a folder/);
});

const named = (options: HubOptions = {}) =>
  modelFiles(hub.name, { endpoint: hub.endpoint, token: false, retryDelay: 1, ...options });

test("a published model is checked in memory, kept in files, and used again offline", async () => {
  const cache = memoryFiles();
  Object.assign(hub.faults, { cutAfter: 65536, hideRange: true });
  using embed = await featureExtraction(named({ cache }));
  assert.equal(embed("the cat"), expected);
  assert.ok([...cache.files.keys()].every((name) => name.startsWith("models--organization--tiny/")));
  assert.is(sha256(cache.files.get(`models--organization--tiny/${COMMIT}/model.safetensors`)!), sha256(weights));
  for (const name of UNNEEDED) assert.not.ok(cache.files.has(`models--organization--tiny/${COMMIT}/${name}`));
  hub.received.length = 0;
  using again = await featureExtraction(named({ cache, offline: true }));
  assert.equal(again("the cat"), expected);
  assert.is(hub.received.length, 0);
  hub.faults.status = 503;
  using unreachable = await featureExtraction(named({ cache }));
  assert.equal(unreachable("the cat"), expected);
  hub.reset();
  await cache.write(`models--organization--tiny/${COMMIT}/model.safetensors`, new Uint8Array(weights.length));
  using mended = await featureExtraction(named({ cache, verify: true }));
  assert.equal(mended("the cat"), expected);
});

test("damaged downloads are refused there as well, and never stored", async () => {
  const cache = memoryFiles();
  for (const [faults, message] of [
    [{ listedHash: "0".repeat(64) }, /hash/],
    [{ listedSize: (size: number) => size - 1 }, /more bytes arrive/],
    [{ more: 9 }, /more bytes arrive/],
    [{ body: Buffer.from("<html>"), type: "text/html" }, /web page/],
  ] as const) {
    hub.reset();
    Object.assign(hub.faults, faults);
    await rejects(named({ cache }).read("model.safetensors"), DownloadError, message);
  }
  assert.ok([...cache.files.keys()].every((name) => name.includes("/refs/")));
  hub.reset();
  await rejects(
    named({ cache: memoryFiles(), offline: true }).read("config.json"),
    HubError,
    /network is not to be used/,
  );
  await rejects(
    named({ cache: "/a/path" }).read("config.json"),
    HubError,
    /a path can be the cache in Node, Deno and Bun alone/,
  );
  assert.is(await named().read("no-such-file.json"), undefined);
});

test.run();
