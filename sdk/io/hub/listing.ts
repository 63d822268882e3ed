/** The contents of a revision of a model: its commit, and its files with their sizes and hashes. */
import { shown } from "../../errors.js";
import { parseJson } from "../../json.js";
import { fieldsOf, ModelFileError } from "../files/files.js";
import { bodyOf, type Connection, PLAIN, persistently, request, requireSuccess } from "./connection.js";
import { DownloadError, HubError } from "./errors.js";
import { isCommit } from "./names.js";

/** A hash of a file: of its bytes (files in Git LFS), or of its bytes behind git's header (all others). */
export interface Digest {
  readonly algorithm: "sha256" | "git-sha1";
  /** hexadecimal digits; the file's name in the cache */
  readonly hex: string;
}

/** A file of a model as the hub lists it. Mirrors may list names alone; the response with the file then has the rest. */
export interface ListedFile {
  readonly name: string;
  /** bytes */
  readonly size: number | null;
  readonly digest: Digest | null;
}

export interface Listing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, ListedFile>;
}

/** More than any model has. */
const MOST_FILES = 100_000;
const LONGEST_LISTING = 64 * 2 ** 20;

/** The request that Python's model_info() makes. */
export const listingUrl = ({ endpoint }: Pick<Connection, "endpoint">, name: string, revision: string): string =>
  `${endpoint}/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;

export const fileUrl = (
  { endpoint }: Pick<Connection, "endpoint">,
  name: string,
  commit: string,
  file: string,
): string => `${endpoint}/${name}/resolve/${commit}/${file}`;

/**
 * Ask the hub for a revision.
 *
 * @throws {HubError} when there is no such model or revision
 * @throws {DownloadError} when the hub cannot be reached, or answers something else
 */
export async function listFiles(connection: Connection, name: string, revision: string): Promise<Listing> {
  const what = revision === "main" ? name : `${name} at revision ${revision}`;
  const url = listingUrl(connection, name, revision);
  return persistently(connection, what, async () => {
    const answer = await request(connection, url, { accept: "application/json" });
    await requireSuccess(answer, what, connection);
    const listing = parseListing(await bodyOf(answer, LONGEST_LISTING, connection), url);
    // A caller who names a commit wants these files and no others.
    if (isCommit(revision) && listing.commit !== revision)
      throw new DownloadError(`${what}: ${connection.endpoint} answers with another commit, ${listing.commit}`);
    return listing;
  });
}

/** @param url for messages */
export function parseListing(bytes: Uint8Array, url: string): Listing {
  try {
    const { sha, siblings } = fieldsOf(parseJson(new TextDecoder().decode(bytes)));
    if (typeof sha !== "string" || !/^[\da-f]{40}$/.test(sha)) throw new HubError(`sha is ${shown(sha)}`);
    if (!Array.isArray(siblings) || siblings.length > MOST_FILES) throw new HubError(`siblings are ${shown(siblings)}`);
    const files = siblings.map(listedFile);
    return { commit: sha, files: new Map(files.map((file) => [file.name, file])) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new DownloadError(`${url} answers no list of a model's files (${error.message}); is it a model hub?`);
  }
}

function listedFile(entry: unknown): ListedFile {
  const { rfilename: name, size = null, blobId = null, lfs = null } = fieldsOf(entry);
  if (typeof name !== "string") throw new ModelFileError(`a file's name is ${shown(name)}`);
  const { sha256 = null, size: lfsSize = null } = fieldsOf(lfs);
  for (const value of [size, lfsSize])
    if (value !== null && !(Number.isSafeInteger(value) && (value as number) >= 0))
      throw new ModelFileError(`the size of ${shown(name)} is ${shown(value)}`);
  const hex = sha256 ?? blobId;
  const digest = hex === null ? null : digestOf(String(hex));
  if (hex !== null && digest === null) throw new ModelFileError(`the hash of ${shown(name)} is ${shown(hex)}`);
  return { name, size: (lfsSize ?? size) as number | null, digest };
}

/** The digest that an entity tag is; null for any other. */
export function digestOf(etag: string | null): Digest | null {
  const hex = (etag ?? "").replace(/^W\//, "").replaceAll('"', "");
  if (/^[\da-f]{64}$/.test(hex)) return { algorithm: "sha256", hex };
  return /^[\da-f]{40}$/.test(hex) ? { algorithm: "git-sha1", hex } : null;
}

/** A file of which hash and size are known. */
export interface KnownFile extends ListedFile {
  readonly size: number;
  readonly digest: Digest;
}

/** A listed file with its hash and size, if need be from the headers that come with it. */
export async function completed(
  connection: Connection,
  name: string,
  commit: string,
  file: ListedFile,
): Promise<KnownFile> {
  const { digest, size } = file;
  if (digest !== null && size !== null) return { ...file, digest, size };
  const what = `${name}/${file.name}`;
  return persistently(connection, what, async () => {
    const answer = await request(connection, fileUrl(connection, name, commit, file.name), PLAIN, "HEAD");
    await requireSuccess(answer, what, connection);
    const { first, response } = answer;
    const found = digest ?? digestOf(first.get("x-linked-etag") ?? first.get("etag"));
    if (found === null) throw new DownloadError(`${what}: ${connection.endpoint} gives no hash to check the file by`);
    const length = size ?? Number(first.get("x-linked-size") ?? response.headers.get("content-length") ?? Number.NaN);
    if (Number.isSafeInteger(length) && length >= 0) return { ...file, digest: found, size: length };
    throw new DownloadError(`${what}: ${connection.endpoint} does not say how large the file is`);
  });
}
