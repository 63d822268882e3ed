/**
 * An encoder's last hidden states beside onnxruntime-web and onnxruntime-node, in f32 and in 8 bits: one thread each, in one
 * process, round by round. In f32 the values must agree.
 *
 *   npm ci --prefix bench/peers --ignore-scripts
 *   python3 bench/peers/encoder-onnx.py FOLDER MiniLM
 *   node scripts/run.mjs bench/peers/encoders.ts FOLDER [--rounds N] [--shapes 1x16,8x128,mixed] [--turbo] [--write]
 *
 * A ratio above 1 says how much faster Cloze is. Needs Node 22, for the relaxed build. `--turbo` measures the relaxed build
 * under V8's flag instead of both builds without. `--write` puts the ratios into BENCHMARKS.md.
 */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { collate } from "../../sdk/data/sample.js";
import { Engine } from "../../sdk/engine/engine.js";
import type { Build } from "../../sdk/engine/source.js";
import { folder as diskFolder } from "../../sdk/io/files/folder.js";
import { loadModel } from "../../sdk/io/pretrained/pretrained.js";
import { Scope } from "../../sdk/tensor/scope.js";
import { randomIds } from "../bert.js";
import { median, runtime } from "../measure.js";
import { sequence } from "../model.js";
import { record } from "../record.js";
import { type Ort, onnxruntimeNode, onnxruntimeWeb, openSession, root, type Session, versioned } from "./packages.js";
import { type Contender, inRounds, ratioOf } from "./rounds.js";

/** Rows of ids. */
type Batch = readonly Int32Array[];

/** Encodes a batch; returns the first row's last hidden states. */
type Encode = (batch: Batch) => Promise<Float32Array>;

interface Library {
  readonly name: string;
  readonly dtype: "f32" | "q8";
  readonly encode: Encode;
}

const SHAPES = ["1x16", "1x128", "8x128", "mixed"];
/** Texts of 8 to 48 tokens, as sentences are. */
const MIXED = 32;
/** Ids that every vocabulary has and that are no special tokens. */
const FIRST_ID = 1000;
const IDS = 20000;

function batchOf(shape: string): Batch {
  const lengths =
    shape === "mixed"
      ? Array.from(randomIds(MIXED, 41), (number) => 8 + number)
      : Array.from({ length: Number(shape.split("x")[0]) }, () => Number(shape.split("x")[1]));
  return lengths.map((length, row) =>
    randomIds(length + row, IDS)
      .subarray(row)
      .map((id) => FIRST_ID + id),
  );
}

async function cloze(folder: string, build: Build, dtype: "f32" | "q8", turbo: boolean): Promise<Library> {
  const engine = await Engine.create({ build, turbo });
  const { model } = await loadModel(engine, diskFolder(folder), { task: "feature-extraction", dtype });
  return {
    name: turbo ? "turbo" : build,
    dtype,
    async encode(rows) {
      using _ = new Scope();
      const hidden = model.encode(collate(rows.map(sequence)));
      return hidden.data.slice(0, rows[0]!.length * hidden.shape[1]!);
    },
  };
}

/** Rows padded to the longest. */
async function runSession(ort: Ort, session: Session, rows: Batch): Promise<Float32Array> {
  const length = Math.max(...rows.map((row) => row.length));
  const [ids, mask] = [0, 1].map(() => new BigInt64Array(rows.length * length)) as [BigInt64Array, BigInt64Array];
  for (const [r, row] of rows.entries()) {
    ids.set(BigInt64Array.from(row, BigInt), r * length);
    mask.fill(1n, r * length, r * length + row.length);
  }
  const feed = (data: BigInt64Array) => new ort.Tensor("int64", data, [rows.length, length]);
  const { last_hidden_state: hidden } = await session.run({
    input_ids: feed(ids),
    attention_mask: feed(mask),
    token_type_ids: feed(new BigInt64Array(ids.length)),
  });
  return (hidden!.data as Float32Array).slice(0, rows[0]!.length * hidden!.dims[2]!);
}

/** A runtime in one type of numbers; of rows of mixed lengths also one call for each row, in which nothing is padded. */
async function peer(ort: Ort, name: string, folder: string, dtype: "f32" | "q8"): Promise<Library[]> {
  const session = await openSession(ort, join(folder, "onnx", dtype === "f32" ? "model.onnx" : "model_quantized.onnx"));
  const rowByRow: Encode = async (rows) => {
    const all: Float32Array[] = [];
    for (const row of rows) all.push(await runSession(ort, session, [row]));
    return all[0]!;
  };
  return [
    { name, dtype, encode: (rows) => runSession(ort, session, rows) },
    { name: `${name}, row by row`, dtype, encode: rowByRow },
  ];
}

/** In f32 sums differ by their order alone; in 8 bits each library rounds in its own way. */
function expectAgreement(values: readonly (readonly [Library, Float32Array])[]): void {
  const [, expected] = values.find(([{ dtype }]) => dtype === "f32")!;
  for (const [{ name, dtype }, got] of values) {
    let [dot, own, other, furthest] = [0, 0, 0, 0];
    for (const [i, value] of expected.entries()) {
      dot += value * got[i]!;
      own += value * value;
      other += got[i]! * got[i]!;
      furthest = Math.max(furthest, Math.abs(value - got[i]!));
    }
    const cosine = dot / Math.sqrt(own * other);
    if (!(dtype === "f32" ? furthest < 1e-3 : cosine > 0.9))
      throw new Error(`${name} ${dtype} computes other values: difference ${furthest}, cosine ${cosine}`);
  }
}

/** The better of a peer's ways, by the median. */
function better(times: Map<string, number[]>, key: string): readonly number[] {
  const ways = [key, `${key}, row by row`].flatMap((name) => [times.get(name) ?? []]);
  return ways.filter(({ length }) => length > 0).sort((one, other) => median(one) - median(other))[0]!;
}

const keyOf = ({ name, dtype }: Pick<Library, "name" | "dtype">): string => {
  const [library, way] = name.split(", ");
  return `${library} ${dtype}${way ? `, ${way}` : ""}`;
};

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    shapes: { type: "string", default: SHAPES.join() },
    turbo: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const [folder = ""] = positionals;
if (folder === "") throw new Error("encoders.ts: name a folder that encoder-onnx.py has written");
const builds: readonly Build[] = options.turbo ? ["relaxed"] : ["strict", "relaxed"];
const dtypes = ["f32", "q8"] as const;
const own = await Promise.all(
  builds.flatMap((build) => dtypes.map((dtype) => cloze(folder, build, dtype, options.turbo))),
);
const [web, native] = [await onnxruntimeWeb(), await onnxruntimeNode()];
const peers: Library[] = [];
for (const dtype of dtypes)
  peers.push(
    ...(await peer(web, "onnxruntime-web", folder, dtype)),
    ...(await peer(native, "onnxruntime-node", folder, dtype)),
  );

/** One shape: the ratios of each of our builds and types to each library. */
async function* compare(shape: string, rounds: number): AsyncGenerator<object> {
  const batch = batchOf(shape);
  const all = [...own, ...peers].filter(({ name }) => shape === "mixed" || !name.includes("row by row"));
  const agreed: [Library, Float32Array][] = [];
  for (const library of all) agreed.push([library, await library.encode(batch)]);
  expectAgreement(agreed);
  const contenders = all.map(
    (library): Contender => ({ name: keyOf(library), run: async () => void (await library.encode(batch)) }),
  );
  const times = await inRounds(contenders, rounds);
  for (const { name, dtype } of own) {
    const beside = (library: string, type: string) =>
      [`${versioned(library)} ${type}`, better(times, `${library} ${type}`)] as const;
    const others = [beside("onnxruntime-web", dtype), beside("onnxruntime-node", dtype)];
    if (dtype === "q8")
      others.push(beside("onnxruntime-node", "f32"), ["our own f32", times.get(keyOf({ name, dtype: "f32" }))!]);
    const subject = `${basename(folder)} ${shape} ${dtype}, ${name}`;
    for (const [library, theirs] of others)
      yield { name: subject, beside: library, runtime, ...ratioOf(times.get(keyOf({ name, dtype }))!, theirs) };
  }
}

const lines: string[] = [];
for (const shape of options.shapes.split(","))
  for await (const ratio of compare(shape, Number(options.rounds))) {
    lines.push(JSON.stringify(ratio));
    console.log(lines.at(-1));
  }
if (options.write) console.error(`${record(lines.join("\n"), root)} ratios written to BENCHMARKS.md`);
process.exit(0);
