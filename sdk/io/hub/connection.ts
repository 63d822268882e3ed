/**
 * Requests to a model hub. The token goes to the hub's own origin and nowhere else: redirects are followed here, one by
 * one, and those to another host are followed without it.
 */
import { InputError, shown } from "../../errors.js";
import { DownloadError, HubError } from "./errors.js";

/** The hub that is asked where neither an option nor HF_ENDPOINT names another. */
export const DEFAULT_ENDPOINT = "https://huggingface.co";

/** A hub, and who asks. */
export interface Connection {
  /** base URL without a slash at its end */
  readonly endpoint: string;
  readonly token: string | null;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | null;
  /** seconds without a byte after which a connection counts as cut */
  readonly timeout: number;
  /** milliseconds before the first repetition of a failed request; each further one waits twice as long */
  readonly delay: number;
  /** attempts without a byte received after which a transfer is given up */
  readonly attempts: number;
}

/** What most connections have in common. */
export const PATIENCE = { timeout: 30, delay: 500, attempts: 5 } as const;

/** A compressed answer's length is not the file's. */
export const PLAIN: Readonly<Record<string, string>> = { "accept-encoding": "identity" };

/** An answer, and the headers of the first of its redirects, which describe the file. */
export interface Answer {
  readonly response: Response;
  readonly first: Headers;
}

/** A connection that was refused, cut or silent, or a server that is overloaded: another attempt may succeed. */
export class Interruption extends Error {
  override name = "Interruption";
  /** seconds that the server asks to wait */
  constructor(
    message: string,
    readonly after = 0,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const MOST_REDIRECTS = 5;

/** Require the base URL of a hub: http or https, without a query. */
export function requireEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || url.username !== "")
    throw new HubError(`the endpoint ${shown(text)} is not the base URL of a model hub, such as ${DEFAULT_ENDPOINT}`);
  return url.href.replace(/\/+$/, "");
}

/**
 * Request a URL of the hub.
 *
 * @throws {Interruption} when no answer came
 * @throws {DownloadError} for redirects that are refused
 */
export async function request(
  connection: Connection,
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answer> {
  const home = new URL(connection.endpoint).origin;
  let at = new URL(url);
  let first: Headers | null = null;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
    const sent = { ...headers, ...(connection.token !== null && at.origin === home && bearer(connection.token)) };
    const response = await ask(connection, at, sent, method);
    first ??= response.headers;
    const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null) return { response, first };
    await response.body?.cancel();
    at = redirected(at, location);
  }
  throw new DownloadError(`${url}: more than ${MOST_REDIRECTS} redirects`);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from) ? new URL(location, from) : null;
  if (to && (to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:"))) return to;
  throw new DownloadError(`${from.href} redirects to ${shown(location)}, which is refused: expected an https URL`);
}

/** One request, without following redirects; browsers hide where those lead, and drop the token themselves. */
async function ask(
  { fetch, signal, timeout }: Connection,
  url: URL,
  headers: Readonly<Record<string, string>>,
  method: string,
): Promise<Response> {
  const send = (redirect: RequestRedirect) =>
    withinTime(signal, timeout, (within) => fetch(url, { method, headers, redirect, signal: within }));
  try {
    const response = await send("manual");
    return response.type === "opaqueredirect" ? await send("follow") : response;
  } catch (error) {
    signal?.throwIfAborted();
    throw new Interruption(`${url.origin} cannot be reached: ${reasonOf(error)}`, 0, { cause: error });
  }
}

/** The innermost cause of a failed fetch, which says more than "fetch failed". */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const inner = cause instanceof Error ? cause : (error as Error);
  return inner.message || (inner as NodeJS.ErrnoException).code || message;
}

/** Run work that stops when the caller gives up or `seconds` have passed. */
export async function withinTime<T>(
  signal: AbortSignal | null,
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const control = new AbortController();
  const stop = () => control.abort(signal?.reason);
  const timer = setTimeout(() => control.abort(new Error(`no answer for ${seconds} seconds`)), 1000 * seconds);
  signal?.addEventListener("abort", stop);
  try {
    return await work(control.signal);
  } catch (error) {
    throw control.signal.aborted ? control.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** The longest wait that a server may ask for, in seconds. */
const LONGEST_WAIT = 60;

/**
 * Require an answer of success.
 *
 * @param what the model, or a file of it, as the message names it
 * @throws {HubError} when the hub refuses; {Interruption} when it is overloaded
 */
export async function requireSuccess(
  { response }: Answer,
  what: string,
  { endpoint, token }: Connection,
): Promise<void> {
  const { status, headers } = response;
  if (status >= 200 && status < 300) return;
  await response.body?.cancel();
  if (isPassing(status)) {
    const after = Number(headers.get("retry-after") ?? 0);
    throw new Interruption(`${endpoint} answers ${status}`, after > 0 && after <= LONGEST_WAIT ? after : 0);
  }
  const code = headers.get("x-error-code") ?? "";
  const hint = token === null ? "set HF_TOKEN if it is private" : "the token may lack the right to read it";
  if (code === "GatedRepo")
    throw new HubError(
      `${what} is gated: accept its terms at ${endpoint}, then set HF_TOKEN to a token of that account`,
    );
  if (code === "RevisionNotFound") throw new HubError(`${what} is not there: ${endpoint} has no such revision`);
  if (status === 401 || status === 403 || status === 404)
    throw new HubError(`${what} is not there: ${endpoint} answers ${status}; is the name right? Otherwise ${hint}`);
  throw new HubError(`${what}: ${endpoint} answers ${status}`);
}

/**
 * Repeat work that is interrupted, waiting twice as long each time.
 *
 * @param progress a number that grows while the work gets on: attempts that got on are not counted
 * @throws {DownloadError} when nothing helped
 */
export async function persistently<T>(
  { signal, delay, attempts }: Pick<Connection, "signal" | "delay" | "attempts">,
  what: string,
  work: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let best = progress();
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      failures = progress() > best ? 0 : failures + 1;
      best = Math.max(best, progress());
      if (failures >= attempts) throw new DownloadError(`${what}: ${error.message}`, { cause: error });
      const wait = failures === 0 ? 0 : delay * 2 ** (failures - 1);
      await pause(Math.max(wait, 1000 * error.after), signal);
    }
  }
}

/** Wait for some milliseconds, or until the caller gives up. */
export function pause(milliseconds: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((done, fail) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      fail(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * A whole body of at most `most` bytes.
 *
 * @param report bytes received so far
 */
export async function bodyOf(
  { response }: Answer,
  most: number,
  { signal, timeout }: Connection,
  report: (length: number) => void = () => {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response, signal, timeout)) {
    length += chunk.length;
    if (length > most) throw new DownloadError(`${response.url} sends more than ${most} bytes`);
    chunks.push(chunk);
    report(length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * A body as it arrives.
 *
 * @throws {Interruption} when the connection is cut, or silent for `timeout` seconds
 */
export async function* chunksOf(
  response: Response,
  signal: AbortSignal | null,
  timeout: number,
): AsyncGenerator<Uint8Array, void> {
  if (!response.body) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await nextOf(reader, signal, timeout);
      if (done) return;
      yield value;
    }
  } finally {
    // A body that was read to its end is not canceled; one that was cut rejects.
    reader.cancel().catch(() => {});
  }
}

async function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal | null, timeout: number) {
  try {
    return await withinTime(signal, timeout, (within) => {
      const stopped = new Promise<never>((_, fail) =>
        within.addEventListener("abort", () => fail(within.reason), { once: true }),
      );
      return Promise.race([reader.read(), stopped]);
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof InputError) throw error;
    throw new Interruption(`the connection was cut (${reasonOf(error)})`, 0, { cause: error });
  }
}
