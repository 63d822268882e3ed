/**
 * Models in the cache that Python's huggingface_hub keeps, in its layout:
 *
 *   models--ORGANIZATION--MODEL/blobs/HASH                      the bytes of files
 *   models--ORGANIZATION--MODEL/snapshots/COMMIT/config.json    links to them, by the names that they have at a commit
 *   models--ORGANIZATION--MODEL/refs/main                       the commit that a branch or tag was at
 *
 * A snapshot appears when all of its files exist, and a reference after its snapshot.
 */
import { copyFile, lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { requireSafeName } from "../../files/files.js";
import { clearLeftovers, endPart, isThere, newPart, statOf } from "../../files/parts.js";
import { isCommit } from "../names.js";
import { onDisk } from "./part.js";

/** The folder of a model in a cache. */
export class CachedModel {
  readonly path: string;

  constructor(cache: string, name: string) {
    this.path = join(cache, `models--${name.replace("/", "--")}`);
  }

  blob(hex: string): string {
    return join(this.path, "blobs", hex);
  }

  snapshot(commit: string): string {
    return join(this.path, "snapshots", commit);
  }

  /** The commit that a branch or tag was at when it was last asked for; null when it never was. */
  async commitOf(revision: string): Promise<string | null> {
    if (isCommit(revision)) return revision;
    const text = await readFile(join(this.path, "refs", revision), "utf8").catch(() => "");
    return isCommit(text.trim()) ? text.trim() : null;
  }

  /** Files of a snapshot that can be read, by their names; null when there is no such snapshot. */
  async files(commit: string): Promise<ReadonlySet<string> | null> {
    const root = this.snapshot(commit);
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => null);
    if (!entries) return null;
    const names = new Set<string>();
    for (const entry of entries) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      if ((await statOf(path))?.isFile()) names.add(relative(root, path).replaceAll("\\", "/"));
    }
    return names;
  }

  /**
   * Show files under their names at a commit.
   *
   * @param files names and hashes; their blobs exist
   * @param copies whether to copy files instead of linking them
   */
  async show(commit: string, files: ReadonlyMap<string, string>, copies: boolean): Promise<void> {
    const place = this.snapshot(commit);
    await onDisk(place, mkdir(dirname(place), { recursive: true }));
    if (!(await isThere(place)) && (await this.#showAtOnce(place, commit, files, copies))) return;
    for (const [name, hex] of files) await this.#showOne(place, name, hex, copies);
  }

  /** A new snapshot, renamed when it is complete; false when another process was quicker. */
  async #showAtOnce(
    place: string,
    commit: string,
    files: ReadonlyMap<string, string>,
    copies: boolean,
  ): Promise<boolean> {
    // Not beside the snapshots: everything there is one for Python.
    const beside = join(this.path, commit);
    await clearLeftovers(beside);
    const part = await newPart(beside);
    try {
      for (const [name, hex] of files) {
        const [link, path] = [join(place, requireSafeName(name)), join(part, name)];
        await onDisk(path, mkdir(dirname(path), { recursive: true }));
        await this.#link(path, link, hex, copies);
      }
      await onDisk(place, rename(part, place));
      return true;
    } catch (error) {
      await rm(part, { recursive: true, force: true });
      if (await isThere(place)) return false;
      throw error;
    } finally {
      endPart(part);
    }
  }

  /** A file in a snapshot that is visible already. */
  async #showOne(place: string, name: string, hex: string, copies: boolean): Promise<void> {
    const path = join(place, requireSafeName(name));
    if (await this.#isShown(path, hex)) return;
    await onDisk(path, mkdir(dirname(path), { recursive: true }));
    await clearLeftovers(join(this.path, "file"));
    const part = await newPart(join(this.path, "file"));
    try {
      await this.#link(part, path, hex, copies);
      await onDisk(path, rename(part, path));
    } finally {
      await rm(part, { force: true }).catch(() => {}); // it is gone already after the rename
      endPart(part);
    }
  }

  /** Whether a name of a snapshot leads to the right blob; copies made by Python are accepted unchanged. */
  async #isShown(path: string, hex: string): Promise<boolean> {
    const there = await lstat(path).catch(() => null);
    if (!there) return false;
    if (!there.isSymbolicLink()) return there.isFile();
    return join(dirname(path), await readlink(path)) === this.blob(hex) && (await statOf(path)) !== undefined;
  }

  /** @param at where the link is made, and `place` where it will be */
  async #link(at: string, place: string, hex: string, copies: boolean): Promise<void> {
    const blob = this.blob(hex);
    if (!copies) {
      try {
        return await symlink(relative(dirname(place), blob), at);
      } catch (error) {
        // Windows allows links for developers only, and some file systems have none.
        if (!["EPERM", "ENOSYS", "ENOTSUP", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? ""))
          return onDisk(at, Promise.reject(error));
      }
    }
    await onDisk(at, copyFile(blob, at));
  }

  /** Remember which commit a branch or tag is at; nothing for a commit. */
  async remember(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return;
    const place = join(this.path, "refs", revision);
    await onDisk(place, mkdir(dirname(place), { recursive: true }));
    // Not beside the references: every file there is one for Python.
    await clearLeftovers(join(this.path, "ref"));
    const part = await newPart(join(this.path, "ref"));
    try {
      const file = await onDisk(part, open(part, "wx"));
      try {
        await onDisk(part, file.writeFile(commit));
        await onDisk(part, file.sync());
      } finally {
        await file.close();
      }
      await onDisk(place, rename(part, place));
    } finally {
      await rm(part, { force: true }).catch(() => {}); // it is gone already after the rename
      endPart(part);
    }
  }
}
