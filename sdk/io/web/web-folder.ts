/** Files below a URL: on your own server, beside a page, or anywhere that `fetch` reaches. */
import { checkArgument } from "../../options.js";
import { type Files, ModelFileError, rangedBytes, requireSafeName } from "../files/files.js";
import { streamedFile } from "../files/streamed-file.js";

/** Options of {@link webFolder}. */
export interface WebFolderOptions {
  /** in place of the global one */
  readonly fetch?: typeof fetch;
  /** gives up all requests */
  readonly signal?: AbortSignal;
}

/** Whether a text is a URL that `fetch` can be given. */
export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** Responses that mean that the file does not exist. */
const isMissing = ({ status }: Response): boolean => status === 404 || status === 410;

/**
 * Servers of single-page applications answer every unknown path with their page: the file is not there.
 */
const isPage = ({ headers }: Response): boolean => /^text\/html\b/.test(headers.get("content-type") ?? "");

/**
 * The files below a URL. Weights are read while they arrive.
 *
 * @param base URL of the folder, absolute, or in a page relative to it
 * @throws {ModelFileError} when a read fails otherwise than by a file that is missing
 * @example
 * const embed = await featureExtraction(webFolder("https://example.org/models/all-MiniLM-L6-v2/"));
 */
export function webFolder(base: string | URL, options: WebFolderOptions = {}): Files {
  const from = (globalThis as { location?: { href: string } }).location?.href;
  const text = String(base);
  checkArgument("webFolder", "base", base, {
    expected: "the URL of a folder",
    accepts: (value) => (typeof value === "string" || value instanceof URL) && URL.canParse(text, from),
  });
  const root = new URL(text, from);
  if (!root.pathname.endsWith("/")) root.pathname += "/";
  const ask = async (name: string, begin = 0): Promise<Response> => {
    const url = new URL(requireSafeName(name), root);
    url.search = root.search;
    const init = {
      ...(options.signal && { signal: options.signal }),
      ...(begin > 0 && { headers: { range: `bytes=${begin}-` } }),
    };
    try {
      return await (options.fetch ?? fetch)(url, init);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new ModelFileError(`${url.href} cannot be fetched: ${(error as Error).message}`, { cause: error });
    }
  };
  const answerOf = async (name: string): Promise<Response | undefined> => {
    const response = await ask(name);
    if (response.ok && !isPage(response)) return response;
    await response.body?.cancel();
    if (isMissing(response) || response.ok) return undefined;
    throw new ModelFileError(`${root.href}${name} cannot be fetched: the server answers ${response.status}`);
  };
  /** The rest of a file from a byte on; without range support on the server, the bytes before it are read and dropped. */
  const rest = async (name: string, begin: number): Promise<ReadableStream<Uint8Array>> => {
    const { status, body } = await ask(name, begin);
    if (!body || (status !== 206 && status !== 200))
      throw new ModelFileError(`${root.href}${name} cannot be fetched: the server answers ${status}`);
    return status === 206 ? body : skipped(body, begin);
  };
  const cut = (name: string, error: Error): never => {
    options.signal?.throwIfAborted();
    throw new ModelFileError(`${root.href}${name}: the transfer was cut (${error.message})`, { cause: error });
  };
  const whole = async (name: string, response: Response): Promise<Uint8Array> =>
    new Uint8Array(await response.arrayBuffer().catch((error: Error) => cut(name, error)));
  return {
    async read(name) {
      const response = await answerOf(name);
      return response && whole(name, response);
    },
    async open(name) {
      const response = await answerOf(name);
      if (!response) return undefined;
      // The length of a compressed answer is not the file's.
      const size = Number(
        response.headers.get("content-encoding") ? Number.NaN : response.headers.get("content-length"),
      );
      if (!response.body || !(size > 0)) return rangedBytes(await whole(name, response));
      let first: ReadableStream<Uint8Array> | null = response.body;
      const file = streamedFile(size, async (begin) => {
        const stream = first ? skipped(first, begin) : await rest(name, begin);
        first = null;
        return stream;
      });
      return { ...file, slice: (begin, end) => file.slice(begin, end).catch((error) => cut(name, error)) };
    },
  };
}

/** A stream without its first bytes. */
function skipped(stream: ReadableStream<Uint8Array>, count: number): ReadableStream<Uint8Array> {
  if (count === 0) return stream;
  let left = count;
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, out) {
        if (left < chunk.length) out.enqueue(chunk.subarray(left));
        left = Math.max(0, left - chunk.length);
      },
    }),
  );
}
