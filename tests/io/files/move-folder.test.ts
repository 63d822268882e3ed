/** Finished folders that are moved to a place, and places that are never replaced. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ModelFileError } from "../../../sdk/io/files/files.js";
import { moveFolder, requirePlace, writeFolder } from "../../../sdk/io/files/write-whole.js";
import { inNewFolder } from "../../helpers/folder.js";
import { rejects } from "../../helpers/refused.js";

const test = suite("moving folders");

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test("a finished folder is moved to its place, and over another only when that is asked for", () =>
  inNewFolder(async (place) => {
    const [from, out] = [join(place, "from"), join(place, "out")];
    const fill = (path: string) => writeFolder(path, false, (files) => files.write("a.txt", text(basename(path))));
    await fill(from);
    await moveFolder(from, out, false);
    assert.equal([readdirSync(place), readFileSync(join(out, "a.txt"), "utf8")], [["out"], "from"]);
    await fill(from);
    await rejects(moveFolder(from, out, false), ModelFileError, /out exists already/);
    writeFileSync(join(out, "old.txt"), "");
    await moveFolder(from, out, true);
    assert.equal([readdirSync(place), readdirSync(out)], [["out"], ["a.txt"]]);
    await rejects(moveFolder(from, out, true), Error, /ENOENT/);
    assert.equal(readdirSync(out), ["a.txt"], "nothing took its place");
  }));

test("the current folder and those that it is in are not replaced", () =>
  inNewFolder(async (place) => {
    const before = process.cwd();
    const [above, inner] = [join(place, "above"), join(place, "above", "..inner")];
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(above, "mine.txt"), "");
    process.chdir(inner);
    try {
      for (const path of [".", "..", above, "/"])
        await rejects(requirePlace(path, true), ModelFileError, /is the current folder, or one that it is in/);
      await requirePlace("../other", true);
      assert.equal(readdirSync(above).sort(), ["..inner", "mine.txt"]);
    } finally {
      process.chdir(before);
    }
  }));

test.run();
