/** Describe a model folder without reading its weights, for `cloze inspect` and for programs before they load it. */
import { InputError } from "../../errors.js";
import { isGenerationField } from "../../generate/settings.js";
import { configFields } from "../../models/config-fields.js";
import { familyOf } from "../../models/families.js";
import { type Section, section } from "../../models/family/config.js";
import type { EncoderFamily, ModelTask } from "../../models/family/family.js";
import { ModelFileError } from "../files/files.js";
import { type ModelSource, openSource } from "../files/model-source.js";
import { openWeights } from "../safetensors/stored.js";
import { bodyOf } from "../sentence-transformers/modules.js";
import { readSentenceSettings, type SentenceSettings } from "../sentence-transformers/sentence.js";
import { unknownSentenceFields } from "../sentence-transformers/sentence-fields.js";
import { isStatic, staticConfig, staticTensors } from "../sentence-transformers/static-embedding.js";
import { type MaxLength, readMaxLength } from "../sentence-transformers/transformer-settings.js";
import { unknownTokenizerFields } from "../tokenizers/tokenizer-fields.js";
import { loadTokenizer } from "../tokenizers/tokenizer-files.js";
import { adapterFields, readAdapterConfig } from "./adapter-config.js";
import { classesOf, taskOf } from "./pretrained.js";

/** A tensor of a file, by its header. */
export interface StoredTensor {
  readonly name: string;
  /** F32, F16, I64, ... */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A model folder as {@link describeFolder} sees it, without reading weights. */
export interface FolderDescription {
  /** config.json as it is */
  readonly config: Section;
  /** adapter_config.json as it is; null for a model. An adapter may hold nothing else but its weights. */
  readonly adapter: Section | null;
  /** model_type, where Cloze has the family; null where it has not */
  readonly family: string | null;
  /** the task that `loadModel` gives by default */
  readonly task: ModelTask | null;
  /** how many classes there are; null for tasks without */
  readonly classes: number | null;
  /** bytes of the files of weights */
  readonly bytes: number;
  readonly tensors: readonly StoredTensor[];
  /** ids of the tokenizer; null where there is none that can be read */
  readonly tokenizerSize: number | null;
  readonly maxLength: MaxLength | null;
  /** how vectors of texts are made, in folders with modules.json */
  readonly sentence: SentenceSettings | null;
  /** messages of the errors that loading would throw */
  readonly problems: readonly string[];
  /** fields that Cloze does not know, as "FILE: FIELD" */
  readonly unknownFields: readonly string[];
}

/** Older models keep their generation settings in config.json. */
function unknownConfigFields(config: Section, family: EncoderFamily<unknown>): string[] {
  const known = configFields(family);
  return Object.keys(config).filter((field) => !known.has(field) && !isGenerationField(field));
}

/** The fields of a file; null if there is none. */
const fieldsOrNull = (json: unknown): Section | null => (json === undefined ? null : section(json));

/**
 * Describe a folder. Its small files and the headers of its weights are read once, side by side.
 *
 * @example
 * const { family, maxLength, problems } = await describeFolder(folder("all-MiniLM-L6-v2"));
 */
export async function describeFolder(files: ModelSource): Promise<FolderDescription> {
  const folder = openSource(files, "describeFolder").readAhead();
  const problems: string[] = [];
  /** The result of `read`, or null with the reason among the problems. */
  const tried = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (!problems.includes(error.message)) problems.push(error.message);
      return null;
    }
  };
  const body = await bodyOf(folder);
  const adapter = (await tried(async () => fieldsOrNull(await body.json("adapter_config.json")))) ?? null;
  if (adapter) await tried(async () => readAdapterConfig(adapter));
  const weights = await tried(async () => {
    const opened = await openWeights(body, adapter ? "adapter_model.safetensors" : undefined);
    await opened.close();
    return opened;
  });
  const config = await tried(async () => {
    const json = await body.json("config.json");
    if (await isStatic(folder, json)) return weights ? staticConfig(await staticTensors(weights)) : {};
    if (json === undefined && adapter) return {};
    if (json === undefined) throw new ModelFileError("config.json is missing: is this a model folder?");
    return json as Section;
  });
  const isTable = config?.["model_type"] === "static-embedding";
  const isBare = adapter !== null && config !== null && Object.keys(config).length === 0;
  const family = config && !isTable && !isBare ? await tried(async () => familyOf(config)) : null;
  if (family) await tried(async () => family.read(config));
  const task = isTable ? "feature-extraction" : family && (await tried(async () => taskOf(family, config!)));
  const classes = task && (await tried(async () => classesOf(config!, task, undefined)));
  return {
    config: config ?? {},
    adapter,
    family: isTable ? "static-embedding" : (family?.type ?? null),
    task,
    classes: classes?.size ?? null,
    bytes: [...(weights?.files.values() ?? [])].reduce((sum, { size }) => sum + size, 0),
    tensors: [...(weights?.files.values() ?? [])].flatMap((file) =>
      Array.from(file.names(), (name) => ({ name, dtype: file.dtype(name), shape: file.shape(name)! })),
    ),
    tokenizerSize: isBare ? null : ((await tried(() => loadTokenizer(folder)))?.size ?? null),
    maxLength: await tried(() => readMaxLength(folder)),
    sentence: (await folder.read("modules.json")) ? await tried(() => readSentenceSettings(folder)) : null,
    problems,
    unknownFields: [
      ...Object.keys(adapter ?? {})
        .filter((field) => !adapterFields().has(field))
        .map((field) => `adapter_config.json: ${field}`),
      ...(family ? unknownConfigFields(config!, family).map((field) => `config.json: ${field}`) : []),
      ...Object.keys((await tried(() => body.fields("generation_config.json"))) ?? {})
        .filter((field) => !isGenerationField(field))
        .map((field) => `generation_config.json: ${field}`),
      ...((await tried(() => unknownSentenceFields(body))) ?? []),
      ...unknownTokenizerFields((await tried(() => body.fields("tokenizer_config.json"))) ?? {}).map(
        (field) => `tokenizer_config.json: ${field}`,
      ),
    ],
  };
}
