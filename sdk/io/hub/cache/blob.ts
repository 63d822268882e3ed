/** One file of a model, downloaded into its place: resumed after a cut, checked, and visible under its name only whole. */
import { rename, rm, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isThere, statOf } from "../../files/parts.js";
import type { Connection } from "../connection.js";
import { DownloadError } from "../errors.js";
import type { Digest } from "../listing.js";
import { receive, type Transfer, wrongHash } from "../transfer.js";
import { hashOf, onDisk, withPart } from "./part.js";

/**
 * Download a file to `place`, unless it exists.
 *
 * @param report bytes that are here
 * @throws {DownloadError} when it cannot be fetched, or differs from the hub's listing; nothing is left at `place`
 */
export async function downloadBlob(
  connection: Connection,
  place: string,
  wanted: Transfer,
  report: (loaded: number) => void,
): Promise<void> {
  const { digest, size, what } = wanted;
  await withPart(place, digest, size, connection.signal, async (part) => {
    const adopted = part.length;
    await requireRoom(part.path, size - adopted, what);
    await receive(connection, part, wanted, report);
    if (!part.isGenuine() && adopted > 0) {
      // A part left by an earlier run may have been damaged since.
      await part.clear();
      await receive(connection, part, wanted, report);
    }
    if (!part.isGenuine()) {
      await part.clear();
      throw wrongHash(wanted);
    }
    await part.finish();
    await putInPlace(part.path, place);
  });
  report(size);
}

/** Give a file that has been checked its name. Another process may have been quicker, with the same bytes. */
async function putInPlace(part: string, place: string): Promise<void> {
  try {
    await onDisk(place, rename(part, place));
  } catch (error) {
    if (!(await isThere(place))) throw error;
    await rm(part, { force: true });
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

/** Refuse a file that the disk has no room for. */
async function requireRoom(path: string, bytes: number, what: string): Promise<void> {
  const system = await statfs(dirname(path)).catch(() => null);
  if (!system) return;
  const free = Number(system.bavail) * Number(system.bsize);
  if (free < bytes)
    throw new DownloadError(
      `${what}: ${megabytes(bytes)} are needed in ${dirname(path)}, and ${megabytes(free)} are free`,
    );
}

/** The hash of a file on disk: git's, or of its bytes. */
export async function fileDigest(path: string, algorithm: Digest["algorithm"]): Promise<string> {
  const hash = await hashOf({ algorithm, hex: "" }, (await statOf(path))?.size ?? 0);
  const { createReadStream } = await import("node:fs");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
