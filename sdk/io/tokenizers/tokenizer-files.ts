/** The tokenizer of a model folder, from whichever files hold it. */
import { shown } from "../../errors.js";
import type { Section } from "../../models/family/config.js";
import {
  type ReadOptions,
  readMarian,
  readTokenizerJson,
  readVocabulary,
  sentencePieces,
  type Tokenizer,
} from "../../tokenizer/index.js";
import { foreignKind } from "../files/file-kinds.js";
import { type Files, fieldsOf, jsonOf, ModelFileError } from "../files/files.js";
import { type ModelFolder, openFolder } from "../files/model-folder.js";
import { bodyOf } from "../sentence-transformers/modules.js";
import { readTransformerSettings } from "../sentence-transformers/transformer-settings.js";
import { byteLevelJson, unigramClasses, unigramJson, wordPieceJson } from "./published-tokenizers.js";
import { tokenizerClass } from "./tokenizer-class.js";
import { requireTokenizerFields } from "./tokenizer-fields.js";
import { revise, type TokenizerSettings } from "./tokenizer-settings.js";

/**
 * The tokenizer of a model folder: tokenizer.json, or the files that models were published with before it: vocab.txt,
 * vocab.json with merges.txt, a SentencePiece model alone, or Marian's source.spm with vocab.json.
 *
 * @throws {ModelFileError | TokenizerError} naming what is missing or cannot be read
 */
export async function loadTokenizer(files: Files): Promise<Tokenizer> {
  const folder = openFolder(files, "loadTokenizer");
  const body = await bodyOf(folder);
  const given = await readSettings(folder, body);
  const { settings, lowercase } = given;
  const options: ReadOptions = { settings, revise: (parts, model) => revise(parts, model, given) };
  const json = await body.read("tokenizer.json");
  if (json) return readTokenizerJson(genuine(json, "tokenizer.json"), options);
  return readPublished(body, lowercase ? { ...settings, do_lower_case: true } : settings, options);
}

/** What the small files beside a vocabulary say of it. */
async function readSettings(folder: ModelFolder, body: ModelFolder): Promise<TokenizerSettings> {
  const [config, special, addedTokens, modelConfig, { lowercase }] = await Promise.all([
    body.fields("tokenizer_config.json"),
    body.fields("special_tokens_map.json"),
    body.fields("added_tokens.json"),
    body.fields("config.json"),
    readTransformerSettings(folder),
  ]);
  requireTokenizerFields(config);
  // As in transformers, the older files count only where the newer table is missing.
  const isNew = config["added_tokens_decoder"] !== undefined;
  return {
    settings: isNew ? { ...special, ...config } : { ...config, ...special },
    addedTokens: isNew ? {} : addedTokens,
    tokenizer: tokenizerClass(config, modelConfig),
    lowercase,
  };
}

/** Vocabularies in the order in which they are looked for. */
const SENTENCEPIECE = ["sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"];
const VOCABULARIES = /* @__PURE__ */ ["vocab.txt", "vocab.json", "merges.txt", "source.spm"].concat(SENTENCEPIECE);

async function readPublished(body: ModelFolder, given: Section, { revise: change }: ReadOptions): Promise<Tokenizer> {
  const kind = kindOf(given, await body.fields("config.json"));
  const settings = kind === "GPT2" ? { ...GPT2_ROLES, ...given } : given;
  const options: ReadOptions = { settings, ...(change && { revise: change }) };
  const found = new Map<string, Uint8Array>();
  for (const [name, bytes] of await Promise.all(VOCABULARIES.map(async (one) => [one, await body.read(one)] as const)))
    if (bytes) found.set(name, genuine(bytes, name));
  const text = (name: string): string => new TextDecoder().decode(found.get(name));
  const made = (json: Section): Tokenizer => readTokenizerJson(new TextEncoder().encode(JSON.stringify(json)), options);
  const [spm] = SENTENCEPIECE.filter((name) => found.has(name));
  if (found.has("source.spm") && found.has("vocab.json"))
    return readMarian(found.get("source.spm")!, text("vocab.json"), options);
  if (spm !== undefined && unigramClasses().includes(kind))
    return made(unigramJson(sentencePieces(found.get(spm)!), kind, settings));
  if (found.has("vocab.json") && found.has("merges.txt"))
    return made(
      byteLevelJson(fieldsOf(jsonOf(found.get("vocab.json")!, "vocab.json")), text("merges.txt"), kind, settings),
    );
  if (found.has("vocab.txt")) {
    requireBertLike(settings);
    return hasBertNames(text("vocab.txt")) && kind !== "MPNet" && kind !== "BertJapanese"
      ? made(readVocabulary(text("vocab.txt"), { settings }).toJSON())
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
    `${[...found.keys()].join(" and ")} cannot be read for the tokenizer class ${shown(kind || "unknown")}: SentencePiece models alone are read for ${unigramClasses().join(", ")}; save the tokenizer as a tokenizer.json with transformers`,
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
  const other = ["PhobertTokenizer", "BertweetTokenizer", "HerbertTokenizer", "LayoutLMv2Tokenizer"];
  if (typeof named === "string" && other.includes(named.replace(/Fast$/, "")))
    throw new ModelFileError(
      `tokenizer_config.json: tokenizer_class ${shown(named)} is not supported with vocab.txt: its words are found otherwise than BERT's`,
    );
  for (const field of ["word_tokenizer_type", "subword_tokenizer_type"]) {
    const value = settings[field];
    if (value !== undefined && !["basic", "wordpiece", "character"].includes(value as string))
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
