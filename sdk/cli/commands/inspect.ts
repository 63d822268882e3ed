import { stat } from "node:fs/promises";
import { loadTokenizer, ModelFileError } from "cloze";
import { exists, folder } from "cloze/node";
import { familyOf, readSafetensors } from "cloze/tensor";
import { TokenizerError } from "cloze/tokenizer";
import { Command } from "commander";
import { readFields, readWhole, requireFiles } from "../shared/input.js";
import { say, table, writeLine } from "../shared/output.js";
import { openTokenizer } from "../shared/tokenizers.js";
import { UsageError } from "../shared/usage.js";

interface Options {
  readonly json?: boolean;
}

interface Described {
  readonly summary: Readonly<Record<string, unknown>>;
  readonly tensors?: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
}

const MEGABYTE = 1e6;

/** The tensors of a file and what they take in memory: weights and packed panels; for training gradient and two moments too. */
function describeTensors(bytes: Uint8Array): Described {
  const file = readSafetensors(bytes);
  const tensors = [...file.names()].map((name) => ({ name, dtype: file.dtype(name), shape: [...file.shape(name)!] }));
  const floats = tensors.filter(({ dtype }) => ["F32", "F16", "BF16"].includes(dtype));
  const count = floats.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  return {
    summary: {
      tensors: tensors.length,
      parameters: count,
      file_mb: bytes.length / MEGABYTE,
      inference_mb: (2 * 4 * count) / MEGABYTE,
      training_mb: (6 * 4 * count) / MEGABYTE,
    },
    tensors,
  };
}

async function describeFolder(path: string): Promise<Described> {
  const config = await readFields(`${path}/config.json`);
  const family = familyOf(config);
  const weights = (await exists(`${path}/model.safetensors`))
    ? describeTensors(await readWhole(`${path}/model.safetensors`))
    : null;
  const { size } = await loadTokenizer(folder(path)).catch((error: unknown) => {
    if (error instanceof ModelFileError || error instanceof TokenizerError) return { size: null };
    throw error;
  });
  const sizes = Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => typeof value === "number" && /(size|layers|heads|embeddings)$/.test(name),
    ),
  );
  return {
    summary: {
      family: family.type,
      architectures: config["architectures"],
      ...sizes,
      tokenizer_size: size,
      ...weights?.summary,
    },
    ...(weights?.tensors && { tensors: weights.tensors }),
  };
}

async function describe(path: string): Promise<Described> {
  await requireFiles([path]);
  if ((await stat(path)).isDirectory()) return describeFolder(path);
  if (path.endsWith(".safetensors")) return describeTensors(await readWhole(path));
  if (/\.(json|txt)(\.gz)?$/.test(path)) {
    const { size, special } = await openTokenizer(path);
    return { summary: { tokenizer_size: size, special } };
  }
  throw new UsageError(`${path}: expected a model folder, a .safetensors file or a tokenizer file`);
}

async function run(path: string, { json }: Options): Promise<void> {
  const { summary, tensors } = await describe(path);
  if (json) return writeLine(JSON.stringify({ ...summary, ...(tensors && { tensor_list: tensors }) }));
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
    .description("Say what a model folder, safetensors file or tokenizer file holds.")
    .argument("<path>", "folder or file")
    .option("--json", "one JSON object")
    .addHelpText("after", `\nExample:\n  cloze inspect my-bert`)
    .action(run);
}
