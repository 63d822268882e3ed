/**
 * Greedy search with GPT-2 small, BART-base or an OPUS-MT model (Marian) beside transformers.js on onnxruntime-web, in f32 and in
 * 8 bits: one thread each, in one process, round by round. Both read the same weights, and in f32 their ids must be equal.
 *
 *   npm ci --prefix bench/peers --ignore-scripts
 *   python3 bench/peers/gpt2-onnx.py FOLDER            or  python3 bench/peers/seq2seq-onnx.py bart|marian FOLDER
 *   node scripts/run.mjs bench/peers/generation.ts FOLDER [--rounds N] [--prompt N] [--new-tokens N] [--build B] [--dtypes f32,q8] [--write]
 *
 * The prompt of an encoder-decoder is its source. A ratio above 1 says how much faster Cloze is. `--write` puts the ratios into
 * BENCHMARKS.md.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { collate } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import type { Build } from "../../sdk/engine/source.js";
import { generate, generateText } from "../../sdk/generate/generate.js";
import { generationSettings } from "../../sdk/generate/settings.js";
import { seq2seqWriter } from "../../sdk/generate/writer.js";
import { folder as diskFolder } from "../../sdk/io/files/folder.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import type { Weights } from "../../sdk/nn/weights.js";
import { randomIds } from "../bert.js";
import { median, runtime } from "../measure.js";
import { sequence } from "../model.js";
import { record } from "../record.js";
import { yardstick } from "../yardstick.js";
import { root, type Transformers, transformersOnWeb, versioned } from "./packages.js";
import { ratioOf, spent } from "./rounds.js";

type Dtype = "f32" | "q8";

/** transformers.js's names of the types, by which it finds the graph. */
const PEER_DTYPES: Readonly<Record<Dtype, string>> = { f32: "fp32", q8: "q8" };

/** Writes the ids behind a prompt. */
type Generate = (prompt: Int32Array, count: number) => Promise<number[]>;

/** A published folder: its kind of model, and the ids that it begins with. */
interface Subject {
  readonly name: string;
  readonly vocabulary: number;
  /** the first id of a decoder beside an encoder; null for decoder-only models */
  readonly start: number | null;
  readonly eos: readonly number[];
}

const NAMES: Readonly<Record<string, string>> = { gpt2: "GPT-2 small", bart: "BART-base", marian: "Marian" };

function subjectOf(folder: string): Subject {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const name = NAMES[config.model_type];
  if (!name) throw new Error(`${folder}: expected gpt2, bart or marian, got ${config.model_type}`);
  return {
    name,
    vocabulary: config.vocab_size,
    start: config.decoder_start_token_id ?? null,
    eos: [config.eos_token_id],
  };
}

async function openPeer(transformers: Transformers, subject: Subject, dtype: Dtype): Promise<Generate> {
  const { env, Tensor, AutoModelForCausalLM, AutoModelForSeq2SeqLM } = transformers;
  env.localModelPath = `${dirname(resolve(folder))}/`;
  const kind = subject.start === null ? AutoModelForCausalLM : AutoModelForSeq2SeqLM;
  const model = await kind.from_pretrained(resolve(folder).slice(env.localModelPath.length), {
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

/** Whether each token reads a weight: positions and the encoder's parts are read once a text or less. */
const isRead = (name: string): boolean =>
  !/wpe|embed_positions|\.encoder\.|encoder_attn\.[kv]_proj|final_logits_bias/.test(name);

async function openCloze(subject: Subject, build: Build, dtype: Dtype): Promise<Own> {
  const engine = await Engine.create({ build });
  const { start } = subject;
  if (start === null) {
    const { model, weights } = await loadModel(engine, diskFolder(folder), { task: "causal-lm", dtype });
    return {
      bytes: bytesRead(weights),
      generate: async (prompt, count) => generateText({ engine, model }, [prompt], { max_new_tokens: count })[0]!,
    };
  }
  const { model, weights } = await loadModel(engine, diskFolder(folder), { task: "seq2seq-lm", dtype });
  return {
    bytes: bytesRead(weights),
    generate: async (source, count) => {
      using writer = seq2seqWriter({ engine }, model, collate([sequence(source)]), [Int32Array.of(start)]);
      const asked = { max_new_tokens: count, min_new_tokens: count, eos_token_id: subject.eos };
      return generate(writer, { ...generationSettings(undefined, {}), ...asked })[0]!;
    },
  };
}

function bytesRead(weights: Weights): number {
  let bytes = 0;
  for (const [name, { size }] of weights.entries()) if (isRead(name)) bytes += 4 * size;
  return bytes;
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
if (folder === "") throw new Error("generation.ts: name a folder that gpt2-onnx.py or seq2seq-onnx.py has written");
const subject = subjectOf(folder);
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
  const [cloze, peer] = [await openCloze(subject, build, dtype), await openPeer(transformers, subject, dtype)];
  const prompt = randomIds(length, subject.vocabulary);
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
    name: `${subject.name} ${dtype}, ${build}, prompt ${length}, ${count} new tokens`,
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
