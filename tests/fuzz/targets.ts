/**
 * What is fuzzed: every format that a reader of Cloze takes from a stranger. A target gives mutants of valid files, each
 * with a way to read it; a reader either works or throws an error that `judge.ts` accepts.
 */
import fc from "fast-check";
import { readTagged } from "../../sdk/data/conllu.js";
import { readDocuments } from "../../sdk/data/documents.js";
import { readQuestions } from "../../sdk/data/questions.js";
import { readTextRows } from "../../sdk/data/text-rows.js";
import {
  anyTask,
  classifyTask,
  Engine,
  embedTask,
  FRESH_FAMILIES,
  featureExtraction,
  loadAdapted,
  loadModel,
  loadTokenizer,
  memoryFiles,
  regressTask,
  tagTask,
  text2textGeneration,
  textClassification,
  textGeneration,
} from "../../sdk/index.js";
import { jsonBytes } from "../../sdk/io/files/files.js";
import { readSafetensors } from "../../sdk/io/safetensors/safetensors.js";
import { readSentenceSettings } from "../../sdk/io/sentence-transformers/sentence.js";
import { writeSentenceSettings } from "../../sdk/io/sentence-transformers/write-sentence.js";
import { readMerges, readSentencePiece } from "../../sdk/tokenizer/index.js";
import { readCheckpoint } from "../../sdk/train/loop/checkpoint.js";
import {
  adapterFolder,
  CONLLU,
  checkpointOf,
  drain,
  encode,
  folderMutants,
  JSON_ROWS,
  lineTarget,
  parted,
  pieceFile,
  QUESTIONS,
  ROWS,
  SCORES,
  savedFolder,
  sizes,
  source,
  type Target,
  TEXT_TASK,
  tokenizers,
  tryTokenizer,
  usePipeline,
  WRITERS,
  whole,
} from "./fixtures.js";
import { mutantBytes, mutantJson, mutantLines } from "./mutations.js";

export const TARGETS: Readonly<Record<string, Target>> = {
  safetensors: async () => {
    const files = await savedFolder("bert", "feature-extraction");
    const original = files.files.get("model.safetensors")!;
    const { header, body } = parted(original);
    const mutants = fc.oneof(
      mutantJson(header).map((json) => whole(json, body)),
      mutantBytes(original),
    );
    return mutants.map((bytes) => ({
      size: bytes.length,
      bytes,
      name: "model.safetensors",
      read: async () => {
        const tensors = readSafetensors(bytes);
        for (const name of tensors.names()) tensors.shape(name);
        using engine = await Engine.create();
        (await loadModel(engine, memoryFiles([...files.files, ["model.safetensors", bytes]])))[Symbol.dispose]();
      },
    }));
  },
  config: async () => {
    const folders = await Promise.all(
      FRESH_FAMILIES.map((family) => savedFolder(family, WRITERS[family] ?? "feature-extraction")),
    );
    const read = async (files: ReturnType<typeof memoryFiles>) => {
      using engine = await Engine.create();
      (await loadModel(engine, files))[Symbol.dispose]();
    };
    return fc.oneof(...folders.map(({ files }) => folderMutants(files, ["config.json"], read)));
  },
  "tokenizer-json": async () => {
    const jsons = Object.values(tokenizers).map((make) => JSON.parse(JSON.stringify(make())) as unknown);
    return fc.oneof(...jsons.map(mutantJson)).map((bytes) => ({
      size: bytes.length,
      bytes,
      name: "tokenizer.json",
      read: async () => tryTokenizer(await loadTokenizer(memoryFiles([["tokenizer.json", bytes]]))),
    }));
  },
  "tokenizer-settings": async () => {
    const { files } = await savedFolder("bert", "feature-extraction");
    const names = ["tokenizer_config.json", "special_tokens_map.json", "vocab.txt"];
    const bare = new Map([...files].filter(([name]) => name !== "tokenizer.json"));
    const read = async (folder: ReturnType<typeof memoryFiles>) => tryTokenizer(await loadTokenizer(folder));
    return fc.oneof(folderMutants(files, names.slice(0, 2), read), folderMutants(bare, names, read));
  },
  "vocabulary-merges": async () => {
    const model = (
      JSON.parse(JSON.stringify(tokenizers["bpe"]!())) as { model: { vocab: object; merges: (string | string[])[] } }
    ).model;
    const merges = model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" "))).join("\n");
    const files = new Map([
      ["vocab.json", jsonBytes(model.vocab)],
      ["merges.txt", encode(`#version: 0.2\n${merges}\n`)],
    ]);
    return folderMutants(files, [...files.keys()], async ({ files: now }) => {
      const text = (name: string) => new TextDecoder().decode(now.get(name));
      tryTokenizer(readMerges(text("vocab.json"), text("merges.txt")));
    });
  },
  sentencepiece: async () =>
    mutantBytes(pieceFile()).map((bytes) => ({
      size: bytes.length,
      bytes,
      name: "spiece.model",
      read: () => tryTokenizer(readSentencePiece(bytes, { family: "albert" })),
    })),
  sentence: async () => {
    const saved = await savedFolder("bert", "feature-extraction");
    const settings = await readSentenceSettings(saved);
    await writeSentenceSettings(
      saved,
      { ...settings, pooling: { mode: "mean", normalize: true }, length: 16 },
      sizes.width,
    );
    const names = [...saved.files.keys()].filter((name) => /modules|sentence|Pooling/.test(name));
    return folderMutants(saved.files, names, (files) => usePipeline(featureExtraction(files) as never, TEXT_TASK));
  },
  classification: async () => {
    const { files } = await savedFolder("bert", "sequence-classification");
    return folderMutants(files, ["config.json", "tokenizer_config.json"], (folder) =>
      usePipeline(textClassification(folder) as never, TEXT_TASK),
    );
  },
  generation: async () => {
    const saved = await savedFolder("gpt2", "causal-lm");
    await saved.write(
      "generation_config.json",
      jsonBytes({
        max_new_tokens: 4,
        eos_token_id: 3,
        num_beams: 1,
        temperature: 1,
        top_k: 5,
        top_p: 0.9,
        bad_words_ids: [[4, 5]],
        repetition_penalty: 1.1,
        no_repeat_ngram_size: 2,
      }),
    );
    return folderMutants(saved.files, ["generation_config.json", "config.json"], (files) =>
      usePipeline(textGeneration(files, { max_new_tokens: 4 }) as never, "the"),
    );
  },
  seq2seq: async () => {
    const folders = await Promise.all(["bart", "t5"].map((family) => savedFolder(family, "seq2seq-lm")));
    const mutants = folders.map((saved) => {
      const files = new Map([
        ...saved.files,
        [
          "generation_config.json",
          jsonBytes({ max_length: 6, num_beams: 2, forced_bos_token_id: 5, top_k: 4 }),
        ] as const,
      ]);
      return folderMutants(files, ["generation_config.json", "config.json"], (folder) =>
        usePipeline(text2textGeneration(folder, { max_new_tokens: 4 }) as never, TEXT_TASK),
      );
    });
    return fc.oneof(...mutants);
  },
  shards: async () => {
    const { files } = await savedFolder("bert", "feature-extraction");
    const weights = files.get("model.safetensors")!;
    const shard = "model-00001-of-00001.safetensors";
    const weight_map = Object.fromEntries([...readSafetensors(weights).names()].map((name) => [name, shard]));
    const index = "model.safetensors.index.json";
    const sharded = new Map([...files].filter(([name]) => name !== "model.safetensors"));
    sharded.set(shard, weights).set(index, jsonBytes({ metadata: { total_size: weights.length }, weight_map }));
    return folderMutants(sharded, [index], async (folder) => {
      using engine = await Engine.create();
      (await loadModel(engine, folder))[Symbol.dispose]();
    });
  },
  adapter: async () => {
    const { base, adapter } = await adapterFolder();
    return folderMutants(adapter.files, ["adapter_config.json", "adapter_model.safetensors"], async (files) => {
      using engine = await Engine.create();
      (await loadAdapted(engine, base, files))[Symbol.dispose]();
    });
  },
  checkpoint: async () => {
    const { optimizer, settings, bytes } = await checkpointOf();
    return mutantBytes(bytes.slice(0, 4000)).map((head) => {
      const mutant = new Uint8Array(bytes.length);
      mutant.set(bytes);
      mutant.set(head.subarray(0, bytes.length));
      return {
        size: mutant.length,
        bytes: mutant,
        name: "checkpoint.safetensors",
        read: () => readCheckpoint(mutant, optimizer, settings),
      };
    });
  },
  "checkpoint-metadata": async () => {
    const { optimizer, settings, bytes } = await checkpointOf();
    const { header, body } = parted(bytes);
    const metadata = header["__metadata__"] as Record<string, string>;
    const of = (name: string) =>
      mutantJson(JSON.parse(metadata[name]!)).map((json) => {
        const changed = { ...metadata, [name]: new TextDecoder().decode(json) };
        const mutant = whole(encode(JSON.stringify({ ...header, __metadata__: changed })), body);
        return {
          size: mutant.length,
          bytes: mutant,
          name: "checkpoint.safetensors",
          read: () => readCheckpoint(mutant, optimizer, settings),
        };
      });
    return fc.oneof(...["position", "settings", "steps"].map(of));
  },
  "text-rows": lineTarget("rows.tsv", ROWS, (s) => readTextRows(s)),
  "json-rows": lineTarget("rows.jsonl", JSON_ROWS.map((row) => JSON.stringify(row)).join("\n"), (s) =>
    classifyTask("classify").read(s),
  ),
  "task-rows": async () => {
    const pooling = { mode: "mean", normalize: true } as const;
    const tasks = [anyTask(regressTask()), anyTask(classifyTask("classify")), anyTask(embedTask(pooling, true))];
    return fc.oneof(mutantLines(ROWS), mutantLines(SCORES)).chain((bytes) =>
      fc.constantFrom(...tasks).map((task) => ({
        size: bytes.length,
        bytes,
        name: "rows.tsv",
        read: () => drain(task.read(source("rows.tsv", bytes))),
      })),
    );
  },
  "task-tags": lineTarget("tags.conllu", CONLLU, (s) => tagTask.read(s)),
  conllu: lineTarget("tags.conllu", CONLLU, (s) => readTagged(s)),
  documents: lineTarget("text.txt", "a line\nanother\n\nthe next document\n", (s) => readDocuments(s)),
  questions: async () =>
    fc
      .oneof(
        mutantJson(QUESTIONS),
        mutantJson({ id: "1", question: "Where?", context: "In Rome.", answers: [{ text: "Rome", start: 3 }] }),
      )
      .map((bytes) => ({
        size: bytes.length,
        bytes,
        name: "questions.json",
        read: () => drain(readQuestions(source("questions.json", bytes))),
      })),
};
