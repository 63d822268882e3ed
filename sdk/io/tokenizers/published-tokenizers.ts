/**
 * Tokenizers as models were published before tokenizer.json, as the tokenizer.json that transformers makes of them: by the
 * class of the tokenizer, with the settings of tokenizer_config.json. Special tokens and the template around a text are those
 * of the class, which {@link revise} adds.
 */
import type { Section } from "../../models/family/config.js";
import { mbart50Languages, mbartLanguages } from "./languages.js";
import type { roleNames } from "./special-tokens.js";
import type { TokenizerKind } from "./tokenizer-class.js";

/** Pieces with their scores, of a SentencePiece model. */
export interface UnigramPieces {
  readonly pieces: readonly string[];
  readonly scores: readonly number[];
  readonly unknown: number;
  /** base64 of the precompiled character map; "" for none */
  readonly characters: string;
}

type Names = ReturnType<typeof roleNames>;

const file = (parts: Section): Section => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [],
  post_processor: null,
  ...parts,
});

/** vocab.txt of BERT and the families that write it as BERT does. */
export function wordPieceJson(vocabTxt: string, kind: TokenizerKind, names: Names, settings: Section): Section {
  const lines = vocabTxt.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  const vocab = new Map(lines.map((line, id) => [line, id]));
  const japanese = kind === "bert-japanese";
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
    normalizer: byCharacter ? { type: "Sequence", normalizers: [normalizer, { type: "NFKC" }] } : normalizer,
    pre_tokenizer: byCharacter
      ? { type: "Sequence", pretokenizers: [words, { type: "FixedLength", length: 1 }] }
      : words,
    decoder: { type: "WordPiece", prefix: "##", cleanup: !japanese },
    model: {
      type: "WordPiece",
      unk_token: names.unk_token,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  });
}

/** vocab.json with merges.txt: GPT-2, RoBERTa, BART and DeBERTa. */
export function byteLevelJson(vocab: Section, mergesTxt: string, settings: Section): Section {
  const add_prefix_space = settings["add_prefix_space"] === true;
  const level = { type: "ByteLevel", add_prefix_space, trim_offsets: true, use_regex: true };
  return file({
    normalizer: null,
    pre_tokenizer: level,
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

type Scored = readonly [piece: string, score: number];

/** A family's tokenizer around a SentencePiece model. */
interface UnigramParts {
  readonly vocab: readonly Scored[];
  readonly unknown: number;
  readonly normalizers: readonly Section[];
  readonly preTokenizers: readonly Section[];
}

const WHITE = { type: "WhitespaceSplit" };
const zero = (...pieces: readonly (string | null)[]): Scored[] => pieces.map((piece) => [piece ?? "None", 0]);

/** The first pieces as fairseq numbers them: the marks in its own order. */
const fairseq = (names: Names, scored: readonly Scored[], begin = names.bos_token): Scored[] => [
  ...zero(begin, names.pad_token, names.eos_token, names.unk_token),
  ...scored.slice(3),
];

type Maker = (model: UnigramPieces, scored: readonly Scored[], names: Names, settings: Section) => UnigramParts;

const UNIGRAM: Readonly<Partial<Record<TokenizerKind, Maker>>> = {
  "xlm-roberta": (model, scored, names) => ({
    vocab: [...fairseq(names, scored), ...zero(names.mask_token)],
    unknown: 3,
    normalizers: precompiled(model),
    preTokenizers: [WHITE],
  }),
  camembert: (model, scored, names) => ({
    vocab: [
      ...zero("<s>NOTUSED", names.pad_token, "</s>NOTUSED", names.unk_token),
      ["<unk>NOTUSED", -100],
      ...scored.slice(1),
      ...zero(names.mask_token),
    ],
    unknown: 3,
    normalizers: precompiled(model),
    preTokenizers: [WHITE],
  }),
  mbart: (_, scored, names) => ({
    vocab: [...fairseq(names, scored), ...zero(...mbartLanguages(), names.mask_token)],
    unknown: 3,
    normalizers: [],
    preTokenizers: [WHITE],
  }),
  "mbart-50": (model, scored, names) => ({
    vocab: [
      ...fairseq(names, scored, names.cls_token),
      ...zero(...mbartLanguages(), ...mbart50Languages(), names.mask_token),
    ],
    unknown: 3,
    normalizers: [...precompiled(model), { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }],
    preTokenizers: [],
  }),
  "deberta-v2": (model, scored, names, settings) => ({
    vocab: scored,
    unknown: model.pieces.includes(names.unk_token!) ? model.pieces.indexOf(names.unk_token!) : model.unknown,
    normalizers: [...(settings["do_lower_case"] === true ? [{ type: "Lowercase" }] : []), ...oneSpace()],
    preTokenizers: settings["split_by_punct"] === true ? [{ type: "Punctuation", behavior: "Isolated" }] : [],
  }),
  albert: (model, scored, _, settings) => ({
    vocab: scored,
    unknown: 1,
    normalizers: [
      ...["``", "''"].map((pattern) => ({ type: "Replace", pattern: { String: pattern }, content: '"' })),
      ...(settings["keep_accents"] === true ? [] : [{ type: "NFKD" }, { type: "StripAccents" }]),
      ...(settings["do_lower_case"] === false ? [] : [{ type: "Lowercase" }]),
      ...precompiled(model),
    ],
    preTokenizers: [WHITE],
  }),
  t5: (model, scored, _, settings) => {
    const extra = typeof settings["extra_ids"] === "number" ? settings["extra_ids"] : 100;
    return {
      vocab: [...scored, ...zero(...Array.from({ length: extra }, (__, i) => `<extra_id_${extra - 1 - i}>`))],
      unknown: 2,
      normalizers: precompiled(model),
      preTokenizers: [WHITE],
    };
  },
};

/** Each stretch of white space becomes one space, and none is left at the end. */
const oneSpace = (): Section[] => [
  { type: "Replace", pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" }, content: " " },
  { type: "NFC" },
  { type: "Strip", strip_left: false, strip_right: true },
];

const metaspace = (): Section => ({ type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true });

/** The steps of BarthezTokenizer, whatever its tokenizer.json says. */
export const barthezSteps = (): Section => ({
  normalizer: { type: "Sequence", normalizers: oneSpace() },
  pre_tokenizer: metaspace(),
  decoder: metaspace(),
});

const precompiled = ({ characters }: UnigramPieces): Section[] =>
  characters === "" ? [] : [{ type: "Precompiled", precompiled_charsmap: characters }];

/** Whether a class can be made from a SentencePiece model alone. */
export const isUnigram = (kind: TokenizerKind | null): kind is TokenizerKind => kind !== null && kind in UNIGRAM;

/** Whether a class is made from vocab.txt. */
export const isWordPiece = (kind: TokenizerKind | null): kind is TokenizerKind =>
  kind === "bert" || kind === "bert-japanese" || kind === "mpnet";

/** Whether a class is made from vocab.json and merges.txt. */
export const isByteLevel = (kind: TokenizerKind | null): kind is TokenizerKind =>
  kind === "roberta" || kind === "gpt2" || kind === "deberta";

/** A SentencePiece model alone: spiece.model, sentencepiece.bpe.model, spm.model. */
export function unigramJson(model: UnigramPieces, kind: TokenizerKind, names: Names, settings: Section): Section {
  const scored = model.pieces.map((piece, i): Scored => [piece, model.scores[i]!]);
  const { vocab, unknown, normalizers, preTokenizers } = UNIGRAM[kind]!(model, scored, names, settings);
  return file({
    normalizer: normalizers.length > 0 ? { type: "Sequence", normalizers } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...preTokenizers, metaspace()] },
    decoder: metaspace(),
    model: { type: "Unigram", unk_id: unknown, byte_fallback: false, vocab },
  });
}
