/**
 * Downloads that are killed, that run out of disk, and that run at the same time: at every call that changes the disk.
 *
 * The suite tries a sample of the calls; CLOZE_KILL_POINTS=all tries each of them, before, in the middle and after.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { downloadModel } from "../../../sdk/io/hub/cache/download.js";
import { DownloadError } from "../../../sdk/io/hub/errors.js";
import { atCall, type Moment } from "../../helpers/disk-faults.js";
import { inNewFolder } from "../../helpers/folder.js";
import { partsIn, visibleFiles } from "../../helpers/hub-cache.js";
import { hubModel, UNNEEDED } from "../../helpers/hub-model.js";
import { loopbackHub } from "../../helpers/loopback-hub.js";

/** The program of a child process: a download that dies at a call. */
interface Task {
  readonly endpoint: string;
  readonly cache: string;
  readonly at: number;
  readonly moment: Moment;
}

const NAME = "organization/tiny";
const task = process.env["CLOZE_DOWNLOAD"];
if (task !== undefined) {
  const { endpoint, cache, at, moment } = JSON.parse(task) as Task;
  const calls = await atCall(at, moment, () => process.kill(process.pid, "SIGKILL"));
  await downloadModel(NAME, { endpoint, cache, token: false });
  process.stdout.write(`${calls.count}\n`);
  process.exit(0);
}

const test = suite("interrupted downloads");
const files = await hubModel();
const server = await loopbackHub(files);
test.after(() => server.close());
test.before.each(() => server.reset());

const needed = files.size - UNNEEDED.length;
const download = (cache: string) =>
  downloadModel(NAME, { endpoint: server.endpoint, cache, token: false, retryDelay: 1 });

/** Run a download in a process of its own. */
function child(cache: string, at = 0, moment: Moment = "before"): Promise<{ signal: string | null; output: string }> {
  const env = { ...process.env, CLOZE_DOWNLOAD: JSON.stringify({ endpoint: server.endpoint, cache, at, moment }) };
  const running = spawn(process.execPath, [process.argv[1]!], { env });
  let output = "";
  for (const stream of [running.stdout, running.stderr]) stream.on("data", (text) => (output += text));
  return new Promise((done) => running.on("close", (_, signal) => done({ signal, output })));
}

/** Numbers from 1 to `count`: all of them, or a sample that has the first and the last. */
function points(count: number, sample: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (process.env["CLOZE_KILL_POINTS"] === "all") return all;
  return [...new Set(Array.from({ length: sample }, (_, i) => 1 + Math.round((i * (count - 1)) / (sample - 1))))];
}

let calls = 0;
test("a download changes the disk in many calls", () =>
  inNewFolder(async (cache) => {
    const counting = await atCall(0, "before", () => {});
    await download(cache);
    counting.end();
    calls = counting.count;
    assert.ok(calls >= 70, `${calls} calls`);
    assert.is(visibleFiles(cache, files), needed);
  }));

test("a download that is killed leaves nothing half visible, and the next one completes it", async () => {
  let killed = 0;
  for (const [moment, sample] of [
    ["before", 6],
    ["half", 4],
    ["after", 4],
  ] as const)
    for (const at of points(calls, sample))
      await inNewFolder(async (cache) => {
        const { signal, output } = await child(cache, at, moment);
        // Only bytes that are written have a middle.
        if (signal === null && moment === "half") return;
        if (signal === null) assert.ok(at >= calls - 2, `call ${at} ${moment}: ${output}`);
        else killed++;
        assert.ok([0, needed].includes(visibleFiles(cache, files)), `call ${at} ${moment}`);
        await download(cache);
        assert.is(visibleFiles(cache, files), needed, `call ${at} ${moment}`);
        assert.equal(partsIn(cache), [], `call ${at} ${moment}`);
      });
  const least = process.env["CLOZE_KILL_POINTS"] === "all" ? 200 : 8;
  assert.ok(killed >= least, `${killed} processes were killed`);
  console.log(`killed at ${killed} points`);
});

test("a call that fails because the disk is full gives an error that names the disk, or none", async () => {
  let failed = 0;
  for (const at of points(calls, 12))
    await inNewFolder(async (cache) => {
      const faults = await atCall(at, "before", () => {
        throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      });
      const error = await download(cache).then(
        () => null,
        (caught: Error) => caught,
      );
      faults.end();
      if (error) {
        failed++;
        assert.instance(error, DownloadError, `call ${at}: ${error.stack}`);
        assert.match(error.message, /cannot be written: the disk is full/);
      }
      visibleFiles(cache, files);
      await download(cache);
      assert.is(visibleFiles(cache, files), needed, `call ${at}`);
      assert.equal(partsIn(cache), [], `call ${at}`);
    });
  assert.ok(failed >= 6, `${failed} downloads failed`);
});

test("processes that download the same model at the same time share one transfer", () =>
  inNewFolder(async (cache) => {
    server.faults.slow = 30;
    const outcomes = await Promise.all([child(cache), child(cache), child(cache)]);
    for (const { signal, output } of outcomes) assert.is(signal === null && /^\d+\n$/.test(output), true, output);
    assert.is(visibleFiles(cache, files), needed);
    assert.equal(partsIn(cache), []);
    const transfers = server.received.filter(({ host }) => server.store.endsWith(host)).length;
    assert.ok(transfers <= 2, `${transfers} transfers`);
  }));

test("a process whose partner is killed continues from the partner's bytes", () =>
  inNewFolder(async (cache) => {
    server.faults.slow = 30;
    // Every download of this model makes more calls than this, however the files are divided.
    const first = child(cache, 12, "before");
    let ended = false;
    void first.then(() => {
      ended = true;
    });
    // Whoever begins transfers the files: a second process that began first would leave the other too few calls.
    while (!ended && partsIn(cache).length === 0) await setTimeout(5);
    const second = child(cache);
    assert.is((await first).signal, "SIGKILL");
    assert.match((await second).output, /^\d+\n$/);
    assert.is(visibleFiles(cache, files), needed);
    assert.ok(existsSync(join(cache, "models--organization--tiny/refs/main")));
  }));

test.run();
