/** A model by its name, from the cache or into it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../../errors.js";
import { jsonOf, requireSafeName } from "../../files/files.js";
import { filesAt } from "../../files/folder.js";
import { statOf } from "../../files/parts.js";
import { syncFolder } from "../../files/write-whole.js";
import { type Connection, Interruption } from "../connection.js";
import { DownloadError, HubError } from "../errors.js";
import { completed, type Digest, fileUrl, type KnownFile, type Listing, listFiles } from "../listing.js";
import { isCommit, requireModelName, requireRevision } from "../names.js";
import { neededFiles, type Wanted } from "../needed.js";
import { checkHubOptions, type HubOptions, Progress } from "../options.js";
import { downloadBlob, fileDigest } from "./blob.js";
import { onDisk } from "./part.js";
import { cacheFolder, connectionOf, copiesFiles, isOffline } from "./settings.js";
import { CachedModel } from "./snapshot.js";

/** A model on the disk. */
export interface Downloaded {
  readonly name: string;
  /** the commit */
  readonly revision: string;
  /** the folder */
  readonly path: string;
  /** names of its files */
  readonly files: readonly string[];
  /** why the hub could not be asked whether this commit is the newest; null when it was, or need not be */
  readonly unreachable: string | null;
}

/** Downloads at the same time. */
const SIDE_BY_SIDE = 4;

/**
 * Make a published model available on the disk: in the cache that Python's huggingface_hub reads and writes as well. Every
 * file is checked against the size and the hash that the hub lists before it appears under its name.
 *
 * @throws {HubError} when there is no such model, or not in the cache while the hub cannot be asked
 * @throws {DownloadError} when a transfer failed
 * @example
 * const { path } = await downloadModel("sentence-transformers/all-MiniLM-L6-v2", { revision: "main" });
 */
export async function downloadModel(name: string, options: HubOptions = {}): Promise<Downloaded> {
  checkHubOptions("downloadModel", options);
  requireModelName(name);
  const revision = requireRevision(options.revision ?? "main");
  const { env } = process;
  const given = typeof options.cache === "string" ? options.cache : undefined;
  const model = new CachedModel(cacheFolder(given, env), name);
  const wanted = options.only ?? "model";
  const offline = isOffline(options.offline, env);
  const cached = () => fromCache(model, name, revision, wanted);
  if (offline || (isCommit(revision) && !options.verify)) {
    const found = await cached();
    if (typeof found !== "string") return { ...found, unreachable: null };
    if (offline) throw new HubError(`${name}: ${found}, and the network is not to be used (HF_HUB_OFFLINE)`);
  }
  const connection = await connectionOf(options, env);
  const found = await cached();
  let listing: Listing;
  try {
    listing = await listFiles({ ...connection, ...(typeof found !== "string" && { attempts: 1 }) }, name, revision);
  } catch (error) {
    // A hub that does not answer is no reason to fail if the model is cached.
    if (!(error instanceof DownloadError && error.cause instanceof Interruption)) throw error;
    if (typeof found === "string") throw new HubError(`${error.message}; ${found}`, { cause: error.cause });
    return { ...found, unreachable: error.message };
  }
  const files = await fetchAll(connection, model, name, listing, wanted, options);
  const { commit } = listing;
  // Names last on the disk before there are links to them.
  await onDisk(model.path, syncFolder(model.blob("")));
  await model.show(commit, new Map(files.map(({ name, digest }) => [name, digest.hex])), copiesFiles(env));
  await model.remember(revision, commit);
  const path = model.snapshot(commit);
  return { name, revision: commit, path, files: files.map((file) => file.name), unreachable: null };
}

/** A model in the cache, or the reason why it is incomplete. */
async function fromCache(
  model: CachedModel,
  name: string,
  revision: string,
  wanted: Wanted,
): Promise<Omit<Downloaded, "unreachable"> | string> {
  const commit = await model.commitOf(revision);
  const names = commit === null ? null : await model.files(commit);
  if (commit === null || !names) return `revision ${revision} is not in the cache (${model.path})`;
  const path = model.snapshot(commit);
  try {
    const files = await neededFiles(names, wanted, (file) => readJsonAt(path, file));
    const isUsable = wanted === "model" ? files.some((file) => file.endsWith("config.json")) : files.length > 0;
    if (isUsable) return { name, revision: commit, path, files };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
  return `the cache has only a part of revision ${revision} (${path})`;
}

async function readJsonAt(folder: string, name: string): Promise<unknown> {
  const bytes = await filesAt(folder).read(name);
  return bytes && jsonOf(bytes, name);
}

/** Have the blobs of all files that are needed. */
async function fetchAll(
  connection: Connection,
  model: CachedModel,
  name: string,
  listing: Listing,
  wanted: Wanted,
  { onProgress, verify = false }: HubOptions,
): Promise<KnownFile[]> {
  const known = new Map<string, KnownFile>();
  const describe = async (file: string): Promise<KnownFile> => {
    requireSafeName(file);
    const found = known.get(file) ?? (await completed(connection, name, listing.commit, listing.files.get(file)!));
    known.set(file, found);
    return found;
  };
  const fetchOne = async (file: string, progress: Progress): Promise<void> => {
    const { digest, size } = await describe(file);
    const place = model.blob(digest.hex);
    const what = `${name}/${file}`;
    if (await isCached(place, digest, size, verify, what)) return progress.update(file, size);
    const url = fileUrl(connection, name, listing.commit, file);
    await downloadBlob(connection, place, { what, url, digest, size }, (loaded) => progress.update(file, loaded));
  };
  const quiet = new Progress(new Map(), undefined);
  const json = async (file: string): Promise<unknown> => {
    await fetchOne(file, quiet);
    return readJsonAt(join(model.path, "blobs"), known.get(file)!.digest.hex);
  };
  const names = await neededFiles(new Set(listing.files.keys()), wanted, json).catch((error: unknown) => {
    throw error instanceof HubError ? new HubError(`${name}: ${error.message}`) : error;
  });
  const sizes = new Map<string, number>();
  for (const file of names) sizes.set(file, (await describe(file)).size);
  const progress = new Progress(sizes, onProgress);
  await sideBySide(names, (file) => fetchOne(file, progress));
  return names.map((file) => known.get(file)!);
}

/** Whether a blob exists. One that does not match its name is removed; a wrong size is enough to check. */
async function isCached(place: string, digest: Digest, size: number, verify: boolean, what: string): Promise<boolean> {
  const there = await statOf(place);
  if (!there) return false;
  if (there.size === size && !verify) return true;
  if ((await fileDigest(place, digest.algorithm)) !== digest.hex) {
    await rm(place, { force: true });
    return false;
  }
  if (there.size === size) return true;
  throw new DownloadError(`${what}: the hub lists ${size} bytes, the file of that hash in the cache has ${there.size}`);
}

/** Run work for several files at a time. When one fails, no further one starts, and those under way finish first. */
async function sideBySide(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const queue = [...names];
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined && errors.length === 0; name = queue.shift())
      await work(name).catch((error: unknown) => errors.push(error));
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  if (errors.length > 0) throw errors[0];
}
