/** Files and folders are put in their place whole: whatever fails, is killed, or is done twice at once. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ModelFileError } from "../../../sdk/io/files/files.js";
import { exists, folder } from "../../../sdk/io/files/folder.js";
import { endPart, newPart } from "../../../sdk/io/files/parts.js";
import {
  moveFolder,
  requireFilePlace,
  requirePlace,
  writableFolder,
  writeFileAtomically,
  writeFolder,
} from "../../../sdk/io/files/write-whole.js";
import { inNewFolder } from "../../helpers/folder.js";
import { rejects } from "../../helpers/refused.js";

const test = suite("writing");

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The name of a part beside `path` as a process has it that is no longer there. */
async function deadPart(path: string): Promise<string> {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const part = await newPart(path);
  endPart(part);
  return join(dirname(part), basename(part).replace(`-${process.pid}-`, `-${pid}-`));
}

test("a file is replaced whole, and many writers at once leave one whole file and nothing else", () =>
  inNewFolder(async (place) => {
    const path = join(place, "a.bin");
    const contents = Array.from({ length: 20 }, (_, i) => new Uint8Array(100_000).fill(i));
    await Promise.all(contents.map((bytes) => writeFileAtomically(path, bytes)));
    const got = readFileSync(path);
    assert.ok(got.length === 100_000 && got.every((byte) => byte === got[0]));
    assert.equal(readdirSync(place), ["a.bin"]);
  }));

test("a file that cannot be written leaves nothing behind", () =>
  inNewFolder(async (place) => {
    mkdirSync(join(place, "taken"));
    writeFileSync(join(place, "taken", "x"), "");
    await rejects(writeFileAtomically(join(place, "taken"), text("x")), Error, /./);
    await rejects(writeFileAtomically(join(place, "not/there"), text("x")), Error, /ENOENT/);
    assert.equal(readdirSync(place), ["taken"]);
  }));

test("an output folder appears when it is complete", () =>
  inNewFolder(async (place) => {
    const out = join(place, "out/");
    await writeFolder(out, false, async (files) => {
      await files.write("a.txt", text("a"));
      assert.is(existsSync(out), false);
      await files.write("deep/b.txt", text("b"));
    });
    assert.equal(readdirSync(out).sort(), ["a.txt", "deep"]);
    assert.equal(readdirSync(place), ["out"]);
  }));

test("an existing folder is refused, or replaced whole when that is asked for", () =>
  inNewFolder(async (place) => {
    const out = join(place, "out");
    await writeFolder(out, false, (files) => files.write("old.txt", text("old")));
    await rejects(
      writeFolder(out, false, (files) => files.write("new.txt", text("new"))),
      ModelFileError,
      /exists already/,
    );
    assert.equal(readdirSync(out), ["old.txt"]);
    await writeFolder(out, true, (files) => files.write("new.txt", text("new")));
    assert.equal(readdirSync(out), ["new.txt"]);
    assert.equal(readdirSync(place), ["out"]);
  }));

test("a failure while a folder is written leaves the old folder and nothing else", () =>
  inNewFolder(async (place) => {
    const out = join(place, "out");
    await writeFolder(out, false, (files) => files.write("old.txt", text("old")));
    const failing = writeFolder(out, true, async (files) => {
      await files.write("new.txt", text("new"));
      throw new RangeError("disk full");
    });
    await rejects(failing, RangeError, /disk full/);
    assert.equal(readdirSync(out), ["old.txt"]);
    assert.equal(readdirSync(place), ["out"]);
  }));

test("of two writers that create one folder at the same time, one succeeds", () =>
  inNewFolder(async (place) => {
    const out = join(place, "out");
    const go = (content: string, wait: () => Promise<unknown>) =>
      writeFolder(out, false, async (files) => {
        await files.write("a.txt", text(content));
        await wait();
      });
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const one = go("first", () => begun);
    const other = go("second", async () => {
      begin();
      await one;
    });
    const [first, second] = await Promise.allSettled([one, other]);
    assert.is(first!.status, "fulfilled");
    assert.is(second!.status, "rejected");
    assert.match(((second as PromiseRejectedResult).reason as Error).message, /exists already/);
    assert.is(readFileSync(join(out, "a.txt"), "utf8"), "first");
    assert.equal(readdirSync(place), ["out"]);
    // With force they take turns: the result is one of them, whole.
    const forced = (content: string) =>
      writeFolder(out, true, async (files) => {
        await files.write("a.txt", text(content));
        await files.write("b.txt", text(content));
      });
    await Promise.all(Array.from({ length: 8 }, (_, i) => forced(String(i))));
    assert.is(readFileSync(join(out, "a.txt"), "utf8"), readFileSync(join(out, "b.txt"), "utf8"));
    assert.equal(readdirSync(place), ["out"]);
  }));

test("the next run at the same place removes the leftovers of killed runs, and nothing else", () =>
  inNewFolder(async (place) => {
    const out = join(place, "out");
    for (const left of [await deadPart(out), await deadPart(join(place, "out.checkpoint"))]) {
      mkdirSync(left);
      writeFileSync(join(left, "half"), "");
    }
    const alive = await newPart(out);
    mkdirSync(alive);
    const kept = [".out.note", ".out.part", ".outer.part", "out.txt"];
    for (const name of kept) writeFileSync(join(place, name), "");
    await writeFolder(out, false, (files) => files.write("a.txt", text("a")));
    assert.equal(readdirSync(place).sort(), [...kept, basename(alive), "out"].sort());
    endPart(alive);
    const file = join(place, "file.bin");
    writeFileSync(await deadPart(file), "half");
    await writeFileAtomically(file, text("whole"));
    assert.is(readdirSync(place).filter((name) => name.startsWith(".file.bin.")).length, 0);
  }));

test("a folder that a killed run had moved aside is found by the next reader and the next writer", () =>
  inNewFolder(async (place) => {
    /** As it is between the two renames: the old folder aside, the new one whole. */
    const between = async (name: string, withNew = true): Promise<string> => {
      const out = join(place, name);
      const part = await deadPart(out);
      mkdirSync(`${part}.old`);
      writeFileSync(join(`${part}.old`, "a.txt"), "old");
      if (!withNew) return out;
      mkdirSync(part);
      writeFileSync(join(part, "a.txt"), "new");
      return out;
    };
    assert.is(new TextDecoder().decode(await folder(await between("read")).read("a.txt")), "new");
    const opened = (await folder(await between("open")).open!("a.txt"))!;
    assert.is(opened.size, 3);
    await opened.close!();
    assert.is(await exists(await between("exists")), true);
    assert.is(new TextDecoder().decode(await folder(await between("alone", false)).read("a.txt")), "old");
    await rejects(requirePlace(await between("place")), ModelFileError, /exists already/);
    await writeFolder(await between("forced"), true, (files) => files.write("a.txt", text("newest")));
    assert.is(readFileSync(join(place, "forced", "a.txt"), "utf8"), "newest");
    assert.equal(readdirSync(place).sort(), ["alone", "exists", "forced", "open", "place", "read"]);
    // A neighbor whose folder is aside keeps it, although its name begins alike.
    const neighbour = await between("forced.b");
    await writeFolder(join(place, "forced"), true, (files) => files.write("a.txt", text("again")));
    assert.is(await exists(neighbour), true);
  }));

test("links are followed, devices and pipes are written to, and neither is replaced", () =>
  inNewFolder(async (place) => {
    writeFileSync(join(place, "target"), "old");
    symlinkSync("target", join(place, "link"));
    await writeFileAtomically(join(place, "link"), text("new"));
    assert.ok(lstatSync(join(place, "link")).isSymbolicLink());
    assert.is(readFileSync(join(place, "target"), "utf8"), "new");
    mkdirSync(join(place, "real"));
    symlinkSync("real", join(place, "to-folder"));
    await writeFolder(join(place, "to-folder"), true, (files) => files.write("a.txt", text("a")));
    assert.ok(lstatSync(join(place, "to-folder")).isSymbolicLink());
    assert.equal(readdirSync(join(place, "real")), ["a.txt"]);
    symlinkSync("nothing", join(place, "dangling"));
    await rejects(writeFileAtomically(join(place, "dangling"), text("x")), ModelFileError, /link to a place that does/);
    await rejects(requirePlace(join(place, "dangling")), ModelFileError, /link to a place that does not exist/);
    if (process.platform === "win32") return;
    await writeFileAtomically("/dev/null", text("x"));
    assert.ok(lstatSync("/dev/null").isCharacterDevice());
    await rejects(requirePlace("/dev/null", true), ModelFileError, /is a device; a folder is to be written there/);
    if (spawnSync("mkfifo", [join(place, "pipe")]).status !== 0) return;
    const [got] = await Promise.all([
      readFile(join(place, "pipe"), "utf8"),
      writeFileAtomically(join(place, "pipe"), text("x")),
    ]);
    assert.is(got, "x");
    assert.ok(lstatSync(join(place, "pipe")).isFIFO());
  }));

test("a path that cannot be written is refused before the work", () =>
  inNewFolder(async (place) => {
    writeFileSync(join(place, "file"), "x");
    await rejects(
      requirePlace(join(place, "file/out")),
      ModelFileError,
      /file\/out cannot be written: .*file is a file/,
    );
    await rejects(requirePlace(join(place, "file/deep/out")), ModelFileError, /cannot be written: .*file is a file/);
    await rejects(
      requirePlace(join(place, "file"), true),
      ModelFileError,
      /is a file; a folder is to be written there/,
    );
    await rejects(writeFileAtomically(place, text("x")), ModelFileError, /is a folder; a file is to be written there/);
    await requirePlace(join(place, "new/deep/out"));
    assert.equal(readdirSync(place), ["file"]);
    let begun = false;
    const work = writeFolder(join(place, "file/out"), false, async () => void (begun = true));
    await rejects(work, ModelFileError, /cannot be written/);
    assert.is(begun, false);
    // /proc refuses everybody, root too.
    if (existsSync("/proc/self"))
      await rejects(requirePlace("/proc/cloze"), ModelFileError, /cannot be written|writable/);
  }));

test("names that are too long, and links in a circle, are refused before the work, in words", () =>
  inNewFolder(async (place) => {
    // The name of the part that becomes the place is longer than the place's own, and must fit too: 255 bytes.
    for (const length of [250, 300]) {
      const path = join(place, "a".repeat(length));
      const write = (place: string) => writeFileAtomically(place, text("x"));
      for (const refuse of [requirePlace, requireFilePlace, write])
        await rejects(refuse(path), ModelFileError, /aaa cannot be written: its name is too long/);
    }
    symlinkSync("circle", join(place, "circle"));
    for (const refuse of [requirePlace, requireFilePlace])
      await rejects(
        refuse(join(place, "circle")),
        ModelFileError,
        /circle cannot be written: its links lead in a circle/,
      );
    assert.equal(readdirSync(place), ["circle"]);
  }));

test("several files are one step: all of them, or none, and the others stay", () =>
  inNewFolder(async (place) => {
    const out = join(place, "model");
    const files = writableFolder(out);
    await files.together!(async (to) => {
      await to.write("a.txt", text("1"));
      await to.write("deep/b.txt", text("1"));
    });
    writeFileSync(join(out, "deep", "notes.txt"), "mine");
    const failing = files.together!(async (to) => {
      await to.write("a.txt", text("2"));
      throw new RangeError("disk full");
    });
    await rejects(failing, RangeError, /disk full/);
    assert.is(readFileSync(join(out, "a.txt"), "utf8"), "1");
    await files.together!(async (to) => {
      await to.write("a.txt", text("3"));
      assert.is(readFileSync(join(out, "a.txt"), "utf8"), "1");
      await to.write("deep/b.txt", text("3"));
    });
    assert.is(readFileSync(join(out, "a.txt"), "utf8"), "3");
    assert.is(readFileSync(join(out, "deep", "b.txt"), "utf8"), "3");
    assert.is(readFileSync(join(out, "deep", "notes.txt"), "utf8"), "mine");
    assert.equal(readdirSync(place), ["model"]);
    const back = process.cwd();
    process.chdir(out);
    try {
      await writableFolder(".").together!((to) => to.write("a.txt", text("4")));
      assert.is(readFileSync("a.txt", "utf8"), "4");
    } finally {
      process.chdir(back);
    }
  }));

/** Runs until it is killed: replaces two files of a folder together, over and over. */
const SAVER = `
const { writableFolder } = await import(process.argv[1]);
for (let i = 1; ; i++) {
  const bytes = new Uint8Array(20000).fill(i);
  await writableFolder(process.argv[2]).together(async (files) => {
    await files.write("a.bin", bytes);
    await files.write("b.bin", bytes);
  });
}`;

/** Runs until it is killed: writes one folder after the other to the same place, each of two files with equal bytes. */
const WRITER = `
const { writeFolder } = await import(process.argv[1]);
for (let i = 1; ; i++) {
  const bytes = new Uint8Array(20000).fill(i);
  await writeFolder(process.argv[2], true, async (files) => {
    await files.write("a.bin", bytes);
    await files.write("b.bin", bytes);
  });
}`;

for (const [what, program] of Object.entries({ folder: WRITER, "model saved over another": SAVER }))
  test(`a writer that is killed at any moment leaves a whole ${what}, and nothing else after the next`, () =>
    inNewFolder(async (place) => {
      const library = join(process.env["CLOZE_ROOT"] ?? ".", "dist/node.js");
      for (let round = 0; round < 8; round++) {
        const out = join(place, `out-${round}`);
        const child = spawn(process.execPath, ["--input-type=module", "-e", program, library, out], {
          timeout: 20_000,
        });
        const ended = new Promise((done) => child.on("close", done));
        while (!existsSync(out) && child.exitCode === null) await pause(5);
        await pause(7 * round);
        child.kill("SIGKILL");
        await ended;
        assert.ok(await exists(out), "a folder was there, and is gone");
        const [a, b] = [readFileSync(join(out, "a.bin")), readFileSync(join(out, "b.bin"))];
        assert.is(a.length, 20000);
        assert.ok(a.equals(b));
        await writeFolder(out, true, (files) => files.write("a.bin", text("next")));
        assert.is(readdirSync(place).filter((name) => name.startsWith(`.out-${round}.`)).length, 0);
      }
    }));

/** Replaces a folder of two equal files once. */
const ONCE = `
const { writeFolder } = await import(process.argv[1]);
await writeFolder(process.argv[2], true, async (files) => {
  await files.write("a.bin", new Uint8Array(20000).fill(2));
  await files.write("b.bin", new Uint8Array(20000).fill(2));
});`;

const MOVE = `const { moveFolder } = await import(process.argv[1]); await moveFolder(process.argv[3], process.argv[2], true);`;

/** How a run under strace ends when the n-th call of a kind is made to fail, or kills it. */
function injected(
  out: string,
  call: string,
  what: string,
  n: number,
  [program, ...more]: readonly [string, ...string[]] = [ONCE],
): { status: number | null; stderr: string } {
  const library = join(process.env["CLOZE_ROOT"] ?? ".", "dist/node.js");
  const words = ["-f", "-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${call}:${what}:when=${n}`];
  return spawnSync(
    "strace",
    [...words, process.execPath, "--input-type=module", "-e", program, library, out, ...more],
    {
      encoding: "utf8",
      env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
    },
  );
}

const strace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
if (!strace) console.log("skipped: kills and faults at every system call (needs strace)");
for (const [call, what] of strace
  ? ([
      ["rename", "signal=KILL"],
      ["fsync", "signal=KILL"],
      ["fsync", "error=ENOSPC"],
      ["write", "error=ENOSPC"],
    ] as const)
  : [])
  test(`a folder is replaced whole, or not at all, whichever ${call} has ${what}`, () =>
    inNewFolder(async (place) => {
      const fill = (value: number) => async (files: { write(name: string, bytes: Uint8Array): Promise<void> }) => {
        await files.write("a.bin", new Uint8Array(20000).fill(value));
        await files.write("b.bin", new Uint8Array(20000).fill(value));
      };
      let failures = 0;
      for (let n = 1; n <= 5; n++) {
        const out = join(place, `out-${n}`);
        await writeFolder(out, false, fill(1));
        const { status } = injected(out, call, what, n);
        if (status !== 0) failures++;
        assert.ok(await exists(out), `${call} ${n}: the folder is gone`);
        const [a, b] = [readFileSync(join(out, "a.bin")), readFileSync(join(out, "b.bin"))];
        assert.ok(a.length === 20000 && a.equals(b), `${call} ${n}: the folder is half`);
        if (status === 0) assert.is(a[0], 2);
        await writeFolder(out, true, fill(3));
        assert.equal(
          readdirSync(place).filter((name) => name.startsWith(`.out-${n}.`)),
          [],
          `${call} ${n}: something was left`,
        );
      }
      assert.ok(failures >= 2, `only ${failures} runs failed`);
    }));

if (strace)
  test("a finished folder replaces another, which is there or found again whichever rename is the last", () =>
    inNewFolder(async (place) => {
      const endings = [1, 2, 3].map(async (n) => {
        const [from, out] = [join(place, `from-${n}`), join(place, `out-${n}`)];
        await writeFolder(from, false, (files) => files.write("a.txt", text("new")));
        await writeFolder(out, false, (files) => files.write("a.txt", text("old")));
        const { status } = injected(out, "rename", "signal=KILL", n, [MOVE, from]);
        assert.ok(await exists(out), `rename ${n}: the folder is gone`);
        const [there, waits] = [readFileSync(join(out, "a.txt"), "utf8"), existsSync(from)];
        assert.is(there, waits ? "old" : "new", `rename ${n}: one of the two is lost`);
        if (waits) await moveFolder(from, out, true);
        assert.is(readFileSync(join(out, "a.txt"), "utf8"), "new");
        return status;
      });
      assert.equal(await Promise.all(endings), [null, null, 0]);
      assert.equal(readdirSync(place).sort(), ["out-1", "out-2", "out-3"]);
    }));

test.run();
