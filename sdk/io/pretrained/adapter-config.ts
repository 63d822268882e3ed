/** adapter_config.json as PEFT writes it: the fields that change scores. */
import { shown } from "../../errors.js";
import { ConfigError, number, optional, type Section, section } from "../../models/family/config.js";
import type { ModelTask } from "../../models/family/family.js";
import type { LayerNumbers, LayerPattern, LoraSettings, PatternValue } from "../../nn/lora.js";
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
  "rank_pattern",
  "alpha_pattern",
  "layers_to_transform",
  "layers_pattern",
  "exclude_modules",
];

/** Fields without effect on scores: how training began, bookkeeping, or details of another field that is refused. */
const WITHOUT_EFFECT: readonly string[] = [
  "auto_mapping",
  "peft_version",
  "revision",
  "inference_mode",
  // The shapes of the weights tell.
  "fan_in_fan_out",
  // Details of init_lora_weights and use_qalora.
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
  layer_replication: [],
  trainable_token_indices: [],
  target_parameters: [],
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
}

/** The treatment of each known field of adapter_config.json; a refused one is accepted at values without effect. */
export function adapterFields(): ReadonlyMap<string, "computed" | "without effect" | "refused"> {
  return new Map([
    ...COMPUTED.map((field) => [field, "computed"] as const),
    ...WITHOUT_EFFECT.map((field) => [field, "without effect"] as const),
    ...Object.keys(UNSUPPORTED).map((field) => [field, "refused"] as const),
  ]);
}

function names(c: Section, field: string): string[] {
  const value = c[field] ?? [];
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value as string[];
  throw new ConfigError(`adapter_config.json: ${field} must be a list of names, got ${shown(value)}`);
}

/** A Python expression that must fit a whole name; it runs in time linear in the name. */
function pattern(source: string, field: string, whole = source): LayerPattern {
  try {
    return { source, test: wholeMatcher(whole, `adapter_config.json: ${field}`) };
  } catch (error) {
    if (error instanceof TokenizerError) throw new ConfigError(error.message);
    throw error;
  }
}

/** Layers by name, or by an expression. */
function targetsOf(c: Section): readonly string[] | LayerPattern {
  const value = c["target_modules"];
  if (value === "all-linear")
    throw new ConfigError(
      'adapter_config.json: target_modules "all-linear" is not supported; expected names of layers',
    );
  return typeof value === "string" ? pattern(value, "target_modules") : names(c, "target_modules");
}

/** A model has not as many layers. */
const MOST_PATTERNS = 1000;

/** Values by expressions that the end of a layer's name must fit. */
function patternValues(c: Section, field: string, fits: (value: unknown) => boolean): readonly PatternValue[] {
  const entries = Object.entries(isEmpty(c[field]) ? {} : section(c[field], field));
  if (entries.length > MOST_PATTERNS)
    throw new ConfigError(`adapter_config.json: ${field} has more than ${MOST_PATTERNS} entries`);
  return entries.map(([source, value]) => {
    if (!fits(value)) throw new ConfigError(`adapter_config.json: ${field} of ${shown(source)} is ${shown(value)}`);
    return { pattern: pattern(source, field, `(?:.*\\.)?(?:${source})`), value: value as number };
  });
}

function layerNumbers(c: Section): LayerNumbers | undefined {
  const [value, lists] = [c["layers_to_transform"] ?? [], c["layers_pattern"] ?? []];
  const numbers = [value].flat();
  const sources = lists === "" ? [] : [lists].flat();
  if (!numbers.every(isCount))
    throw new ConfigError(`adapter_config.json: layers_to_transform must be numbers of layers, got ${shown(value)}`);
  if (!sources.every((source) => typeof source === "string"))
    throw new ConfigError(`adapter_config.json: layers_pattern must be a list of names, got ${shown(lists)}`);
  if (sources.length > MOST_PATTERNS)
    throw new ConfigError(`adapter_config.json: layers_pattern has more than ${MOST_PATTERNS} entries`);
  const found = sources.map((source) => pattern(source as string, "layers_pattern", `(?:.*\\.)?(?:${source})`));
  return numbers.length > 0 ? { numbers: numbers as number[], lists: found } : undefined;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** The fields that make some layers unlike the others; absent where they say nothing. */
function exceptionsOf(c: Section): Pick<LoraSettings, "ranks" | "alphas" | "layers" | "excluded"> {
  const ranks = patternValues(
    c,
    "rank_pattern",
    (value) => isCount(value) && value !== 0 && (value as number) < 2 ** 24,
  );
  const alphas = patternValues(c, "alpha_pattern", Number.isFinite);
  const layers = layerNumbers(c);
  const exclude = c["exclude_modules"];
  const excluded = typeof exclude === "string" ? pattern(exclude, "exclude_modules") : names(c, "exclude_modules");
  return {
    ...(ranks.length > 0 && { ranks }),
    ...(alphas.length > 0 && { alphas }),
    ...(layers && { layers }),
    ...(("source" in excluded || excluded.length > 0) && { excluded }),
  };
}

/**
 * Read PEFT's file.
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
      ...exceptionsOf(c),
    },
    task,
    base: typeof c["base_model_name_or_path"] === "string" ? c["base_model_name_or_path"] : null,
  };
}

const written = (names: readonly string[] | LayerPattern): string | readonly string[] =>
  "source" in names ? names.source : [...names];

const writtenValues = (values: readonly PatternValue[]) =>
  Object.fromEntries(values.map(({ pattern: { source }, value }) => [source, value]));

/** The fields that PEFT reads; those that it adds by itself are left to it. */
export function adapterConfigOf(
  settings: LoraSettings,
  { task, base, transposed }: { readonly task: ModelTask; readonly base: string | null; readonly transposed: boolean },
): Section {
  const { r, alpha, dropout, rankStabilized, targets, modulesToSave, ranks, alphas, layers, excluded } = settings;
  return {
    peft_type: "LORA",
    task_type: TASKS[task] ?? null,
    base_model_name_or_path: base,
    inference_mode: true,
    r,
    lora_alpha: alpha,
    lora_dropout: dropout,
    use_rslora: rankStabilized,
    target_modules: written(targets),
    modules_to_save: modulesToSave.length > 0 ? [...modulesToSave] : null,
    ...(ranks && { rank_pattern: writtenValues(ranks) }),
    ...(alphas && { alpha_pattern: writtenValues(alphas) }),
    ...(layers && { layers_to_transform: [...layers.numbers] }),
    ...(layers && layers.lists.length > 0 && { layers_pattern: layers.lists.map(({ source }) => source) }),
    ...(excluded && { exclude_modules: written(excluded) }),
    fan_in_fan_out: transposed,
    bias: "none",
    init_lora_weights: true,
  };
}
