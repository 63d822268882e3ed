import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { jsonBytes, ModelFileError, memoryFiles, readJson, requireSafeName } from "../../sdk/io/files.js";
import { exists, folder, writableFolder, writeFileAtomically, writeFolder } from "../../sdk/io/folder.js";

const test = suite("files");

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const rejects = async (
  work: Promise<unknown>,
  kind: new (message: string) => Error,
  message: RegExp,
): Promise<void> => {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  );
  assert.instance(error, kind);
  assert.match((error as Error).message, message);
};

/** A new empty folder for the time of one test. */
async function within(work: (place: string) => Promise<void>): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "cloze-files-"));
  try {
    await work(place);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

test("names that could leave the folder on any system are refused", () => {
  // biome-ignore format: a list
  const bad = ["", ".", "..", "../x", "x/../y", "x/..", "/x", "x/", "x//y", "\\x", "..\\x", "x\\y", "C:x", "C:\\x", "\\\\host\\share", "x\0", "x\n", "%2e%2e/x", "x y", "file:x", "a/./b", "...", "x.", "x/y.", "con", "CON.txt", "x/nul", "LPT1.json", "ä", "x\u202etxt", "x".repeat(256), "~", "~/x", "$HOME", "`x`", "x;y", "x|y", "*", "?"];
  for (const name of bad)
    assert.throws(
      () => requireSafeName(name),
      (error: unknown) => error instanceof ModelFileError,
      name,
    );
  for (const name of [
    "config.json",
    "1_Pooling/config.json",
    "model-00001-of-00002.safetensors",
    ".hidden",
    "a..b",
    "console.log",
    "x".repeat(255),
  ]) {
    assert.is(requireSafeName(name), name);
  }
});

test("every accepted name stays inside its folder", () => {
  const parts = fc.oneof(
    fc.constantFrom("..", ".", "/", "\\", "a", "C:", "\0", "-", "_"),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const place = resolve("/some/where");
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (list) => {
      const name = list.join("");
      try {
        requireSafeName(name);
      } catch {
        return;
      }
      assert.ok(resolve(place, name).startsWith(place + sep), name);
    }),
    { numRuns: 5000, seed: 1 },
  );
});

test("files in memory are read and written by name", async () => {
  const files = memoryFiles([["a.json", text("{")]]);
  assert.is(await files.read("b.json"), undefined);
  assert.is(await readJson(files, "b.json"), undefined);
  await rejects(readJson(files, "a.json"), ModelFileError, /^a\.json is not valid JSON/);
  await files.write("a.json", jsonBytes({ x: 1 }));
  assert.equal(await readJson(files, "a.json"), { x: 1 });
});

test("a folder on disk gives undefined for what is not there, and refuses unsafe names", () =>
  within(async (place) => {
    writeFileSync(join(place, "a.txt"), "here");
    const files = folder(place);
    assert.is(new TextDecoder().decode(await files.read("a.txt")), "here");
    assert.is(await files.read("b.txt"), undefined);
    assert.is(await files.read("a.txt/b"), undefined);
    await rejects(files.read("../a.txt"), ModelFileError, /refused/);
    await rejects(writableFolder(place).write("../b.txt", text("")), ModelFileError, /refused/);
    assert.is(await exists(join(place, "a.txt")), true);
    assert.is(await exists(join(place, "b.txt")), false);
  }));

test("a file is replaced whole, and many writers at once leave one whole file and nothing else", () =>
  within(async (place) => {
    const path = join(place, "a.bin");
    const contents = Array.from({ length: 20 }, (_, i) => new Uint8Array(100_000).fill(i));
    await Promise.all(contents.map((bytes) => writeFileAtomically(path, bytes)));
    const got = readFileSync(path);
    assert.ok(got.length === 100_000 && got.every((byte) => byte === got[0]));
    assert.equal(readdirSync(place), ["a.bin"]);
  }));

test("a file that cannot be written leaves nothing behind", () =>
  within(async (place) => {
    mkdirSync(join(place, "taken"));
    writeFileSync(join(place, "taken", "x"), "");
    await rejects(writeFileAtomically(join(place, "taken"), text("x")), Error, /./);
    await rejects(writeFileAtomically(join(place, "not/there"), text("x")), Error, /ENOENT/);
    assert.equal(readdirSync(place), ["taken"]);
  }));

test("an output folder appears when it is complete", () =>
  within(async (place) => {
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
  within(async (place) => {
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

test("what fails while a folder is filled leaves the old folder and nothing else", () =>
  within(async (place) => {
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

test("a writer that is killed at any moment leaves a whole folder", () =>
  within(async (place) => {
    const program = join(process.env["CLOZE_ROOT"] ?? ".", "dist/node.js");
    for (let round = 0; round < 8; round++) {
      const out = join(place, `out-${round}`);
      const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, program, out], { timeout: 20_000 });
      const ended = new Promise((done) => child.on("close", done));
      while (!existsSync(out) && child.exitCode === null) await pause(5);
      await pause(7 * round);
      child.kill("SIGKILL");
      await ended;
      // In the moment between two renames the old folder stands beside its place, whole.
      const aside = readdirSync(place).filter((name) => name.startsWith(`.out-${round}.`) && name.endsWith(".old"));
      const whole = [out, ...aside.map((name) => join(place, name))].find((path) => existsSync(path));
      assert.ok(whole, "a folder was there, and is gone");
      const [a, b] = [readFileSync(join(whole, "a.bin")), readFileSync(join(whole, "b.bin"))];
      assert.is(a.length, 20000);
      assert.ok(a.equals(b));
    }
  }));

test.run();
