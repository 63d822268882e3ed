/**
 * What tokenizer_config.json and its sisters change in a tokenizer.json. transformers builds the classes of known families
 * anew from their arguments, so that those override the file; PreTrainedTokenizerFast takes the file as it is. Both add the
 * tokens that the file lacks. (transformers 5, tokenization_utils_tokenizers.py and the tokenization files of the models)
 */
import { shown } from "../../errors.js";
import type { ReadOptions } from "../../tokenizer/index.js";
import { fieldsOf, ModelFileError } from "../files/files.js";
import type { TokenizerClass } from "./tokenizer-class.js";

type Section = Readonly<Record<string, unknown>>;
type Model = Parameters<NonNullable<ReadOptions["revise"]>>[1];

export interface TokenizerSettings {
  /** tokenizer_config.json, with special_tokens_map.json where that counts */
  readonly settings: Section;
  /** added_tokens.json: tokens and their ids */
  readonly addedTokens: Section;
  readonly tokenizer: TokenizerClass;
  /** whether texts are lowercased before anything else, as sentence-transformers can ask */
  readonly lowercase: boolean;
}

const ROLES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/** The parts of a tokenizer.json as the settings want them; the same object where they change nothing. */
export function revise(parts: Section, model: Model, given: TokenizerSettings): Section {
  const { kind } = given.tokenizer;
  const changes: Record<string, unknown> = {};
  const added = addedTokens(parts["added_tokens"], given, model);
  if (added) changes["added_tokens"] = added;
  const now = (): Section => ({ ...parts, ...changes });
  const byteLevel = JSON.stringify(parts["pre_tokenizer"] ?? null).includes('"ByteLevel"');
  if ((kind === "bert" || kind === "mpnet") && "prefix" in model) reviseBert(now(), given, changes);
  if ((kind === "roberta" || kind === "gpt2") && byteLevel) reviseByteLevel(now(), given, changes);
  if (kind === "albert" || kind === "xlnet" || kind === "deberta-v2") reviseCase(now(), given, changes);
  if (["xlm-roberta", "camembert", "albert", "deberta-v2"].includes(kind ?? "")) reviseMetaspace(now(), given, changes);
  if (kind === "mbart" || kind === "mbart-50" || kind === "nllb")
    changes["post_processor"] = languageTemplate(kind, given.settings, idsOf(now(), model));
  if (given.lowercase && !lowers(now()["normalizer"])) {
    const rest = stepsOf(now()["normalizer"], "normalizers");
    changes["normalizer"] = { type: "Sequence", normalizers: [{ type: "Lowercase" }, ...rest] };
  }
  return Object.keys(changes).length > 0 ? now() : parts;
}

/** The id of a token as it will be: of an added token that the vocabulary lacks, none is known before. */
function idsOf(parts: Section, model: Model): (token: string) => number {
  const listed = (parts["added_tokens"] ?? []) as readonly Section[];
  return (token) => {
    const piece = model.vocabulary.find(token);
    if (piece >= 0) return piece;
    const found = Array.isArray(listed) ? listed.find(({ content }) => content === token) : undefined;
    return typeof found?.["id"] === "number" ? found["id"] : -1;
  };
}

/** What an entry of added_tokens_decoder or of special_tokens_map.json says, in the form of a tokenizer.json. */
function tokenOf(value: unknown, special: boolean): Section | null {
  const said = typeof value === "string" ? { content: value } : fieldsOf(value);
  const { content, single_word, lstrip, rstrip, normalized } = said as Section;
  if (typeof content !== "string" || content === "") return null;
  const isSpecial = (said as Section)["special"] === true || special;
  return {
    content,
    single_word: single_word === true,
    lstrip: lstrip === true,
    rstrip: rstrip === true,
    normalized: typeof normalized === "boolean" ? normalized : !isSpecial,
    special: isSpecial,
  };
}

/** Special tokens beyond those with a role: a list, or an object of names and tokens. */
function extraTokens(settings: Section): unknown[] {
  const extra = settings["extra_special_tokens"];
  const filled = Array.isArray(extra) ? extra.length > 0 : Object.keys(fieldsOf(extra)).length > 0;
  return Object.values(fieldsOf(filled ? extra : settings["additional_special_tokens"]));
}

/**
 * The added tokens of the file, as added_tokens_decoder has them; then those of it, of added_tokens.json and of the special
 * tokens that the file lacks, each with the next free id. Null where that changes nothing.
 */
function addedTokens(
  listed: unknown,
  { settings, addedTokens: legacy }: TokenizerSettings,
  model: Model,
): Section[] | null {
  const before = (listed ?? []) as readonly Section[];
  if (!Array.isArray(before)) return null; // the reader of tokenizer.json says what is wrong
  const tokens = new Map(before.map((token) => [fieldsOf(token)["content"], token] as const));
  const size = tokens.size;
  let changed = false;
  const add = (token: Section | null, replaces: boolean): void => {
    if (token === null) return;
    const old = tokens.get(token["content"]);
    if (old && !replaces) return;
    const piece = model.vocabulary.find(token["content"] as string);
    const id = old ? old["id"] : piece >= 0 ? piece : model.vocabulary.count; // the reader numbers them
    const entry = { id, ...token };
    if (old && Object.entries(entry).every(([field, value]) => old[field] === value)) return;
    tokens.set(token["content"], entry);
    changed = true;
  };
  const byId = (entries: Section): unknown[] =>
    Object.entries(entries)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, token]) => token);
  const extra = extraTokens(settings);
  const special = new Set(
    [...ROLES.map((role) => settings[role]), ...extra].map((token) => tokenOf(token, true)?.["content"]),
  );
  for (const token of byId(fieldsOf(settings["added_tokens_decoder"]))) {
    const found = tokenOf(token, false);
    add(found && special.has(found["content"]) ? { ...found, special: true } : found, true);
  }
  const byNumber = Object.entries(legacy).sort(([, a], [, b]) => Number(a) - Number(b));
  for (const [content] of byNumber) add(tokenOf(content, special.has(content)), false);
  for (const role of ROLES) add(tokenOf(settings[role], true), false);
  for (const token of extra) add(tokenOf(token, true), false);
  return changed || tokens.size > size ? [...tokens.values()] : null;
}

/** BertTokenizer and its sisters: the normalizer by do_lower_case, strip_accents and tokenize_chinese_chars. */
function reviseBert(
  parts: Section,
  { settings, tokenizer }: TokenizerSettings,
  changes: Record<string, unknown>,
): void {
  const { do_lower_case: lower, strip_accents: accents, tokenize_chinese_chars: chinese } = settings;
  const said = [lower, accents, chinese].some((value) => typeof value === "boolean");
  if (!said && !tokenizer.named) return;
  const normalizer = {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: chinese !== false,
    strip_accents: typeof accents === "boolean" ? accents : null,
    lowercase: lower !== false,
  };
  const old = fieldsOf(parts["normalizer"]);
  if (Object.entries(normalizer).some(([field, value]) => (old[field] ?? null) !== value))
    changes["normalizer"] = normalizer;
}

/** RobertaTokenizer and GPT2Tokenizer: add_prefix_space. */
function reviseByteLevel(parts: Section, given: TokenizerSettings, changes: Record<string, unknown>): void {
  const { add_prefix_space: said } = given.settings;
  const prefix = typeof said === "boolean" ? said : given.tokenizer.named ? false : null;
  if (prefix === null) return;
  const set = (step: unknown): unknown => {
    const fields = fieldsOf(step);
    const { type, pretokenizers } = fields;
    if (type === "ByteLevel" || type === "RobertaProcessing") return { ...fields, add_prefix_space: prefix };
    if (type !== "Sequence" || !Array.isArray(pretokenizers)) return step;
    return { ...fields, pretokenizers: pretokenizers.map(set) };
  };
  changes["pre_tokenizer"] = set(parts["pre_tokenizer"]);
  if (fieldsOf(parts["post_processor"])["type"] === "RobertaProcessing")
    changes["post_processor"] = set(parts["post_processor"]);
}

/** AlbertTokenizer, XLNetTokenizer and DebertaV2Tokenizer: do_lower_case, keep_accents and split_by_punct, where a file says so. */
function reviseCase(
  parts: Section,
  { settings, tokenizer }: TokenizerSettings,
  changes: Record<string, unknown>,
): void {
  const { do_lower_case: lower, keep_accents: keep, split_by_punct: punctuation } = settings;
  let steps = stepsOf(parts["normalizer"], "normalizers");
  const before = steps;
  const without = (...types: string[]) => steps.filter((step) => !types.includes(fieldsOf(step)["type"] as string));
  const after = tokenizer.kind === "deberta-v2" ? 0 : steps.filter((step) => isQuote(step)).length;
  if (typeof keep === "boolean" && tokenizer.kind === "albert") {
    steps = without("NFKD", "StripAccents");
    if (!keep) steps.splice(after, 0, { type: "NFKD" }, { type: "StripAccents" });
  }
  if (typeof lower === "boolean") {
    steps = without("Lowercase");
    const last = steps.findIndex((step) => fieldsOf(step)["type"] === "StripAccents");
    if (lower) steps.splice(Math.max(after, last + 1), 0, { type: "Lowercase" });
  }
  if (JSON.stringify(steps) !== JSON.stringify(before))
    changes["normalizer"] = { type: "Sequence", normalizers: steps };
  if (tokenizer.kind !== "deberta-v2" || typeof punctuation !== "boolean") return;
  const cuts = stepsOf(parts["pre_tokenizer"], "pretokenizers").filter(
    (step) => fieldsOf(step)["type"] !== "Punctuation",
  );
  if (punctuation) cuts.unshift({ type: "Punctuation", behavior: "Isolated" });
  changes["pre_tokenizer"] = { type: "Sequence", pretokenizers: cuts };
}

function isQuote(step: unknown): boolean {
  const { type, content } = fieldsOf(step);
  return type === "Replace" && content === '"';
}

/** Tokenizers of SentencePiece: whether a text begins with ▁ where it has no space. */
function reviseMetaspace(
  parts: Section,
  { settings, tokenizer }: TokenizerSettings,
  changes: Record<string, unknown>,
): void {
  const { add_prefix_space: prefix } = settings;
  if (typeof prefix !== "boolean") return;
  const scheme = prefix ? "always" : tokenizer.kind === "deberta-v2" ? "first" : "never";
  const set = (step: unknown): unknown => {
    const { add_prefix_space: _, ...fields } = fieldsOf(step) as Record<string, unknown>;
    if (fields["type"] === "Metaspace") return { ...fields, prepend_scheme: scheme };
    const list = fields["pretokenizers"];
    return Array.isArray(list) ? { ...fields, pretokenizers: list.map(set) } : step;
  };
  for (const part of ["pre_tokenizer", "decoder"]) if (parts[part]) changes[part] = set(parts[part]);
}

/** mBART and NLLB: the language of the text, before it or after it. */
function languageTemplate(
  kind: "mbart" | "mbart-50" | "nllb",
  settings: Section,
  id: (token: string) => number,
): Section {
  const language = settings["src_lang"] ?? (kind === "nllb" ? "eng_Latn" : "en_XX");
  const end = "</s>";
  const ids = [language, end].map((token) => (typeof token === "string" ? id(token) : -1));
  if (ids.some((known) => known < 0))
    throw new ModelFileError(
      `tokenizer_config.json: src_lang must be a language of the vocabulary, which has ${end} too; got ${shown(language)}`,
    );
  const special = [language as string, end].map(
    (token, i) => [token, { id: token, ids: [ids[i]], tokens: [token] }] as const,
  );
  const token = (name: unknown) => ({ SpecialToken: { id: name, type_id: 0 } });
  const text = (name: string) => ({ Sequence: { id: name, type_id: 0 } });
  const isLast = kind === "mbart" || (kind === "nllb" && settings["legacy_behaviour"] === true);
  const around = (...texts: object[]) =>
    isLast ? [...texts, token(end), token(language)] : [token(language), ...texts, token(end)];
  return {
    type: "TemplateProcessing",
    single: around(text("A")),
    pair: around(text("A"), text("B")),
    special_tokens: Object.fromEntries(special),
  };
}

/** The steps of a sequence, or the one step there is. */
function stepsOf(part: unknown, list: string): unknown[] {
  const fields = fieldsOf(part);
  const steps = fields[list];
  return Array.isArray(steps) ? [...steps] : part ? [part] : [];
}

function lowers(normalizer: unknown): boolean {
  const { type, lowercase, normalizers } = fieldsOf(normalizer);
  if (type === "Sequence") return Array.isArray(normalizers) && normalizers.some(lowers);
  return type === "Lowercase" || (type === "BertNormalizer" && lowercase === true);
}
