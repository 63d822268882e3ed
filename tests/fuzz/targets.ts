/**
 * What is fuzzed: every format that a reader of Cloze takes from a stranger. A target gives mutants of valid files, each
 * with a way to read it; a reader either works or throws an error that `judge.ts` accepts.
 */
import fc from "fast-check";
import { readTagged } from "../../sdk/data/conllu.js";
import { readDocuments } from "../../sdk/data/documents.js";
import { readQuestions } from "../../sdk/data/questions.js";
import { decodeLines, type Source } from "../../sdk/data/source.js";
import { readTextRows } from "../../sdk/data/text-rows.js";
import {
  adapt,
  classifyTask,
  Engine,
  featureExtraction,
  freshConfig,
  freshModel,
  LabelSet,
  loadAdapted,
  loadModel,
  loadTokenizer,
  memoryFiles,
  saveAdapter,
  saveModel,
  textClassification,
  textGeneration,
} from "../../sdk/index.js";
import { jsonBytes } from "../../sdk/io/files.js";
import { readSafetensors } from "../../sdk/io/safetensors.js";
import { readSentenceSettings } from "../../sdk/io/sentence.js";
import { writeSentenceSettings } from "../../sdk/io/write-sentence.js";
import {
  readMerges,
  readSentencePiece,
  type Tokenizer,
  trainBpe,
  trainUnigram,
  trainWordPiece,
} from "../../sdk/tokenizer/index.js";
import { readCheckpoint, writeCheckpoint } from "../../sdk/train/loop/checkpoint.js";
import { adamW } from "../../sdk/train/optim/optimizer.js";
import { mutantBytes, mutantJson, mutantLines } from "./mutations.js";

export interface Mutant {
  /** bytes of the mutated file: what memory is measured against */
  readonly size: number;
  /** the mutated file, to be kept when something is found */
  readonly bytes: Uint8Array;
  /** which file it is */
  readonly name: string;
  readonly read: () => unknown;
}

type Target = () => Promise<fc.Arbitrary<Mutant>>;

const TEXTS = ["the lowest of the new is the widest", "naïve cafés in 東京 and 京都", "the newest of the low is lower"];
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A mutant of one file of a folder, the others as they are. */
function folderMutants(
  files: ReadonlyMap<string, Uint8Array>,
  names: readonly string[],
  read: (files: ReturnType<typeof memoryFiles>) => unknown,
): fc.Arbitrary<Mutant> {
  return fc.oneof(
    ...names.map((name) => {
      const original = files.get(name);
      if (!original) throw new Error(`the fuzzed folder has no ${name}`);
      const mutants = name.endsWith(".json")
        ? mutantJson(JSON.parse(new TextDecoder().decode(original)))
        : name.endsWith(".txt")
          ? mutantLines(new TextDecoder().decode(original))
          : mutantBytes(original);
      return mutants.map((bytes) => ({
        size: bytes.length,
        bytes,
        name,
        read: () => read(memoryFiles([...files, [name, bytes]])),
      }));
    }),
  );
}

const tokenizers: Readonly<Record<string, () => Tokenizer>> = {
  wordpiece: () => trainWordPiece(TEXTS, { size: 60 }),
  bpe: () => trainBpe(TEXTS, { size: 290 }),
  unigram: () => trainUnigram(TEXTS, { size: 50 }),
};

/** Use a tokenizer in every way in which its parts can fail. */
function tryTokenizer(tokenizer: Tokenizer): void {
  const { ids } = tokenizer.encode("the lowest 東京 [MASK]</s>", "new\u0000 \ud800");
  for (const id of ids)
    if (tokenizer.token(id) === undefined) throw new Error(`the tokenizer made the id ${id}, which is no token`);
  tokenizer.decode(ids);
  JSON.stringify(tokenizer);
}

const sizes = { vocabulary: 60, layers: 1, width: 8, heads: 2, positions: 16, dropout: 0 };

/** A saved folder of a family, as small as it goes. */
async function savedFolder(
  family: string,
  task: "feature-extraction" | "sequence-classification" | "causal-lm" | "seq2seq-lm",
) {
  const engine = await Engine.create();
  const tokenizer = tokenizers["wordpiece"]!();
  const labels = task === "sequence-classification" ? new LabelSet(["a", "b"]) : null;
  using loaded = freshModel(engine, freshConfig(family, { ...sizes, vocabulary: tokenizer.size }), task, 1, labels);
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, length: 16 });
  engine[Symbol.dispose]();
  return files;
}

/** Open a pipeline, use it, and give everything back, whatever happens. */
async function usePipeline<T>(open: Promise<((input: T) => unknown) & Partial<Disposable>>, input: T): Promise<void> {
  const pipeline = await open;
  try {
    await pipeline(input);
  } finally {
    pipeline[Symbol.dispose]?.();
  }
}

const FAMILIES = ["bert", "roberta", "albert", "distilbert", "mpnet", "deberta-v2", "modernbert"];
const TEXT_TASK = "the lowest of the new";

const source = (name: string, bytes: Uint8Array): Source => ({ name, lines: decodeLines(one(bytes)) });
async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

const ROWS = 'text\tpair\tlabel\nthe cat sat\ta dog ran\tyes\nnew low\twide "quoted" low\tno\n\ttabs\tyes\n';
const JSON_ROWS = [
  { text: "a cat", label: "x" },
  { text: "a dog", pair: "low", label: "y" },
  { text: "", score: 0.5 },
];
const QUESTIONS = {
  version: "1.1",
  data: [
    {
      title: "t",
      paragraphs: [
        {
          context: "Anna lives in Rome.",
          qas: [{ id: "1", question: "Where?", answers: [{ text: "Rome", answer_start: 14 }] }],
        },
      ],
    },
  ],
};
const CONLLU =
  "# text = The cat\n1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2-3\tcat's\t_\t_\t_\t_\t_\t_\t_\t_\n2\tcat\tcat\tNOUN\tNN\t_\t0\troot\t_\t_\n3\t's\t's\tPART\tPOS\t_\t2\tcase\t_\t_\n\n1\tLow\tlow\tADJ\tJJ\t_\t0\troot\t_\t_\n";

function lineTarget(name: string, text: string, read: (s: Source) => AsyncIterable<unknown>): Target {
  return async () =>
    mutantLines(text).map((bytes) => ({
      size: bytes.length,
      bytes,
      name,
      read: () => drain(read(source(name, bytes))),
    }));
}

function pieceFile(): Uint8Array {
  const control = ["<unk>", "<pad>", "[CLS]", "[SEP]", "[MASK]"];
  const pieces = [...control, "▁the", "▁", "t", "h", "e", "l", "o", "w"].map((piece, i): [string, number] => [
    piece,
    i === 0 ? 2 : i < control.length ? 3 : 1,
  ]);
  return Uint8Array.from(
    pieces.flatMap(([piece, type]) => {
      const text = [...encode(piece)];
      const message = [10, text.length, ...text, 21, 0, 0, 128, 191, 24, type];
      return [10, message.length, ...message];
    }),
  );
}

async function adapterFolder() {
  const engine = await Engine.create();
  const tokenizer = tokenizers["wordpiece"]!();
  const [base, adapter] = [memoryFiles(), memoryFiles()];
  using loaded = freshModel(
    engine,
    freshConfig("bert", { ...sizes, vocabulary: tokenizer.size }),
    "sequence-classification",
    1,
    new LabelSet(["a", "b"]),
  );
  await saveModel(base, { ...loaded, tokenizer, length: 16 });
  using adapted = adapt(loaded, { r: 2, targets: ["query"] });
  await saveAdapter(adapter, adapted, "base");
  return { base, adapter };
}

export const TARGETS: Readonly<Record<string, Target>> = {
  safetensors: async () => {
    const files = await savedFolder("bert", "feature-extraction");
    const original = files.files.get("model.safetensors")!;
    const headerLength = Number(new DataView(original.buffer, original.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(original.subarray(8, 8 + headerLength)));
    const body = original.subarray(8 + headerLength);
    const whole = (json: Uint8Array): Uint8Array => {
      const bytes = new Uint8Array(8 + json.length + body.length);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
      bytes.set(json, 8);
      bytes.set(body, 8 + json.length);
      return bytes;
    };
    const mutants = fc.oneof(mutantJson(header).map(whole), mutantBytes(original));
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
    const folders = await Promise.all(FAMILIES.map((family) => savedFolder(family, "feature-extraction")));
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
      usePipeline(textGeneration(files, { max_new_tokens: 4 } as never) as never, "the"),
    );
  },
  adapter: async () => {
    const { base, adapter } = await adapterFolder();
    return folderMutants(adapter.files, ["adapter_config.json", "adapter_model.safetensors"], async (files) => {
      using engine = await Engine.create();
      (await loadAdapted(engine, base, files))[Symbol.dispose]();
    });
  },
  checkpoint: async () => {
    const engine = await Engine.create();
    const { weights } = freshModel(engine, freshConfig("bert", sizes), "masked-lm", 1);
    const optimizer = adamW(weights);
    const settings = { command: "pretrain", steps: 3 };
    const bytes = writeCheckpoint(optimizer, { step: 1, epoch: 0, served: 2 }, settings);
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
  "text-rows": lineTarget("rows.tsv", ROWS, (s) => readTextRows(s)),
  "json-rows": lineTarget("rows.jsonl", JSON_ROWS.map((row) => JSON.stringify(row)).join("\n"), (s) =>
    classifyTask("classify").read(s),
  ),
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
