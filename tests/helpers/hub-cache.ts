/** The visible contents of a cache, checked against the hub. */
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { COMMIT, gitSha1, sha256 } from "./loopback-hub.js";

export const modelIn = (cache: string): string => join(cache, "models--organization--tiny");

const namesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];

/**
 * Require every file under a name of the model to be what the hub has, every blob to have the hash that it is named by, and
 * every reference to lead to a snapshot.
 *
 * @returns the number of files in the snapshot
 */
export function visibleFiles(cache: string, files: ReadonlyMap<string, Uint8Array>): number {
  const snapshots = join(modelIn(cache), "snapshots");
  assert.ok(
    namesIn(snapshots).every((name) => name.startsWith(COMMIT)),
    "everything among the snapshots is one",
  );
  let count = 0;
  for (const file of namesIn(join(snapshots, COMMIT))) {
    const path = join(snapshots, COMMIT, file);
    if (lstatSync(path).isDirectory()) continue;
    assert.equal(readFileSync(path), Buffer.from(files.get(file)!), file);
    count++;
  }
  for (const blob of namesIn(join(modelIn(cache), "blobs"))) {
    if (blob.endsWith(".incomplete")) continue;
    const bytes = readFileSync(join(modelIn(cache), "blobs", blob));
    assert.is(blob.length === 64 ? sha256(bytes) : gitSha1(bytes), blob);
  }
  for (const ref of namesIn(join(modelIn(cache), "refs"))) {
    assert.is(readFileSync(join(modelIn(cache), "refs", ref), "utf8"), COMMIT, ref);
    assert.ok(existsSync(join(snapshots, COMMIT)), "a reference follows its snapshot");
  }
  return count;
}

/** Partial files of a download that was cut. */
export const partsIn = (cache: string): string[] =>
  namesIn(modelIn(cache)).filter((name) => /\.(incomplete|part)$/.test(name));
