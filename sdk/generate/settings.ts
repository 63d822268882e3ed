/** Generation settings of a model folder: generation_config.json, or config.json in older folders. */
import { shown } from "../errors.js";
import { softmax } from "../heads/probabilities.js";
import { ConfigError, optional, type Section } from "../models/family/config.js";
import { ArgumentError, checkArgument, withFields } from "../options.js";
import { expectSupported, FIELDS_WITHOUT_EFFECT, REFUSED_FIELDS } from "./refused-fields.js";
import {
  badWordsRule,
  biasRule,
  finiteRule,
  forcedRule,
  lengthDecayRule,
  noRepeatRule,
  notBeforeRule,
  type Rule,
  renormalizeRule,
  repetitionRule,
  sourceNgramRule,
  sourceTokensRule,
  suppressRule,
} from "./rules.js";
import {
  epsilonRule,
  etaRule,
  minPRule,
  temperatureRule,
  topHRule,
  topKRule,
  topPRule,
  typicalRule,
} from "./sampling-rules.js";

/** Named as in the files. Options of the caller take precedence. */
export interface GenerationSettings {
  /** null: as `max_length` says */
  readonly max_new_tokens: number | null;
  readonly min_new_tokens: number;
  /** new tokens and those before them: the prompt of a decoder-only model, the start of an encoder-decoder; null: no limit */
  readonly max_length: number | null;
  /** counted likewise */
  readonly min_length: number;
  /** ids of end-of-sequence tokens */
  readonly eos_token_id: readonly number[];
  readonly num_beams: number;
  readonly length_penalty: number;
  readonly early_stopping: boolean | "never";
  readonly do_sample: boolean;
  readonly temperature: number;
  /** 0: no limit */
  readonly top_k: number;
  readonly top_p: number;
  /** 0: no limit */
  readonly min_p: number;
  /** null: no limit */
  readonly top_h: number | null;
  /** 1: no limit */
  readonly typical_p: number;
  /** 0: no limit */
  readonly epsilon_cutoff: number;
  /** 0: no limit */
  readonly eta_cutoff: number;
  readonly repetition_penalty: number;
  /** above 1: tokens of the source are preferred; a decoder's source is its prompt */
  readonly encoder_repetition_penalty: number;
  /** 0: n-grams may repeat */
  readonly no_repeat_ngram_size: number;
  /** 0: n-grams of the source may be repeated; a decoder's source is its prompt */
  readonly encoder_no_repeat_ngram_size: number;
  /** ids that are never generated */
  readonly suppress_tokens: readonly number[];
  /** ids that are not generated first */
  readonly begin_suppress_tokens: readonly number[];
  readonly bad_words_ids: readonly (readonly number[])[];
  /** sequences of ids, each with the bias of the token that completes it */
  readonly sequence_bias: readonly (readonly [ids: readonly number[], bias: number])[];
  /** a number of new tokens, and the factor that each further one applies to end-of-sequence scores; null: none */
  readonly exponential_decay_length_penalty: readonly [start: number, factor: number] | null;
  /** replace scores that are no numbers or infinite */
  readonly remove_invalid_values: boolean;
  /** log-softmax after all other rules, which beam search then adds up */
  readonly renormalize_logits: boolean;
  /** the first token after the decoder's start token */
  readonly forced_bos_token_id: number | null;
  /** the token at the last position, if the text has not ended before */
  readonly forced_eos_token_id: number | null;
  /** the decoder's first input; null for decoder-only models */
  readonly decoder_start_token_id: number | null;
}

/** New tokens where neither the files nor the caller set a length. */
const DEFAULT_LENGTH = 64;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function refused(field: string, expected: string, value: unknown): ConfigError {
  return new ConfigError(`config.json: ${field} must be ${expected}, got ${shown(value)}`);
}

function idOf(c: Section, field: string): number | null {
  const value = c[field];
  if (value === undefined || value === null) return null;
  if (!isCount(value)) throw refused(field, "the id of a token", value);
  return value;
}

/** A list of one id is that id; the model's scores cannot choose among several. */
function forcedEnd(c: Section): number | null {
  const field = "forced_eos_token_id";
  const value = c[field];
  return idOf(Array.isArray(value) && value.length === 1 ? { [field]: value[0] } : c, field);
}

function endsOf(c: Section): readonly number[] {
  const value = c["eos_token_id"];
  if (Array.isArray(value)) {
    if (!value.every(isCount)) throw refused("eos_token_id", "the id of a token, or a list of ids", value);
    return value;
  }
  const id = idOf(c, "eos_token_id");
  return id === null ? [] : [id];
}

function badWordsOf(c: Section): readonly (readonly number[])[] {
  const value = c["bad_words_ids"] ?? [];
  const isWord = (word: unknown): word is number[] => Array.isArray(word) && word.length > 0 && word.every(isCount);
  if (!Array.isArray(value) || !value.every(isWord)) throw refused("bad_words_ids", "a list of lists of ids", value);
  return value;
}

function biasesOf(c: Section): GenerationSettings["sequence_bias"] {
  const value = c["sequence_bias"] ?? [];
  const isPair = (pair: unknown): pair is [number[], number] =>
    Array.isArray(pair) &&
    pair.length === 2 &&
    Array.isArray(pair[0]) &&
    pair[0].length > 0 &&
    pair[0].every(isCount) &&
    Number.isFinite(pair[1]);
  if (!Array.isArray(value) || !value.every(isPair))
    throw refused("sequence_bias", "a list of pairs of a list of ids and a number", value);
  return value;
}

function lengthDecayOf(c: Section): GenerationSettings["exponential_decay_length_penalty"] {
  const field = "exponential_decay_length_penalty";
  const value = c[field] ?? null;
  if (value === null) return null;
  if (Array.isArray(value) && value.length === 2 && isCount(value[0]) && Number.isFinite(value[1]) && value[1] > 0)
    return [value[0], value[1]];
  throw refused(field, "a list of a number of tokens and a factor above 0", value);
}

function countOf(c: Section, field: string, otherwise: number): number {
  const value = c[field] ?? otherwise;
  if (!isCount(value)) throw refused(field, "a whole number of at least 0", value);
  return value;
}

const lengthOf = (c: Section, field: string): number | null =>
  (c[field] ?? null) === null ? null : countOf(c, field, 0);

/** Bounds memory: each beam holds its own keys and values. */
export const MOST_BEAMS = 1024;

function beamsOf(c: Section): number {
  const beams = countOf(c, "num_beams", 1);
  if (beams < 1 || beams > MOST_BEAMS) throw refused("num_beams", `from 1 to ${MOST_BEAMS}`, beams);
  return beams;
}

/** A real-valued field that `fits`. */
function realOf(
  c: Section,
  field: string,
  otherwise: number,
  fits: (value: number) => boolean,
  expected: string,
): number {
  const value = optional(c, field, otherwise);
  if (!fits(value)) throw refused(field, expected, value);
  return value;
}

const isShareAboveZero = (value: number): boolean => value > 0 && value <= 1;

const shareOf = (c: Section, field: string, otherwise: number): number =>
  realOf(c, field, otherwise, (value) => value >= 0 && value <= 1, "from 0 to 1");

function idsOf(c: Section, field: string): readonly number[] {
  const value = c[field] ?? [];
  if (!Array.isArray(value) || !value.every(isCount)) throw refused(field, "a list of ids", value);
  return value;
}

/**
 * The number of tokens that may be generated after `prompt` tokens.
 *
 * @throws {ArgumentError} when `max_length` leaves none
 */
export function newTokens({ max_new_tokens: fresh, max_length: whole }: GenerationSettings, prompt: number): number {
  if (fresh !== null) return fresh;
  if (whole === null) return DEFAULT_LENGTH;
  if (whole <= prompt)
    throw new ArgumentError(
      `max_length ${whole} of the generation settings counts the ${prompt} tokens of the prompt, and leaves none to generate; set max_new_tokens`,
    );
  return whole - prompt;
}

/**
 * The settings of a folder: of its generation_config.json if it has one, else of its config.json.
 *
 * @throws {InputError} for a field that is not supported, naming its file
 * @example
 * generationSettings({ num_beams: 4 }, {}).num_beams; // 4
 */
export function generationSettings(generation: Section | undefined, config: Section): GenerationSettings {
  checkArgument("generationSettings", "config", config, withFields("the fields of config.json"));
  if (generation === undefined || generation === null)
    return { ...settingsIn(config), decoder_start_token_id: startOf(config, config) };
  const file = withFields("the fields of generation_config.json");
  checkArgument("generationSettings", "generation", generation, file);
  try {
    return { ...settingsIn(generation), decoder_start_token_id: startOf(generation, config) };
  } catch (error) {
    // The readers of fields are those of config.json.
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.message.replace(/^config\.json:/, "generation_config.json:"), { cause: error });
  }
}

/** An encoder-decoder without a start token of its own begins with the file's bos_token_id, as in transformers. */
function startOf(c: Section, config: Section): number | null {
  const begin = config["is_encoder_decoder"] === true ? idOf(c, "bos_token_id") : null;
  const start = idOf(c, "decoder_start_token_id") ?? begin ?? idOf(config, "decoder_start_token_id");
  const size = config["vocab_size"];
  if (start !== null && typeof size === "number" && start >= size)
    throw refused("decoder_start_token_id", `a token id below the vocab_size ${size}`, start);
  return start;
}

function settingsIn(c: Section): Omit<GenerationSettings, "decoder_start_token_id"> {
  expectSupported(c);
  const early = c["early_stopping"];
  return {
    max_new_tokens: lengthOf(c, "max_new_tokens"),
    min_new_tokens: countOf(c, "min_new_tokens", 0),
    max_length: lengthOf(c, "max_length"),
    min_length: countOf(c, "min_length", 0),
    eos_token_id: endsOf(c),
    num_beams: beamsOf(c),
    length_penalty: optional(c, "length_penalty", 1),
    early_stopping: early === "never" ? early : early === true,
    do_sample: optional(c, "do_sample", false),
    // Scores are divided by the temperature only where tokens are drawn; 0 then means greedy search.
    temperature: realOf(c, "temperature", 1, (value) => value > 0 || c["do_sample"] !== true, "a number above 0"),
    top_k: countOf(c, "top_k", 50),
    top_p: shareOf(c, "top_p", 1),
    min_p: shareOf(c, "min_p", 0),
    top_h: (c["top_h"] ?? null) === null ? null : realOf(c, "top_h", 1, isShareAboveZero, "above 0 and at most 1"),
    typical_p: realOf(c, "typical_p", 1, isShareAboveZero, "above 0 and at most 1"),
    epsilon_cutoff: shareOf(c, "epsilon_cutoff", 0),
    eta_cutoff: shareOf(c, "eta_cutoff", 0),
    repetition_penalty: realOf(c, "repetition_penalty", 1, (value) => value > 0, "a number above 0"),
    encoder_repetition_penalty: realOf(c, "encoder_repetition_penalty", 1, (value) => value > 0, "a number above 0"),
    no_repeat_ngram_size: countOf(c, "no_repeat_ngram_size", 0),
    encoder_no_repeat_ngram_size: countOf(c, "encoder_no_repeat_ngram_size", 0),
    suppress_tokens: idsOf(c, "suppress_tokens"),
    begin_suppress_tokens: idsOf(c, "begin_suppress_tokens"),
    bad_words_ids: badWordsOf(c),
    sequence_bias: biasesOf(c),
    exponential_decay_length_penalty: lengthDecayOf(c),
    remove_invalid_values: optional(c, "remove_invalid_values", false),
    renormalize_logits: optional(c, "renormalize_logits", false),
    forced_bos_token_id: idOf(c, "forced_bos_token_id"),
    forced_eos_token_id: forcedEnd(c),
  };
}

/** Whether a field of generation_config.json is known: computed, refused, or without effect. */
export const isGenerationField = (field: string): boolean =>
  Object.hasOwn(generationSettings({}, {}), field) ||
  field === "bos_token_id" ||
  Object.hasOwn(REFUSED_FIELDS, field) ||
  FIELDS_WITHOUT_EFFECT.includes(field);

/**
 * The rules that the settings ask for, in the reference's order.
 *
 * @param prompt number of tokens of the prompt
 * @param source ids that an encoder has read, or the prompt of a decoder-only model
 */
export function rulesOf(s: GenerationSettings, prompt: number, source: ArrayLike<number> = []): Rule[] {
  const rules: Rule[] = [];
  if (s.sequence_bias.length > 0) rules.push(biasRule(s.sequence_bias));
  if (s.encoder_repetition_penalty !== 1) rules.push(sourceTokensRule(s.encoder_repetition_penalty, source));
  if (s.repetition_penalty !== 1) rules.push(repetitionRule(s.repetition_penalty));
  if (s.no_repeat_ngram_size > 0) rules.push(noRepeatRule(s.no_repeat_ngram_size));
  if (s.encoder_no_repeat_ngram_size > 0) rules.push(sourceNgramRule(s.encoder_no_repeat_ngram_size, source));
  const bad = s.bad_words_ids.filter((word) => !(word.length === 1 && s.eos_token_id.includes(word[0]!)));
  if (bad.length > 0) rules.push(badWordsRule(bad));
  const least = Math.max(s.min_length, s.min_new_tokens > 0 ? prompt + s.min_new_tokens : 0);
  if (least > 0) rules.push(notBeforeRule(s.eos_token_id, least));
  if (s.forced_bos_token_id !== null) rules.push(forcedRule(s.forced_bos_token_id, 1));
  if (s.forced_eos_token_id !== null) rules.push(forcedRule(s.forced_eos_token_id, prompt + newTokens(s, prompt) - 1));
  if (s.remove_invalid_values) rules.push(finiteRule());
  if (s.exponential_decay_length_penalty !== null) {
    const [start, factor] = s.exponential_decay_length_penalty;
    rules.push(lengthDecayRule(s.eos_token_id, prompt + start, factor));
  }
  if (s.suppress_tokens.length > 0) rules.push(suppressRule(s.suppress_tokens));
  if (s.begin_suppress_tokens.length > 0) {
    const first = prompt > 1 || s.forced_bos_token_id === null ? prompt : prompt + 1;
    rules.push(suppressRule(s.begin_suppress_tokens, first));
  }
  if (s.do_sample) rules.push(...samplingRules(s));
  if (s.renormalize_logits) rules.push(renormalizeRule());
  return rules;
}

function samplingRules(s: GenerationSettings): Rule[] {
  const rules: Rule[] = [];
  if (s.temperature !== 1) rules.push(temperatureRule(s.temperature));
  const probabilities = (scores: Float32Array) => new Float32Array(softmax(scores));
  if (s.top_h !== null) rules.push(topHRule(s.top_h, probabilities));
  if (s.top_k > 0) rules.push(topKRule(s.top_k));
  if (s.top_p < 1) rules.push(topPRule(s.top_p, probabilities));
  if (s.min_p > 0) rules.push(minPRule(s.min_p, probabilities));
  if (s.typical_p < 1) rules.push(typicalRule(s.typical_p, probabilities));
  if (s.epsilon_cutoff > 0 && s.epsilon_cutoff < 1) rules.push(epsilonRule(s.epsilon_cutoff, probabilities));
  if (s.eta_cutoff > 0 && s.eta_cutoff < 1) rules.push(etaRule(s.eta_cutoff, probabilities));
  return rules;
}
