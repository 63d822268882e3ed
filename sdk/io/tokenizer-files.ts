/** The tokenizer of a model folder, from whichever files hold it. */
import { shown } from "../errors.js";
import type { Section } from "../models/config.js";
import { readMarian, readTokenizerJson, readVocabulary, sentencePieces, type Tokenizer } from "../tokenizer/index.js";
import { foreignKind } from "./file-kinds.js";
import { type Files, fieldsOf, jsonOf, ModelFileError } from "./files.js";
import { type ModelFolder, openFolder } from "./model-folder.js";
import { bodyOf } from "./modules.js";
import { byteLevelJson, UNIGRAM_CLASSES, unigramJson, wordPieceJson } from "./published-tokenizers.js";
import { readTransformerSettings } from "./transformer-settings.js";

/**
 * The tokenizer of a model folder: tokenizer.json, or the files that models were published with before it: vocab.txt,
 * vocab.json with merges.txt, a SentencePiece model alone, or Marian's source.spm with vocab.json.
 *
 * @throws {ModelFileError | TokenizerError} naming what is missing or cannot be read
 */
export async function loadTokenizer(files: Files): Promise<Tokenizer> {
  const folder = openFolder(files, "loadTokenizer");
  const body = await bodyOf(folder);
  const [json, config, special, { lowercase }] = await Promise.all([
    body.read("tokenizer.json"),
    body.fields("tokenizer_config.json"),
    body.fields("special_tokens_map.json"),
    readTransformerSettings(folder),
  ]);
  const settings = { ...config, ...special };
  if (json) return readTokenizerJson(lowercased(genuine(json, "tokenizer.json"), lowercase), { settings });
  return readPublished(body, lowercase ? { ...settings, do_lower_case: true } : settings);
}

/** Vocabularies in the order in which they are looked for. */
const SENTENCEPIECE = ["sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"];
const VOCABULARIES = /* @__PURE__ */ ["vocab.txt", "vocab.json", "merges.txt", "source.spm"].concat(SENTENCEPIECE);

async function readPublished(body: ModelFolder, given: Section): Promise<Tokenizer> {
  const kind = kindOf(given, await body.fields("config.json"));
  const settings = kind === "GPT2" ? { ...GPT2_ROLES, ...given } : given;
  const found = new Map<string, Uint8Array>();
  for (const [name, bytes] of await Promise.all(VOCABULARIES.map(async (one) => [one, await body.read(one)] as const)))
    if (bytes) found.set(name, genuine(bytes, name));
  const text = (name: string): string => new TextDecoder().decode(found.get(name));
  const made = (json: Section): Tokenizer =>
    readTokenizerJson(new TextEncoder().encode(JSON.stringify(json)), { settings });
  const [spm] = SENTENCEPIECE.filter((name) => found.has(name));
  if (found.has("source.spm") && found.has("vocab.json"))
    return readMarian(found.get("source.spm")!, text("vocab.json"), { settings });
  if (spm !== undefined && UNIGRAM_CLASSES.includes(kind))
    return made(unigramJson(sentencePieces(found.get(spm)!), kind, settings));
  if (found.has("vocab.json") && found.has("merges.txt"))
    return made(
      byteLevelJson(fieldsOf(jsonOf(found.get("vocab.json")!, "vocab.json")), text("merges.txt"), kind, settings),
    );
  if (found.has("vocab.txt")) {
    requireBertLike(settings);
    return hasBertNames(text("vocab.txt")) && kind !== "MPNet"
      ? readVocabulary(text("vocab.txt"), { settings })
      : made(wordPieceJson(text("vocab.txt"), kind, settings));
  }
  throw missingVocabulary(found, kind);
}

/** GPT-2 has one special token for every role. */
const GPT2_ROLES = { unk_token: "<|endoftext|>", bos_token: "<|endoftext|>", eos_token: "<|endoftext|>" };

function missingVocabulary(found: ReadonlyMap<string, Uint8Array>, kind: string): ModelFileError {
  const expected = "tokenizer.json, vocab.txt, vocab.json with merges.txt, source.spm with vocab.json";
  if (found.size === 0)
    return new ModelFileError(`no tokenizer is there: neither ${expected} nor ${SENTENCEPIECE.join(", ")}`);
  return new ModelFileError(
    `${[...found.keys()].join(" and ")} cannot be read for the tokenizer class ${shown(kind || "unknown")}: SentencePiece models alone are read for ${UNIGRAM_CLASSES.join(", ")}; save the tokenizer as a tokenizer.json with transformers`,
  );
}

/** model_type of config.json, where tokenizer_config.json has no class. */
const CLASS_OF: Readonly<Record<string, string>> = {
  albert: "Albert",
  bart: "Bart",
  camembert: "Camembert",
  "deberta-v2": "DebertaV2",
  gpt2: "GPT2",
  marian: "Marian",
  mbart: "MBart",
  mpnet: "MPNet",
  mt5: "T5",
  roberta: "Roberta",
  t5: "T5",
  "xlm-roberta": "XLMRoberta",
};

/** The tokenizer's class without "Tokenizer" and "Fast": tokenizer_config.json names it, or the model's type does. */
function kindOf(settings: Section, config: Section): string {
  const named = settings["tokenizer_class"] ?? config["tokenizer_class"];
  const kind = typeof named === "string" ? named.replace(/Tokenizer(Fast)?$/, "") : "";
  const type = config["model_type"];
  if (kind !== "" && kind !== "PreTrained") return kind;
  return typeof type === "string" && Object.hasOwn(CLASS_OF, type) ? CLASS_OF[type]! : "";
}

/** vocab.txt of other tokenizers must not be read as if it were BERT's. */
function requireBertLike(settings: Section): void {
  const named = settings["tokenizer_class"];
  const other = [
    "BertJapaneseTokenizer",
    "PhobertTokenizer",
    "BertweetTokenizer",
    "HerbertTokenizer",
    "LayoutLMv2Tokenizer",
  ];
  if (typeof named === "string" && other.includes(named.replace(/Fast$/, "")))
    throw new ModelFileError(
      `tokenizer_config.json: tokenizer_class ${shown(named)} is not supported with vocab.txt: its words are found otherwise than BERT's`,
    );
  for (const field of ["word_tokenizer_type", "subword_tokenizer_type"]) {
    const value = settings[field];
    if (value !== undefined && value !== "basic" && value !== "wordpiece")
      throw new ModelFileError(`tokenizer_config.json: ${field} ${shown(value)} is not supported`);
  }
}

/** Whether a vocabulary has BERT's own names for its special tokens. */
const hasBertNames = (vocabTxt: string): boolean => {
  const lines = new Set(vocabTxt.split(/\r?\n/));
  return ["[UNK]", "[CLS]", "[SEP]"].every((name) => lines.has(name));
};

/** The bytes of a file, unless they are clearly another one's. */
function genuine(bytes: Uint8Array, name: string): Uint8Array {
  const kind = foreignKind(bytes);
  if (kind === null) return bytes;
  throw new ModelFileError(`${name} is ${kind}`);
}

/** A tokenizer.json that lowercases first, as sentence-transformers makes it of one that does not lowercase at all. */
function lowercased(bytes: Uint8Array, wanted: boolean): Uint8Array {
  if (!wanted) return bytes;
  const json = fieldsOf(jsonOf(bytes, "tokenizer.json"));
  const { normalizer } = json;
  if (lowers(normalizer)) return bytes;
  const { type, normalizers } = fieldsOf(normalizer);
  const rest = type === "Sequence" && Array.isArray(normalizers) ? normalizers : normalizer ? [normalizer] : [];
  const both = { type: "Sequence", normalizers: [{ type: "Lowercase" }, ...rest] };
  return new TextEncoder().encode(JSON.stringify({ ...json, normalizer: both }));
}

function lowers(normalizer: unknown): boolean {
  const { type, lowercase, normalizers } = fieldsOf(normalizer);
  if (type === "Sequence") return Array.isArray(normalizers) && normalizers.some(lowers);
  return type === "Lowercase" || (type === "BertNormalizer" && lowercase === true);
}
