/**
 * Files and folders put in their place whole, for Node, Deno and Bun.
 *
 * A file is written beside its place, flushed and renamed, and so is a folder: after a crash the place holds the old state
 * or the new one, never half of either. No call replaces a folder by another in one step; where a run is killed between
 * the two renames that it takes, the next one that reads or writes the place completes it (parts.ts).
 */
import { constants, copyFile, link, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ModelFileError, requireSafeName, type WritableFiles } from "./files.js";
import { filesAt, requirePath } from "./folder.js";
import { clearLeftovers, endPart, isThere, newPart, statOf } from "./parts.js";
import { refusalOf } from "./refusal.js";

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Explain why the system takes nothing at a path; other errors are thrown unchanged. */
function unwritable(path: string, error: unknown): unknown {
  const reason = refusalOf(error);
  return reason === undefined ? error : new ModelFileError(`${path} cannot be written: ${reason}`, { cause: error });
}

/** The path to write: a link is kept, and its target written. */
async function placeOf(path: string): Promise<string> {
  const full = resolve(path);
  const there = await statOf(full).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  if (!there && (await isThere(full))) throw new ModelFileError(`${path} is a link to a place that does not exist`);
  return there?.isFile() || there?.isDirectory() ? realpath(full) : full;
}

/** Make a rename last: the folder's own entry goes to the disk. Windows has no such call, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Write beside `place`, then move the part there; the part is removed whatever happens. */
async function throughPart(place: string, write: (part: string) => Promise<void>): Promise<void> {
  const part = await newPart(place);
  try {
    await write(part);
  } catch (error) {
    // The first error is the one to report. Where the part cannot be removed either, the next writer removes it.
    await rm(part, { recursive: true, force: true }).catch(() => {});
    throw unwritable(place, error);
  } finally {
    endPart(part);
  }
  await syncFolder(dirname(place));
}

/**
 * Write a file so that it appears whole or not at all. A device is written to, and a link's target is replaced.
 *
 * @example
 * await writeFileAtomically("vectors.jsonl", new TextEncoder().encode("[0.1, 0.2]"));
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const place = await placeOf(path);
  const there = await statOf(place);
  if (there?.isDirectory()) throw new ModelFileError(`${place} is a folder; a file is to be written there`);
  if (there && !there.isFile()) return writeInto(place, bytes);
  await clearLeftovers(place);
  await throughPart(place, async (part) => {
    await writeAndSync(part, bytes);
    await rename(part, place);
  });
}

async function writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Devices and pipes are not replaced: they take the bytes. */
async function writeInto(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/**
 * A folder whose files are each written whole; `together` writes several as one step.
 *
 * @example
 * await writableFolder("my-model").write("notes.txt", new TextEncoder().encode("hello"));
 */
export function writableFolder(path: string): WritableFiles {
  requirePath(path, "writableFolder");
  return { ...plainFolder(path), together: (write) => writeTogether(path, write) };
}

function plainFolder(path: string): WritableFiles {
  return {
    ...filesAt(path),
    async write(name, bytes) {
      const place = join(path, requireSafeName(name));
      await mkdir(dirname(place), { recursive: true });
      await writeFileAtomically(place, bytes);
    },
  };
}

/** Files that are written for the first time, in a folder that nothing else writes to. */
function newFolder(path: string): WritableFiles {
  const files = plainFolder(path);
  return { ...files, together: (write) => write(files) };
}

/**
 * Several files of a folder as one step: they are written beside links to those that stay, and the whole replaces the
 * folder. The folder that the program runs in cannot be replaced, so its files are, one after the other.
 */
async function writeTogether(path: string, write: (files: WritableFiles) => Promise<void>): Promise<void> {
  const place = await placeOf(path);
  if (!(await isThere(place))) return writeFolder(path, false, write);
  if (holds(place, process.cwd())) return write(plainFolder(path));
  await clearLeftovers(place);
  await throughPart(place, async (part) => {
    await linkAll(place, part);
    await write(newFolder(part));
    await replace(part, place);
  });
}

/** A folder with the same files, which take no room of their own where the file system has links. */
async function linkAll(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkAll(source, target);
    else await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
  }
}

/**
 * Fill a new folder: it is written beside its place and renamed when `fill` is done. A folder that is replaced is moved
 * aside first, as `.NAME.….part.old`, and goes when the new one is in its place.
 *
 * @param force replace an existing folder; without it one is refused, also one that appears while this is filled
 * @throws {ModelFileError} when there is something at the path already, or nothing can be written there
 * @example
 * await writeFolder("my-model", false, (files) => saveModel(files, { ...loaded, tokenizer, maxLength: 64 }));
 */
export async function writeFolder(
  path: string,
  force: boolean,
  fill: (files: WritableFiles) => Promise<void>,
): Promise<void> {
  await requirePlace(path, force);
  const place = await placeOf(path);
  await throughPart(place, async (part) => {
    await mkdir(part, { recursive: true });
    await fill(newFolder(part));
    if (force) await replace(part, place);
    else await putNew(part, place, path);
  });
}

/**
 * Move a finished folder to another place, as {@link writeFolder} puts one there: a run that is killed leaves the old folder
 * or the new one at the path, or the next one that reads or writes there puts the old one back.
 *
 * @param from on the same file system
 * @param force replace an existing folder
 * @throws {ModelFileError} when there is something at the path already, or nothing can be written there
 * @example
 * await writeFolder("model.seed-1", false, (files) => files.write("notes.txt", new TextEncoder().encode("hello")));
 * await moveFolder("model.seed-1", "model", true);
 */
export async function moveFolder(from: string, path: string, force: boolean): Promise<void> {
  requirePath(from, "moveFolder");
  await requirePlace(path, force);
  const place = await placeOf(path);
  const part = await newPart(place);
  try {
    if (force) await replace(from, place, `${part}.old`);
    else await putNew(from, place, path);
  } finally {
    endPart(part);
  }
  await syncFolder(dirname(place));
}

/** Put a part into a place where there is nothing; rename refuses one that is taken. */
async function putNew(part: string, place: string, path: string): Promise<void> {
  if (await isThere(place)) throw taken(path);
  try {
    await rename(part, place);
  } catch (error) {
    throw isTaken(error) && (await isThere(place)) ? taken(path) : error;
  }
}

const isTaken = (error: unknown): boolean => ["ENOTEMPTY", "EEXIST", "ENOTDIR", "EPERM"].includes(codeOf(error) ?? "");

const taken = (path: string): ModelFileError =>
  new ModelFileError(`${path} exists already; choose another place, or replace it (--force on the command line)`);

/** Runs that replace the same folder at the same time take turns; more than these at once are a mistake. */
const TURNS = 20;

/** Replace `place` by `part`. The old entry is restored if that fails, and removed only after it has succeeded. */
async function replace(part: string, place: string, old = `${part}.old`): Promise<void> {
  for (let turn = 1; ; turn++) {
    await rename(place, old).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    try {
      await rename(part, place);
      break;
    } catch (error) {
      if (isTaken(error) && turn < TURNS) {
        // Another run was quicker; the entry it replaced is the one moved aside here.
        await rm(old, { recursive: true, force: true });
        continue;
      }
      if (await isThere(old)) await rename(old, place);
      throw error;
    }
  }
  await rm(old, { recursive: true, force: true });
}

/**
 * Refuse a place where no folder can be put, before the work that fills it begins; remove leftovers of killed runs.
 *
 * @param force whether a folder that exists is going to be replaced
 * @throws {ModelFileError} saying why
 * @example
 * await requirePlace("my-model"); // before hours of training, rather than after them
 */
export async function requirePlace(path: string, force = false): Promise<void> {
  requirePath(path, "writeFolder");
  const place = await placeOf(path);
  await clearLeftovers(place);
  const there = await statOf(place);
  if (there && !there.isDirectory())
    throw new ModelFileError(
      `${path} is ${there.isFile() ? "a file" : "a device"}; a folder is to be written there. Choose another place`,
    );
  if (there && !force) throw taken(path);
  if (there && holds(place, process.cwd()))
    throw new ModelFileError(
      `${path} is the current folder, or one that it is in, and replacing it would remove everything in it; choose another place`,
    );
  // A run keeps its checkpoint beside the place, and names that are too long are to be found now.
  await requireWritable(join(await nearestFolder(place), `${basename(place)}.checkpoint`), path);
}

/** Whether a folder is another one, or above it. */
function holds(folder: string, other: string): boolean {
  const [first] = relative(folder, other).split(sep);
  return first !== ".." && !isAbsolute(first!);
}

/**
 * Refuse a place where no file can be put, before the work that computes its bytes begins; remove leftovers of killed runs.
 * A file that exists is going to be replaced, and a device written into.
 *
 * @throws {ModelFileError} saying why
 * @example
 * await requireFilePlace("vectors.jsonl");
 */
export async function requireFilePlace(path: string): Promise<void> {
  requirePath(path, "writeFileAtomically");
  const place = await placeOf(path);
  const there = await statOf(place);
  if (there?.isDirectory()) throw new ModelFileError(`${path} is a folder; a file is to be written there`);
  if (there && !there.isFile()) return;
  await clearLeftovers(place);
  const above = dirname(place);
  if (!(await statOf(above))) throw new ModelFileError(`${path} cannot be written: there is no folder ${above}`);
  await requireWritable(place, path);
}

/** The folder that a place is in, or will be made in. */
async function nearestFolder(place: string): Promise<string> {
  const above = dirname(place);
  return (await statOf(above)) || above === place ? above : nearestFolder(above);
}

/** Make and remove a file beside `place`, as what is written there will be. */
async function requireWritable(place: string, path: string): Promise<void> {
  const above = dirname(place);
  const refuse = (reason: string): never => {
    throw new ModelFileError(`${path} cannot be written: ${reason}`);
  };
  if (!(await stat(above)).isDirectory()) refuse(`${above} is a file`);
  // Permissions do not tell everything: a file system may be read only, or take no new names.
  const probe = await newPart(place);
  try {
    await (await open(probe, "wx")).close();
    await rm(probe);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    refuse(codeOf(error) === "ENAMETOOLONG" ? refusalOf(error)! : `nothing can be made in ${above} (${codeOf(error)})`);
  } finally {
    endPart(probe);
  }
}
