/** A model's folder behind a binding or a server: small files whole, the weights as a stream. */
import { type Files, streamedFile } from "cloze";

/** What Cloudflare's static assets and service bindings have in common. */
export interface Fetcher {
  fetch(request: Request): Promise<Response>;
}

const addressOf = (name: string): string => `https://model/${name}`;

async function found(response: Response, name: string): Promise<Response | undefined> {
  if (response.ok) return response;
  await response.body?.cancel();
  if (response.status === 404) return undefined;
  throw new Error(`${name}: the binding answered ${response.status}`);
}

/** Leave out the first bytes of a stream, for servers that know no ranges. */
function after(stream: ReadableStream<Uint8Array>, count: number): ReadableStream<Uint8Array> {
  let left = count;
  const skip = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const skipped = Math.min(left, chunk.length);
      left -= skipped;
      if (skipped < chunk.length) controller.enqueue(chunk.subarray(skipped));
    },
  });
  return stream.pipeThrough(skip);
}

/** The files of a binding. */
export function bindingFiles(binding: Fetcher): Files {
  const get = async (name: string, init?: RequestInit) =>
    found(await binding.fetch(new Request(addressOf(name), init)), name);
  return {
    async read(name) {
      const response = await get(name);
      return response && new Uint8Array(await response.arrayBuffer());
    },
    async open(name) {
      const head = await get(name, { method: "HEAD" });
      if (!head) return undefined;
      const size = Number(head.headers.get("content-length") ?? Number.NaN);
      if (!Number.isSafeInteger(size)) throw new Error(`${name}: the binding does not say how long the file is`);
      return streamedFile(size, async (begin) => {
        const response = await get(name, begin > 0 ? { headers: { range: `bytes=${begin}-` } } : {});
        if (!response?.body) throw new Error(`${name} is gone`);
        return begin === 0 || response.status === 206 ? response.body : after(response.body, begin);
      });
    },
  };
}
