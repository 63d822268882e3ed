/** SentencePiece model files (spiece.model, sentencepiece.bpe.model) of Unigram models, as the families use them. */
import { shown } from "../../errors.js";
import { addedJSON, specialToken } from "../added-tokens/added-token.js";
import { buildTokenizer } from "../build.js";
import { expect, TokenizerError } from "../errors.js";
import { Unigram } from "../models/unigram.js";
import { templateJSON } from "../presets.js";
import type { ReadOptions, Tokenizer } from "../tokenizer.js";
import { Vocabulary } from "../vocabulary/vocabulary.js";
import { type Field, fieldsOf } from "./protobuf.js";

/** Options of {@link readSentencePiece}. */
export interface SentencePieceOptions extends ReadOptions {
  /** The model family of the file: families treat the same pieces differently. */
  readonly family: "albert" | "xlnet" | "xlm-roberta" | "t5";
  /** Keep capitals (ALBERT lowers them) and accents (ALBERT and XLNet strip them). */
  readonly keepCase?: boolean;
  readonly keepAccents?: boolean;
  /** Number of T5's <extra_id_n> tokens. Defaults to 100. */
  readonly extraIds?: number;
}

/** The contents of the file. */
export interface SentencePieces {
  readonly pieces: string[];
  readonly scores: number[];
  readonly unknown: number;
  /** Base64 of the precompiled character map; "" for none. */
  readonly characters: string;
  /** Pieces matched literally before segmentation: control symbols such as </s>, and user-defined symbols. */
  readonly symbols: readonly { readonly piece: string; readonly control: boolean }[];
}

const UNKNOWN = 2; // SentencePiece.Type
const CONTROL = 3;
const USER_DEFINED = 4;
const UNIGRAM = 1; // TrainerSpec.ModelType

/**
 * A tokenizer from the bytes of a SentencePiece model. Kudo & Richardson 2018 (arXiv:1808.06226).
 *
 * @throws {TokenizerError} for a file that is damaged, is no Unigram model, or is of another family
 * @example
 * const bytes = await folder("albert-base-v2").read("spiece.model");
 * const tokenizer = readSentencePiece(bytes!, { family: "albert" });
 */
export function readSentencePiece(file: Uint8Array, options: SentencePieceOptions): Tokenizer {
  const model = sentencePieces(file);
  const build = families[options.family];
  if (build === undefined)
    throw new TokenizerError(`readSentencePiece: the family ${shown(options.family)} is not supported`);
  const { pieces, scores, unknown, special, single, pair, normalizers, preTokenizers } = build(model, options);
  const vocabulary = Vocabulary.of(pieces);
  const id = (token: string): number => {
    const found = vocabulary.find(token);
    expect(
      found >= 0,
      `SentencePiece model: ${options.family} needs the piece ${token}, which is missing. Is it of another family?`,
    );
    return found;
  };
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  return buildTokenizer(
    {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special.map((token) => addedJSON(specialToken(token, id(token), /mask/i.test(token)))),
      normalizer: { type: "Sequence", normalizers },
      pre_tokenizer: { type: "Sequence", pretokenizers: [...preTokenizers, metaspace] },
      post_processor: templateJSON(single, pair, id),
      decoder: metaspace,
    },
    new Unigram(vocabulary, Float64Array.from(scores), unknown),
    options,
  );
}

/**
 * The pieces of a SentencePiece model, before any family gives them their ids.
 *
 * @throws {TokenizerError} for a file that is damaged or is no Unigram model
 * @example
 * const bytes = await folder("albert-base-v2").read("spiece.model");
 * const { pieces, scores } = sentencePieces(bytes!);
 */
export function sentencePieces(file: Uint8Array): SentencePieces {
  expect(file instanceof Uint8Array, () => `a SentencePiece model must be a Uint8Array, got ${shown(file)}`);
  const pieces: string[] = [];
  const scores: number[] = [];
  let unknown = -1;
  let characters = "";
  const symbols: { piece: string; control: boolean }[] = [];
  for (const field of fieldsOf(file)) {
    if (field.number === 1) {
      const [piece, score, type] = readPiece(bytesOf(field));
      if (type === UNKNOWN) unknown = pieces.length;
      if (type === CONTROL || type === USER_DEFINED) symbols.push({ piece, control: type === CONTROL });
      pieces.push(piece);
      scores.push(score);
    } else if (field.number === 2) {
      for (const inner of fieldsOf(bytesOf(field)))
        if (inner.number === 3 && "value" in inner && inner.value !== UNIGRAM)
          throw new TokenizerError(
            `SentencePiece model: only Unigram models are supported, this one has the type ${inner.value}`,
          );
    } else if (field.number === 3)
      for (const inner of fieldsOf(bytesOf(field))) if (inner.number === 2) characters = base64(bytesOf(inner));
  }
  expect(
    pieces.length > 0 && unknown >= 0,
    `SentencePiece model: pieces with an unknown one among them were expected, got ${pieces.length}`,
  );
  return { pieces, scores, unknown, characters, symbols };
}

function bytesOf(field: Field): Uint8Array {
  expect("bytes" in field, `SentencePiece model: field ${field.number} should hold bytes`);
  return field.bytes;
}

function readPiece(message: Uint8Array): [string, number, number] {
  let piece = "";
  let score = 0;
  let type = 1;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) piece = new TextDecoder().decode(bytesOf(field));
    else if (field.number === 2 && "value" in field) score = field.value;
    else if (field.number === 3 && "value" in field) type = field.value;
  }
  return [piece, score, type];
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

interface FamilyParts {
  readonly pieces: readonly string[];
  readonly scores: readonly number[];
  readonly unknown: number;
  readonly special: readonly string[];
  readonly single: readonly string[];
  readonly pair: readonly string[];
  readonly normalizers: readonly unknown[];
  readonly preTokenizers: readonly unknown[];
}

/** TeX quotes become plain ones, accents and capitals are removed, then the model's own map applies, as in the original programs. */
function foldings({ characters }: SentencePieces, fold: boolean, lower: boolean): unknown[] {
  const quotes = ["``", "''"].map((pattern) => ({ type: "Replace", pattern: { String: pattern }, content: '"' }));
  const accents = fold ? [{ type: "NFKD" }, { type: "StripAccents" }] : [];
  return [...quotes, ...accents, ...(lower ? [{ type: "Lowercase" }] : []), ...mapAndCollapse(characters)];
}

function mapAndCollapse(characters: string): unknown[] {
  const map = characters === "" ? [] : [{ type: "Precompiled", precompiled_charsmap: characters }];
  return [...map, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }];
}

const white = [{ type: "WhitespaceSplit" }];

const families: Readonly<Record<string, (model: SentencePieces, options: SentencePieceOptions) => FamilyParts>> = {
  albert: (model, { keepAccents, keepCase }) => ({
    ...model,
    special: ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"],
    single: ["[CLS]:0", "$A:0", "[SEP]:0"],
    pair: ["[CLS]:0", "$A:0", "[SEP]:0", "$B:1", "[SEP]:1"],
    normalizers: foldings(model, !keepAccents, !keepCase),
    preTokenizers: [],
  }),
  xlnet: (model, { keepAccents }) => ({
    ...model,
    special: ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"],
    single: ["$A:0", "<sep>:0", "<cls>:2"],
    pair: ["$A:0", "<sep>:0", "$B:1", "<sep>:1", "<cls>:2"],
    normalizers: foldings(model, !keepAccents, false),
    preTokenizers: [],
  }),
  // fairseq's own first four, then the model's pieces after its <unk>, <s>, </s>, then the mask.
  "xlm-roberta": (model) => ({
    pieces: ["<s>", "<pad>", "</s>", "<unk>", ...model.pieces.slice(3), "<mask>"],
    scores: [0, 0, 0, 0, ...model.scores.slice(3), 0],
    unknown: 3,
    special: ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    single: ["<s>:0", "$A:0", "</s>:0"],
    pair: ["<s>:0", "$A:0", "</s>:0", "</s>:0", "$B:0", "</s>:0"],
    normalizers: mapAndCollapse(model.characters),
    preTokenizers: white,
  }),
  t5: (model, { extraIds = 100 }) => {
    const extra = Array.from({ length: extraIds }, (_, i) => `<extra_id_${extraIds - 1 - i}>`);
    return {
      pieces: [...model.pieces, ...extra],
      scores: [...model.scores, ...extra.map(() => 0)],
      unknown: model.unknown,
      special: ["<pad>", "</s>", "<unk>", ...extra],
      single: ["$A:0", "</s>:0"],
      pair: ["$A:0", "</s>:0", "$B:0", "</s>:0"],
      normalizers: mapAndCollapse(model.characters),
      preTokenizers: white,
    };
  },
};
