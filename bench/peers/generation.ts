/**
 * GPT-2 small, prompt of 32 tokens, greedy search, against transformers.js on onnxruntime-web in f32: one thread each, in one
 * process, round by round. Both read the same weights, and in f32 their ids must be equal.
 *
 *   npm ci --prefix bench/peers --ignore-scripts
 *   python3 bench/peers/gpt2-onnx.py FOLDER
 *   node scripts/run.mjs bench/peers/generation.ts FOLDER [ROUNDS [NEW_TOKENS [BUILD [DTYPE]]]]
 *
 * Times are of this process on its processor, so that a machine's other load takes no part. `CLOZE_PEERS` is another folder
 * with the packages.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Engine } from "../../sdk/engine/engine.js";
import type { Build } from "../../sdk/engine/source.js";
import { generateText } from "../../sdk/generate/generate.js";
import { folder as diskFolder } from "../../sdk/io/files/folder.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { randomIds } from "../bert.js";
import { median, runtime } from "../measure.js";
import { yardstick } from "../yardstick.js";

const PROMPT = 32;
const [folder = "", rounds = "5", newTokens = "128", build = "strict", dtype = "f32"] = process.argv.slice(2);
const root = process.env["CLOZE_ROOT"] ?? process.cwd();
const packages = resolve(process.env["CLOZE_PEERS"] ?? join(root, "bench/peers"), "node_modules");

/** Writes the ids after a prompt. */
type Generate = (prompt: Int32Array, count: number) => Promise<number[]>;

/** The parts of transformers.js that are used. */
interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: number[]) => unknown;
  readonly AutoModelForCausalLM: {
    from_pretrained(
      name: string,
      options: object,
    ): Promise<{ generate(options: object): Promise<{ readonly data: BigInt64Array }> }>;
  };
}

/** The parts of onnxruntime-web that are used. */
interface OrtWeb {
  readonly env: { readonly wasm: { numThreads: number; wasmPaths: string } };
  readonly InferenceSession: { create(model: string | Uint8Array, options: object): Promise<unknown> };
}

const load = async <T>(file: string): Promise<T> => import(pathToFileURL(join(packages, file)).href);

/** transformers.js takes the runtime that is found under this symbol; by itself it would take the native one in Node. */
async function openPeer(): Promise<Generate> {
  const ort = await load<OrtWeb>("onnxruntime-web/dist/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = `${pathToFileURL(join(packages, "onnxruntime-web/dist")).href}/`;
  // In Node it passes a path on, which onnxruntime-web would fetch.
  const create = (model: string | Uint8Array, options: object): Promise<unknown> =>
    ort.InferenceSession.create(typeof model === "string" ? readFileSync(model) : model, options);
  Object.assign(globalThis, { [Symbol.for("onnxruntime")]: { ...ort, InferenceSession: { create } } });
  const { env, Tensor, AutoModelForCausalLM } = await load<Transformers>(
    "@huggingface/transformers/dist/transformers.node.mjs",
  );
  env.allowRemoteModels = false;
  env.localModelPath = `${dirname(resolve(folder))}/`;
  const model = await AutoModelForCausalLM.from_pretrained(resolve(folder).slice(env.localModelPath.length), {
    dtype: "fp32",
    device: "auto",
    session_options: { executionProviders: ["wasm"] },
  });
  return async (prompt, count) => {
    const ids = new Tensor("int64", BigInt64Array.from(prompt, BigInt), [1, prompt.length]);
    const mask = new Tensor("int64", new BigInt64Array(prompt.length).fill(1n), [1, prompt.length]);
    const { data } = await model.generate({
      inputs: ids,
      attention_mask: mask,
      max_new_tokens: count,
      min_new_tokens: count,
      do_sample: false,
    });
    return Array.from(data, Number);
  };
}

async function openCloze(): Promise<{ readonly generate: Generate; readonly bytes: number }> {
  const engine = await Engine.create({ build: build as Build });
  const { model, weights } = await loadModel(engine, diskFolder(folder), { task: "causal-lm", dtype: dtype as "f32" });
  let bytes = 0;
  for (const [name, { size }] of weights.entries()) if (name !== "transformer.wpe.weight") bytes += 4 * size;
  const generate: Generate = async (prompt, count) =>
    generateText({ engine, model }, [prompt], { max_new_tokens: count })[0]!;
  return { generate, bytes };
}

/** Milliseconds of this process on its processor. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

async function timed(generate: Generate, prompt: Int32Array, count: number) {
  const started = spent();
  const ids = await generate(prompt, count);
  return { ids, ms: spent() - started };
}

const stick = yardstick(root, build as Build);
const bandwidth = (): number => {
  const started = spent();
  const { bytes } = stick.readAll();
  return bytes / (spent() - started) / 1e6;
};
const cloze = await openCloze();
const peer = await openPeer();
const prompt = randomIds(PROMPT, 50257);
const count = Number(newTokens);
// Compiles, packs, and makes room.
await cloze.generate(prompt, 8);
await peer(prompt, 8);
bandwidth();
const all: { ratio: number; own: number; other: number; share: number }[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const before = bandwidth();
  const own = await timed(cloze.generate, prompt, count);
  const between = bandwidth();
  const other = await timed(peer, prompt, count);
  if (dtype === "f32" && own.ids.join() !== other.ids.join()) throw new Error(`other ids:\n${own.ids}\n${other.ids}`);
  const read = (count * cloze.bytes) / own.ms / 1e6;
  all.push({
    ratio: other.ms / own.ms,
    own: (count / own.ms) * 1e3,
    other: (count / other.ms) * 1e3,
    share: read / Math.max(before, between),
  });
}
const middle = (field: "ratio" | "own" | "other" | "share"): number =>
  Number(median(all.map((one) => one[field])).toPrecision(3));
console.log(
  JSON.stringify({
    name: `GPT-2 small beside transformers.js, prompt ${PROMPT}, ${count} new tokens`,
    build,
    dtype,
    runtime,
    tokens_per_s: middle("own"),
    peer_tokens_per_s: middle("other"),
    ratio: middle("ratio"),
    ratios: all.map(({ ratio }) => Number(ratio.toPrecision(3))),
    ...(dtype === "f32" && { share_of_read_bandwidth: middle("share") }),
  }),
);
process.exit(0);
