/**
 * Tokenizers as models were published before tokenizer.json, as the tokenizer.json that transformers makes of them: by the
 * class of the tokenizer, with the settings of tokenizer_config.json.
 */
import type { Section } from "../../models/family/config.js";
import { templateJSON } from "../../tokenizer/presets.js";
import { fieldsOf, ModelFileError } from "../files/files.js";

/** Pieces with their scores, of a SentencePiece model. */
export interface UnigramPieces {
  readonly pieces: readonly string[];
  readonly scores: readonly number[];
  readonly unknown: number;
  /** base64 of the precompiled character map; "" for none */
  readonly characters: string;
  /** marks such as </s>, and the user's own symbols, which are matched as they are */
  readonly symbols: readonly { readonly piece: string; readonly control: boolean }[];
}

type Role = "bos" | "eos" | "unk" | "sep" | "pad" | "cls" | "mask";

/** The name of a special token: what the settings say, or the class's own. */
function nameOf(settings: Section, role: Role, own: string): string {
  const said = settings[`${role}_token`] ?? own;
  const content = typeof said === "string" ? said : fieldsOf(said)["content"];
  if (typeof content === "string") return content;
  throw new ModelFileError(`tokenizer_config.json: ${role}_token must be a token, or an object with content`);
}

/**
 * Special tokens with their ids; those that the vocabulary has not are numbered behind it.
 *
 * @param mask a token that takes the space before it, as a word would
 */
function specialTokens(
  names: readonly string[],
  idOf: (name: string) => number | undefined,
  size: number,
  mask: string | null = null,
) {
  const ids = new Map<string, number>();
  let next = size;
  for (const name of names) if (!ids.has(name)) ids.set(name, idOf(name) ?? next++);
  const added = [...ids].sort(([, a], [, b]) => a - b);
  return {
    id: (name: string): number => ids.get(name)!,
    added: added.map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: content === mask,
      rstrip: false,
      normalized: false,
      special: true,
    })),
  };
}

type Tokens = ReturnType<typeof specialTokens>;

const template = (single: readonly string[], pair: readonly string[], { id }: Tokens): Section =>
  templateJSON(single, pair, id);

const bertTemplate = (cls: string, sep: string, tokens: Tokens): Section =>
  template([`${cls}:0`, "$A:0", `${sep}:0`], [`${cls}:0`, "$A:0", `${sep}:0`, "$B:1", `${sep}:1`], tokens);

const robertaTemplate = (bos: string, eos: string, tokens: Tokens): Section =>
  template([`${bos}:0`, "$A:0", `${eos}:0`], [`${bos}:0`, "$A:0", `${eos}:0`, `${eos}:0`, "$B:0", `${eos}:0`], tokens);

const file = (parts: Section): Section => ({ version: "1.0", truncation: null, padding: null, ...parts });

/** vocab.txt of BERT and the families that write it as BERT does; MPNet's frame is RoBERTa's. */
export function wordPieceJson(vocabTxt: string, kind: string, settings: Section): Section {
  const lines = vocabTxt.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  const vocab = new Map(lines.map((line, id) => [line, id]));
  const mpnet = kind === "MPNet";
  const own = mpnet ? ["[UNK]", "</s>", "<pad>", "<s>", "<mask>"] : ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"];
  const [unk, sep, pad, cls, mask] = (["unk", "sep", "pad", "cls", "mask"] as const).map((role, i) =>
    nameOf(settings, role, own[i]!),
  ) as [string, string, string, string, string];
  const tokens = specialTokens(
    [unk, sep, pad, cls, mask],
    (name) => vocab.get(name),
    lines.length,
    mpnet ? mask : null,
  );
  const japanese = kind === "BertJapanese";
  const byCharacter = japanese && settings["subword_tokenizer_type"] === "character";
  const normalizer = {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: !japanese && (settings["tokenize_chinese_chars"] ?? true),
    strip_accents: settings["strip_accents"] ?? null,
    lowercase: settings["do_lower_case"] ?? !japanese,
  };
  const words = { type: "BertPreTokenizer" };
  return file({
    added_tokens: tokens.added,
    normalizer: byCharacter ? { type: "Sequence", normalizers: [normalizer, { type: "NFKC" }] } : normalizer,
    pre_tokenizer: byCharacter
      ? { type: "Sequence", pretokenizers: [words, { type: "FixedLength", length: 1 }] }
      : words,
    post_processor: mpnet ? robertaTemplate(cls, sep, tokens) : bertTemplate(cls, sep, tokens),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: unk,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  });
}

/** vocab.json with merges.txt: GPT-2, or RoBERTa and BART, which put <s> and </s> around texts. */
export function byteLevelJson(vocab: Section, mergesTxt: string, kind: string, settings: Section): Section {
  const framed = kind !== "GPT2";
  const add_prefix_space = settings["add_prefix_space"] === true;
  const roles: readonly (readonly [Role, string])[] = framed
    ? [
        ["bos", "<s>"],
        ["eos", "</s>"],
        ["unk", "<unk>"],
        ["sep", "</s>"],
        ["pad", "<pad>"],
        ["cls", "<s>"],
        ["mask", "<mask>"],
      ]
    : [
        ["bos", "<|endoftext|>"],
        ["eos", "<|endoftext|>"],
        ["unk", "<|endoftext|>"],
      ];
  const names = new Map(roles.map(([role, own]) => [role, nameOf(settings, role, own)]));
  const size = Object.keys(vocab).length;
  const tokens = specialTokens([...names.values()], (name) => vocab[name] as number | undefined, size);
  const [sep, cls] = [names.get("sep")!, names.get("cls")!];
  const level = { type: "ByteLevel", add_prefix_space, trim_offsets: true, use_regex: true };
  return file({
    added_tokens: tokens.added,
    normalizer: null,
    pre_tokenizer: level,
    post_processor: framed
      ? {
          type: "RobertaProcessing",
          sep: [sep, tokens.id(sep)],
          cls: [cls, tokens.id(cls)],
          trim_offsets: true,
          add_prefix_space,
        }
      : { ...level, add_prefix_space: true },
    decoder: { ...level, add_prefix_space: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      vocab,
      merges: mergesTxt
        .split("\n")
        .map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line))
        .filter((line) => line !== "" && !line.startsWith("#version")),
    },
  });
}

const mbartLanguages = (): string[] =>
  "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX ro_RO ru_RU si_LK tr_TR vi_VN zh_CN".split(
    " ",
  );

/** Those that mBART-50 has besides. */
const mbart50Languages = (): string[] =>
  "af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI".split(
    " ",
  );

type Scored = readonly [piece: string, score: number];

/** What a family makes of a SentencePiece model. */
interface UnigramParts {
  readonly vocab: readonly Scored[];
  readonly unknown: number;
  readonly names: readonly string[];
  readonly normalizers: readonly Section[];
  readonly preTokenizers: readonly Section[];
  readonly post: (tokens: Tokens) => Section;
}

const WHITE = { type: "WhitespaceSplit" };
const zero = (...pieces: readonly string[]): Scored[] => pieces.map((piece) => [piece, 0]);

/** Families by the names of their tokenizer classes. */
const UNIGRAM: Readonly<
  Record<string, (model: UnigramPieces, scored: readonly Scored[], settings: Section) => UnigramParts>
> = {
  XLMRoberta: (model, scored) => ({
    vocab: [...zero("<s>", "<pad>", "</s>", "<unk>"), ...scored.slice(3), ...zero("<mask>")],
    unknown: 3,
    names: ["<s>", "</s>", "<unk>", "<pad>", "<mask>"],
    normalizers: precompiled(model),
    preTokenizers: [WHITE],
    post: (tokens) => robertaTemplate("<s>", "</s>", tokens),
  }),
  Camembert: (model, scored) => ({
    vocab: [
      ...zero("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>"),
      ["<unk>NOTUSED", -100],
      ...scored.slice(1),
      ...zero("<mask>"),
    ],
    unknown: 3,
    names: ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
    normalizers: precompiled(model),
    preTokenizers: [WHITE],
    post: (tokens) => robertaTemplate("<s>", "</s>", tokens),
  }),
  MBart: (_, scored, settings) => {
    const language = typeof settings["src_lang"] === "string" ? settings["src_lang"] : "en_XX";
    return {
      vocab: [...zero("<s>", "<pad>", "</s>", "<unk>"), ...scored.slice(3), ...zero(...mbartLanguages(), "<mask>")],
      unknown: 3,
      names: ["<s>", "</s>", "<unk>", "<pad>", "<mask>", ...mbartLanguages()],
      normalizers: [],
      preTokenizers: [WHITE],
      post(tokens) {
        if (!mbartLanguages().includes(language))
          throw new ModelFileError(
            `tokenizer_config.json: src_lang ${language} is not one of ${mbartLanguages().join(", ")}`,
          );
        return template(["$A:0", "</s>:0", `${language}:0`], ["$A:0", "$B:0", "</s>:0", `${language}:0`], tokens);
      },
    };
  },
  MBart50: (model, scored) => {
    const languages = [...mbartLanguages(), ...mbart50Languages()];
    return {
      vocab: [...zero("<s>", "<pad>", "</s>", "<unk>"), ...scored.slice(3), ...zero(...languages, "<mask>")],
      unknown: 3,
      names: ["<s>", "</s>", "<unk>", "<pad>", "<mask>", ...languages],
      normalizers: [...precompiled(model), { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }],
      preTokenizers: [],
      // Which language it is, the settings say.
      post: (tokens) => template(["en_XX:0", "$A:0", "</s>:0"], ["en_XX:0", "$A:0", "$B:0", "</s>:0"], tokens),
    };
  },
  DebertaV2: (model, scored, settings) => ({
    vocab: scored,
    unknown: model.pieces.includes("[UNK]") ? model.pieces.indexOf("[UNK]") : model.unknown,
    names: ["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"],
    normalizers: [
      ...(settings["do_lower_case"] === true ? [{ type: "Lowercase" }] : []),
      { type: "Replace", pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" }, content: " " },
      { type: "NFC" },
      { type: "Strip", strip_left: false, strip_right: true },
    ],
    preTokenizers: settings["split_by_punct"] === true ? [{ type: "Punctuation", behavior: "Isolated" }] : [],
    post: (tokens) => bertTemplate("[CLS]", "[SEP]", tokens),
  }),
  Albert: (model, scored, settings) => ({
    vocab: scored,
    unknown: 1,
    names: ["[CLS]", "[SEP]", "<unk>", "<pad>", "[MASK]"],
    normalizers: [
      ...["``", "''"].map((pattern) => ({ type: "Replace", pattern: { String: pattern }, content: '"' })),
      ...(settings["keep_accents"] === true ? [] : [{ type: "NFKD" }, { type: "StripAccents" }]),
      ...(settings["do_lower_case"] === false ? [] : [{ type: "Lowercase" }]),
      ...precompiled(model),
    ],
    preTokenizers: [WHITE],
    post: (tokens) => bertTemplate("[CLS]", "[SEP]", tokens),
  }),
  T5: (model, scored, settings) => {
    const extra = typeof settings["extra_ids"] === "number" ? settings["extra_ids"] : 100;
    const names = Array.from({ length: extra }, (_, i) => `<extra_id_${extra - 1 - i}>`);
    return {
      vocab: [...scored, ...zero(...names)],
      unknown: 2,
      names: ["</s>", "<unk>", "<pad>", ...names],
      normalizers: precompiled(model),
      preTokenizers: [WHITE],
      post: (tokens) => template(["$A:0", "</s>:0"], ["$A:0", "</s>:0", "$B:0", "</s>:0"], tokens),
    };
  },
};

const precompiled = ({ characters }: UnigramPieces): Section[] =>
  characters === "" ? [] : [{ type: "Precompiled", precompiled_charsmap: characters }];

/** The classes that {@link unigramJson} knows. */
export const unigramClasses = (): string[] => Object.keys(UNIGRAM);

/** A SentencePiece model alone: spiece.model, sentencepiece.bpe.model, spm.model. */
export function unigramJson(model: UnigramPieces, kind: string, settings: Section): Section {
  const scored = model.pieces.map((piece, i): Scored => [piece, model.scores[i]!]);
  const { vocab, unknown, names, normalizers, preTokenizers, post } = UNIGRAM[kind]!(model, scored, settings);
  const ids = new Map(vocab.map(([piece], id) => [piece, id]));
  const tokens = specialTokens(names, (name) => ids.get(name), vocab.length, "<mask>");
  const own = specialTokens(
    model.symbols.map(({ piece }) => piece).filter((piece) => ids.has(piece) && !names.includes(piece)),
    (name) => ids.get(name),
    vocab.length,
  ).added.map((token) => ({
    ...token,
    special: model.symbols.some((one) => one.piece === token.content && one.control),
  }));
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  return file({
    added_tokens: [...tokens.added, ...own].sort((a, b) => a.id - b.id),
    normalizer: normalizers.length > 0 ? { type: "Sequence", normalizers } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...preTokenizers, metaspace] },
    post_processor: post(tokens),
    decoder: metaspace,
    model: { type: "Unigram", unk_id: unknown, byte_fallback: false, vocab },
  });
}
