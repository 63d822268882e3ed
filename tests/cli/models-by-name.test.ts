/** Commands take a model by its name: downloaded through a mirror, checked, kept, and used again offline. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hubModel, UNNEEDED } from "../helpers/hub-model.js";
import { COMMIT, loopbackHub, sha256 } from "../helpers/loopback-hub.js";
import { near } from "../helpers/near.js";
import {
  BOUND,
  type ReferenceCall,
  type ReferenceModel,
  reference,
  referenceFiles,
} from "../helpers/reference-folder.js";
import { root } from "../helpers/shared.js";

const test = suite("models by name");
const files = await hubModel();
const server = await loopbackHub(files);
const place = mkdtempSync(join(tmpdir(), "cloze-names-"));
test.before.each(() => server.reset());
test.after(async () => {
  rmSync(place, { recursive: true, force: true });
  await server.close();
});

const { name } = server;
const needed = [...files.keys()].filter((file) => !UNNEEDED.includes(file)).sort();

/** Run a command; the server of this process must be able to answer meanwhile. */
function cloze(words: readonly string[], { input = "", ...more }: Record<string, string> = {}) {
  const env = { ...process.env, HF_HOME: join(place, "home"), HF_ENDPOINT: server.endpoint, ...more };
  const running = spawn(process.execPath, [join(root, "dist/cli.js"), ...words], { cwd: place, env });
  let [stdout, stderr] = ["", ""];
  running.stdout.on("data", (text) => (stdout += text));
  running.stderr.on("data", (text) => (stderr += text));
  running.stdin.end(input);
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((done) =>
    running.on("close", (status) => done({ status, stdout, stderr })),
  );
}

const embed = ["embed", "--model", name, "--text", "--json"];
let first = "";

test("embed downloads the model that it names, and runs again offline with the same vectors", async () => {
  const online = await cloze(embed, { input: "the cat\n" });
  assert.is(online.status, 0, online.stderr);
  first = online.stdout;
  assert.is((JSON.parse(first) as { embedding: number[] }).embedding.length, 96);
  server.received.length = 0;
  const offline = await cloze(embed, { input: "the cat\n", HF_HUB_OFFLINE: "1" });
  assert.is(offline.stdout, first);
  assert.is(server.received.length, 0);
});

test("an unreachable hub is reported, and the cached model is used", async () => {
  const { status, stdout, stderr } = await cloze(embed, { input: "the cat\n", HF_ENDPOINT: "http://127.0.0.1:1" });
  assert.is(status, 0, stderr);
  assert.is(stdout, first);
  assert.match(stderr, /127\.0\.0\.1:1 cannot be reached.*organization\/tiny is used as it is in the cache/);
});

test("a name that is no folder, of a hub that cannot be reached, is a wrong argument", async () => {
  const one = ["embed", "--model", "no-such-model", "--text"];
  const { status, stderr } = await cloze(one, { input: "the cat\n", HF_ENDPOINT: "http://127.0.0.1:1" });
  assert.is(status, 2);
  assert.match(
    stderr,
    /no-such-model: .*127\.0\.0\.1:1 cannot be reached.*not in the cache.*There is no folder .*no-such-model/,
  );
});

test("download lists the files with their hashes, and --out writes them as a folder", async () => {
  const { status, stdout, stderr } = await cloze(["download", name, "--out", "copy", "--json"]);
  assert.is(status, 0, stderr);
  assert.equal(JSON.parse(stdout), {
    name,
    revision: COMMIT,
    path: "copy",
    files: needed.map((file) => ({ name: file, size: files.get(file)!.length, sha256: sha256(files.get(file)!) })),
  });
  for (const file of needed) assert.equal(readFileSync(join(place, "copy", file)), Buffer.from(files.get(file)!));
  const copied = await cloze(["embed", "--model", "copy", "--text", "--json"], { input: "the cat\n" });
  assert.is(copied.stdout, first);
});

test("a folder that exists comes before a name, and a path is never a name", async () => {
  mkdirSync(join(place, name), { recursive: true });
  const local = await cloze(embed, { input: "the cat\n" });
  assert.is(local.status, 2);
  assert.match(local.stderr, /config\.json is missing/);
  assert.is(server.received.length, 0);
  rmSync(join(place, "organization"), { recursive: true });
  writeFileSync(join(place, "file"), "");
  mkdirSync(join(place, "node_modules/small"), { recursive: true });
  writeFileSync(join(place, "node_modules/small/config.json"), "{}");
  const cases: [string, RegExp][] = [
    ["./organization/tiny", /the folder .*organization\/tiny does not exist/],
    ["file", /file is a file; a model is a folder/],
    ["a/b/c", /"a\/b\/c" is neither a folder that exists nor the name of a model/],
    ["..", /config\.json is missing/],
    ["C:\\models", /the folder .* does not exist/],
    ["small", /There is no folder .*small either; the installed package is node_modules\/small/],
    ["nobody/nothing", /nobody\/nothing is not there.*answers 404.*There is no folder .*nobody\/nothing either/],
  ];
  for (const [text, message] of cases) {
    const { status, stderr } = await cloze(["embed", "--model", text, "--text"], { input: "a\n" });
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
  }
});

test("inspect and tokenize take names; a tokenizer brings no weights", async () => {
  const home = join(place, "second");
  const tokenized = await cloze(["tokenize", "--tokenizer", name, "--text", "--json"], {
    input: "the cat\n",
    HF_HOME: home,
  });
  assert.is(tokenized.status, 0, tokenized.stderr);
  assert.not.ok(
    existsSync(join(home, "hub/models--organization--tiny/blobs", sha256(files.get("model.safetensors")!))),
  );
  const inspected = await cloze(["inspect", name, "--json"], { HF_HOME: home });
  assert.is((JSON.parse(inspected.stdout) as { family: string }).family, "bert", inspected.stderr);
});

test("predict downloads a classifier, gives the scores of transformers, and runs again offline", async () => {
  type Call = ReferenceCall<readonly { readonly label: string; readonly score: number }[]>;
  const { single } = reference<{ single: ReferenceModel & { calls: Call[] } }>("text-classification");
  const { input, result } = single.calls[0]!;
  const hub = await loopbackHub(new Map(referenceFiles(single)), "organization/classifier");
  const home = { HF_HOME: join(place, "fourth"), HF_ENDPOINT: hub.endpoint };
  const predict = (more: Record<string, string>) =>
    cloze(["predict", "--model", hub.name, "--text", "--json"], { input: `${input[0]}\n`, ...home, ...more });
  try {
    const online = await predict({});
    assert.is(online.status, 0, online.stderr);
    const { label, scores } = JSON.parse(online.stdout) as { label: string; scores: Record<string, number> };
    assert.is(label, result[0]!.label);
    for (const one of result) near([scores[one.label]!], [one.score], BOUND);
    hub.received.length = 0;
    assert.equal(await predict({ HF_HUB_OFFLINE: "1" }), online);
    assert.is(hub.received.length, 0);
  } finally {
    await hub.close();
  }
});

test("a transfer that fails is a failure of the run; a name that cannot be had is the caller's", async () => {
  const home = join(place, "third");
  server.faults.listedHash = "0".repeat(64);
  const failed = await cloze(["download", name], { HF_HOME: home });
  assert.is(failed.status, 1);
  assert.match(failed.stderr, /^cloze: .*(hash)/);
  const offline = await cloze(["download", name], { HF_HOME: home, HF_HUB_OFFLINE: "1" });
  assert.is(offline.status, 2);
  assert.match(offline.stderr, /is not in the cache .*the network is not to be used \(HF_HUB_OFFLINE\)/);
  server.reset();
  const unknown = await cloze(["download", name, "--revision", "v2"], { HF_HOME: home });
  assert.is(unknown.status, 2);
  assert.match(unknown.stderr, /organization\/tiny at revision v2 is not there/);
});

test.run();
