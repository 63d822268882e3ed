/**
 * GPT-2 small, greedy search, beside transformers.js on onnxruntime-web, in f32 and in 8 bits: one thread each, in one process,
 * round by round. Both read the same weights, and in f32 their ids must be equal.
 *
 *   npm ci --prefix bench/peers --ignore-scripts
 *   python3 bench/peers/gpt2-onnx.py FOLDER
 *   node scripts/run.mjs bench/peers/generation.ts FOLDER [--rounds N] [--prompt N] [--new-tokens N] [--build B] [--dtypes f32,q8] [--write]
 *
 * A ratio above 1 says how much faster Cloze is. `--write` puts the ratios into BENCHMARKS.md.
 */
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Engine } from "../../sdk/engine/engine.js";
import type { Build } from "../../sdk/engine/source.js";
import { generateText } from "../../sdk/generate/generate.js";
import { folder as diskFolder } from "../../sdk/io/files/folder.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { randomIds } from "../bert.js";
import { median, runtime } from "../measure.js";
import { record } from "../record.js";
import { yardstick } from "../yardstick.js";
import { root, type Transformers, transformersOnWeb, versioned } from "./packages.js";
import { ratioOf, spent } from "./rounds.js";

type Dtype = "f32" | "q8";

/** transformers.js's names of the types, by which it finds the graph. */
const PEER_DTYPES: Readonly<Record<Dtype, string>> = { f32: "fp32", q8: "q8" };

/** Writes the ids behind a prompt. */
type Generate = (prompt: Int32Array, count: number) => Promise<number[]>;

async function openPeer(transformers: Transformers, folder: string, dtype: Dtype): Promise<Generate> {
  const { env, Tensor, AutoModelForCausalLM } = transformers;
  env.localModelPath = `${dirname(resolve(folder))}/`;
  const model = await AutoModelForCausalLM.from_pretrained(resolve(folder).slice(env.localModelPath.length), {
    dtype: PEER_DTYPES[dtype],
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

interface Own {
  readonly generate: Generate;
  /** bytes of the f32 weights that a token reads */
  readonly bytes: number;
}

async function openCloze(folder: string, build: Build, dtype: Dtype): Promise<Own> {
  const engine = await Engine.create({ build });
  const { model, weights } = await loadModel(engine, diskFolder(folder), { task: "causal-lm", dtype });
  let bytes = 0;
  for (const [name, { size }] of weights.entries()) if (name !== "transformer.wpe.weight") bytes += 4 * size;
  const generate: Generate = async (prompt, count) =>
    generateText({ engine, model }, [prompt], { max_new_tokens: count })[0]!;
  return { generate, bytes };
}

async function timed(generate: Generate, prompt: Int32Array, count: number) {
  const started = spent();
  const ids = await generate(prompt, count);
  return { ids, ms: spent() - started };
}

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    prompt: { type: "string", default: "32" },
    "new-tokens": { type: "string", default: "128" },
    build: { type: "string", default: "strict" },
    dtypes: { type: "string", default: "f32,q8" },
    write: { type: "boolean", default: false },
  },
});
const [folder = ""] = positionals;
if (folder === "") throw new Error("generation.ts: name a folder that gpt2-onnx.py has written");
const build = options.build as Build;
const [rounds, length, count] = [options.rounds, options.prompt, options["new-tokens"]].map(Number) as [
  number,
  number,
  number,
];
const stick = yardstick(root, build);

/** Bandwidth of the reading loop at this time: bytes per second / 1e9. */
function bandwidth(): number {
  const started = spent();
  const { bytes } = stick.readAll();
  return bytes / (spent() - started) / 1e6;
}

async function compare(transformers: Transformers, dtype: Dtype): Promise<object> {
  const [cloze, peer] = [await openCloze(folder, build, dtype), await openPeer(transformers, folder, dtype)];
  const prompt = randomIds(length, 50257);
  // Compiles, packs, and makes room.
  await cloze.generate(prompt, 8);
  await peer(prompt, 8);
  bandwidth();
  const all: { own: number; other: number; share: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = bandwidth();
    const own = await timed(cloze.generate, prompt, count);
    const after = bandwidth();
    const other = await timed(peer, prompt, count);
    if (dtype === "f32" && own.ids.join() !== other.ids.join()) throw new Error(`other ids:\n${own.ids}\n${other.ids}`);
    const read = (count * cloze.bytes) / own.ms / 1e6;
    all.push({ own: own.ms, other: other.ms, share: read / Math.max(before, after) });
  }
  const of = (field: "own" | "other" | "share"): number[] => all.map((one) => one[field]);
  return {
    name: `GPT-2 small ${dtype}, ${build}, prompt ${length}, ${count} new tokens`,
    beside: `${versioned("@huggingface/transformers")} on ${versioned("onnxruntime-web")} ${dtype}`,
    dtype,
    runtime,
    ...ratioOf(of("own"), of("other")),
    ...(dtype === "f32" && { share_of_read_bandwidth: Number(median(of("share")).toPrecision(3)) }),
  };
}

const transformers = await transformersOnWeb();
const lines: string[] = [];
for (const dtype of options.dtypes.split(",") as Dtype[]) {
  lines.push(JSON.stringify(await compare(transformers, dtype)));
  console.log(lines.at(-1));
}
if (options.write) console.error(`${record(lines.join("\n"), root)} ratios written to BENCHMARKS.md`);
process.exit(0);
