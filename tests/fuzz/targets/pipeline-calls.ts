/** Pipelines and models: opened once, called with hostile inputs and options. */
import * as cloze from "../../../sdk/index.js";
import { savedFolder, sizes, tokenizers } from "../fixtures.js";
import { sharedEngine } from "../mutant.js";
import { type Call, call } from "./call.js";

const engine = await sharedEngine();
const folder = async (...args: Parameters<typeof savedFolder>) => savedFolder(...args);
const [plain, classes, words, spans, masked, causal, seq2seq] = await Promise.all([
  folder("bert", "feature-extraction"),
  folder("bert", "sequence-classification"),
  folder("bert", "token-classification"),
  folder("bert", "question-answering"),
  folder("bert", "masked-lm"),
  folder("gpt2", "causal-lm"),
  folder("t5", "seq2seq-lm"),
]);
const embed = await cloze.featureExtraction(plain!, { engine });
const classify = await cloze.textClassification(classes!, { engine });
const tag = await cloze.tokenClassification(words!, { engine });
const answer = await cloze.questionAnswering(spans!, { engine });
const fill = await cloze.fillMask(masked!, { engine });
const write = await cloze.textGeneration(causal!, { engine });
const rewrite = await cloze.text2textGeneration(seq2seq!, { engine });
const similar = await cloze.sentenceSimilarity(plain!, { engine });
const vectors = await cloze.wordVectors(plain!, { engine });
const loaded = await cloze.loadModel(engine, classes!);
export const PIPELINE_CALLS: Readonly<Record<string, Call>> = {
  featureExtraction: call(embed, () => [
    "the low",
    { pooling: "mean", normalize: true, length: 8, prefix: "a", layers: [1], special: true },
  ]),
  "featureExtraction, many": call(embed, () => [["the low", "new"]]),
  textClassification: call(classify, () => ["the low", { topK: 1, length: 8 }]),
  tokenClassification: call(tag, () => ["the low", { length: 8, grouping: "simple" }]),
  questionAnswering: call(answer, () => ["the low", "the lowest of the new", { topK: 1, length: 12 }]),
  fillMask: call(fill, () => ["the [MASK] new", { topK: 2, targets: ["the"] }]),
  textGeneration: call(write, () => ["the", { max_new_tokens: 2, temperature: 1, top_k: 2, num_beams: 1 }]),
  text2textGeneration: call(rewrite, () => ["the", { max_new_tokens: 2, num_beams: 2 }]),
  sentenceSimilarity: call(similar, () => ["the", ["low", "new"], { pooling: "mean" }]),
  wordVectors: call(vectors, () => [{ text: "the low", word: 1 }, { layers: [1] }]),
  "open featureExtraction": call(
    (options: object) => cloze.featureExtraction(plain!, { engine, ...options }).then((p) => p[Symbol.dispose]()),
    () => [{ pooling: "mean", normalize: true, length: 8 }],
  ),
  "open files": call(
    (files: never) => cloze.featureExtraction(files, { engine }).then((p) => p[Symbol.dispose]()),
    () => [plain!],
  ),
  loadModel: call(
    (options: object) => cloze.loadModel(engine, classes!, options).then((m) => m[Symbol.dispose]()),
    () => [{ task: "sequence-classification", seed: 1, scratch: false }],
  ),
  loadTokenizer: call(cloze.loadTokenizer, () => [plain!]),
  describeFolder: call(cloze.describeFolder, () => [plain!]),
  freshModel: call(
    (config: Readonly<Record<string, unknown>>, task: never, seed: number) =>
      cloze.freshModel(engine, config, task, seed)[Symbol.dispose](),
    () => [cloze.freshConfig("bert", sizes), "masked-lm", 1],
  ),
  adapt: call(
    (options: object) => cloze.adapt(loaded, options)[Symbol.dispose](),
    () => [{ r: 2, alpha: 4, dropout: 0, targets: ["query"] }],
  ),
  adamW: call(
    (options: Readonly<Record<string, unknown>>) => cloze.adamW(loaded.weights, options)[Symbol.dispose]?.(),
    () => [{ learningRate: 0.1, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-6 }],
  ),
  freeze: call(
    (patterns: string[]) => cloze.freeze(loaded.weights, patterns),
    () => [["nothing.*"]],
  ),
  saveTokenizer: call(
    (length: number) => cloze.saveTokenizer(cloze.memoryFiles(), tokenizers["wordpiece"]!(), length),
    () => [16],
  ),
  memoryFiles: call(
    (entries: never) => cloze.memoryFiles(entries).read("a"),
    () => [[["a", new Uint8Array(1)]]],
  ),
};
