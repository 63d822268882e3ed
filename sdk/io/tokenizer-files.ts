/** The tokenizer of a model folder, from whichever files hold it. */
import { readTokenizerJson, readVocabulary, type Tokenizer } from "../tokenizer/index.js";
import { foreignKind } from "./file-kinds.js";
import { type Files, fieldsOf, jsonOf, ModelFileError } from "./files.js";
import { openFolder } from "./model-folder.js";
import { bodyOf } from "./modules.js";
import { readTransformerSettings } from "./transformer-settings.js";

/** The tokenizer of a model folder: tokenizer.json, or vocab.txt for WordPiece. */
export async function loadTokenizer(files: Files): Promise<Tokenizer> {
  const folder = openFolder(files, "loadTokenizer");
  const body = await bodyOf(folder);
  const [json, config, special, { lowercase: lower }] = await Promise.all([
    body.read("tokenizer.json"),
    body.fields("tokenizer_config.json"),
    body.fields("special_tokens_map.json"),
    readTransformerSettings(folder),
  ]);
  const settings = { ...config, ...special };
  if (json)
    return readTokenizerJson(lower ? lowercasing(genuine(json, "tokenizer.json")) : genuine(json, "tokenizer.json"), {
      settings,
    });
  const vocabulary = await body.read("vocab.txt");
  if (!vocabulary) throw new ModelFileError("neither tokenizer.json nor vocab.txt is there");
  const lowercase = lower || settings["do_lower_case"];
  return readVocabulary(new TextDecoder().decode(genuine(vocabulary, "vocab.txt")), {
    settings,
    ...(typeof lowercase === "boolean" && { lowercase }),
  });
}

/** The bytes of a file, unless they are clearly another one's. */
function genuine(bytes: Uint8Array, name: string): Uint8Array {
  const kind = foreignKind(bytes);
  if (kind === null) return bytes;
  throw new ModelFileError(`${name} is ${kind}`);
}

/** A tokenizer.json that lowercases first, as sentence-transformers makes it of one that does not lowercase at all. */
function lowercasing(bytes: Uint8Array): Uint8Array {
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
