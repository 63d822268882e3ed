/** How a model's own files say that it writes: generation_config.json, or config.json where that is older. */
import { shown } from "../errors.js";
import { softmax } from "../heads/probabilities.js";
import { ConfigError, optional, type Section } from "../models/config.js";
import {
  badWordsRule,
  forcedRule,
  noRepeatRule,
  notBeforeRule,
  type Rule,
  repetitionRule,
  temperatureRule,
  topKRule,
  topPRule,
} from "./rules.js";

/** Names as in the files; what a caller says stands above them. */
export interface GenerationSettings {
  readonly max_new_tokens: number;
  readonly min_new_tokens: number;
  /** ids that end a text */
  readonly eos_token_id: readonly number[];
  readonly num_beams: number;
  readonly length_penalty: number;
  readonly early_stopping: boolean | "never";
  readonly do_sample: boolean;
  readonly temperature: number;
  /** 0: all */
  readonly top_k: number;
  readonly top_p: number;
  readonly repetition_penalty: number;
  /** 0: any n-gram may come again */
  readonly no_repeat_ngram_size: number;
  readonly bad_words_ids: readonly (readonly number[])[];
  /** what the decoder writes first, behind its start */
  readonly forced_bos_token_id: number | null;
  /** what stands at the last place where a text has not ended before */
  readonly forced_eos_token_id: number | null;
  /** the decoder's first input; null for decoders alone */
  readonly decoder_start_token_id: number | null;
}

/** What a text has where no file and no caller says how long it may be. */
const DEFAULT_LENGTH = 64;

function idOf(c: Section, field: string): number | null {
  const value = c[field];
  if (value === undefined || value === null) return null;
  if (!Number.isInteger(value)) throw new ConfigError(`${field} must be a token id, got ${shown(value)}`);
  return value as number;
}

function endsOf(c: Section): number[] {
  const value = c["eos_token_id"];
  if (Array.isArray(value)) return value as number[];
  const id = idOf(c, "eos_token_id");
  return id === null ? [] : [id];
}

/** max_length counts the prompt of a decoder alone, and the start of an encoder-decoder. */
function lengthOf(c: Section): number {
  const fresh = idOf(c, "max_new_tokens");
  if (fresh !== null) return fresh;
  const whole = idOf(c, "max_length");
  return whole === null ? DEFAULT_LENGTH : Math.max(1, whole - 1);
}

/** The settings of a folder: its generation_config.json, its config.json where it has none. */
export function generationSettings(generation: Section | undefined, config: Section): GenerationSettings {
  const c = generation ?? config;
  const early = c["early_stopping"];
  const badWords = c["bad_words_ids"];
  return {
    max_new_tokens: lengthOf(c),
    min_new_tokens: optional(c, "min_new_tokens", Math.max(0, optional(c, "min_length", 0) - 1)),
    eos_token_id: endsOf(c),
    num_beams: optional(c, "num_beams", 1),
    length_penalty: optional(c, "length_penalty", 1),
    early_stopping: early === "never" ? early : early === true,
    do_sample: optional(c, "do_sample", false),
    temperature: optional(c, "temperature", 1),
    top_k: optional(c, "top_k", 50),
    top_p: optional(c, "top_p", 1),
    repetition_penalty: optional(c, "repetition_penalty", 1),
    no_repeat_ngram_size: optional(c, "no_repeat_ngram_size", 0),
    bad_words_ids: Array.isArray(badWords) ? (badWords as number[][]) : [],
    forced_bos_token_id: idOf(c, "forced_bos_token_id"),
    forced_eos_token_id: idOf(c, "forced_eos_token_id"),
    decoder_start_token_id: idOf(c, "decoder_start_token_id") ?? idOf(config, "decoder_start_token_id"),
  };
}

/** The rules that settings ask for, in the reference's order, for rows that begin with a prompt of so many tokens. */
export function rulesOf(s: GenerationSettings, prompt: number): Rule[] {
  const rules: Rule[] = [];
  if (s.repetition_penalty !== 1) rules.push(repetitionRule(s.repetition_penalty));
  if (s.no_repeat_ngram_size > 0) rules.push(noRepeatRule(s.no_repeat_ngram_size));
  const bad = s.bad_words_ids.filter((word) => !(word.length === 1 && s.eos_token_id.includes(word[0]!)));
  if (bad.length > 0) rules.push(badWordsRule(bad));
  if (s.min_new_tokens > 0) rules.push(notBeforeRule(s.eos_token_id, prompt + s.min_new_tokens));
  if (s.forced_bos_token_id !== null) rules.push(forcedRule(s.forced_bos_token_id, 1));
  if (s.forced_eos_token_id !== null) rules.push(forcedRule(s.forced_eos_token_id, prompt + s.max_new_tokens - 1));
  if (!s.do_sample) return rules;
  if (s.temperature !== 1) rules.push(temperatureRule(s.temperature));
  if (s.top_k > 0) rules.push(topKRule(s.top_k));
  if (s.top_p < 1) rules.push(topPRule(s.top_p, (scores) => Float32Array.from(softmax(scores))));
  return rules;
}
