/** adapter_config.json as PEFT writes it: the fields that change scores. */
import { shown } from "../../errors.js";
import { ConfigError, number, optional, type Section, section } from "../../models/family/config.js";
import type { ModelTask } from "../../models/family/family.js";
import type { LayerPattern, LoraSettings } from "../../nn/lora.js";
import { TokenizerError } from "../../tokenizer/errors.js";
import { wholeMatcher } from "../../tokenizer/patterns/pattern.js";

/** PEFT's names of tasks. */
const TASKS: Readonly<Partial<Record<ModelTask, string>>> = {
  "sequence-classification": "SEQ_CLS",
  "token-classification": "TOKEN_CLS",
  "question-answering": "QUESTION_ANS",
  "causal-lm": "CAUSAL_LM",
  "seq2seq-lm": "SEQ_2_SEQ_LM",
  "feature-extraction": "FEATURE_EXTRACTION",
};

/** Heads that PEFT saves with every adapter of a task, whether they are listed or not. */
export const HEADS: Readonly<Partial<Record<ModelTask, readonly string[]>>> = {
  "sequence-classification": ["classifier", "score"],
  "token-classification": ["classifier", "score"],
  "question-answering": ["qa_outputs"],
};

export interface AdapterConfig {
  readonly settings: LoraSettings;
  /** task of the adapted model; null if the file does not name one */
  readonly task: ModelTask | null;
  /** the folder or name of the model that the adapter was trained on */
  readonly base: string | null;
}

/** Fields that are read. */
const COMPUTED: readonly string[] = [
  "peft_type",
  "task_type",
  "base_model_name_or_path",
  "r",
  "lora_alpha",
  "lora_dropout",
  "use_rslora",
  "target_modules",
  "modules_to_save",
];

/** Fields without effect on scores: how training began, bookkeeping, or details of another field that is refused. */
const WITHOUT_EFFECT: readonly string[] = [
  "auto_mapping",
  "peft_version",
  "revision",
  "inference_mode",
  // The shapes of the weights tell.
  "fan_in_fan_out",
  // Details of layers_to_transform, init_lora_weights and use_qalora.
  "layers_pattern",
  "loftq_config",
  "eva_config",
  "corda_config",
  "lora_ga_config",
  "qalora_group_size",
  // Details of megatron_config.
  "megatron_core",
  "runtime_config",
];

/** Fields that change scores, with the values at which they have no effect. */
const UNSUPPORTED: Readonly<Record<string, readonly unknown[]>> = {
  use_dora: [false],
  lora_bias: [false],
  bias: ["none"],
  use_qalora: [false],
  layers_to_transform: [],
  layer_replication: [],
  trainable_token_indices: [],
  target_parameters: [],
  exclude_modules: [],
  alora_invocation_tokens: [],
  arrow_config: [],
  velora_config: [],
  monteclora_config: [],
  use_bdlora: [],
  kasa_config: [],
  megatron_config: [],
  ensure_weight_tying: [false],
  // Others move a part of the model's own weights into the adapter, so that it fits no published weights.
  init_lora_weights: [true, false, "gaussian", "orthogonal", "eva"],
};

/** Refused unless empty. */
const PATTERNS = ["rank_pattern", "alpha_pattern"] as const;

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function requireSupported(c: Section): void {
  const type = c["peft_type"];
  if (type !== "LORA")
    throw new ConfigError(
      `adapter_config.json: peft_type ${type === undefined ? "is missing" : `${shown(type)} is not supported`}; expected "LORA"`,
    );
  for (const [field, harmless] of Object.entries(UNSUPPORTED)) {
    const value = c[field];
    if (!isEmpty(value) && !harmless.includes(value))
      throw new ConfigError(`adapter_config.json: ${field} ${shown(value)} is not supported`);
  }
  for (const field of PATTERNS)
    if (!isEmpty(c[field]))
      throw new ConfigError(`adapter_config.json: ${field} is not supported; every layer has the same rank and alpha`);
}

/** The fate of each known field of adapter_config.json; a refused one is accepted at values without effect. */
export function adapterFields(): ReadonlyMap<string, "computed" | "without effect" | "refused"> {
  return new Map([
    ...COMPUTED.map((field) => [field, "computed"] as const),
    ...WITHOUT_EFFECT.map((field) => [field, "without effect"] as const),
    ...[...Object.keys(UNSUPPORTED), ...PATTERNS].map((field) => [field, "refused"] as const),
  ]);
}

function names(c: Section, field: string): string[] {
  const value = c[field] ?? [];
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value as string[];
  throw new ConfigError(`adapter_config.json: ${field} must be a list of names, got ${shown(value)}`);
}

/** Layers by name, or by a Python expression that fits the whole name; it runs in time linear in the name. */
function targetsOf(c: Section): readonly string[] | LayerPattern {
  const value = c["target_modules"];
  if (value === "all-linear")
    throw new ConfigError(
      'adapter_config.json: target_modules "all-linear" is not supported; expected names of layers',
    );
  if (typeof value !== "string") return names(c, "target_modules");
  try {
    return { source: value, test: wholeMatcher(value, "adapter_config.json: target_modules") };
  } catch (error) {
    if (error instanceof TokenizerError) throw new ConfigError(error.message);
    throw error;
  }
}

/**
 * Read what PEFT wrote.
 *
 * @throws {ConfigError} for a method or a field that Cloze does not compute
 */
export function readAdapterConfig(json: unknown): AdapterConfig {
  const c = section(json);
  requireSupported(c);
  const type = c["task_type"] ?? null;
  const found = Object.entries(TASKS).find(([, name]) => name === type);
  const task = found ? (found[0] as ModelTask) : null;
  const dropout = optional(c, "lora_dropout", 0);
  if (!(dropout >= 0 && dropout < 1))
    throw new ConfigError(`adapter_config.json: lora_dropout must be a share from 0 up to but not 1, got ${dropout}`);
  return {
    settings: {
      r: number(c, "r", 8),
      alpha: optional(c, "lora_alpha", 8),
      dropout,
      rankStabilized: optional(c, "use_rslora", false),
      targets: targetsOf(c),
      modulesToSave: [...new Set([...names(c, "modules_to_save"), ...((task && HEADS[task]) ?? [])])],
    },
    task,
    base: typeof c["base_model_name_or_path"] === "string" ? c["base_model_name_or_path"] : null,
  };
}

/** The fields that PEFT reads; those that it adds by itself are left to it. */
export function adapterConfigOf(
  { r, alpha, dropout, rankStabilized, targets, modulesToSave }: LoraSettings,
  { task, base, transposed }: { readonly task: ModelTask; readonly base: string | null; readonly transposed: boolean },
): Section {
  return {
    peft_type: "LORA",
    task_type: TASKS[task] ?? null,
    base_model_name_or_path: base,
    inference_mode: true,
    r,
    lora_alpha: alpha,
    lora_dropout: dropout,
    use_rslora: rankStabilized,
    target_modules: "source" in targets ? targets.source : [...targets],
    modules_to_save: modulesToSave.length > 0 ? [...modulesToSave] : null,
    fan_in_fan_out: transposed,
    bias: "none",
    init_lora_weights: true,
  };
}
