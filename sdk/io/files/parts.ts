/**
 * Parts: files and folders that are being written, beside the place that they will have.
 *
 * A part's name says who writes it, `.NAME.HOST-PROCESS-THREAD-RANDOM.part`, so that the leftovers of a killed run can be
 * distinguished from the part that another run is writing. `.part.old` is the folder that a part is replacing: only the
 * rename of the part into its place is missing.
 */
import type { Stats } from "node:fs";
import { lstat, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const OWNER = /^([\da-f]{6})-(\d+)-(\d+)-([\da-f]{12})$/;

/** This thread in the names of its parts. Whoever only reads does not wait for these modules, which take 12 ms to load. */
async function thisThread() {
  const { createHash, randomBytes } = await import("node:crypto");
  const { hostname } = await import("node:os");
  const { threadId } = await import("node:worker_threads");
  const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 6);
  return { host, threadId, random: randomBytes(6).toString("hex") };
}

/** Parts that this thread is writing. */
const own = new Set<string>();

/** A word that identifies the writer of a file, used in its name; {@link endOwner} ends it. */
export async function newOwner(): Promise<string> {
  const { host, threadId, random } = await thisThread();
  const owner = `${host}-${process.pid}-${threadId}-${random}`;
  own.add(owner);
  return owner;
}

export const endOwner = (owner: string): void => void own.delete(owner);

/** A name beside `place` that nothing else writes to. */
export async function newPart(place: string): Promise<string> {
  return join(dirname(place), `.${basename(place)}.${await newOwner()}.part`);
}

/** The part is in its place, or gone. */
export function endPart(part: string): void {
  endOwner(ownerOf(basename(part)));
}

const ownerOf = (name: string): string => name.split(".").at(-2) ?? "";

/** The check whether a part's writer may still be running; for another machine this cannot be known, so it may. */
export async function writerCheck(): Promise<(owner: string) => boolean> {
  const { host, threadId } = await thisThread();
  return (owner) => {
    const [, machine, pid, thread] = OWNER.exec(owner) ?? [];
    if (machine !== host) return true;
    if (Number(pid) === process.pid) return Number(thread) !== threadId || own.has(owner);
    try {
      process.kill(Number(pid), 0);
      return true;
    } catch (error) {
      // EPERM: a process of another user.
      return (error as NodeJS.ErrnoException).code !== "ESRCH";
    }
  };
}

/** The entry at a path; undefined if there is none. */
async function orNothing(work: Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await work;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** The entry that a path leads to, through links. */
export const statOf = (path: string): Promise<Stats | undefined> => orNothing(stat(path));

/** Whether there is an entry at the path itself, even a dangling link. */
export const isThere = async (path: string): Promise<boolean> => (await orNothing(lstat(path))) !== undefined;

/** Names of parts beside `place`: those of the place itself, and of `place.…`, such as a checkpoint. */
async function partsBeside(place: string): Promise<string[]> {
  const names = await readdir(dirname(place)).catch((): string[] => []);
  return names.filter((name) => name.startsWith(`.${basename(place)}.`) && /\.part(\.old)?$/.test(name));
}

/**
 * Complete the replacement that a killed run had begun: a folder that was whole, and was to replace another that is moved aside, gets its
 * place; the other goes. Nothing happens where the place is taken.
 */
export async function mend(place: string): Promise<void> {
  if (await isThere(place)) return;
  const names = (await partsBeside(place)).filter((name) => name.endsWith(".part.old"));
  if (names.length === 0) return;
  const isBeingWritten = await writerCheck();
  for (const name of names) {
    const part = name.slice(0, -".old".length);
    const owner = ownerOf(part);
    if (part !== `.${basename(place)}.${owner}.part` || isBeingWritten(owner)) continue;
    const [old, next] = [name, part].map((one) => join(dirname(place), one)) as [string, string];
    try {
      await rename((await isThere(next)) ? next : old, place);
    } catch {
      // Another run has repaired it since, or the place cannot be written; then it stays as it is.
      continue;
    }
    await rm(old, { recursive: true, force: true });
    return;
  }
}

/** Complete or remove the leftovers of killed runs at a path about to be written. */
export async function clearLeftovers(place: string): Promise<void> {
  await mend(place);
  const names = await partsBeside(place);
  const isBeingWritten = await writerCheck();
  for (const name of names) {
    const part = name.endsWith(".old") ? name.slice(0, -".old".length) : name;
    if (!OWNER.test(ownerOf(part)) || isBeingWritten(ownerOf(part))) continue;
    // A folder moved aside is the only copy of another place until that is mended.
    const isOfPlace = part === `.${basename(place)}.${ownerOf(part)}.part`;
    if (isOfPlace || !names.includes(`${part}.old`))
      await rm(join(dirname(place), name), { recursive: true, force: true });
  }
}
