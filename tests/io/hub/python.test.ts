/** Python's huggingface_hub and Cloze use one cache: each sees the other's files. */
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { downloadModel } from "../../../sdk/io/hub/cache/download.js";
import { cacheFolder, connectionOf, isOffline } from "../../../sdk/io/hub/cache/settings.js";
import { HubError } from "../../../sdk/io/hub/errors.js";
import { inNewFolder } from "../../helpers/folder.js";
import { partsIn, visibleFiles } from "../../helpers/hub-cache.js";
import { hubModel, UNNEEDED } from "../../helpers/hub-model.js";
import { COMMIT, loopbackHub } from "../../helpers/loopback-hub.js";
import { rejects } from "../../helpers/refused.js";

const test = suite("the cache that Python shares");
const files = await hubModel();
const server = await loopbackHub(files);
test.after(() => server.close());
test.before.each(() => server.reset());
const { endpoint, name } = server;

/** A Python that has the library: of CLOZE_PYTHON, or the system's. */
const python = [process.env["CLOZE_PYTHON"], "python3"].find(
  (program) => program && spawnSync(program, ["-c", "import huggingface_hub"]).status === 0,
);

/** The JSON that a Python program prints. */
async function inPython(cache: string, program: string, more: Record<string, string> = {}): Promise<unknown> {
  const quiet = { HF_HUB_DISABLE_PROGRESS_BARS: "1", HF_HUB_DISABLE_TELEMETRY: "1", HF_HUB_DISABLE_XET: "1" };
  const env = { ...process.env, ...quiet, HF_HUB_CACHE: cache, HF_ENDPOINT: endpoint, ...more };
  const { stdout } = await promisify(execFile)(python!, ["-c", `import json\n${program}`], { env });
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

const SCAN = `
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
print(json.dumps({
  "warnings": [str(w) for w in info.warnings],
  "incomplete": len(getattr(info, "incomplete_files", [])),
  "repos": [[r.repo_id, r.repo_type, r.size_on_disk, [[v.commit_hash, sorted(v.refs), len(v.files)] for v in r.revisions]] for r in info.repos],
}))`;

const needed = [...files.keys()].filter((file) => !UNNEEDED.includes(file));
const bytes = needed.reduce((sum, file) => sum + files.get(file)!.length, 0);

if (python === undefined) console.log("skipped: Python reads the cache (needs huggingface_hub, or CLOZE_PYTHON)");
else {
  test("Python lists the downloaded files without complaint, and uses them offline", () =>
    inNewFolder(async (cache) => {
      await downloadModel(name, { endpoint, cache, token: false });
      assert.equal(await inPython(cache, SCAN), {
        warnings: [],
        incomplete: 0,
        repos: [[name, "model", bytes, [[COMMIT, ["main"], needed.length]]]],
      });
      const offline = { HF_HUB_OFFLINE: "1" };
      const get = `from huggingface_hub import hf_hub_download, snapshot_download
print(json.dumps([hf_hub_download("${name}", "model.safetensors"), hf_hub_download("${name}", "1_Pooling/config.json"), snapshot_download("${name}")]))`;
      const snapshot = join(cache, "models--organization--tiny/snapshots", COMMIT);
      assert.equal(await inPython(cache, get, offline), [
        join(snapshot, "model.safetensors"),
        join(snapshot, "1_Pooling/config.json"),
        snapshot,
      ]);
    }));

  test("models downloaded by Python are used offline, and completed where a file is missing", () =>
    inNewFolder(async (cache) => {
      await inPython(
        cache,
        `from huggingface_hub import snapshot_download\nprint(json.dumps(snapshot_download("${name}")))`,
      );
      server.received.length = 0;
      const { files: found } = await downloadModel(name, { cache, offline: true });
      assert.equal([...found].sort(), [...needed].sort());
      await downloadModel(name, { endpoint, cache, token: false });
      assert.is(server.received.length, 1, "the listing alone is asked for");
      assert.is(visibleFiles(cache, files), files.size);
    }));

  test("downloads begun by Python are completed", () =>
    inNewFolder(async (cache) => {
      await inPython(
        cache,
        `from huggingface_hub import hf_hub_download\nprint(json.dumps(hf_hub_download("${name}", "config.json")))`,
      );
      await downloadModel(name, { endpoint, cache, token: false });
      assert.is(visibleFiles(cache, files), needed.length);
      assert.equal(partsIn(cache), []);
      const { warnings } = (await inPython(cache, SCAN)) as { warnings: string[] };
      assert.equal(warnings, []);
    }));

  test("folder, endpoint, token and offline mode come from the same variables", () =>
    inNewFolder(async (home) => {
      mkdirSync(join(home, "elsewhere"));
      writeFileSync(join(home, "token"), " hf_stored\n");
      writeFileSync(join(home, "elsewhere/other"), "hf_other");
      const cases: Record<string, string>[] = [
        {},
        { HF_TOKEN: "hf_environment" },
        { HUGGING_FACE_HUB_TOKEN: "hf_older" },
        { HF_TOKEN_PATH: "$HF_HOME/elsewhere/other" },
        { HF_HUB_CACHE: join(home, "models") },
        { HF_HUB_CACHE: "$HF_HOME/elsewhere" },
        { HF_ENDPOINT: "http://127.0.0.1:2/other/" },
        { HF_HUB_OFFLINE: "yes" },
        { HF_HUB_OFFLINE: "0" },
        { TRANSFORMERS_OFFLINE: "ON" },
      ];
      const ask = `from huggingface_hub import get_token, constants
print(json.dumps([get_token(), constants.ENDPOINT, constants.HF_HUB_CACHE, constants.HF_HUB_OFFLINE]))`;
      for (const more of cases) {
        const env = { HF_HOME: home, HF_ENDPOINT: "http://127.0.0.1:1/mirror", ...more };
        const { token, endpoint: url } = await connectionOf({}, env);
        const own = [token, url, cacheFolder(undefined, env), isOffline(undefined, env)];
        const variables = { ...process.env, ...env };
        const { stdout } = await promisify(execFile)(python, ["-c", `import json\n${ask}`], { env: variables });
        assert.equal(own, JSON.parse(stdout), JSON.stringify(more));
      }
    }));
}

test("a token that is not a valid header, and an invalid endpoint, are refused", async () => {
  for (const token of ["a\u0000b", "hf_ü"])
    await rejects(connectionOf({ token }, {}), HubError, /characters that cannot be part of a token/);
  for (const bad of [
    "ftp://x",
    "huggingface",
    "file:///etc",
    "http://u:p@host",
    "https://x/?a=1",
    "javascript:alert(1)",
  ])
    await rejects(connectionOf({ endpoint: bad, token: false }, {}), HubError, /is not the base URL of a model hub/);
});

test.run();
