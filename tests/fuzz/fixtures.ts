/** Valid files for the fuzzer: folders, tokenizers, adapters and data files as small as they go. */
import fc from "fast-check";
import { decodeLines, type Source } from "../../sdk/data/source.js";
import {
  adapt,
  Engine,
  freshConfig,
  freshModel,
  LabelSet,
  type ModelTask,
  memoryFiles,
  saveAdapter,
  saveModel,
} from "../../sdk/index.js";
import { type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "../../sdk/tokenizer/index.js";
import { writeCheckpoint } from "../../sdk/train/loop/checkpoint.js";
import { adamW } from "../../sdk/train/optim/adamw.js";
import { encode, fileMutant, type Mutant, type Target } from "./mutant.js";
import { mutantBytes, mutantJson, mutantLines } from "./mutations.js";

export const TEXTS = [
  "the lowest of the new is the widest",
  "naïve cafés in 東京 and 京都",
  "the newest of the low is lower",
];

/** A mutant of one file of a folder, the others as they are. */
export function folderMutants(
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
      return mutants.map((bytes) => fileMutant(name, bytes, () => read(memoryFiles([...files, [name, bytes]]))));
    }),
  );
}

export const tokenizers: Readonly<Record<string, () => Tokenizer>> = {
  wordpiece: () => trainWordPiece(TEXTS, { size: 60 }),
  bpe: () => trainBpe(TEXTS, { size: 290 }),
  unigram: () => trainUnigram(TEXTS, { size: 50 }),
};

/** Use a tokenizer in every way in which its parts can fail; `saved` if tokenizer.json can express it. */
export function tryTokenizer(tokenizer: Tokenizer, saved = true): void {
  const { ids } = tokenizer.encode("the lowest 東京 [MASK]</s>", "new\u0000 \ud800");
  for (const id of ids)
    if (tokenizer.token(id) === undefined) throw new Error(`the tokenizer made the id ${id}, which is no token`);
  tokenizer.decode(ids);
  if (saved) JSON.stringify(tokenizer);
}

export const sizes = {
  vocabSize: 60,
  numHiddenLayers: 1,
  hiddenSize: 8,
  numAttentionHeads: 2,
  maxPositionEmbeddings: 16,
  dropout: 0,
};

/** A saved folder of a family, as small as possible. */
export async function savedFolder(family: string, task: ModelTask, classes = 2) {
  const engine = await Engine.create();
  const tokenizer = tokenizers["wordpiece"]!();
  const classified = task === "sequence-classification" || task === "token-classification";
  const labels = classified ? new LabelSet(["B-a", "I-a", "O"].slice(0, classes)) : null;
  using loaded = freshModel(engine, freshConfig(family, { ...sizes, vocabSize: tokenizer.size }), task, 1, labels);
  const files = memoryFiles();
  await saveModel(files, { ...loaded, tokenizer, maxLength: 16 });
  engine[Symbol.dispose]();
  return files;
}

/** Open a pipeline, use it, and give everything back, whatever happens. */
export async function usePipeline<T>(
  open: Promise<((input: T) => unknown) & Partial<Disposable>>,
  input: T,
): Promise<void> {
  const pipeline = await open;
  try {
    await pipeline(input);
  } finally {
    pipeline[Symbol.dispose]?.();
  }
}

/** Families whose fresh models only write; all others encode. */
export const WRITERS: Readonly<Record<string, "causal-lm" | "seq2seq-lm">> = {
  gpt2: "causal-lm",
  bart: "seq2seq-lm",
  mbart: "seq2seq-lm",
  marian: "seq2seq-lm",
  t5: "seq2seq-lm",
  mt5: "seq2seq-lm",
  umt5: "seq2seq-lm",
};
export const TEXT_TASK = "the lowest of the new";

export const source = (name: string, bytes: Uint8Array): Source => ({ name, lines: decodeLines(one(bytes)) });
export async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

export const ROWS = 'text\tpair\tlabel\nthe cat sat\ta dog ran\tyes\nnew low\twide "quoted" low\tno\n\ttabs\tyes\n';
export const SCORES = "sentence1\tsentence2\tscore\nthe cat\ta cat\t4.5\nnew low\tlow new\t0\n";
export const JSON_ROWS = [
  { text: "a cat", label: "x" },
  { text: "a dog", pair: "low", label: "y" },
  { text: "", score: 0.5 },
];
export const QUESTIONS = {
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
export const CONLLU =
  "# text = The cat\n1\tThe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2-3\tcat's\t_\t_\t_\t_\t_\t_\t_\t_\n2\tcat\tcat\tNOUN\tNN\t_\t0\troot\t_\t_\n3\t's\t's\tPART\tPOS\t_\t2\tcase\t_\t_\n\n1\tLow\tlow\tADJ\tJJ\t_\t0\troot\t_\t_\n";

export function lineTarget(name: string, text: string, read: (s: Source) => AsyncIterable<unknown>): Target {
  return async () => mutantLines(text).map((bytes) => fileMutant(name, bytes, () => drain(read(source(name, bytes)))));
}

export function pieceFile(): Uint8Array {
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

export async function adapterFolder() {
  const engine = await Engine.create();
  const tokenizer = tokenizers["wordpiece"]!();
  const [base, adapter] = [memoryFiles(), memoryFiles()];
  using loaded = freshModel(
    engine,
    freshConfig("bert", { ...sizes, vocabSize: tokenizer.size }),
    "sequence-classification",
    1,
    new LabelSet(["a", "b"]),
  );
  await saveModel(base, { ...loaded, tokenizer, maxLength: 16 });
  using adapted = adapt(loaded, { r: 2, targets: ["query"] });
  await saveAdapter(adapter, adapted, "base");
  // Layers of their own, in values that change nothing.
  const config = JSON.parse(new TextDecoder().decode(adapter.files.get("adapter_config.json"))) as { r: number };
  const patterns = { rank_pattern: { "layer.0.*": config.r }, alpha_pattern: { "no.*such": 3 } };
  const choice = { layers_to_transform: [0, 1, 2, 3], layers_pattern: ["layer"], exclude_modules: ["no.such.layer"] };
  await adapter.write("adapter_config.json", encode(JSON.stringify({ ...config, ...patterns, ...choice })));
  return { base, adapter };
}

/** The header and the values of a safetensors file. */
export function parted(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
  return { header, body: bytes.subarray(8 + length) };
}

export function whole(header: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(body, 8 + header.length);
  return bytes;
}

export async function checkpointOf() {
  const engine = await Engine.create();
  const { weights } = freshModel(engine, freshConfig("bert", sizes), "masked-lm", 1);
  const optimizer = adamW(weights);
  const settings = { command: "pretrain", steps: 3 };
  return { optimizer, settings, bytes: writeCheckpoint(optimizer, { step: 1, epoch: 0, served: 2 }, settings) };
}
