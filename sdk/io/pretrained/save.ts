/** Model folders as Hugging Face publishes them, written: config.json, model.safetensors, tokenizer.json. */
import type { LabelSet } from "../../heads/labels.js";
import { buildModel } from "../../models/family/build.js";
import type { Section } from "../../models/family/config.js";
import type { EncoderFamily, ModelTask } from "../../models/family/family.js";
import { sameShape, WeightsError } from "../../nn/planned.js";
import { Weights } from "../../nn/weights.js";
import type { WeightDtype } from "../../tensor/compact-panels.js";
import type { Parameter } from "../../tensor/matrix.js";
import type { Tokenizer } from "../../tokenizer/index.js";
import { fieldsOf, jsonBytes, type WritableFiles, writeAll } from "../files/files.js";
import { halves } from "../safetensors/element-types.js";
import { quantizationConfig, quantizedTensors } from "../safetensors/quantized.js";
import { type WrittenTensor, writeSafetensors } from "../safetensors/write-safetensors.js";

/** The parts of a loaded or trained model that are saved. */
export interface Saved {
  readonly family: EncoderFamily<unknown>;
  readonly task: ModelTask;
  readonly config: Section;
  readonly weights: Weights;
  readonly labels: LabelSet | null;
  readonly tokenizer: Tokenizer;
  /** longest sequence that the model was made for */
  readonly maxLength: number;
}

/**
 * The parameters of a task under the names of the published files. A model may have been trained for more: one
 * pre-trained with masked LM and sentence pairs can be saved for masked LM alone.
 */
function tensorsOf({ family, task, config, weights, labels }: Omit<Saved, "tokenizer" | "maxLength">): WrittenTensor[] {
  const parameters = new Map(weights.entries());
  const build = (w: Weights) => buildModel(family, w, family.read(config), task, labels?.size ?? 1);
  return Array.from(Weights.plan(weights.engine, build, { copied: (name) => parameters.get(name) })).flatMap(
    ([name, { shape }]) => {
      const parameter = parameters.get(name);
      if (!parameter || !sameShape(parameter.shape, shape)) {
        throw new WeightsError(
          `${name} [${shape}], which a model saved for "${task}" needs, is ${parameter ? `[${parameter.shape}]` : "not there"}; was it built for another task?`,
        );
      }
      return storedAs(name, parameter);
    },
  );
}

/** A parameter in the type that it is kept in. */
function storedAs(name: string, parameter: Parameter): WrittenTensor[] {
  const { shape } = parameter;
  if (parameter.dtype === "q8" || parameter.dtype === "q4")
    return quantizedTensors(name, parameter.toArray(), shape, parameter.orientation, parameter.dtype);
  if (parameter.dtype === "f16") return [{ name, shape, dtype: "F16", bytes: halves(parameter.toArray()) }];
  return [{ name, shape, parameter }];
}

/** The type that a model's matrices are kept in. */
function dtypeOf(weights: Weights): WeightDtype {
  const found = new Set(Array.from(weights.entries(), ([, { dtype }]) => dtype));
  return (["q4", "q8", "f16"] as const).find((dtype) => found.has(dtype)) ?? "f32";
}

/**
 * Write a folder that Cloze and PyTorch transformers load. A model that is kept in 8 or 4 bits is written so
 * (safetensors/quantized.ts), which this package alone reads. Over an older model of a `writableFolder` this is one step.
 *
 * @throws {SafetensorsError} when a weight is not a number; nothing has been written then
 * @example
 * await saveModel(memoryFiles(), { ...loaded, tokenizer, maxLength: 64 });
 */
export async function saveModel(files: WritableFiles, saved: Saved): Promise<void> {
  const { config, weights } = weightFiles(saved);
  await writeAll(files, async (to) => {
    await to.write("config.json", config);
    await to.write("model.safetensors", weights);
    await saveTokenizer(to, saved.tokenizer, saved.maxLength, hasSegments(saved));
  });
}

/** config.json and model.safetensors. */
export function weightFiles(saved: Omit<Saved, "tokenizer" | "maxLength">): {
  config: Uint8Array;
  weights: Uint8Array;
} {
  return { weights: writeSafetensors(tensorsOf(saved)), config: configBytes(savedConfig(saved)) };
}

/** Fields that belong to the task, or to the file that a configuration came from; they are replaced. */
const TASK_FIELDS = [
  "id2label",
  "label2id",
  "num_labels",
  "problem_type",
  "torch_dtype",
  "_num_labels",
  "quantization_config",
];

/** The fields of a configuration that name the task of the model. */
export function taskFields(config: Section): Section {
  const fields = ["architectures", "id2label", "label2id", "problem_type"];
  return Object.fromEntries(Object.entries(config).filter(([field]) => fields.includes(field)));
}

/** The name that transformers has for the loss that the model was trained with. */
function problemType(labels: LabelSet | null): string {
  if (labels?.multiLabel) return "multi_label_classification";
  return (labels?.size ?? 1) > 1 ? "single_label_classification" : "regression";
}

/** config.json of a model as it is now. */
export function savedConfig({
  family,
  task,
  config,
  labels,
  weights,
}: Omit<Saved, "tokenizer" | "maxLength">): Section {
  const dtype = dtypeOf(weights);
  const kept = Object.fromEntries(Object.entries(config).filter(([field]) => !TASK_FIELDS.includes(field)));
  const names = labels?.names ?? (task === "sequence-classification" ? ["LABEL_0"] : null);
  return {
    ...kept,
    architectures: [family.architectures[task]],
    model_type: family.type,
    dtype: dtype === "f16" ? "float16" : "float32",
    ...((dtype === "q8" || dtype === "q4") && { quantization_config: quantizationConfig(dtype) }),
    ...(names && {
      id2label: Object.fromEntries(names.map((name, id) => [id, name])),
      label2id: Object.fromEntries(names.map((name, id) => [name, id])),
    }),
    ...(task === "sequence-classification" && {
      problem_type: problemType(labels),
    }),
  };
}

/** Fields that hold real numbers, also where they are whole ones: at the top, and rope_theta at any depth. */
const REALS =
  /^( {2}"(?:initializer_\w+|init_std|layer_norm_eps(?:ilon)?|norm_eps|\w*layerdrop|\w*dropout\w*|\w+_pdrop)"|\s+"\w*rope_theta"): (-?\d+)(?=,?$)/gm;

/**
 * A configuration as JSON. To JavaScript 0 and 0.0 are the same, but transformers refuses a whole number where it expects a
 * real one: `"encoder_layerdrop": 0`.
 */
export function configBytes(config: Section): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(config, null, 2).replace(REALS, "$1: $2.0")}\n`);
}

/** Whether the model tells two texts apart by segment embeddings. Classes of transformers without them may refuse segments. */
export const hasSegments = ({ family, config }: Pick<Saved, "family" | "config">): boolean =>
  Number(fieldsOf(family.read(config))["type_vocab_size"] ?? 0) > 1;

/**
 * tokenizer.json, the small files beside it, and vocab.txt where the pieces have one a line.
 *
 * @param length longest sequence in tokens
 * @param segmented whether the model that is saved beside it reads segments
 * @example
 * const own = memoryFiles();
 * await saveTokenizer(own, tokenizer, 512);
 * own.files.has("tokenizer.json"); // true
 */
export async function saveTokenizer(
  files: WritableFiles,
  tokenizer: Tokenizer,
  length: number,
  segmented = true,
): Promise<void> {
  const json = tokenizer.toJSON();
  const { special } = tokenizer;
  const roles = {
    unk_token: special.unknown,
    sep_token: special.sep,
    pad_token: special.pad,
    cls_token: special.cls,
    mask_token: special.mask,
    bos_token: special.bos,
    eos_token: special.eos,
  };
  const named = Object.fromEntries(
    Object.entries(roles).flatMap(([role, id]) => (id === undefined ? [] : [[role, tokenizer.token(id)]])),
  );
  const lower = fieldsOf(json["normalizer"])["lowercase"];
  const segments = segmented && tokenizer.encode("", "").segments.some((segment) => segment !== 0);
  await files.write("tokenizer.json", jsonBytes(json));
  await files.write("special_tokens_map.json", jsonBytes(named));
  await files.write(
    "tokenizer_config.json",
    jsonBytes({
      ...named,
      model_max_length: length,
      tokenizer_class: "PreTrainedTokenizerFast",
      // Without this list the general class leaves the segments out, and the second text of a pair would be read as the first.
      model_input_names: ["input_ids", ...(segments ? ["token_type_ids"] : []), "attention_mask"],
      ...(typeof lower === "boolean" && { do_lower_case: lower }),
      ...(tokenizer.truncationSide === "left" && { truncation_side: "left" }),
      ...(tokenizer.paddingSide === "left" && { padding_side: "left" }),
      ...(tokenizer.splitsSpecial && { split_special_tokens: true }),
    }),
  );
  const pieces = wordPieces(json);
  if (pieces) await files.write("vocab.txt", new TextEncoder().encode(`${pieces.join("\n")}\n`));
}

/** The pieces in the order of their ids, where the line of a vocab.txt can say the id: WordPiece without gaps. */
function wordPieces(json: Section): string[] | null {
  const { type, vocab } = fieldsOf(json["model"]);
  if (type !== "WordPiece") return null;
  const pieces: string[] = [];
  for (const [piece, id] of Object.entries(fieldsOf(vocab))) pieces[id as number] = piece;
  const complete = Array.from(pieces).every((piece) => piece !== undefined && !/[\r\n]/.test(piece));
  return complete ? pieces : null;
}
