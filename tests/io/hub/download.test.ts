/** Downloads into the cache from a hub that misbehaves: a file is there whole and checked, or an error says why not. */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { downloadModel } from "../../../sdk/io/hub/cache/download.js";
import { DownloadError, HubError } from "../../../sdk/io/hub/errors.js";
import type { DownloadProgress, HubOptions } from "../../../sdk/io/hub/options.js";
import { inNewFolder } from "../../helpers/folder.js";
import { modelIn, partsIn, visibleFiles } from "../../helpers/hub-cache.js";
import { hubModel, UNNEEDED } from "../../helpers/hub-model.js";
import { COMMIT, type Faults, loopbackHub, sha256 } from "../../helpers/loopback-hub.js";
import { rejects } from "../../helpers/refused.js";

const test = suite("downloads");
const files = await hubModel();
const server = await loopbackHub(files);
test.after(() => server.close());
test.before.each(() => server.reset());

const { endpoint, name } = server;
const weights = files.get("model.safetensors")!;
const needed = [...files.keys()].filter((file) => !UNNEEDED.includes(file)).sort();

const download = (cache: string, options: HubOptions = {}) =>
  downloadModel(name, { endpoint, cache, token: false, retryDelay: 1, ...options });

const visible = (cache: string): number => visibleFiles(cache, files);

test("a model is downloaded with the files that it needs, in Python's layout, and without the network afterwards", () =>
  inNewFolder(async (cache) => {
    const steps: DownloadProgress[] = [];
    const { path, revision, files: names } = await download(cache, { onProgress: (step) => steps.push(step) });
    assert.equal([...names].sort(), needed);
    assert.is(visible(cache), needed.length);
    assert.is(revision, COMMIT);
    assert.is(path, join(cache, "models--organization--tiny/snapshots", COMMIT));
    assert.is(readFileSync(join(cache, "models--organization--tiny/refs/main"), "utf8"), COMMIT);
    assert.is(lstatSync(join(path, "model.safetensors")).isSymbolicLink(), true);
    assert.equal(partsIn(cache), []);
    const total = needed.reduce((sum, file) => sum + files.get(file)!.length, 0);
    assert.is(steps.at(-1)!.loaded, total);
    assert.ok(steps.every(({ loaded, size }) => loaded <= size && size === total));

    server.received.length = 0;
    const again = await download(cache, { offline: true });
    assert.is(again.path, path);
    assert.equal((await download(cache, { revision: COMMIT })).path, path);
    assert.is(server.received.length, 0, "a commit that is in the cache needs no request");
  }));

test("a connection that is cut at every 64 kB is resumed where it was cut", () =>
  inNewFolder(async (cache) => {
    server.faults.cutAfter = 65536;
    await download(cache);
    assert.is(visible(cache), needed.length);
    const ranges = server.received.filter(({ range }) => range !== undefined).map(({ range }) => range);
    const cuts = [...files]
      .filter(([file]) => needed.includes(file))
      .map(([, { length }]) => Math.ceil(length / 65536) - 1);
    assert.is(new Set(ranges).size >= 5, true, `${ranges}`);
    // Large files are redirected: the hub and the other server each receive the range.
    assert.is(ranges.length, 2 * cuts.reduce((sum, count) => sum + count, 0));
  }));

/** The error for a misbehaving hub, after which nothing is visible. */
const FAULTS: [string, Faults, RegExp][] = [
  [
    "a size that is listed too small",
    { listedSize: (size) => size - 1 },
    /more bytes arrive than the \d+ that the hub lists/,
  ],
  ["a size that is listed too large", { listedSize: (size) => size + 1 }, /server has fewer than|answers "bytes/],
  ["a length that is not the listed size", { announced: 10 }, /lists \d+ bytes, the server announces 10/],
  ["bytes behind the file", { more: 100 }, /more bytes arrive than the \d+/],
  [
    "other bytes of the same size",
    { listedHash: "0".repeat(64) },
    /do not have the hash that the hub lists|the hash of/,
  ],
  [
    "a web page",
    { body: Buffer.from("<html>login</html>"), type: "text/html; charset=utf-8" },
    /a web page instead of the file/,
  ],
  [
    "a page that says it is a file",
    { body: Buffer.from("<html>login</html>") },
    /lists \d+ bytes, the server announces 18/,
  ],
  ["ten megabytes of zeros, compressed", { compressed: gzipSync(Buffer.alloc(10_000_000)) }, /more bytes arrive than/],
  ["a redirect to a file", { redirect: "file:///etc/passwd" }, /redirects to "file:.*refused/],
  ["redirects without end", { redirect: "/organization/tiny/resolve/main/model.safetensors" }, /more than 5 redirects/],
  ["a listing that is none", { listing: "<html>" }, /answers no list of a model's files/],
  ["a commit that is none", { listing: '{"sha": "../../x", "siblings": []}' }, /sha is "\.\.\/\.\.\/x"/],
  [
    "a negative size",
    { listing: `{"sha":"${COMMIT}","siblings":[{"rfilename":"config.json","size":-1}]}` },
    /size of .* is -1/,
  ],
];
for (const [what, faults, message] of FAULTS)
  test(`${what} is refused, and nothing is visible`, () =>
    inNewFolder(async (cache) => {
      Object.assign(server.faults, faults);
      await rejects(download(cache), DownloadError, message);
      assert.is(visible(cache), 0);
      server.reset();
      await download(cache);
      assert.is(visible(cache), needed.length, "the next download succeeds");
    }));

for (const bad of [
  "../config.json",
  "1_Pooling/../../config.json",
  "/etc/config.json",
  "C:/config.json",
  "a\0/config.json",
  "CON/config.json",
])
  test(`a file named ${JSON.stringify(bad)} is never written`, () =>
    inNewFolder(async (cache) => {
      const siblings = [...files].map(([rfilename, bytes]) => ({ rfilename, size: bytes.length }));
      const listing = { sha: COMMIT, siblings: [...siblings, { rfilename: bad, size: 3 }] };
      server.faults.listing = JSON.stringify(listing);
      // Names that match no file that a model needs are left alone.
      const outcome = await download(join(cache, "inner")).then(
        () => "downloaded",
        (error: Error) => error.name,
      );
      assert.ok(["downloaded", "ModelFileError", "HubError"].includes(outcome), outcome);
      assert.equal(readdirSync(cache), existsSync(join(cache, "inner")) ? ["inner"] : []);
      for (const file of readdirSync(cache, { recursive: true, encoding: "utf8" })) assert.not.match(file, /CON|\.\./);
    }));

test("an index that names files outside the model is refused", () =>
  inNewFolder(async (cache) => {
    const index = Buffer.from(JSON.stringify({ weight_map: { a: "../../evil.safetensors" } }));
    const shards = new Map([
      ["config.json", files.get("config.json")!],
      ["model.safetensors.index.json", index],
      ["../../evil.safetensors", weights],
    ]);
    const other = await loopbackHub(shards);
    const attempt = downloadModel(name, { endpoint: other.endpoint, cache: join(cache, "a/b/c"), token: false });
    await rejects(attempt, Error, /evil\.safetensors/);
    await other.close();
    assert.not.ok(existsSync(join(cache, "a/evil.safetensors")));
  }));

test("the token goes to the hub and to no other host", () =>
  inNewFolder(async (cache) => {
    await download(cache, { token: "hf_secret" });
    const [hub, store] = [endpoint, server.store].map((url) =>
      server.received.filter(({ host }) => url.endsWith(host)),
    );
    assert.ok(hub!.length > 5 && hub!.every(({ token }) => token === "Bearer hf_secret"));
    assert.ok(store!.length >= 1 && store!.every(({ token }) => token === undefined));
  }));

const REFUSALS: [Faults, RegExp][] = [
  [
    { status: 401, code: "RepoNotFound" },
    /organization\/tiny is not there.*answers 401.*set HF_TOKEN if it is private/,
  ],
  [{ status: 403, code: "GatedRepo" }, /is gated: accept its terms/],
  [{ status: 404 }, /is not there.*answers 404; is the name right/],
];
for (const [faults, message] of REFUSALS)
  test(`status ${faults.status} ${faults.code ?? ""} is the caller's error`, () =>
    inNewFolder(async (cache) => {
      Object.assign(server.faults, faults);
      await rejects(download(cache), HubError, message);
    }));

test("a revision that does not exist, and names and revisions that are none, are refused", () =>
  inNewFolder(async (cache) => {
    await rejects(download(cache, { revision: "v9" }), HubError, /at revision v9 is not there/);
    for (const revision of ["../main", "a//b", "", "refs/../../x", "a b", "x\0"])
      await rejects(download(cache, { revision }), HubError, /is not a revision/);
    for (const bad of [
      "../x",
      "a/b/c",
      "/etc/passwd",
      "C:\\x",
      "a\0b",
      "a--b",
      "x.git",
      "-a",
      "a..b",
      "",
      "é/x",
      "a/.",
    ])
      await rejects(downloadModel(bad, { endpoint, cache }), HubError, /not the name of a model/);
    assert.is(server.received.length, 1, "only the revision that could exist was asked for");
    assert.equal(readdirSync(cache), []);
  }));

test("a hub that is busy is asked again; one that stays so gives an error, or the cached model with the reason", () =>
  inNewFolder(async (cache) => {
    server.faults.busy = 2;
    await download(cache);
    assert.is(visible(cache), needed.length);
    server.faults.status = 503;
    const { path, unreachable } = await download(cache);
    assert.ok(existsSync(join(path, "config.json")));
    assert.match(unreachable ?? "", /answers 503/);
    server.reset();
    assert.is((await download(cache)).unreachable, null);
  }));

test("a download that is stopped keeps its bytes, and the next one continues there", () =>
  inNewFolder(async (cache) => {
    server.faults.slow = 20;
    const control = new AbortController();
    const onProgress = ({ file, fileLoaded }: DownloadProgress) => {
      if (file === "model.safetensors" && fileLoaded > 100_000) control.abort(new Error("enough"));
    };
    await rejects(download(cache, { signal: control.signal, onProgress }), Error, /^enough$/);
    assert.is(visible(cache), 0);
    // On a busy machine a small file may have been cut as well.
    assert.is(partsIn(cache).filter((part) => part.includes(sha256(weights))).length, 1);
    server.reset();
    await download(cache);
    assert.is(visible(cache), needed.length);
    const ranges = server.received.filter(({ range }) => range !== undefined);
    assert.ok(ranges.length === 2 && Number(ranges[0]!.range!.slice(6, -1)) > 100_000, JSON.stringify(ranges));
    assert.equal(partsIn(cache), []);
  }));

test("leftovers of an earlier run do no harm if they are damaged, or longer than the file", () =>
  inNewFolder(async (cache) => {
    const blobs = join(modelIn(cache), "blobs");
    // A process of that number cannot exist.
    const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 6);
    const owner = `${host}-4999999-0-0123456789ab`;
    for (const length of [1000, weights.length, weights.length + 5]) {
      mkdirSync(blobs, { recursive: true });
      writeFileSync(join(blobs, `${sha256(weights)}.${owner}.incomplete`), Buffer.alloc(length, 7));
      await download(cache);
      assert.is(visible(cache), needed.length);
      assert.equal(partsIn(cache), []);
      rmSync(modelIn(cache), { recursive: true });
    }
  }));

test("a damaged file of the cache is replaced when it is checked, and one of another size always", () =>
  inNewFolder(async (cache) => {
    const { path } = await download(cache);
    const blob = join(cache, "models--organization--tiny/blobs", sha256(weights));
    writeFileSync(blob, Buffer.alloc(weights.length));
    await download(cache);
    assert.is(readFileSync(join(path, "model.safetensors"))[100], 0, "files in the cache are trusted");
    await download(cache, { verify: true });
    visible(cache);
    writeFileSync(blob, "short");
    await download(cache);
    assert.is(statSync(blob).size, weights.length);
    visible(cache);
  }));

test("two downloads at once in one process give one transfer", () =>
  inNewFolder(async (cache) => {
    server.faults.slow = 20;
    const both = await Promise.all([download(cache), download(cache)]);
    assert.is(both[0].path, both[1].path);
    assert.is(visible(cache), needed.length);
    assert.is(server.received.filter(({ host }) => server.store.endsWith(host)).length, 1);
  }));

test("a mirror that lists names alone is believed by the headers of its files", () =>
  inNewFolder(async (cache) => {
    server.faults.namesAlone = true;
    await download(cache);
    assert.is(visible(cache), needed.length);
  }));

test("a hub that answers a named commit with another one is refused", () =>
  inNewFolder(async (cache) => {
    const other = COMMIT.replaceAll("0", "f");
    const siblings = [...files].map(([rfilename, bytes]) => ({ rfilename, size: bytes.length }));
    server.faults.listing = JSON.stringify({ sha: COMMIT, siblings });
    await rejects(download(cache, { revision: other }), DownloadError, new RegExp(`another commit, ${COMMIT}`));
    assert.is(visible(cache), 0);
  }));

test("the tokenizer alone is downloaded where it is all that is asked for", () =>
  inNewFolder(async (cache) => {
    const { files: names } = await download(cache, { only: "tokenizer" });
    assert.not.ok(names.includes("model.safetensors"));
    assert.ok(names.includes("tokenizer.json"));
    await rejects(
      download(cache, { offline: true }),
      HubError,
      /only a part of revision main.*network is not to be used/,
    );
    assert.ok((await download(cache, { offline: true, only: "tokenizer" })).path);
  }));

test("a model without safetensors is refused before anything large is fetched", () =>
  inNewFolder(async (cache) => {
    const other = await loopbackHub(
      new Map([
        ["config.json", files.get("config.json")!],
        ["pytorch_model.bin", weights],
      ]),
    );
    await rejects(
      downloadModel(name, { endpoint: other.endpoint, cache, token: false }),
      HubError,
      /organization\/tiny: it has no model\.safetensors; pytorch_model\.bin cannot be read/,
    );
    assert.is(other.received.length, 1);
    await other.close();
  }));

test.run();
