/** The files of a model. Written by scripts/model-packages.mjs of Cloze. */
const urls = {
  "config.json": new URL("./config.json", import.meta.url),
  "model.safetensors": new URL("./model.safetensors", import.meta.url),
  "tokenizer.json": new URL("./tokenizer.json", import.meta.url),
  "tokenizer_config.json": new URL("./tokenizer_config.json", import.meta.url),
};

/** Node's file system, by a name that bundlers do not look up. */
const disk = () => import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${"fs/promises"}`);

async function fetched(url) {
  const response = await fetch(url);
  if (response.status === 404) throw new Error(`${url.href} is missing; does the bundler copy the files of the package?`);
  if (!response.ok) throw new Error(`${url.href} cannot be fetched: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A file in parts, through one buffer: weights go from the disk into place. */
async function opened(url) {
  const handle = await (await disk()).open(url, "r");
  const { size } = await handle.stat();
  let buffer = new Uint8Array(0);
  return {
    size,
    async slice(begin, end) {
      const length = Math.min(end, size) - begin;
      if (buffer.length < length) buffer = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, begin + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    close: () => handle.close(),
  };
}

const urlOf = (name) => (Object.hasOwn(urls, name) ? urls[name] : undefined);

export default {
  async read(name) {
    const url = urlOf(name);
    if (!url) return undefined;
    return url.protocol === "file:" ? (await disk()).readFile(url) : fetched(url);
  },
  async open(name) {
    const url = urlOf(name);
    if (!url) return undefined;
    if (url.protocol === "file:") return opened(url);
    const bytes = await fetched(url);
    return { size: bytes.length, slice: async (begin, end) => bytes.subarray(begin, end) };
  },
};
