import { suite } from "uvu";
import * as assert from "uvu/assert";
import { jsonBytes, ModelFileError, memoryFiles } from "../../../sdk/io/files/files.js";
import { describeFolder } from "../../../sdk/io/pretrained/describe.js";
import {
  promptText,
  readSentenceSettings,
  type SentenceSettings,
} from "../../../sdk/io/sentence-transformers/sentence.js";
import { writeSentenceSettings } from "../../../sdk/io/sentence-transformers/write-sentence.js";

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

const PLAIN: SentenceSettings = {
  pooling: { mode: "mean", normalize: false },
  maxLength: null,
  prompts: {},
  prompt: null,
  promptCounts: true,
  similarity: "cosine",
  lowercase: false,
};

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

test("folders of older and newer versions of the library give the same settings", async () => {
  const wanted = { ...PLAIN, pooling: { mode: "mean", normalize: true }, maxLength: 256 };
  assert.equal(await read(OLDER), wanted);
  assert.equal(await read(NEWER), { ...wanted, prompts: { document: "", query: "" } });
});

test("a folder without modules has mean pooling and the tokenizer's length", async () => {
  assert.equal(await read({}), PLAIN);
  assert.equal(await read({ "tokenizer_config.json": { model_max_length: 128 } }), { ...PLAIN, maxLength: 128 });
  assert.is((await read({ ...NEWER, "tokenizer_config.json": { model_max_length: 1e30 } })).maxLength, null);
});

test("written files can be read again", async () => {
  for (const mode of ["mean", "cls", "max", "last", "weighted", "mean-sqrt"] as const) {
    for (const prompt of [null, "query"]) {
      const settings: SentenceSettings = {
        pooling: { mode, normalize: mode === "cls" },
        maxLength: mode === "max" ? null : 77,
        prompts: prompt === null ? {} : { query: "query: ", passage: "passage: " },
        prompt,
        promptCounts: mode !== "mean",
        similarity: mode === "last" ? "dot" : "cosine",
        lowercase: mode === "max",
      };
      const folder = memoryFiles();
      await writeSentenceSettings(folder, settings, 32);
      assert.equal(await readSentenceSettings(folder), settings);
    }
  }
});

test("prompts by name; the default one without a name", async () => {
  const prompts = { query: "Query: ", passage: "" };
  const named = await read({ ...NEWER, "config_sentence_transformers.json": { prompts, default_prompt_name: null } });
  assert.is(promptText(named), "");
  assert.is(promptText(named, "query"), "Query: ");
  assert.throws(() => promptText(named, "toString"), /there is no prompt "toString"; there are query, passage/);
  assert.throws(() => promptText(PLAIN, "passage"), /there is no prompt "passage"; the folder has none/);
  for (const name of ["query", "document"]) {
    assert.is(promptText(PLAIN, name), "");
    const inherited = await read({ ...NEWER, "config_sentence_transformers.json": { default_prompt_name: name } });
    assert.is(promptText(inherited), "");
  }
  const nulls = await read({ ...NEWER, "config_sentence_transformers.json": { prompts: { title: null } } });
  assert.is(promptText(nulls, "title"), "");
  const byDefault = { prompts, default_prompt_name: "query" };
  const settings = await read({ ...NEWER, "config_sentence_transformers.json": byDefault });
  assert.is(promptText(settings), "Query: ");
  assert.is(promptText(settings, "passage"), "");
  const without = { ...NEWER["1_Pooling/config.json"], include_prompt: false };
  assert.is((await read({ ...NEWER, "1_Pooling/config.json": without })).promptCounts, false);
});

test("the comparison that the folder names", async () => {
  const compared = (kind: unknown) =>
    read({ ...OLDER, "config_sentence_transformers.json": { similarity_fn_name: kind } });
  for (const kind of ["cosine", "dot", "euclidean", "manhattan"] as const)
    assert.is((await compared(kind)).similarity, kind);
  assert.is((await compared(null)).similarity, "cosine");
  assert.is((await compared("maxsim")).similarity, "cosine", "as sentence-transformers does");
  const config = jsonBytes({ similarity_fn_name: "maxsim" });
  const { unknownFields } = await describeFolder(memoryFiles([["config_sentence_transformers.json", config]]));
  assert.equal(unknownFields, ['config_sentence_transformers.json: similarity_fn_name "maxsim"']);
  await refused(
    { "config_sentence_transformers.json": { prompts: { query: 3 } } },
    /prompt "query" must be a text, got 3/,
  );
  await refused(
    { "config_sentence_transformers.json": { prompts: { query: "" }, default_prompt_name: "passage" } },
    /default_prompt_name is "passage", but the prompts are query/,
  );
});

test("unsupported modules are refused by name", async () => {
  const pooling = (config: object) => ({ ...OLDER, "1_Pooling/config.json": config });
  await refused(
    pooling({ pooling_mode_attention: true }),
    /1_Pooling\/config\.json: the pooling "pooling_mode_attention" is not supported; expected one of cls, max, mean/,
  );
  await refused(pooling({ pooling_mode: "last" }), /the pooling "last"/);
  await refused(pooling({ pooling_mode: ["mean", 3] }), /the pooling 3/);
  await refused(pooling({ pooling_mode: "toString" }), /the pooling "toString"/);
  const modules = (...list: object[]) => ({ ...OLDER, "modules.json": list });
  const [transformer, pool, normalize] = OLDER["modules.json"] as [object, object, object];
  await refused(
    modules(transformer, pool, module("sentence_transformers.models.CNN", "2_CNN")),
    /module CNN in place 2 is not supported/,
  );
  await refused(modules(transformer, normalize, pool), /module Normalize in place 1/);
  await refused(modules(transformer), /names no Pooling module/);
  await refused(modules(), /no module in place 0/);
  await refused(modules({ ...transformer, type: 3 }), /module 0 must have a type and a path/);
  await refused(
    modules(module("sentence_transformers.models.StaticEmbedding"), pool),
    /module Pooling in place 1 is not supported/,
  );
  await refused(modules(transformer, module("Pooling", "../other")), /"\.\.\/other\/config\.json" is refused/);
  await refused({ ...OLDER, "modules.json": {} }, /must be a list/);
  await refused(
    modules(transformer, module("Pooling", "9_Pooling")),
    /9_Pooling\/config\.json, which modules\.json names, is missing/,
  );
  const library = (config: object) => ({ ...OLDER, "config_sentence_transformers.json": config });
  await refused(library({ truncate_dim: 0 }), /truncate_dim must be a whole number of at least 1, got 0/);
});

test("several poolings are read in the order in which the library puts them, and written where flags can say it", async () => {
  const several = {
    ...OLDER,
    "1_Pooling/config.json": { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true },
  };
  const settings = await read(several);
  assert.equal(settings.pooling.mode, ["cls", "mean"]);
  const folder = memoryFiles();
  await writeSentenceSettings(folder, { ...settings, dimensions: 4 }, 32);
  assert.equal(await readSentenceSettings(folder), { ...settings, dimensions: 4 });
  const error = await writeSentenceSettings(
    memoryFiles(),
    { ...settings, pooling: { mode: ["mean", "cls"], normalize: true } },
    32,
  ).catch((caught: unknown) => caught);
  assert.match((error as Error).message, /mean, cls cannot be written in this order/);
  const modules = [{ kind: "Dense", path: "2_Dense" }];
  const other = await writeSentenceSettings(memoryFiles(), { ...settings, modules }, 32).catch((e: unknown) => e);
  assert.match((other as Error).message, /the modules Dense cannot be written/);
});

test("the transformer's task, and fields that would override config.json, are checked", async () => {
  const older = (more: object) => ({ ...OLDER, "sentence_bert_config.json": more });
  assert.not((await read(older({ transformer_task: "feature-extraction" }))).lowercase);
  await refused(older({ transformer_task: "fill-mask" }), /transformer_task "fill-mask" is not supported for vectors/);
  await refused(older({ config_args: { num_hidden_layers: 1 } }), /config_args\.num_hidden_layers is not supported/);
  assert.is((await read(older({ config_kwargs: { trust_remote_code: true } }))).maxLength, 512);
});

test("max_len counts where model_max_length is missing", async () => {
  const length = async (config: object) => (await read({ "tokenizer_config.json": config })).maxLength;
  assert.is(await length({ max_len: 7 }), 7);
  assert.is(await length({ max_len: 7, model_max_length: 9 }), 9);
  assert.is(await length({ max_len: 7, model_max_length: 1e30 }), null);
});

test.run();
