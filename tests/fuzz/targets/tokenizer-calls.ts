/** Tokenizers: texts, options, files. */
import * as tokenizing from "../../../sdk/tokenizer/index.js";
import { TEXTS, tokenizers } from "../fixtures.js";
import { type Call, call } from "./call.js";

const tokenizer = tokenizers["wordpiece"]!();
const truncate = { length: 6, stride: 2, side: "longest-first" };
const training = { size: 60, minFrequency: 0, limitAlphabet: 50, special: ["[UNK]", "[PAD]"] };
/** Options of null are not named by the tokenizer itself: its bundle has no byte left for it. */
const withOptions =
  (run: (...args: Parameters<typeof tokenizer.encode>) => unknown) =>
  (text: string, pair?: string, options?: object | null): unknown =>
    run(text, pair, options ?? {});

export const TOKENIZER_CALLS: Readonly<Record<string, Call>> = {
  encode: call(
    withOptions((...args) => tokenizer.encode(...args)),
    () => ["the low", "new", { special: true, truncate }],
  ),
  "encode words": call(
    withOptions((...args) => tokenizer.encode(...args)),
    () => [["the", "low"]],
  ),
  windows: call(
    withOptions((...args) => tokenizer.windows(...args)),
    () => ["the low new wide", "new", { special: true, truncate: { length: 8, stride: 2 } }],
  ),
  decode: call(
    (ids: number[], options?: object | null) => tokenizer.decode(ids, options ?? {}),
    () => [[5, 6, 7], { skipSpecial: true, cleanUp: true }],
  ),
  token: call(
    (id: number) => tokenizer.token(id),
    () => [3],
  ),
  id: call(
    (token: string) => tokenizer.id(token),
    () => ["the"],
  ),
  isSpecial: call(
    (id: number) => tokenizer.isSpecial(id),
    () => [3],
  ),
  continues: call(
    (id: number) => tokenizer.continues(id),
    () => [3],
  ),
  DecodeStream: call(
    (id: number) => new tokenizing.DecodeStream(tokenizer).push(id),
    () => [3],
  ),
  encodeStream: call(tokenizing.encodeStream, () => [tokenizer, ["the", "low"], { special: true }]),
  readVocabulary: call(tokenizing.readVocabulary, () => [
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n",
    { lowercase: true },
  ]),
  readMerges: call(tokenizing.readMerges, () => [
    '{"a":0,"b":1,"ab":2,"<s>":3,"</s>":4,"<unk>":5,"<pad>":6,"<mask>":7}',
    "a b\n",
    {},
  ]),
  readSentencePiece: call(tokenizing.readSentencePiece, () => [new Uint8Array(3), { family: "albert" }]),
  sentencePieces: call(tokenizing.sentencePieces, () => [new Uint8Array(3)]),
  readMarian: call(tokenizing.readMarian, () => [new Uint8Array(3), "{}"]),
  toCodePoints: call(tokenizing.toCodePoints, () => [Int32Array.of(0, 1), "ab"]),
  trainWordPiece: call(tokenizing.trainWordPiece, () => [
    [...TEXTS],
    {
      ...training,
      special: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
      lowercase: true,
      stripAccents: true,
      chineseCharacters: true,
    },
  ]),
  trainBpe: call(tokenizing.trainBpe, () => [[...TEXTS], { size: 280, minFrequency: 1 }]),
  trainUnigram: call(tokenizing.trainUnigram, () => [[...TEXTS], { size: 50 }]),
  languageShares: call(tokenizing.languageShares, () => [{ en: 10, de: 3 }, 0.7]),
  sampleLanguages: call(
    (...args: Parameters<typeof tokenizing.sampleLanguages>) => tokenizing.sampleLanguages(...args),
    () => [
      { en: ["a"], de: ["b"] },
      { smoothing: 0.7, seed: 1, count: 4 },
    ],
  ),
};
