/**
 * How tokenizer_config.json and the files like it change a tokenizer.json. transformers rebuilds the classes of known
 * families from their arguments, which therefore override the file; PreTrainedTokenizerFast takes the file as it is. Both
 * add the tokens that the file lacks. (transformers 5, tokenization_utils_tokenizers.py and the tokenization files of the
 * models)
 */
import { fieldsOf } from "../files/files.js";
import { frameOf } from "./frames.js";
import { barthezSteps, isByteLevel, isWordPiece } from "./published-tokenizers.js";
import { addedTokens, type Model, roleNames, type TokenFiles } from "./special-tokens.js";
import type { TokenizerClass, TokenizerKind } from "./tokenizer-class.js";

type Section = Readonly<Record<string, unknown>>;

export interface TokenizerSettings {
  /** tokenizer_config.json, with special_tokens_map.json where that counts */
  readonly settings: Section;
  readonly files: TokenFiles;
  readonly tokenizer: TokenizerClass;
  /** whether texts are lowercased before anything else, as sentence-transformers can ask */
  readonly lowercase: boolean;
  /** whether the parts were made from older files, not read from a tokenizer.json */
  readonly isPublished: boolean;
}

/** The parts of a tokenizer.json as the settings want them; the same object where they change nothing. */
export function revise(parts: Section, model: Model, given: TokenizerSettings): Section {
  const kind = kindFor(given, parts, model);
  const changes: Record<string, unknown> = {};
  const now = (): Section => ({ ...parts, ...changes });
  reviseTokens(kind, parts, model, given, changes);
  if (kind === "bert" || kind === "mpnet") reviseBert(now(), given, changes);
  if (isByteLevel(kind)) reviseByteLevel(now(), given, changes);
  if (kind === "albert" || kind === "xlnet" || kind === "deberta-v2") reviseCase(now(), given, changes);
  if (kind === "barthez") Object.assign(changes, barthezSteps());
  if (["xlm-roberta", "camembert", "barthez", "albert", "deberta-v2"].includes(kind ?? ""))
    reviseMetaspace(now(), given, changes);
  if (given.lowercase && !lowers(now()["normalizer"])) {
    const rest = stepsOf(now()["normalizer"], "normalizers");
    changes["normalizer"] = { type: "Sequence", normalizers: [{ type: "Lowercase" }, ...rest] };
  }
  return Object.keys(changes).length > 0 ? now() : parts;
}

/** How the fields are read: as the class does, where its model is the file's. A type of model alone needs its tokens too. */
function kindFor(
  { tokenizer, files, settings, isPublished }: TokenizerSettings,
  parts: Section,
  model: Model,
): TokenizerKind | null {
  if (isPublished) return tokenizer.published;
  const { kind } = tokenizer;
  if (kind === null) return null;
  const takesBytes = JSON.stringify(parts["pre_tokenizer"] ?? null).includes('"ByteLevel"');
  const { type } = model.settings();
  const fits = isWordPiece(kind)
    ? type === "WordPiece"
    : isByteLevel(kind)
      ? type === "BPE" && takesBytes
      : kind === "nllb" || type === "Unigram";
  if (!fits) return null;
  if (tokenizer.named) return kind;
  const own = roleNames(kind, { ...files, config: {}, special: {} });
  const isThere = (role: "cls_token" | "sep_token") =>
    own[role] === null || settings[role] !== undefined || model.vocabulary.find(own[role]) >= 0;
  return isThere("cls_token") && isThere("sep_token") ? kind : null;
}

/** The added tokens, and the template of the class. */
function reviseTokens(
  kind: TokenizerKind | null,
  parts: Section,
  model: Model,
  { files, isPublished }: TokenizerSettings,
  changes: Record<string, unknown>,
): void {
  const listed = (parts["added_tokens"] ?? []) as readonly Section[];
  // The reader of tokenizer.json reports the error.
  if (!Array.isArray(listed) || !listed.every((token) => typeof token === "object" && token !== null)) return;
  const names = roleNames(kind, files);
  const rebuilds = kind !== null && Object.values(names).some((name) => name !== null);
  const added = addedTokens(kind, rebuilds, files, listed, model);
  if (JSON.stringify(added) !== JSON.stringify(listed)) changes["added_tokens"] = added;
  if (kind === null) return;
  if (isWordPiece(kind)) model.unknownToken = names.unk_token ?? "[UNK]";
  const ids = new Map(added.map(({ content, id }) => [content, id as number]));
  const id = (token: string): number => ids.get(token) ?? model.vocabulary.find(token);
  const frame = frameOf(
    kind,
    {
      names,
      id,
      config: { ...files.config, ...(files.config["added_tokens_decoder"] === undefined && files.special) },
    },
    isPublished,
  );
  if (frame) changes["post_processor"] = frame;
}

/** BertTokenizer and its sisters: the normalizer by do_lower_case, strip_accents and tokenize_chinese_chars. */
function reviseBert(parts: Section, { settings }: TokenizerSettings, changes: Record<string, unknown>): void {
  const { do_lower_case: lower, strip_accents: accents, tokenize_chinese_chars: chinese } = settings;
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
