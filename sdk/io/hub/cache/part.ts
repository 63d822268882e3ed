/**
 * The part of a file that has been received, on the disk and hashed as it grows: `HASH.WRITER.incomplete` beside the file
 * that it becomes. A part has one writer. The leftovers of a killed or failed download are copied, never continued
 * in place, so that a writer that turns out to be alive cannot spoil a file that has been checked.
 */
import type { Hash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { endOwner, isThere, newOwner, statOf, writerCheck } from "../../files/parts.js";
import { pause } from "../connection.js";
import { DownloadError } from "../errors.js";
import type { Digest } from "../listing.js";

const SUFFIX = ".incomplete";

/** The hash of a file of `size` bytes, to be fed with them. */
export async function hashOf({ algorithm }: Digest, size: number): Promise<Hash> {
  const { createHash } = await import("node:crypto");
  return algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

/** Errors of the disk, as the user can mend them. */
export function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    const reason = { ENOSPC: "the disk is full", EDQUOT: "the quota is used up", EROFS: "the disk is read only" }[
      code ?? ""
    ];
    const denied = code === "EACCES" || code === "EPERM" ? "permission denied" : undefined;
    if (code === undefined) throw error;
    throw new DownloadError(`${path} cannot be written: ${reason ?? denied ?? code}`, { cause: error });
  });
}

/** A part that is being written. */
export class Part {
  #length = 0;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private readonly digest: Digest,
    private readonly size: number,
    private hash: Hash,
  ) {}

  /** @param path of a file that does not exist */
  static async create(path: string, digest: Digest, size: number): Promise<Part> {
    const handle = await onDisk(path, open(path, "wx+"));
    return new Part(path, handle, digest, size, await hashOf(digest, size));
  }

  /** bytes received */
  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.subarray(at);
      at += (await onDisk(this.path, this.handle.write(rest, 0, rest.length, this.#length + at))).bytesWritten;
    }
    this.hash.update(bytes);
    this.#length += bytes.length;
  }

  /** Begin again. */
  async clear(): Promise<void> {
    await onDisk(this.path, this.handle.truncate(0));
    this.hash = await hashOf(this.digest, this.size);
    this.#length = 0;
  }

  /** Whether the bytes are those that the hub lists. */
  isGenuine(): boolean {
    return this.#length === this.size && this.hash.copy().digest("hex") === this.digest.hex;
  }

  /** Flush and close. */
  async finish(): Promise<void> {
    await onDisk(this.path, this.handle.sync());
    await this.close();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** A part on the disk, with the word that says who writes it. */
interface Written {
  readonly path: string;
  readonly owner: string;
}

async function partsOf(place: string): Promise<Written[]> {
  const prefix = `${basename(place)}.`;
  const names = await readdir(dirname(place)).catch((): string[] => []);
  return names
    .filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX))
    .map((name) => ({ path: join(dirname(place), name), owner: name.slice(prefix.length, -SUFFIX.length) }))
    .filter(({ owner }) => /^[\da-f]{6}-\d+-\d+-[\da-f]{12}$/.test(owner));
}

/** Milliseconds between looks at a part that another process writes, and without growth until it is given up. */
const LOOK = 200;
const SILENCE = 60_000;

/**
 * Wait while another download writes the file, as long as it makes progress.
 *
 * @returns parts that have not grown for a minute: their writers hang, or are on a machine that is gone
 */
async function waitForOthers(
  place: string,
  isBeingWritten: (owner: string) => boolean,
  signal: AbortSignal | null,
): Promise<ReadonlySet<string>> {
  const seen = new Map<string, { size: number; since: number }>();
  for (;;) {
    const silent = new Set<string>();
    const live = (await partsOf(place)).filter(({ owner }) => isBeingWritten(owner));
    for (const { path } of live) {
      const size = (await statOf(path))?.size ?? 0;
      if (seen.get(path)?.size !== size) seen.set(path, { size, since: Date.now() });
      if (Date.now() - seen.get(path)!.since >= SILENCE) silent.add(path);
    }
    if (silent.size === live.length || (await isThere(place))) return silent;
    await pause(LOOK, signal);
  }
}

/**
 * Run `work` with a new part for the file at `place`, unless the file exists by then. Two processes that want the
 * same file take turns, so that it is downloaded once; that saves the network, and nothing depends on it. A part that is
 * not empty when `work` fails is kept for the next download.
 */
export async function withPart(
  place: string,
  digest: Digest,
  size: number,
  signal: AbortSignal | null,
  work: (part: Part) => Promise<void>,
): Promise<void> {
  await onDisk(place, mkdir(dirname(place), { recursive: true }));
  const isBeingWritten = await writerCheck();
  for (let isDone = false; !isDone; ) {
    const owner = await newOwner();
    try {
      const silent = await waitForOthers(place, isBeingWritten, signal);
      if (await isThere(place)) return;
      const part = await Part.create(`${place}.${owner}${SUFFIX}`, digest, size);
      try {
        const live = (await partsOf(place)).filter((other) => !silent.has(other.path) && isBeingWritten(other.owner));
        // If two began at the same time, the one whose name sorts first continues.
        isDone = live.every((other) => other.owner >= owner);
        if (isDone) {
          const left = (await partsOf(place)).filter((other) => other.owner !== owner && !isBeingWritten(other.owner));
          await adopt(part, left, size);
          await work(part);
        }
      } finally {
        await part.close();
        if (part.length === 0) await rm(part.path, { force: true });
      }
    } finally {
      endOwner(owner);
    }
  }
}

const CHUNK = 2 ** 20;

/** Continue from the longest abandoned part: its bytes are copied, and it is removed. */
async function adopt(part: Part, left: readonly Written[], size: number): Promise<void> {
  const sized = await Promise.all(
    left.map(async ({ path }) => ({ path, bytes: (await stat(path).catch(() => null))?.size ?? 0 })),
  );
  const [longest] = sized.filter(({ bytes }) => bytes <= size).sort((a, b) => b.bytes - a.bytes);
  if (longest && longest.bytes > 0) await copyInto(part, longest.path);
  for (const { path } of left) await rm(path, { force: true });
}

async function copyInto(part: Part, from: string): Promise<void> {
  const source = await open(from, "r").catch(() => null);
  if (!source) return;
  try {
    const buffer = new Uint8Array(CHUNK);
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, CHUNK, part.length);
      if (bytesRead === 0) return;
      await part.append(buffer.subarray(0, bytesRead));
    }
  } finally {
    await source.close();
  }
}
