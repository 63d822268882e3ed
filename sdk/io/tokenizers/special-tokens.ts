/**
 * The special and added tokens of a folder in the order in which transformers adds them, which their ids follow: those of
 * the tables, those that have a role, then other special ones. (transformers 5, tokenization_utils_base.py
 * `_from_pretrained`, tokenization_utils_tokenizers.py `TokenizersBackend.__init__`, and the classes of the models)
 */
import type { ReadOptions } from "../../tokenizer/index.js";
import { fieldsOf } from "../files/files.js";
import { mbart50Languages, mbartLanguages } from "./languages.js";
import type { TokenizerKind } from "./tokenizer-class.js";

type Section = Readonly<Record<string, unknown>>;
export type Model = Parameters<NonNullable<ReadOptions["revise"]>>[1];

/** The files that name tokens, each without fields where it does not exist. */
export interface TokenFiles {
  /** tokenizer_config.json */
  readonly config: Section;
  /** special_tokens_map.json */
  readonly special: Section;
  /** added_tokens.json: tokens and their ids */
  readonly added: Section;
  /** the marks and symbols of a SentencePiece model; null for tokenizers from other files */
  readonly symbols: readonly { readonly piece: string; readonly control: boolean }[] | null;
}

const ROLES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] as const;
type Role = (typeof ROLES)[number];
type Names = Readonly<Partial<Record<Role, string>>>;

/** The names that a class has for its special tokens; none for those that take a tokenizer.json as it is. */
function ownNames(kind: TokenizerKind | null): Names {
  const bert = { unk_token: "[UNK]", sep_token: "[SEP]", pad_token: "[PAD]", cls_token: "[CLS]", mask_token: "[MASK]" };
  const deberta = { ...bert, bos_token: "[CLS]", eos_token: "[SEP]" };
  const ends = { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" };
  const unframed = { ...ends, sep_token: "</s>", cls_token: "<s>", mask_token: "<mask>" };
  const roberta = { ...unframed, bos_token: "<s>" };
  const gpt2 = "<|endoftext|>";
  switch (kind) {
    case "bert":
    case "bert-japanese":
      return bert;
    case "deberta":
    case "deberta-v2":
      return deberta;
    case "albert":
      return { ...deberta, unk_token: "<unk>", pad_token: "<pad>" };
    case "mpnet":
      return { ...roberta, unk_token: "[UNK]" };
    case "gpt2":
      return { unk_token: gpt2, bos_token: gpt2, eos_token: gpt2 };
    case "t5":
      return ends;
    case "mbart-50":
      return unframed;
    case "roberta":
    case "xlm-roberta":
    case "camembert":
    case "barthez":
    case "mbart":
    case "nllb":
      return roberta;
    default:
      return {};
  }
}

/** special_tokens_map.json and added_tokens.json count only where there is no table of added tokens. */
const hasTable = ({ config }: TokenFiles): boolean => config["added_tokens_decoder"] !== undefined;

/** The name of the token of each role: from the files, else the default of the class; null if there is none. */
export function roleNames(kind: TokenizerKind | null, files: TokenFiles): Readonly<Record<Role, string | null>> {
  const said: Section = hasTable(files) ? files.config : { ...files.config, ...files.special };
  const own = ownNames(kind);
  const name = (role: Role) => tokenOf(said[role] === undefined ? own[role] : said[role], true)?.content ?? null;
  return Object.fromEntries(ROLES.map((role) => [role, name(role)])) as Record<Role, string | null>;
}

/** An added token in the form of a tokenizer.json. */
interface Token {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** absent: all but special tokens */
  readonly normalized: boolean | undefined;
  readonly special: boolean;
}

/** A token from its name, or from an object of its content and flags; null for anything else. */
function tokenOf(value: unknown, special: boolean, flags: Partial<Token> = {}): Token | null {
  const fields: Section = typeof value === "string" ? { ...flags, content: value } : fieldsOf(value);
  const { content, single_word, lstrip, rstrip, normalized } = fields;
  if (typeof content !== "string" || content === "") return null;
  return {
    content,
    single_word: single_word === true,
    lstrip: lstrip === true,
    rstrip: rstrip === true,
    normalized: typeof normalized === "boolean" ? normalized : undefined,
    special: special || fields["special"] === true,
  };
}

/** The flags that a class gives a token with a role of which only the name is known. */
function flagsOf(kind: TokenizerKind | null, role: Role): Partial<Token> {
  const isMask = role === "mask_token";
  if (!isMask) return {};
  if (kind === "nllb") return { lstrip: true, normalized: true };
  const takesSpace: readonly (TokenizerKind | null)[] = ["mpnet", "camembert", "barthez", "mbart", "mbart-50"];
  return takesSpace.includes(kind) ? { lstrip: true } : {};
}

/** Special tokens without a role: by names of their own, or in a list. */
interface Extra {
  readonly named: readonly unknown[];
  readonly listed: readonly unknown[];
  /** of those in the list, those of which added_tokens.json may say the id */
  readonly numbered: readonly unknown[];
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** The values of fields such as image_token, which name special tokens without a role. */
const namedTokens = (fields: Section): unknown[] =>
  Object.keys(fields)
    .filter((field) => field.endsWith("_token") && !ROLES.includes(field as Role))
    .map((field) => fields[field]);

/**
 * extra_special_tokens, and where that is missing additional_special_tokens, its older name; with those of the class and
 * those of fields of their own.
 */
function extraTokens(kind: TokenizerKind | null, files: TokenFiles): Extra {
  const { config, special, symbols } = files;
  let { additional_special_tokens: older, extra_special_tokens: extra } = config;
  const named = namedTokens(hasTable(files) ? config : { ...config, ...special });
  const takeNamed = (): void => {
    if (extra === undefined || extra === null || isList(extra)) return;
    named.push(...Object.values(fieldsOf(extra)));
    extra = undefined;
  };
  if (older !== undefined && !(isList(extra) ? extra.length > 0 : Object.keys(fieldsOf(extra)).length > 0)) {
    extra = older;
    older = undefined;
  }
  takeNamed();
  if (!hasTable(files)) {
    const more = special["extra_special_tokens"];
    if (more !== undefined) extra = isList(more) ? [...(isList(extra) ? extra : []), ...more] : more;
    takeNamed();
    older = special["additional_special_tokens"] ?? older;
  }
  if (symbols) older = symbols.map(({ piece, control }) => ({ content: piece, normalized: false, special: control }));
  const listed = extra === undefined ? withOwn(kind, isList(older) ? older : null, config["extra_ids"]) : extra;
  return { named, listed: isList(listed) ? listed : [], numbered: isList(extra) ? extra : [] };
}

/** additional_special_tokens with those that a class adds by itself. */
function withOwn(kind: TokenizerKind | null, listed: readonly unknown[] | null, extraIds: unknown): readonly unknown[] {
  const own = listed ?? [];
  if (kind === "camembert") return listed ?? ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"];
  if (kind === "mbart") return [...mbartLanguages(), ...own];
  if (kind === "mbart-50") return [...own, ...mbartLanguages(), ...mbart50Languages()];
  if (kind !== "t5" || own.some((token) => tokenOf(token, true)?.content.includes("<extra_id_"))) return own;
  const count = typeof extraIds === "number" ? extraIds : 100;
  return [...own, ...Array.from({ length: count }, (_, i) => `<extra_id_${i}>`)];
}

/** added_tokens_decoder; where there is none added_tokens.json, with the tokens of tokenizer.json over it. */
function tableOf(files: TokenFiles, listed: readonly Section[], extra: Extra): Token[] {
  const { config, special, added } = files;
  const table = new Map<number, Token | null>();
  if (hasTable(files)) {
    for (const [id, token] of Object.entries(fieldsOf(config["added_tokens_decoder"])))
      table.set(Number(id), tokenOf(token, false));
  } else {
    const given: Section = { ...config, ...special };
    // Objects of tokenizer_config.json are not yet names when the library looks.
    const isName = (role: Role) => typeof given[role] === "string" || special[role] !== undefined;
    const names = [
      ...ROLES.filter(isName).map((role) => given[role]),
      ...extra.numbered.filter((token) => typeof token === "string"),
    ];
    const roles = new Set(names.map((token) => tokenOf(token, true)?.content));
    for (const [content, id] of Object.entries(added)) {
      const special = roles.has(content);
      table.set(Number(id), tokenOf({ content, special, normalized: !special }, false));
    }
    for (const token of listed) table.set(Number(token["id"]), tokenOf(token, false));
  }
  return [...table].sort(([a], [b]) => a - b).flatMap(([, token]) => token ?? []);
}

/** The token of each role, as the file that names it means it. */
function roleTokens(kind: TokenizerKind | null, files: TokenFiles): Token[] {
  const { config, special } = files;
  const own = ownNames(kind);
  return ROLES.flatMap((role) => {
    const said = hasTable(files) || special[role] === undefined ? config[role] : special[role];
    return tokenOf(said === undefined ? own[role] : said, true, flagsOf(kind, role)) ?? [];
  });
}

function sameToken(a: Token, b: Token): boolean {
  const isNormalized = ({ normalized, special }: Token) => normalized ?? !special;
  const fields = ["content", "single_word", "lstrip", "rstrip", "special"] as const;
  return fields.every((field) => a[field] === b[field]) && isNormalized(a) === isNormalized(b);
}

/** Of a list of special tokens: names, and objects without a type. */
function isSpecial(token: unknown): boolean {
  const { special, __type: type } = fieldsOf(token) as Section;
  return typeof token === "string" || (special === undefined && type === undefined);
}

/**
 * The added tokens with their ids: that of the piece with the same text, else the next one after all others. Of two with the
 * same text the later one counts.
 *
 * @param listed those of tokenizer.json
 * @param rebuilds whether the class builds its tokenizer from the vocabulary alone
 */
export function addedTokens(
  kind: TokenizerKind | null,
  rebuilds: boolean,
  files: TokenFiles,
  listed: readonly Section[],
  model: Model,
): Section[] {
  const extra = extraTokens(kind, files);
  const table = tableOf(files, listed, extra);
  const before = rebuilds ? [] : listed.flatMap((token) => tokenOf(token, false) ?? []);
  const tokens = new Map<string, Section>();
  let next = model.vocabulary.count;
  const add = (token: Token): void => {
    const piece = model.vocabulary.find(token.content);
    const id = (tokens.get(token.content)?.["id"] as number | undefined) ?? (piece >= 0 ? piece : next);
    if (id >= next) next = id + 1;
    tokens.set(token.content, { id, ...token, normalized: token.normalized ?? !token.special });
  };
  const named = extra.named.flatMap((token) => tokenOf(token, true) ?? []);
  const roles = [...roleTokens(kind, files), ...named];
  const isNamed = new Set(roles.map(({ content }) => content));
  for (const token of before) add(token);
  const isKnown = (token: Token) => before.some((one) => sameToken(one, token));
  for (const token of table) if (!isKnown(token)) add(isNamed.has(token.content) ? { ...token, special: true } : token);
  const known = new Set(tokens.keys());
  const others = extra.listed.flatMap((token) => tokenOf(token, isSpecial(token)) ?? []);
  for (const token of [...roles, ...others]) if (!known.has(token.content)) add(token);
  return [...tokens.values()];
}
