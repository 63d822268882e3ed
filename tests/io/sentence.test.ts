import { suite } from "uvu";
import * as assert from "uvu/assert";
import { jsonBytes, ModelFileError, memoryFiles } from "../../sdk/io/files.js";
import { readSentenceSettings, type SentenceSettings, writeSentenceSettings } from "../../sdk/io/sentence.js";

const test = suite("sentence settings");

const files = (entries: Readonly<Record<string, unknown>>) =>
  memoryFiles(Object.entries(entries).map(([name, json]) => [name, jsonBytes(json)]));
const read = (entries: Readonly<Record<string, unknown>>): Promise<SentenceSettings> =>
  readSentenceSettings(files(entries));
const module = (type: string, path = "") => ({ idx: 0, name: "0", path, type });

async function refused(entries: Readonly<Record<string, unknown>>, message: RegExp): Promise<void> {
  const error = await read(entries).catch((caught: unknown) => caught);
  assert.instance(error, ModelFileError);
  assert.match((error as Error).message, message);
}

// As all-MiniLM-L6-v2 is published.
const OLDER = {
  "modules.json": [
    module("sentence_transformers.models.Transformer"),
    module("sentence_transformers.models.Pooling", "1_Pooling"),
    module("sentence_transformers.models.Normalize", "2_Normalize"),
  ],
  "1_Pooling/config.json": {
    word_embedding_dimension: 384,
    pooling_mode_cls_token: false,
    pooling_mode_mean_tokens: true,
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
  },
  "sentence_bert_config.json": { max_seq_length: 256, do_lower_case: false },
  "tokenizer_config.json": { model_max_length: 512 },
};

// As sentence-transformers 6.2 saves the same model.
const NEWER = {
  "modules.json": [
    module("sentence_transformers.base.modules.transformer.Transformer"),
    module("sentence_transformers.sentence_transformer.modules.pooling.Pooling", "1_Pooling"),
    module("sentence_transformers.base.modules.normalize.Normalize", "2_Normalize"),
  ],
  "1_Pooling/config.json": { embedding_dimension: 384, pooling_mode: "mean", include_prompt: true },
  "sentence_bert_config.json": { transformer_task: "feature-extraction", module_output_name: "token_embeddings" },
  "config_sentence_transformers.json": { default_prompt_name: null, prompts: { document: "", query: "" } },
  "tokenizer_config.json": { model_max_length: 256 },
};

test("folders of older and newer versions of the library say the same", async () => {
  const wanted = { pooling: { mode: "mean", normalize: true }, length: 256, prefix: "", lowercase: false };
  assert.equal(await read(OLDER), wanted);
  assert.equal(await read(NEWER), wanted);
});

test("a folder without modules has mean pooling and says nothing of lengths", async () => {
  const plain = { pooling: { mode: "mean", normalize: false }, length: null, prefix: "", lowercase: false };
  assert.equal(await read({}), plain);
  assert.equal(await read({ "tokenizer_config.json": { model_max_length: 128 } }), plain);
  assert.is((await read({ ...NEWER, "tokenizer_config.json": { model_max_length: 1e30 } })).length, null);
});

test("what is written is read again", async () => {
  for (const mode of ["mean", "cls", "max"] as const) {
    for (const prefix of ["", "query: "]) {
      const settings = {
        pooling: { mode, normalize: mode === "cls" },
        length: mode === "max" ? null : 77,
        prefix,
        lowercase: mode === "max",
      };
      const folder = memoryFiles();
      await writeSentenceSettings(folder, settings, 32);
      assert.equal(await readSentenceSettings(folder), settings);
    }
  }
});

test("a default prompt is a prefix", async () => {
  const prompts = { default_prompt_name: "query", prompts: { query: "find: ", document: "" } };
  assert.is((await read({ ...NEWER, "config_sentence_transformers.json": prompts })).prefix, "find: ");
  const without = { ...NEWER["1_Pooling/config.json"], include_prompt: false };
  await refused(
    { ...NEWER, "config_sentence_transformers.json": prompts, "1_Pooling/config.json": without },
    /include_prompt false.*not supported/,
  );
  assert.is((await read({ ...NEWER, "1_Pooling/config.json": without })).prefix, "");
});

test("what Cloze does not have is refused by name", async () => {
  const pooling = (config: object) => ({ ...OLDER, "1_Pooling/config.json": config });
  await refused(
    pooling({ pooling_mode_mean_sqrt_len_tokens: true }),
    /1_Pooling\/config\.json: one of the poolings mean, cls, max is supported, got pooling_mode_mean_sqrt_len_tokens/,
  );
  await refused(pooling({ pooling_mode_mean_tokens: true, pooling_mode_cls_token: true }), /got mean, cls/);
  await refused(pooling({}), /got none/);
  await refused(pooling({ pooling_mode: "lasttoken" }), /got lasttoken/);
  await refused(pooling({ pooling_mode: ["mean", "max"] }), /got mean, max/);
  await refused(pooling({ pooling_mode: "toString" }), /got toString/);
  const modules = (...list: object[]) => ({ ...OLDER, "modules.json": list });
  const [transformer, pool, normalize] = OLDER["modules.json"] as [object, object, object];
  await refused(
    modules(transformer, pool, module("sentence_transformers.models.Dense", "2_Dense")),
    /module Dense in place 2 is not supported/,
  );
  await refused(modules(transformer, normalize, pool), /module Normalize in place 1/);
  await refused(modules(transformer), /names no Pooling module/);
  await refused(
    modules(module("sentence_transformers.models.StaticEmbedding"), pool),
    /module StaticEmbedding in place 0/,
  );
  await refused(modules(transformer, module("Pooling", "../other")), /"\.\.\/other\/config\.json" is refused/);
  await refused({ ...OLDER, "modules.json": {} }, /must be a list/);
  await refused(
    modules(transformer, module("Pooling", "9_Pooling")),
    /9_Pooling\/config\.json, which modules\.json names, is missing/,
  );
});

test.run();
