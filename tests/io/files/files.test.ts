import { writeFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { jsonBytes, jsonOf, ModelFileError, memoryFiles, requireSafeName } from "../../../sdk/io/files/files.js";
import { exists, folder } from "../../../sdk/io/files/folder.js";
import { writableFolder } from "../../../sdk/io/files/write-whole.js";
import { inNewFolder } from "../../helpers/folder.js";
import { rejects } from "../../helpers/refused.js";

const test = suite("files");

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

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
  await files.write("a.json", jsonBytes({ x: 1 }));
  assert.equal(jsonOf((await files.read("a.json"))!, "a.json"), { x: 1 });
  assert.throws(
    () => jsonOf(text("{"), "a.json"),
    (error: unknown) => error instanceof ModelFileError && /^a\.json is not valid JSON/.test(error.message),
  );
});

test("a folder on disk gives undefined for missing files, and refuses unsafe names", () =>
  inNewFolder(async (place) => {
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

test.run();
