/**
 * Every family loads from a folder as people publish it: config.json with the fields that its published models have, the
 * tokenizer files of its class, weights of those shapes. And every configuration of the shared cases loads, or is refused for
 * the reason that its README gives.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collate } from "../../../sdk/data/sample.js";
import type { Engine } from "../../../sdk/engine/engine.js";
import { InputError } from "../../../sdk/errors.js";
import { type Files, jsonBytes, memoryFiles } from "../../../sdk/io/files/files.js";
import { openFolder } from "../../../sdk/io/files/model-folder.js";
import { describeFolder } from "../../../sdk/io/pretrained/describe.js";
import { loadModel } from "../../../sdk/io/pretrained/pretrained.js";
import { loadModules } from "../../../sdk/io/sentence-transformers/load-modules.js";
import { readSentenceSettings } from "../../../sdk/io/sentence-transformers/sentence.js";
import { loadTokenizer } from "../../../sdk/io/tokenizers/tokenizer-files.js";
import { FAMILIES } from "../../../sdk/models/families.js";
import type { Section } from "../../../sdk/models/family/config.js";
import { Scope } from "../../../sdk/tensor/scope.js";
import { engines } from "../../helpers/engines.js";
import { weightsFor } from "../../helpers/family-weights.js";
import { PUBLISHED, type Published } from "../../helpers/published-configs.js";
import { rawSafetensors } from "../../helpers/raw-safetensors.js";
import { root, shared } from "../../helpers/shared.js";

const test = suite("every layout loads");
const [engine] = engines as [Engine];

/** Small tokenizer files of every class, shared with tokenizer-settings.test.ts. */
const vocabularies = JSON.parse(readFileSync(join(root, "tests/io/reference/tokenizer-settings.json"), "utf8")) as {
  shared: Record<string, { text?: string; base64?: string }>;
};
const published = JSON.parse(readFileSync(join(root, "tests/io/reference/tokenizer-folders.json"), "utf8")) as {
  name: string;
  files: Record<string, { base64?: string }>;
}[];

const bytesOf = (name: string): Uint8Array => {
  const { text, base64 } = vocabularies.shared[name]!;
  return Buffer.from(text ?? base64!, text === undefined ? "base64" : "utf8");
};

/** The files of Marian's tokenizer. */
function marianFiles(): Record<string, Uint8Array> {
  const { files } = published.find(({ name }) => name.startsWith("Marian"))!;
  const names = ["source.spm", "target.spm", "vocab.json"];
  return Object.fromEntries(
    names.map((name) => {
      const { base64 } = files[name]!;
      return [name, base64 === undefined ? jsonBytes(files[name]!) : Buffer.from(base64, "base64")];
    }),
  );
}

function folderOf(type: string, { config, files, tokenizer }: Published): Files {
  const json = { model_type: type, ...config };
  const own = type === "marian" ? marianFiles() : {};
  return memoryFiles([
    ["config.json", jsonBytes(json)],
    ["model.safetensors", weightsFor(engine, json)],
    ...Object.entries(own),
    ...Object.entries(files).map(([name, vocabulary]): [string, Uint8Array] => [name, bytesOf(vocabulary)]),
    ...(tokenizer ? [["tokenizer_config.json", jsonBytes(tokenizer)] as [string, Uint8Array]] : []),
  ]);
}

for (const { type } of FAMILIES)
  test(`${type} as published`, async () => {
    const files = folderOf(type, PUBLISHED[type]!);
    const { problems, family } = await describeFolder(files);
    assert.equal([problems, family], [[], type]);
    using loaded = await loadModel(engine, files);
    assert.equal([loaded.fresh, loaded.leftOver], [[], []]);
    const tokenizer = await loadTokenizer(files);
    const encoding = tokenizer.encode("hello the cat");
    assert.ok(encoding.ids.length > 2 && encoding.ids.every((id) => id >= 0 && id < 512), `${encoding.ids}`);
    using _ = new Scope();
    const labels = { labels: {} };
    const batch = collate([{ ...encoding, words: Int32Array.from(encoding.ids, (__, i) => i), ...labels }]);
    const hidden = loaded.model.encode(batch).toArray();
    assert.ok(hidden.length > 0 && hidden.every(Number.isFinite));
  });

/** Sizes that change no field's meaning, so that the largest model takes little memory and time. */
function shrunk(config: Section): Section {
  const vocabulary = Math.min(Number(config["vocab_size"] ?? 512), 512);
  const small = Object.entries(config).map(([field, value]): [string, unknown] => {
    if (typeof value !== "number") return [field, value];
    if (field.endsWith("vocab_size") && field !== "type_vocab_size") return [field, vocabulary];
    if (/_token_id$/.test(field)) return [field, Math.min(value, vocabulary - 1)];
    if (/^(num_hidden_layers|num_layers|num_decoder_layers|encoder_layers|decoder_layers)$/.test(field))
      return [field, 1];
    // Most of a layer's weights, and of those beside the layers.
    if (/^(intermediate_size|encoder_ffn_dim|decoder_ffn_dim|d_ff|hidden_dim|n_inner)$/.test(field))
      return [field, Math.min(value, 64)];
    if (/^(max_position_embeddings|n_positions)$/.test(field)) return [field, Math.min(value, 320)];
    return [field, value];
  });
  return Object.fromEntries(small);
}

const configs = shared("cases/configs", "published configurations load, or are refused for their reason");

/** The expected refusals of folders, as their README says; the others load. */
const NAMED: Readonly<Record<string, RegExp>> = {
  "albert-zh-base": /model_type/,
  "albert-zh-small-google": /model_type/,
  "deberta-v2-xxlarge": /conv_kernel_size/,
  "embeddinggemma-300m": /model_type "gemma3_text"/,
  "gte-multilingual-new": /model_type "new"/,
  "jina-v2-base-en": /position_embedding_type|feed_forward_type|JinaBert/,
  "nllb-200-1.3b": /model_type "m2m_100"/,
  "noinstruct-small": /output_key|Pooling/,
  "stella-1.5b": /model_type "qwen2"/,
};

/** A folder of the shared cases with weights of its (shrunk) shapes, those of its modules too. */
function withWeights(path: string): Files {
  const entries: [string, Uint8Array][] = [];
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && entry.name.endsWith(".json")) {
      const full = join(entry.parentPath, entry.name);
      entries.push([full.slice(path.length + 1), readFileSync(full)]);
    }
  const json = (name: string) => JSON.parse(new TextDecoder().decode(new Map(entries).get(name))) as Section;
  const config = shrunk(json("config.json"));
  const modules = entries.flatMap(([name]): [string, Uint8Array][] => {
    if (!/Dense\/config\.json$/.test(name)) return [];
    const { in_features: inner, out_features: out, bias } = json(name) as Record<string, number>;
    const tensor = (name: string, shape: number[]) => ({
      name,
      dtype: "F32",
      shape,
      bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)),
    });
    const tensors = [tensor("linear.weight", [out!, inner!]), ...(bias ? [tensor("linear.bias", [out!])] : [])];
    return [[name.replace("config.json", "model.safetensors"), rawSafetensors(tensors)]];
  });
  const weights =
    config["model_type"] === "model2vec"
      ? rawSafetensors([{ name: "embeddings", dtype: "F32", shape: [512, 16], bytes: new Uint8Array(4 * 512 * 16) }])
      : weightsFor(engine, config);
  return memoryFiles([
    // The shared folder of LaBSE lacks this file.
    ["1_Pooling/config.json", jsonBytes({ pooling_mode_cls_token: true })],
    ...entries.filter(([name]) => name !== "config.json"),
    ["config.json", jsonBytes(config)],
    ...modules,
    ["model.safetensors", weights],
  ]);
}

/** Load model, settings and modules. */
async function loads(path: string): Promise<void> {
  const files = withWeights(path);
  using loaded = await loadModel(engine, files);
  assert.equal(loaded.fresh, []);
  const settings = await readSentenceSettings(files);
  using _ = await loadModules(engine, openFolder(files), settings.modules ?? [], loaded.model.hiddenSize);
}

for (const name of configs === null ? [] : readdirSync(configs))
  test(`configuration ${name}`, async () => {
    const path = join(configs!, name);
    const error = await loads(path).catch((caught: unknown) => caught);
    const named = NAMED[name];
    if (named === undefined) {
      if (error !== undefined) throw error;
      return;
    }
    assert.instance(error, InputError);
    assert.match((error as InputError).message, named, (error as InputError).message);
  });

test.run();
