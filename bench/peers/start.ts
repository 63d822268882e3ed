/**
 * From the start of a process to the first vector of a published encoder on a disk, beside onnxruntime-node and transformers.js
 * on onnxruntime-web, round by round:
 *
 *   npm ci --prefix bench/peers --ignore-scripts
 *   python3 bench/peers/encoder-onnx.py FOLDER MiniLM     and beside its files the tokenizer.json of a published model
 *   node scripts/run.mjs bench/peers/start.ts FOLDER [--rounds N] [--node PATH-OF-NODE]
 *
 * A ratio says how many times as long as Cloze a library takes: of the time that passes, and of the processor's, which
 * other programs do not lengthen.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../measure.js";
import { onnxruntimeNode, openSession, packageFile, root, transformersOnWeb } from "./packages.js";

const TEXT = "A cat sleeps in the sun.";

/** What a process prints: its milliseconds until the vector was there, and the vector's length. */
interface Start {
  readonly passed: number;
  readonly spent: number;
  readonly length: number;
}

/** Counted from the start of the process, its runtime included. */
const FIGURES =
  "const { user, system } = process.cpuUsage(); console.log(JSON.stringify({ passed: performance.now(), spent: (user + system) / 1e3, length }));";

const dist = (name: string): string => JSON.stringify(pathToFileURL(join(root, "dist", `${name}.js`)).href);

const CLOZE = `import { featureExtraction } from ${dist("index")};
import { folder } from ${dist("node")};
const embed = await featureExtraction(folder(process.argv.at(-1)));
const { length } = embed(${JSON.stringify(TEXT)});
${FIGURES}`;

/** The tokenizer of transformers.js alone, and a session. */
async function onOnnxruntimeNode(folder: string): Promise<number> {
  const { Tokenizer } = (await import(packageFile("@huggingface/tokenizers/dist/tokenizers.mjs"))) as {
    Tokenizer: new (json: object, config: object) => { encode(text: string): { ids: number[] } };
  };
  const json = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8")) as object;
  const { ids } = new Tokenizer(json("tokenizer.json"), json("tokenizer_config.json")).encode(TEXT);
  const ort = await onnxruntimeNode();
  const session = await openSession(ort, join(folder, "onnx/model.onnx"));
  const feed = (data: BigInt64Array) => new ort.Tensor("int64", data, [1, ids.length]);
  const { last_hidden_state: hidden } = await session.run({
    input_ids: feed(BigInt64Array.from(ids, BigInt)),
    attention_mask: feed(new BigInt64Array(ids.length).fill(1n)),
    token_type_ids: feed(new BigInt64Array(ids.length)),
  });
  return hidden!.dims[2]!;
}

async function onTransformers(folder: string): Promise<number> {
  const { env, pipeline } = (await transformersOnWeb()) as Awaited<ReturnType<typeof transformersOnWeb>> & {
    pipeline(
      task: string,
      model: string,
      options: object,
    ): Promise<(text: string, options: object) => Promise<{ dims: number[] }>>;
  };
  env.localModelPath = `${dirname(resolve(folder))}/`;
  const extract = await pipeline("feature-extraction", basename(resolve(folder)), { dtype: "fp32", device: "auto" });
  const { dims } = await extract(TEXT, { pooling: "mean" });
  return dims.at(-1)!;
}

const PEERS = { "onnxruntime-node": onOnnxruntimeNode, "transformers.js": onTransformers };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    node: { type: "string", default: process.execPath },
    peer: { type: "string" },
  },
});
const [folder = ""] = positionals;

function start(name: string): Start {
  const words =
    name === "cloze" ? ["--input-type=module", "--eval", CLOZE, folder] : [process.argv[1]!, folder, "--peer", name];
  const { status, stdout, stderr } = spawnSync(values.node, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Start;
}

function compare(rounds: number): void {
  const names = ["cloze", ...Object.keys(PEERS)];
  const starts = new Map(names.map((name) => [name, [] as Start[]]));
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 ? [...names].reverse() : names) starts.get(name)!.push(start(name));
  const lengths = new Set([...starts.values()].flat().map(({ length }) => length));
  if (lengths.size !== 1) throw new Error(`vectors of different lengths: ${[...lengths].join(", ")}`);
  const own = starts.get("cloze")!;
  for (const name of names.slice(1)) {
    const ratio = (of: "passed" | "spent"): string =>
      median(starts.get(name)!.map((one, round) => one[of] / own[round]![of])).toFixed(2);
    console.log(
      `${name.padEnd(20)} ${ratio("passed")} times as long as cloze, ${ratio("spent")} of the processor's time`,
    );
  }
}

if (values.peer === undefined) compare(Number(values.rounds));
else {
  const length = await PEERS[values.peer as keyof typeof PEERS](folder);
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ passed: performance.now(), spent: (user + system) / 1e3, length }));
  // ONNX Runtime keeps threads.
  process.exit(0);
}
