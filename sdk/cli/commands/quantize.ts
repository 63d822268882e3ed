import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cosine, type Engine, featureExtraction, quantizeModel, textClassification } from "cloze";
import { spearman } from "cloze/metrics";
import { exists, folder, requirePlace, writeFolder } from "cloze/node";
import { Command, Option } from "commander";
import { engineOf, type ModelOptions, withModelOptions } from "../shared/engine-options.js";
import { fileSource, parseLine, readFields, requireFiles } from "../shared/input.js";
import { reportFigures, say } from "../shared/output.js";
import { namedInputs, requireInputsKept } from "../shared/run-inputs.js";
import { place, UsageError } from "../shared/usage.js";

interface Options extends ModelOptions {
  readonly model: string;
  readonly dtype: "f16" | "q8" | "q4";
  readonly out: string;
  readonly text?: boolean;
  readonly force?: boolean;
}

/** A line of the texts that are compared: a text, or a pair with the similarity that people gave it. */
interface Example {
  readonly text: string;
  readonly pair?: string;
  readonly score?: number;
}

function exampleOf(value: unknown, place: string): Example {
  if (typeof value === "string") return { text: value };
  const { text, pair, score } = (value ?? {}) as Record<string, unknown>;
  if (typeof text === "string" && (pair === undefined || typeof pair === "string"))
    if (score === undefined || typeof score === "number")
      return { text, ...(pair !== undefined && { pair }), ...(score !== undefined && { score }) };
  throw new UsageError(`${place}: expected a JSON string, {"text"} or {"text", "pair", "score"}`);
}

async function examplesOf(name: string, plain = false): Promise<Example[]> {
  const examples: Example[] = [];
  let number = 0;
  for await (const line of fileSource(name).lines) {
    number++;
    if (line !== "")
      examples.push(plain ? { text: line } : exampleOf(parseLine(name, number, line), `${name}:${number}`));
  }
  if (examples.length === 0) throw new UsageError(`${name} has no texts`);
  return examples;
}

/** Bytes of the weights of a folder. */
async function weightBytes(path: string): Promise<number> {
  const names = (await readdir(path)).filter((name) => name.endsWith(".safetensors"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Weights in other formats: the quantized weights replace them. */
const OTHER_WEIGHTS =
  /\.(bin|h5|msgpack|onnx|onnx_data|ot|pt|pth|gguf|tflite|mlmodel|npz)$|\.safetensors\.index\.json$/;

/** Files of a model's folder that stay as they are. `path` is where its weights are. */
async function otherFiles(model: string, path: string): Promise<string[]> {
  const entries = await readdir(model, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(model, "/").length).replaceAll("\\", "/"))
    .filter((name) => {
      const inBody = dirname(name) === (path === "" ? "." : path.slice(0, -1));
      const isWritten = inBody && (name === `${path}config.json` || name.endsWith(".safetensors"));
      return !isWritten && !OTHER_WEIGHTS.test(name) && !name.split("/").some((part) => part.startsWith("."));
    });
}

/** Vectors of the texts of two folders, computed in turns, and how much faster the second is. */
async function compared(engine: Engine, { model, dtype }: Options, after: string, texts: readonly string[]) {
  using first = await featureExtraction(folder(model), { engine, dtype: "f32" });
  using second = await featureExtraction(folder(after), { engine, dtype });
  const timed = (run: (all: readonly string[]) => Float32Array[]) => {
    const started = performance.now();
    return { vectors: run(texts), milliseconds: performance.now() - started };
  };
  const ratios: number[] = [];
  let vectors: readonly [Float32Array[], Float32Array[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [timed(first), timed(second)];
    vectors = [a.vectors, b.vectors];
    ratios.push(a.milliseconds / b.milliseconds);
  }
  return { vectors, speed: ratios.sort((a, b) => a - b)[ROUNDS >> 1]! };
}

/** Turns of both models over all texts; the first warms up. */
const ROUNDS = 3;
/** How many texts both models read. */
const MOST_EXAMPLES = 3000;

/** The cost of the conversion on the given texts. */
async function costOf(engine: Engine, options: Options, after: string, examples: readonly Example[]) {
  const paired = examples.filter(({ pair, score }) => pair !== undefined && score !== undefined);
  const texts = [...examples.map(({ text }) => text), ...paired.map(({ pair }) => pair!)];
  const { vectors, speed } = await compared(engine, options, after, texts);
  const cosines = vectors[0].map((vector, i) => cosine(vector, vectors[1][i]!));
  const similarity = ([own]: readonly [Float32Array[]]) =>
    paired.map((example, i) => cosine(own[examples.indexOf(example)]!, own[examples.length + i]!));
  const gold = paired.map(({ score }) => score!);
  return {
    texts: texts.length,
    cosine_mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
    cosine_least: Math.min(...cosines),
    ...(paired.length > 1 && {
      spearman_before: spearman(similarity([vectors[0]]), gold),
      spearman: spearman(similarity([vectors[1]]), gold),
    }),
    ...(await agreement(engine, options, after, examples)),
    speed,
  };
}

/** For a classifier, the share of texts whose class stays the same. */
async function agreement(engine: Engine, { model, dtype }: Options, after: string, examples: readonly Example[]) {
  if (!(await exists(join(model, "config.json")))) return {};
  const { architectures } = await readFields(join(model, "config.json"));
  if (!(Array.isArray(architectures) && /ForSequenceClassification$/.test(String(architectures[0])))) return {};
  using first = await textClassification(folder(model), { engine, dtype: "f32" });
  using second = await textClassification(folder(after), { engine, dtype });
  const inputs = examples.map(({ text, pair }) => (pair === undefined ? text : { text, pair }));
  const [a, b] = [first(inputs), second(inputs)];
  return { agreement: a.filter(({ label }, i) => label === b[i]!.label).length / inputs.length };
}

async function run(file: string | undefined, options: Options): Promise<void> {
  const { model, dtype, out, force = false } = options;
  await requirePlace(out, force);
  await requireInputsKept(out, namedInputs(file === undefined ? [] : [file], { model }));
  await requireFiles([file]);
  const examples = file === undefined ? null : (await examplesOf(file, options.text)).slice(0, MOST_EXAMPLES);
  let written = { path: "", size: 0 };
  await writeFolder(out, force, async (to) => {
    // An engine of its own: its memory is gone before the two models are compared.
    using engine = await engineOf(options);
    written = await quantizeModel(engine, folder(model), to, dtype);
    for (const name of await otherFiles(model, written.path)) await to.write(name, await readFile(join(model, name)));
  });
  using engine = await engineOf(options);
  const figures = {
    dtype,
    size: written.size,
    size_before: await weightBytes(join(model, written.path)),
    ...(examples && (await costOf(engine, options, out, examples))),
    out,
  };
  if (dtype === "q4") say("4 bits cost much of a vector's direction: look at cosine_mean and at the task before use");
  await reportFigures(options, figures);
}

export function quantizeCommand(): Command {
  return withModelOptions(new Command("quantize"))
    .description("Write a model folder with its weights in 8, 4 or 16 bits, and report the cost on given texts.")
    .argument("[file]", 'texts: lines, each a JSON string, {"text"} or {"text", "pair", "score"}')
    .requiredOption("--model <model>", "the model folder to read")
    .addOption(
      new Option("--dtype <type>", "q8: 8 bits; q4: 4 bits; f16: 16 bits").choices(["q8", "q4", "f16"]).default("q8"),
    )
    .requiredOption("--out <folder>", "the model folder to write", place)
    .option("--text", "lines are plain text, not JSON")
    .option("--force", "replace an existing folder")
    .addHelpText(
      "after",
      "\nExample:\n  cloze quantize --model all-MiniLM-L6-v2 --dtype q8 --out all-MiniLM-L6-v2-q8 --text sentences.txt",
    )
    .action(run);
}
