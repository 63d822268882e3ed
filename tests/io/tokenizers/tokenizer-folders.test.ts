/** Tokenizers as models were published before tokenizer.json: ids as transformers gives them (reference/make_tokenizers.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InputError } from "../../../sdk/errors.js";
import { type Files, jsonBytes, memoryFiles } from "../../../sdk/io/files/files.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import { root } from "../../helpers/shared.js";

interface TokenizerFolder {
  readonly name: string;
  /** text as it is, bytes in base64, anything else as JSON */
  readonly files: Readonly<Record<string, string | { readonly base64: string } | object>>;
  readonly special: Readonly<Record<string, number | null>>;
  readonly encoded: readonly { readonly text: string; readonly pair?: string; readonly ids: readonly number[] }[];
}

const test = suite("tokenizer folders");

const folders = JSON.parse(
  readFileSync(join(root, "tests/io/reference/tokenizer-folders.json"), "utf8"),
) as readonly TokenizerFolder[];

function filesOf({ files }: TokenizerFolder, change: Readonly<Record<string, object | string | null>> = {}): Files {
  const bytesOf = (content: string | object): Uint8Array => {
    if (typeof content === "string") return new TextEncoder().encode(content);
    return "base64" in content ? Buffer.from(String(content.base64), "base64") : jsonBytes(content);
  };
  return memoryFiles(
    Object.entries({ ...files, ...change }).flatMap(([name, content]) =>
      content === null ? [] : [[name, bytesOf(content)] as const],
    ),
  );
}

for (const folder of folders)
  test(folder.name, async () => {
    const tokenizer = await loadTokenizer(filesOf(folder));
    for (const { text, pair, ids } of folder.encoded)
      assert.equal([...tokenizer.encode(text, pair).ids], ids, JSON.stringify([text, pair]));
    const { special } = tokenizer;
    assert.is(special.unknown ?? null, folder.special["unk"], "unknown");
    for (const role of ["pad", "mask"] as const) assert.is(special[role] ?? null, folder.special[role], role);
  });

test("missing and unreadable parts are named", async () => {
  const named = (name: string): TokenizerFolder => folders.find((folder) => folder.name === name)!;
  const refused = async (files: Files, message: RegExp): Promise<void> => {
    const error = await loadTokenizer(files).catch((caught: unknown) => caught);
    assert.instance(error, InputError);
    assert.match((error as Error).message, message);
  };
  await refused(
    memoryFiles(),
    /the folder has no tokenizer: neither tokenizer\.json, vocab\.txt, vocab\.json with merges\.txt/,
  );
  const xlmr = named("XLM-R: sentencepiece.bpe.model");
  const config = (tokenizer_class: string) => ({ "tokenizer_config.json": { tokenizer_class } });
  await refused(
    filesOf(xlmr, config("PegasusTokenizer")),
    /sentencepiece\.bpe\.model cannot be read for .*"PegasusTokenizer"/,
  );
  await refused(
    filesOf(named("RoBERTa: vocab.json, merges.txt"), { "merges.txt": null }),
    /vocab\.json cannot be read/,
  );
  await refused(
    filesOf(named("BERT: vocab.txt"), config("PhobertTokenizer")),
    /vocab\.txt cannot be read for .*"PhobertTokenizer"/,
  );
  const words = { "tokenizer_config.json": { subword_tokenizer_type: "sentencepiece" } };
  await refused(filesOf(named("BERT: vocab.txt"), words), /subword_tokenizer_type "sentencepiece" is not supported/);
  const language = { "tokenizer_config.json": { tokenizer_class: "MBartTokenizer", src_lang: "xx_XX" } };
  await refused(
    filesOf(named("mBART: no language"), language),
    /src_lang must be a language of the vocabulary.*"xx_XX"/,
  );
  const marian = named("Marian: source.spm, target.spm, vocab.json");
  await refused(filesOf(marian, { "vocab.json": { "</s>": 0, a: 1 } }), /vocab\.json: <unk> is missing/);
});

test.run();
