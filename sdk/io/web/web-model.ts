/**
 * A published model where there is no disk: fetched from the hub, checked in memory, and kept in files that the browser or
 * the caller provides.
 */
import { type Files, rangedBytes, requireSafeName, type WritableFiles } from "../files/files.js";
import { lazyFiles } from "../files/lazy-files.js";
import { type Connection, DEFAULT_ENDPOINT, Interruption, PATIENCE, requireEndpoint } from "../hub/connection.js";
import { DownloadError, HubError } from "../hub/errors.js";
import { completed, type Digest, fileUrl, type Listing, listFiles, parseListing } from "../hub/listing.js";
import { requireModelName, requireRevision } from "../hub/names.js";
import type { HubOptions } from "../hub/options.js";
import { receive, type Sink, wrongHash } from "../hub/transfer.js";
import { browserCache } from "./browser-files.js";

/** The files to keep models in: those given, or the browser's; null where there is neither. */
function cacheOf({ cache }: HubOptions): WritableFiles | null {
  if (cache === undefined) return "caches" in globalThis && "location" in globalThis ? browserCache() : null;
  if (typeof cache !== "string") return cache;
  throw new HubError("a path can be the cache in Node, Deno and Bun alone; give files that can be written");
}

function connectionOf({ endpoint = DEFAULT_ENDPOINT, token, ...options }: HubOptions): Connection {
  return {
    endpoint: requireEndpoint(endpoint),
    token: token || null,
    fetch: options.fetch ?? ((...words) => fetch(...words)),
    signal: options.signal ?? null,
    ...PATIENCE,
    ...(options.retryDelay !== undefined && { delay: options.retryDelay }),
  };
}

/** A file received into memory, kept in chunks: a falsely announced size then takes no memory. */
class Memory implements Sink {
  #chunks: Uint8Array[] = [];
  length = 0;

  async append(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes);
    this.length += bytes.length;
  }

  async clear(): Promise<void> {
    this.#chunks = [];
    this.length = 0;
  }

  /** all of it, once */
  take(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks.splice(0)) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}

/** Whether bytes have a hash. */
async function isGenuine(bytes: Uint8Array, { algorithm, hex }: Digest): Promise<boolean> {
  if (!globalThis.crypto?.subtle)
    throw new HubError(
      "the files of a model cannot be checked here: hashing needs a page that came over https, or localhost",
    );
  const header = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const hashed = algorithm === "sha256" ? bytes : new Uint8Array([...header, ...bytes]);
  const name = algorithm === "sha256" ? "SHA-256" : "SHA-1";
  const digest = new Uint8Array(await crypto.subtle.digest(name, hashed as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === hex;
}

/**
 * The files of a published model, each fetched when it is read, unless the cache has it.
 *
 * @throws {HubError | DownloadError} when a file is read that cannot be had
 */
export function webModel(name: string, options: HubOptions): Files {
  requireModelName(name);
  const revision = requireRevision(options.revision ?? "main");
  return lazyFiles(async () => {
    const connection = connectionOf(options);
    const cache = cacheOf(options);
    const folder = `models--${name.replace("/", "--")}`;
    const listing = await listed(connection, name, revision, cache, folder, options.offline ?? false);
    const kept = new Map<string, Promise<Uint8Array | undefined>>();
    const read = (file: string): Promise<Uint8Array | undefined> => {
      requireSafeName(file);
      const found = kept.get(file) ?? fetched(connection, name, listing, file, cache, folder, options);
      kept.set(file, found);
      found.catch(() => kept.delete(file));
      return found;
    };
    return {
      read,
      async open(file) {
        const bytes = await read(file);
        // The reader of weights is done with them once they are in the engine's memory.
        kept.delete(file);
        return bytes && rangedBytes(bytes);
      },
    };
  });
}

/** The newest listing, or where the hub cannot be reached the one that was kept. */
async function listed(
  connection: Connection,
  name: string,
  revision: string,
  cache: WritableFiles | null,
  folder: string,
  offline: boolean,
): Promise<Listing> {
  const place = `${folder}/refs/${revision}.json`;
  const known = await cache?.read(place);
  const keptListing = () => parseListing(known!, place);
  if (offline && !known)
    throw new HubError(`${name}: revision ${revision} is not in the cache, and the network is not to be used`);
  if (offline) return keptListing();
  try {
    const listing = await listFiles({ ...connection, ...(known && { attempts: 1 }) }, name, revision);
    await cache?.write(place, new TextEncoder().encode(JSON.stringify(plain(listing))));
    return listing;
  } catch (error) {
    if (known && error instanceof DownloadError && error.cause instanceof Interruption) return keptListing();
    throw error;
  }
}

/** A listing in the form in which the hub gives it. */
const plain = ({ commit, files }: Listing) => ({
  sha: commit,
  siblings: Array.from(files.values(), ({ name, size, digest }) => ({
    rfilename: name,
    ...(size !== null && { size }),
    ...(digest && { blobId: digest.hex }),
  })),
});

/** A file: from the cache, or fetched, checked and kept; undefined for one that the model has not. */
async function fetched(
  connection: Connection,
  name: string,
  listing: Listing,
  file: string,
  cache: WritableFiles | null,
  folder: string,
  { offline = false, onProgress, verify = false }: HubOptions,
): Promise<Uint8Array | undefined> {
  const entry = listing.files.get(file);
  if (!entry) return undefined;
  const place = `${folder}/${listing.commit}/${file}`;
  const known = await cache?.read(place);
  if (known && !verify) return known;
  const what = `${name}/${file}`;
  if (offline) throw new HubError(`${what} is not in the cache, and the network is not to be used`);
  const { digest, size } = await completed(connection, name, listing.commit, entry);
  if (known && (await isGenuine(known, digest))) return known;
  const transfer = { what, url: fileUrl(connection, name, listing.commit, file), digest, size };
  const memory = new Memory();
  await receive(connection, memory, transfer, (loaded) =>
    onProgress?.({ file, fileLoaded: loaded, fileSize: size, loaded, size }),
  );
  const bytes = memory.take();
  if (!(await isGenuine(bytes, digest))) throw wrongHash(transfer);
  await cache?.write(place, bytes);
  return bytes;
}
