/** Models in Chromium: by name through a mirror into its Cache API or OPFS, and a folder that a user chooses. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { memoryFiles } from "../../sdk/io/files/files.js";
import { featureExtraction } from "../../sdk/pipelines/feature-extraction.js";
import { Browser, chromium } from "../helpers/chromium.js";
import { inNewFolder } from "../helpers/folder.js";
import { hubModel, UNNEEDED } from "../helpers/hub-model.js";
import { COMMIT, loopbackHub } from "../helpers/loopback-hub.js";
import { pageServer } from "../helpers/page-server.js";

const test = suite("models in a page");
const program = chromium("models in a page");

if (program !== null) {
  const files = await hubModel();
  const hub = await loopbackHub(files);
  const server = await pageServer(new Map([...files].map(([name, bytes]) => [`model/${name}`, bytes])));
  const browser = new Browser(program);
  test.after(async () => {
    await browser.close();
    await server.close();
    await hub.close();
  });
  test.before.each(() => hub.reset());

  const expected = await (async () => {
    using embed = await featureExtraction(memoryFiles(files));
    return [...embed("the cat")];
  })();

  /** What a program of a page gives; it has `vectorOf(model)` and the hub's options without a cache. */
  const inPage = async <T>(page: { evaluate<T>(expression: string): Promise<T> }, lines: string): Promise<T> =>
    page.evaluate<T>(`(async () => {
      const { featureExtraction } = await import("cloze");
      const { hub } = await import("cloze/hub");
      const { browserCache, directoryFiles, selectedFiles, webFolder } = await import("cloze/web");
      const options = { endpoint: ${JSON.stringify(hub.endpoint)}, token: false, retryDelay: 1 };
      const vectorOf = async (model) => {
        const embed = await featureExtraction(model);
        const vector = [...embed("the cat")];
        embed[Symbol.dispose]();
        return vector;
      };
      ${lines}
    })()`);

  test("a path of the page's own server is a model", async () => {
    const page = await browser.open(server.address, 1280, "light");
    assert.equal(await inPage(page, 'return vectorOf("/model");'), expected);
    assert.equal(
      page.said.filter((line) => !/status of 404/.test(line)),
      [],
    );
  });

  for (const [store, cache] of [
    ["the Cache API", "undefined"],
    [
      "OPFS",
      'directoryFiles(await (await navigator.storage.getDirectory()).getDirectoryHandle("models", { create: true }))',
    ],
  ] as const)
    test(`a named model comes through a mirror into ${store}, cut off and resumed, and is used again offline`, async () => {
      // A page loses unread data when the connection is cut: slow, so that it reads some.
      Object.assign(hub.faults, { cutAfter: 65536, hideRange: true, slow: 50 });
      const page = await browser.open(server.address, 1280, "light");
      const ask = (more: string) =>
        `const cache = ${cache}; return vectorOf(hub(${JSON.stringify(hub.name)}, { ...options, ...(cache && { cache }), ${more} }));`;
      assert.equal(await inPage(page, ask("")), expected);
      for (const name of UNNEEDED)
        assert.not.ok(
          hub.received.some(({ url }) => url.includes(name)),
          name,
        );
      hub.received.length = 0;
      const later = await browser.open(server.address, 1280, "light");
      assert.equal(await inPage(later, ask("offline: true")), expected);
      assert.equal(hub.received, []);
      // Damaged files are replaced, and wrong files of the hub are not stored.
      hub.reset();
      const place = `models--organization--tiny/${COMMIT}/model.safetensors`;
      const damage = `await (${cache} ?? browserCache()).write(${JSON.stringify(place)}, new Uint8Array(8));`;
      assert.equal(await inPage(later, `${damage} ${ask("verify: true")}`), expected);
      hub.faults.listedHash = "0".repeat(64);
      const refused = await inPage(
        later,
        `${damage} return hub(${JSON.stringify(hub.name)}, { ...options, cache: ${cache} ?? browserCache(), verify: true })
          .read("model.safetensors").then(() => "nothing", ({ name, message }) => name + ": " + message);`,
      );
      assert.match(refused as string, /^DownloadError: .*hash/);
    });

  test("a folder chosen in a file input is a model", () =>
    inNewFolder(async (place) => {
      for (const [name, bytes] of files) {
        const path = join(place, "my-model", name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, bytes);
      }
      const page = await browser.open(server.address, 1280, "light");
      const { root: document } = (await page.send("DOM.getDocument")) as { root: { nodeId: number } };
      const input = await page.send("DOM.querySelector", { nodeId: document.nodeId, selector: "input" });
      await page.send("DOM.setFileInputFiles", { nodeId: input["nodeId"], files: [join(place, "my-model")] });
      const found = await inPage(
        page,
        `const { files } = document.querySelector("input");
        const model = selectedFiles(files);
        return { vector: await vectorOf(model), paths: files[0].webkitRelativePath.split("/")[0], none: (await model.read("no.json")) === undefined };`,
      );
      assert.equal(found, { vector: expected, paths: "my-model", none: true });
    }));
} else test("Chromium is not installed", () => assert.is(program, null));

test.run();
