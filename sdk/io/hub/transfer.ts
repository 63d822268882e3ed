/** The bytes of one file, with further attempts for as long as each of them makes progress. */
import { type Connection, chunksOf, Interruption, PLAIN, persistently, request, requireSuccess } from "./connection.js";
import { DownloadError } from "./errors.js";
import type { Digest } from "./listing.js";

/** A file to receive. */
export interface Transfer {
  /** the model and the file, for messages */
  readonly what: string;
  readonly url: string;
  readonly digest: Digest;
  /** bytes */
  readonly size: number;
}

/** Where bytes go: a part on the disk, or memory. */
export interface Sink {
  /** bytes received */
  readonly length: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Begin again. */
  clear(): Promise<void>;
}

/**
 * Receive the rest of a file. Its hash is not checked here.
 *
 * @param report bytes that are here
 * @throws {DownloadError} when no more bytes come, or not those that the hub lists; the sink is then empty
 */
export async function receive(
  connection: Connection,
  sink: Sink,
  transfer: Transfer,
  report: (loaded: number) => void,
): Promise<void> {
  report(sink.length);
  const work = async (): Promise<void> => {
    if (sink.length < transfer.size) await attempt(connection, sink, transfer, report);
  };
  try {
    await persistently(connection, transfer.what, work, () => sink.length);
  } catch (error) {
    // After a cut the rest can follow later; bytes that a server or a disk got wrong are of no use.
    const wasCut = connection.signal?.aborted || (error as Error).cause instanceof Interruption;
    if (!wasCut) await sink.clear().catch(() => {});
    throw error;
  }
}

export const wrongHash = ({ what, digest }: Transfer): DownloadError =>
  new DownloadError(`${what}: the bytes received do not have the hash that the hub lists (${digest.hex})`);

async function attempt(
  connection: Connection,
  sink: Sink,
  transfer: Transfer,
  report: (loaded: number) => void,
): Promise<void> {
  const range = sink.length > 0 ? { range: `bytes=${sink.length}-` } : {};
  const answer = await request(connection, transfer.url, { ...PLAIN, ...range });
  const { response } = answer;
  if (response.status === 416)
    throw new DownloadError(
      `${transfer.what}: the server has fewer than the ${transfer.size} bytes that the hub lists`,
    );
  await requireSuccess(answer, transfer.what, connection);
  try {
    // A server may ignore the range and begin again.
    if (response.status !== 206) await sink.clear();
    requireExpected(response, sink.length, transfer);
    for await (const chunk of chunksOf(response, connection.signal, connection.timeout)) {
      if (sink.length + chunk.length > transfer.size)
        throw new DownloadError(`${transfer.what}: more bytes arrive than the ${transfer.size} that the hub lists`);
      await sink.append(chunk);
      report(sink.length);
    }
  } finally {
    // Without effect on a body that has been read.
    response.body?.cancel().catch(() => {});
  }
  if (sink.length < transfer.size) throw new Interruption("the answer ended early");
}

/** Refuse an answer that is not the rest of the file, before any of it is read. */
function requireExpected({ status, headers }: Response, from: number, { what, size }: Transfer): void {
  if (/^text\/html\b/.test(headers.get("content-type") ?? "") && !what.endsWith(".html"))
    throw new DownloadError(
      `${what}: the server answers with a web page instead of the file; is there a login or a proxy?`,
    );
  if (status === 206) {
    // Browsers show this header only where the server allows it; the hash tells in any case.
    const range = headers.get("content-range");
    const [, begin, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? "") ?? [];
    if (range !== null && (Number(begin) !== from || (total !== "*" && Number(total) !== size)))
      throw new DownloadError(`${what}: expected bytes from ${from} of ${size}, the server answers "${range}"`);
    return;
  }
  const length = headers.get("content-length");
  if (length !== null && !headers.get("content-encoding") && Number(length) !== size)
    throw new DownloadError(`${what}: the hub lists ${size} bytes, the server announces ${length}`);
}
