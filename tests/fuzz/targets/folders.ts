/** Model folders: config.json, weights, modules of sentence-transformers, adapters, settings of generation. */
import fc from "fast-check";
import {
  describeFolder,
  featureExtraction,
  fillMask,
  loadAdapted,
  loadModel,
  memoryFiles,
  questionAnswering,
  text2textGeneration,
  textClassification,
  textGeneration,
  textRanking,
  tokenClassification,
} from "../../../sdk/index.js";
import { jsonBytes } from "../../../sdk/io/files/files.js";
import { readSafetensors } from "../../../sdk/io/safetensors/safetensors.js";
import { type NamedTensor, writeSafetensors } from "../../../sdk/io/safetensors/write-safetensors.js";
import { readSentenceSettings } from "../../../sdk/io/sentence-transformers/sentence.js";
import { writeSentenceSettings } from "../../../sdk/io/sentence-transformers/write-sentence.js";
import { FRESH_FAMILIES } from "../../../sdk/train/fresh/fresh-model.js";
import {
  adapterFolder,
  folderMutants,
  parted,
  savedFolder,
  sizes,
  TEXT_TASK,
  usePipeline,
  WRITERS,
  whole,
} from "../fixtures.js";
import { fileMutant, sharedEngine, type Target } from "../mutant.js";
import { mutantBytes, mutantJson } from "../mutations.js";

type MemoryFiles = ReturnType<typeof memoryFiles>;

async function load(files: MemoryFiles): Promise<void> {
  (await loadModel(await sharedEngine(), files))[Symbol.dispose]();
}

/** Mutants of a safetensors file: of its header by structure, and of all of it by byte. */
const weightMutants = (original: Uint8Array) => {
  const { header, body } = parted(original);
  return fc.oneof(
    mutantJson(header).map((json) => whole(json, body)),
    mutantBytes(original),
  );
};

const GENERATION = {
  max_new_tokens: 4,
  eos_token_id: 3,
  num_beams: 1,
  temperature: 1,
  top_k: 5,
  top_p: 0.9,
  bad_words_ids: [[4, 5]],
  repetition_penalty: 1.1,
  no_repeat_ngram_size: 2,
  pad_token_id: 0,
  suppress_tokens: [7],
  begin_suppress_tokens: [8],
  forced_eos_token_id: 3,
  forced_bos_token_id: 4,
  typical_p: 0.9,
  epsilon_cutoff: 0.01,
  eta_cutoff: 0.01,
  top_h: 0.8,
  encoder_repetition_penalty: 1.2,
  remove_invalid_values: true,
  do_sample: true,
};

const filled = (name: string, ...shape: number[]): NamedTensor => ({
  name,
  shape,
  values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.1),
});

/** A folder with every module that sentence-transformers has after its pooling. */
async function moduleFolder(): Promise<Map<string, Uint8Array>> {
  const saved = await savedFolder("bert", "feature-extraction");
  const settings = await readSentenceSettings(saved);
  await writeSentenceSettings(
    saved,
    { ...settings, pooling: { mode: "mean", normalize: true }, maxLength: 16 },
    sizes.hiddenSize,
  );
  const modules = ["models.Transformer", "models.Pooling", "models.Dense", "models.LayerNorm", "models.Dropout"].map(
    (type, idx) => ({
      idx,
      name: String(idx),
      path: idx === 0 ? "" : `${idx}_${type.slice(7)}`,
      type: `sentence_transformers.${type}`,
    }),
  );
  const files = new Map(saved.files);
  files.set("modules.json", jsonBytes(modules));
  files.set(
    "2_Dense/config.json",
    jsonBytes({ in_features: 8, out_features: 4, bias: true, activation_function: "torch.nn.modules.activation.Tanh" }),
  );
  files.set("2_Dense/model.safetensors", writeSafetensors([filled("linear.weight", 4, 8), filled("linear.bias", 4)]));
  files.set("3_LayerNorm/config.json", jsonBytes({ dimension: 4 }));
  files.set("3_LayerNorm/model.safetensors", writeSafetensors([filled("norm.weight", 4), filled("norm.bias", 4)]));
  files.set("4_Dropout/config.json", jsonBytes({ dropout: 0.1 }));
  return files;
}

/** model2vec's folder: a table, rows shared among tokens, and weights of tokens. */
async function staticFolder(): Promise<Map<string, Uint8Array>> {
  const { files } = await savedFolder("bert", "feature-extraction");
  const size = Object.keys(
    (JSON.parse(new TextDecoder().decode(files.get("tokenizer.json"))) as { model: { vocab: object } }).model.vocab,
  ).length;
  const mapping = { ...filled("mapping", size), values: Float32Array.from({ length: size }, (_, i) => i % 10) };
  return new Map([
    ["tokenizer.json", files.get("tokenizer.json")!],
    ["config.json", jsonBytes({ model_type: "model2vec", normalize: true, hidden_dim: 8, seq_length: 16 })],
    ["model.safetensors", writeSafetensors([filled("embeddings", 10, 8), mapping, filled("weights", size)])],
  ]);
}

const embed = (files: MemoryFiles) =>
  sharedEngine().then((engine) => usePipeline(featureExtraction(files, { engine }) as never, TEXT_TASK));

export const FOLDER_TARGETS: Readonly<Record<string, Target>> = {
  safetensors: async () => {
    const { files } = await savedFolder("bert", "feature-extraction");
    return weightMutants(files.get("model.safetensors")!).map((bytes) =>
      fileMutant("model.safetensors", bytes, async () => {
        const tensors = readSafetensors(bytes);
        for (const name of tensors.names()) tensors.shape(name);
        await load(memoryFiles([...files, ["model.safetensors", bytes]]));
      }),
    );
  },
  config: async () => {
    const folders = await Promise.all(
      FRESH_FAMILIES.map((family) => savedFolder(family, WRITERS[family] ?? "feature-extraction")),
    );
    return fc.oneof(...folders.map(({ files }) => folderMutants(files, ["config.json"], load)));
  },
  shards: async () => {
    const { files } = await savedFolder("bert", "feature-extraction");
    const weights = files.get("model.safetensors")!;
    const shard = "model-00001-of-00001.safetensors";
    const weight_map = Object.fromEntries([...readSafetensors(weights).names()].map((name) => [name, shard]));
    const index = "model.safetensors.index.json";
    const sharded = new Map([...files].filter(([name]) => name !== "model.safetensors"));
    sharded.set(shard, weights).set(index, jsonBytes({ metadata: { total_size: weights.length }, weight_map }));
    return folderMutants(sharded, [index], load);
  },
  adapter: async () => {
    const { base, adapter } = await adapterFolder();
    const read = async (files: MemoryFiles) => (await loadAdapted(await sharedEngine(), base, files))[Symbol.dispose]();
    return folderMutants(adapter.files, ["adapter_config.json", "adapter_model.safetensors"], read);
  },
  sentence: async () => {
    const files = await moduleFolder();
    const names = [...files.keys()].filter((name) => /modules|sentence|Pooling|Dense|LayerNorm|Dropout/.test(name));
    return folderMutants(files, names, embed);
  },
  "static-embedding": async () =>
    folderMutants(await staticFolder(), ["config.json", "model.safetensors", "tokenizer.json"], embed),
  description: async () => {
    const bert = new Map((await savedFolder("bert", "sequence-classification")).files);
    const folders = [bert, await moduleFolder(), await staticFolder()];
    return fc.oneof(
      ...folders.map((files) => folderMutants(files, [...files.keys()], (folder) => describeFolder(folder))),
    );
  },
  classification: async () => {
    const { files } = await savedFolder("bert", "sequence-classification");
    return folderMutants(files, ["config.json", "tokenizer_config.json"], async (folder) => {
      const engine = await sharedEngine();
      await usePipeline(textClassification(folder, { engine }) as never, TEXT_TASK);
    });
  },
  ranking: async () => {
    const { files } = await savedFolder("bert", "sequence-classification", 1);
    const all = new Map(files);
    all.set(
      "config_sentence_transformers.json",
      jsonBytes({
        activation_fn: "torch.nn.modules.linear.Identity",
        model_type: "CrossEncoder",
        default_prompt_name: null,
      }),
    );
    return folderMutants(all, ["config.json", "config_sentence_transformers.json"], async (folder) => {
      const engine = await sharedEngine();
      await usePipeline(textRanking(folder, { engine }) as never, { query: "low", texts: ["the", "new"] });
    });
  },
  tagging: async () => {
    const { files } = await savedFolder("bert", "token-classification");
    return folderMutants(files, ["config.json"], async (folder) => {
      const engine = await sharedEngine();
      await usePipeline(tokenClassification(folder, { engine }) as never, TEXT_TASK);
    });
  },
  answering: async () => {
    const { files } = await savedFolder("bert", "question-answering");
    return folderMutants(files, ["config.json", "tokenizer_config.json"], async (folder) => {
      const engine = await sharedEngine();
      await usePipeline(questionAnswering(folder, { engine }) as never, { question: "low", context: TEXT_TASK });
    });
  },
  "masked-words": async () => {
    const { files } = await savedFolder("roberta", "masked-lm");
    return folderMutants(files, ["config.json", "tokenizer_config.json"], async (folder) => {
      const engine = await sharedEngine();
      await usePipeline(fillMask(folder, { engine }) as never, "the [MASK] new");
    });
  },
  generation: async () => {
    const { files } = await savedFolder("gpt2", "causal-lm");
    const all = new Map([...files, ["generation_config.json", jsonBytes(GENERATION)]] as const);
    return folderMutants(all, ["generation_config.json", "config.json"], async (folder) => {
      const engine = await sharedEngine();
      await usePipeline(textGeneration(folder, { engine, max_new_tokens: 4 }) as never, "the");
    });
  },
  seq2seq: async () => {
    const folders = await Promise.all(["bart", "t5"].map((family) => savedFolder(family, "seq2seq-lm")));
    const settings = jsonBytes({ max_length: 6, num_beams: 2, forced_bos_token_id: 5, top_k: 4, length_penalty: 1 });
    const mutants = folders.map((saved) => {
      const files = new Map([...saved.files, ["generation_config.json", settings]] as const);
      return folderMutants(files, ["generation_config.json", "config.json"], async (folder) => {
        const engine = await sharedEngine();
        await usePipeline(text2textGeneration(folder, { engine, max_new_tokens: 4 }) as never, TEXT_TASK);
      });
    });
    return fc.oneof(...mutants);
  },
};
