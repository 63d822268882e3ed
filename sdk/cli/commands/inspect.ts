import { stat } from "node:fs/promises";
import { describeFolder, type FolderDescription, type StoredTensor } from "cloze";
import { folder } from "cloze/node";
import { readSafetensors } from "cloze/tensor";
import { Command } from "commander";
import { readWhole, requireFiles } from "../shared/input.js";
import { memoryOf } from "../shared/memory.js";
import { pathOrModel } from "../shared/models.js";
import { say, table, writeLine } from "../shared/output.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { UsageError } from "../shared/usage.js";

interface Options {
  readonly json?: boolean;
}

interface Described {
  readonly summary: Readonly<Record<string, unknown>>;
  readonly tensors?: readonly StoredTensor[];
  readonly problems?: readonly string[];
}

const MEGABYTE = 1e6;

/** The batches for which memory is estimated: one text, and a batch of training. */
const TEXT = { batch: 1, length: 128 };
const TRAINING = { batch: 32, length: 128, training: true };

/** Tensors, and their parameters. */
function describeTensors(tensors: readonly StoredTensor[], bytes: number): Described {
  const weights = tensors.filter(({ dtype }) => /^(BF|F)\d+$/.test(dtype));
  const count = weights.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  return {
    summary: {
      tensors: tensors.length,
      parameters: count,
      file_mb: bytes / MEGABYTE,
    },
    tensors,
  };
}

/** The sizes among the fields of a configuration. */
const sizesOf = (config: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => typeof value === "number" && /(size|layers|heads|embeddings)$/.test(name),
    ),
  );

/** Megabytes of an engine that reads one text of 128 tokens, and of one that trains on 32 of them; null for more than 4 GiB. */
async function memoryFields({ config, task, classes }: FolderDescription): Promise<Record<string, unknown>> {
  const known = { ...(task && { task }), ...(classes !== null && { classes }) };
  return {
    inference_mb: await memoryOf(config, { ...known, ...TEXT }),
    training_mb: await memoryOf(config, { ...known, ...TRAINING }),
  };
}

async function describeModel(path: string): Promise<Described> {
  const described = await describeFolder(folder(path));
  const { config, adapter, family, task, classes, tensors, bytes } = described;
  const { tokenizerSize, maxLength, sentence, problems, unknownFields } = described;
  const weights = describeTensors(tensors, bytes);
  return {
    summary: {
      ...(adapter && { adapter: adapter["peft_type"], base: adapter["base_model_name_or_path"], rank: adapter["r"] }),
      family,
      task,
      ...(classes !== null && { classes }),
      architectures: config["architectures"],
      ...sizesOf(config),
      tokenizer_size: tokenizerSize,
      ...(maxLength && { max_length: maxLength.tokens, max_length_origin: maxLength.origin }),
      ...(sentence && {
        pooling: sentence.pooling.mode,
        normalize: sentence.pooling.normalize,
        similarity: sentence.similarity,
        modules: (sentence.modules ?? []).map(({ kind }) => kind),
        prompts: Object.keys(sentence.prompts),
      }),
      ...(unknownFields.length > 0 && { unknown_fields: unknownFields }),
      ...(tensors.length > 0 && weights.summary),
      ...(family !== null && family !== "static-embedding" && problems.length === 0 && (await memoryFields(described))),
    },
    ...(tensors.length > 0 && { tensors }),
    problems,
  };
}

function describeFile(bytes: Uint8Array): Described {
  const file = readSafetensors(bytes);
  const tensors = Array.from(file.names(), (name) => ({ name, dtype: file.dtype(name), shape: file.shape(name)! }));
  const { summary, ...rest } = describeTensors(tensors, bytes.length);
  const parameters = 4 * Number(summary["parameters"]);
  // Of a file alone only the weights are known; in training also their gradients and two moments.
  const memory = { inference_mb: parameters / MEGABYTE, training_mb: (4 * parameters) / MEGABYTE };
  return { summary: { ...summary, ...memory }, ...rest };
}

async function describe(pathOrName: string): Promise<Described> {
  const path = await pathOrModel(pathOrName);
  await requireFiles([path]);
  if ((await stat(path)).isDirectory()) return describeModel(path);
  if (path.endsWith(".safetensors")) return describeFile(await readWhole(path));
  if (/\.(json|txt)(\.gz)?$/.test(path)) {
    const { size, special } = await openTokenizer(path);
    return { summary: { tokenizer_size: size, special } };
  }
  throw new UsageError(`${path}: expected a model folder, a .safetensors file or a tokenizer file`);
}

async function run(path: string, { json }: Options): Promise<void> {
  const { summary, tensors, problems = [] } = await describe(path);
  // No other command can use a folder of a family that Cloze lacks.
  if (problems.length > 0 && summary["family"] === null) process.exitCode = 2;
  if (json) return writeLine(JSON.stringify({ ...summary, problems, ...(tensors && { tensor_list: tensors }) }));
  const show = (value: unknown) =>
    typeof value === "number"
      ? Number.isInteger(value)
        ? value.toLocaleString("en")
        : value.toFixed(1)
      : JSON.stringify(value);
  say(
    table(
      ["", path],
      Object.entries(summary).map(([name, value]) => [name, show(value)]),
    ),
  );
  for (const problem of problems) say(`cannot be used: ${problem}`);
  if (tensors)
    say(
      table(
        ["tensor", "dtype", "shape"],
        tensors.map(({ name, dtype, shape }) => [name, dtype, shape.join(" × ")]),
      ),
    );
}

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("Describe a model, safetensors file or tokenizer file.")
    .argument("<path>", "a folder, a file, or the name of a published model")
    .option("--json", "one JSON object")
    .addHelpText("after", `\nExample:\n  cloze inspect my-bert`)
    .action(run);
}
