/**
 * A worker at the edge that embeds, classifies and searches: an ordinary program, without configuration for WebAssembly.
 *
 *   POST /embed     {"texts": [...]}                       → {"embeddings": [[...], ...]}
 *   POST /classify  {"texts": [...], "labels": [...]}      → [{"label", "score"}, ...]: the label nearest in meaning
 *   POST /index     {"texts": [...]}                       → stores the texts and their vectors in the binding VECTORS
 *   POST /search    {"query": "...", "top": 3}             → [{"text", "score"}, ...]
 *   POST /memory    {}                                     → {"bytes"}: the memory of the engine
 *
 * README.md beside this file says how to deploy it.
 */
import { cosine, Engine, featureExtraction } from "cloze";
import { bindingFiles, type Fetcher } from "./binding-files.js";

interface Store {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  get(key: string, type: "json"): Promise<unknown>;
  put(key: string, value: string | ArrayBuffer): Promise<void>;
}

interface Bindings {
  /** the files of the model's folder */
  readonly MODEL: Fetcher;
  /** texts and their vectors */
  readonly VECTORS: Store;
}

/** The model is loaded by the first request, once for all that this isolate serves. */
let opening: ReturnType<typeof open> | undefined;

async function open(model: Fetcher) {
  const engine = await Engine.create();
  return { engine, embed: await featureExtraction(bindingFiles(model), { engine, dtype: "q8" }) };
}

const strings = (value: unknown, name: string): string[] => {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw new RangeError(`${name} must be an array of strings`);
};

/** The nearest of several vectors to each of others. */
const nearestOf = (vector: Float32Array, among: readonly Float32Array[]) =>
  among.map((other, i) => ({ i, score: cosine(vector, other) })).sort((a, b) => b.score - a.score);

async function answer(path: string, body: Record<string, unknown>, { MODEL, VECTORS }: Bindings): Promise<unknown> {
  const { engine, embed } = await (opening ??= open(MODEL));
  switch (path) {
    case "/embed":
      return { embeddings: embed(strings(body["texts"], "texts")).map((vector) => Array.from(vector)) };
    case "/classify": {
      const labels = strings(body["labels"], "labels");
      const vectors = embed(labels);
      return embed(strings(body["texts"], "texts")).map((vector) => {
        const [best] = nearestOf(vector, vectors);
        return { label: labels[best!.i], score: best!.score };
      });
    }
    case "/index": {
      const texts = strings(body["texts"], "texts");
      const vectors = embed(texts);
      const width = vectors[0]?.length ?? 0;
      const all = new Float32Array(texts.length * width);
      for (const [i, vector] of vectors.entries()) all.set(vector, i * width);
      await Promise.all([VECTORS.put("vectors", all.buffer), VECTORS.put("texts", JSON.stringify(texts))]);
      return { stored: texts.length };
    }
    case "/search": {
      const [stored, texts] = await Promise.all([VECTORS.get("vectors", "arrayBuffer"), VECTORS.get("texts", "json")]);
      if (!stored) return [];
      const query = embed(String(body["query"]));
      const all = new Float32Array(stored);
      const rows = Array.from({ length: all.length / query.length }, (_, i) =>
        all.subarray(i * query.length, (i + 1) * query.length),
      );
      const found = nearestOf(query, rows).slice(0, Number(body["top"] ?? 3));
      return found.map(({ i, score }) => ({ text: (texts as string[])[i], score }));
    }
    case "/memory":
      return { bytes: engine.memory.buffer.byteLength };
    default:
      throw new RangeError(`no service at ${path}; there are /embed, /classify, /index, /search and /memory`);
  }
}

const worker = {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    try {
      const body = (await request.json()) as Record<string, unknown>;
      return Response.json(await answer(new URL(request.url).pathname, body, bindings));
    } catch (error) {
      // A model that could not be loaded may be there for the next request.
      if (!(error instanceof RangeError)) opening = undefined;
      return Response.json({ error: (error as Error).message }, { status: error instanceof RangeError ? 400 : 500 });
    }
  },
};

// biome-ignore lint/style/noDefaultExport: Cloudflare looks for the default export.
export default worker;
