/** The tokenizer of a model folder, from whichever files hold it. */
import { readTokenizerJson, readVocabulary, type Tokenizer } from "../tokenizer/index.js";
import { type Files, ModelFileError } from "./files.js";
import { openFolder } from "./model-folder.js";

/** The tokenizer of a model folder: tokenizer.json, or vocab.txt for WordPiece. */
export async function loadTokenizer(files: Files): Promise<Tokenizer> {
  const folder = openFolder(files, "loadTokenizer");
  const [json, config, special] = await Promise.all([
    folder.read("tokenizer.json"),
    folder.fields("tokenizer_config.json"),
    folder.fields("special_tokens_map.json"),
  ]);
  const settings = { ...config, ...special };
  if (json) return readTokenizerJson(json, { settings });
  const vocabulary = await folder.read("vocab.txt");
  if (!vocabulary) throw new ModelFileError("neither tokenizer.json nor vocab.txt is there");
  const lowercase = settings["do_lower_case"];
  return readVocabulary(new TextDecoder().decode(vocabulary), {
    settings,
    ...(typeof lowercase === "boolean" && { lowercase }),
  });
}
