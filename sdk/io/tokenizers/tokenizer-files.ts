/** The tokenizer of a model folder, from the files that hold it. */
import { shown } from "../../errors.js";
import type { Section } from "../../models/family/config.js";
import {
  type ReadOptions,
  readMarian,
  readTokenizerJson,
  sentencePieces,
  type Tokenizer,
} from "../../tokenizer/index.js";
import { foreignKind } from "../files/file-kinds.js";
import { fieldsOf, jsonOf, ModelFileError } from "../files/files.js";
import type { ModelFolder } from "../files/model-folder.js";
import { type ModelSource, openSource } from "../files/model-source.js";
import { bodyOf } from "../sentence-transformers/modules.js";
import { readTransformerSettings } from "../sentence-transformers/transformer-settings.js";
import {
  byteLevelJson,
  isByteLevel,
  isUnigram,
  isWordPiece,
  unigramJson,
  wordPieceJson,
} from "./published-tokenizers.js";
import { roleNames } from "./special-tokens.js";
import { type TokenizerKind, tokenizerClass } from "./tokenizer-class.js";
import { requireTokenizerFields } from "./tokenizer-fields.js";
import { revise, type TokenizerSettings } from "./tokenizer-settings.js";

/**
 * The tokenizer of a model folder: tokenizer.json, or the files that models were published with before it: vocab.txt,
 * vocab.json with merges.txt, a SentencePiece model alone, or Marian's source.spm with vocab.json.
 *
 * @throws {ModelFileError | TokenizerError} naming the file that is missing or cannot be read
 * @example
 * const loadedTokenizer = await loadTokenizer(files);
 * loadedTokenizer.encode("the cat").ids.length; // 4
 */
export async function loadTokenizer(files: ModelSource): Promise<Tokenizer> {
  const folder = openSource(files, "loadTokenizer");
  const body = await bodyOf(folder);
  const given = await readSettings(folder, body);
  const json = await body.read("tokenizer.json");
  if (!json) return readPublished(body, given);
  return readTokenizerJson(genuine(json, "tokenizer.json"), optionsOf(given));
}

const optionsOf = (given: TokenizerSettings): ReadOptions => ({
  settings: given.settings,
  revise: (parts, model) => revise(parts, model, given),
});

/** The settings of a vocabulary in the small files beside it. */
async function readSettings(folder: ModelFolder, body: ModelFolder): Promise<TokenizerSettings> {
  const [written, special, added, modelConfig, { lowercase, tokenizer }] = await Promise.all([
    body.fields("tokenizer_config.json"),
    body.fields("special_tokens_map.json"),
    body.fields("added_tokens.json"),
    body.fields("config.json"),
    readTransformerSettings(folder),
  ]);
  const config = { ...written, ...tokenizer };
  requireTokenizerFields(config);
  // As in transformers, the older files count only where the newer table is missing.
  const isNew = config["added_tokens_decoder"] !== undefined;
  return {
    settings: isNew ? { ...special, ...config } : { ...config, ...special },
    files: { config, special, added, symbols: null },
    tokenizer: tokenizerClass(config, modelConfig),
    lowercase,
    isPublished: false,
  };
}

/** Vocabularies in the order in which they are looked for. */
const SENTENCEPIECE = ["sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"];
const VOCABULARIES = /* @__PURE__ */ ["vocab.txt", "vocab.json", "merges.txt", "source.spm"].concat(SENTENCEPIECE);

async function readPublished(body: ModelFolder, before: TokenizerSettings): Promise<Tokenizer> {
  const { tokenizer, lowercase } = before;
  const settings = lowercase ? { ...before.settings, do_lower_case: true } : before.settings;
  const given: TokenizerSettings = { ...before, settings, isPublished: true };
  const found = new Map<string, Uint8Array>();
  for (const [name, bytes] of await Promise.all(VOCABULARIES.map(async (one) => [one, await body.read(one)] as const)))
    if (bytes) found.set(name, genuine(bytes, name));
  const text = (name: string): string => new TextDecoder().decode(found.get(name));
  // Without any name the files themselves say it.
  const isUnnamed = !tokenizer.named && tokenizer.published === null;
  const byFiles = found.has("vocab.txt") ? "bert" : "roberta";
  const kind = isUnnamed ? byFiles : tokenizer.published;
  const made = (json: Section, like: TokenizerKind, files = given.files): Tokenizer => {
    const roles = Object.fromEntries(Object.entries(roleNames(like, files)).filter(([, name]) => name !== null));
    const options = optionsOf({
      ...given,
      settings: { ...roles, ...settings },
      files,
      tokenizer: { ...tokenizer, published: like },
    });
    return readTokenizerJson(new TextEncoder().encode(JSON.stringify(json)), options);
  };
  const [spm] = SENTENCEPIECE.filter((name) => found.has(name));
  if (found.has("source.spm") && found.has("vocab.json"))
    return readMarian(found.get("source.spm")!, text("vocab.json"), optionsOf(given));
  if (spm !== undefined && isUnigram(kind)) {
    const model = sentencePieces(found.get(spm)!);
    const files = { ...given.files, symbols: model.symbols };
    return made(unigramJson(model, kind, roleNames(kind, files), settings), kind, files);
  }
  if (found.has("vocab.json") && found.has("merges.txt") && isByteLevel(kind)) {
    const pieces = fieldsOf(jsonOf(found.get("vocab.json")!, "vocab.json"));
    return made(byteLevelJson(pieces, text("merges.txt"), settings), kind);
  }
  if (found.has("vocab.txt") && isWordPiece(kind)) {
    requireJapanese(settings);
    return made(wordPieceJson(text("vocab.txt"), kind, roleNames(kind, given.files), settings), kind);
  }
  throw missingVocabulary(found, settings);
}

function missingVocabulary(found: ReadonlyMap<string, Uint8Array>, settings: Section): ModelFileError {
  const expected = "tokenizer.json, vocab.txt, vocab.json with merges.txt, source.spm with vocab.json";
  if (found.size === 0)
    return new ModelFileError(`the folder has no tokenizer: neither ${expected} nor ${SENTENCEPIECE.join(", ")}`);
  const named = settings["tokenizer_class"] ?? "unknown";
  return new ModelFileError(
    `${[...found.keys()].join(" and ")} cannot be read for the tokenizer class ${shown(named)}; save it as tokenizer.json with transformers`,
  );
}

/** BertJapaneseTokenizer finds words in several ways, most of which need a dictionary. */
function requireJapanese(settings: Section): void {
  for (const field of ["word_tokenizer_type", "subword_tokenizer_type"]) {
    const value = settings[field];
    if (value !== undefined && !["basic", "wordpiece", "character"].includes(value as string))
      throw new ModelFileError(`tokenizer_config.json: ${field} ${shown(value)} is not supported`);
  }
}

/** The bytes of a file, unless they are clearly another one's. */
function genuine(bytes: Uint8Array, name: string): Uint8Array {
  const kind = foreignKind(bytes);
  if (kind === null) return bytes;
  throw new ModelFileError(`${name} is ${kind}`);
}
