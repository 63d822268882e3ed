/**
 * Names that examples in docstrings use without defining them: an engine, a small model, texts. They are compiled with
 * every example that uses them, and run with those that need nothing from outside.
 */
import { collate, sampleOf, seed, tokenizeDocuments } from "../../sdk/data.js";
import { causalWriter } from "../../sdk/generate.js";
import {
  adamW,
  classifyTask,
  Engine,
  electraConfigs,
  freshConfig,
  freshElectra,
  freshModel,
  type LabelledText,
  LabelSet,
  linearSchedule,
  maskedLm,
  memoryFiles,
  type Stage,
  saveModel,
  single,
} from "../../sdk/index.js";
import { type Tensor, tensor } from "../../sdk/tensor/tensor.js";
import { constant, KeyBlocks, type Pooling, Weights } from "../../sdk/tensor.js";
import { trainWordPiece } from "../../sdk/tokenizer/index.js";

export const engine = await Engine.create();
export const rng = seed(1);
export const texts = ["the cat sat on the mat", "a dog ran to the cat", "the sun is up", "dogs and cats ran on"];
export const tokenizer = trainWordPiece(texts, { size: 60 });
export const sizes = {
  vocabSize: 2 * tokenizer.size,
  numHiddenLayers: 3,
  hiddenSize: 16,
  numAttentionHeads: 2,
  maxPositionEmbeddings: 64,
  dropout: 0.1,
};
export const length = 32;
export const loaded = freshModel(engine, freshConfig("bert", sizes), "pretraining", 1);
export const model = loaded.model;
export const weights = loaded.weights;
export const teacher = { ...loaded };
export const files = memoryFiles();
await saveModel(files, { ...loaded, tokenizer, maxLength: length });

export const samples = texts.map((text) => sampleOf(tokenizer.encode(text)));
export const sample = samples[0]!;
export const batch = collate(samples);
export const documents = tokenizeDocuments(tokenizer, [texts, texts]);
export const pooling: Pooling = { mode: "mean", normalize: true };
/** Vectors of two languages, as wide as the model. */
export const english = [2, 3, 5].map((n) => Float32Array.from({ length: 16 }, (_, i) => (i % n) - 1));
export const german = english.map((vector) => vector.map((x) => x + 0.1));

export const objective = single(maskedLm({ tokenizer }));
export const optimizer = adamW(weights);
export const learningRate = linearSchedule(1e-3, 2, 20);
export const settings = { tokenizer, labels: new LabelSet(["bad", "good"]), maxLength: length };
export const task = classifyTask("classify");

export const examples: LabelledText[] = [
  { text: "the sun is up", label: "good" },
  { text: "a dog ran", label: "bad" },
];
export const classifier = freshModel(engine, freshConfig("bert", sizes), "sequence-classification", 1, settings.labels);
export const qa = freshModel(engine, freshConfig("bert", sizes), "question-answering", 1);
/** Options of training and fine-tuning, for a few steps. */
export const training = {
  engine,
  model,
  samples: () => samples,
  optimizer,
  learningRate,
  batchSize: 2,
  seed: 1,
  steps: 2,
};
export const options = { settings, train: examples, epochs: 1, learningRate: 1e-3, batchSize: 2, seed: 1 };
export const short: Stage<typeof model> = { until: 2, objective, samples: () => samples };
export const long: Stage<typeof model> = { until: 4, objective, samples: () => samples };
export const pair = freshElectra(engine, electraConfigs({ ...sizes, embeddingSize: 16 }), 1);
export const question = {
  id: "1",
  question: "where does anna live?",
  context: "anna lives in rome.",
  answers: [{ text: "rome", start: 14 }],
};
export const sentence = documents[0]![0]!;
export const heldOut = samples.slice(1);
/** A fake copy of the language of the texts. */
export const language = { shift: tokenizer.size };
export const special = new Set(Object.values(tokenizer.special).filter((id) => id !== undefined));

export const gpt = freshModel(engine, freshConfig("gpt2", sizes), "causal-lm", 1);
export const ids = sample.ids;
export const eos = 3;
export const writer = causalWriter({ engine }, gpt.model, [ids]);

/** Five rows of 24 numbers: the tokens of two sequences. */
const rowsOf = (divisor: number): Tensor =>
  tensor(
    engine,
    Float32Array.from({ length: 5 * 24 }, (_, i) => (i % 7) / divisor),
    [5, 24],
  );
export const x = rowsOf(1);
export const q = rowsOf(2);
export const k = rowsOf(3);
export const v = rowsOf(4);
export const y = rowsOf(1);
/** Keys, values and queries of the two sequences in 12 heads of 64, and a place to keep the first two. */
export const starts = Int32Array.of(0, 3, 5);
const headRows = () =>
  tensor(
    engine,
    Float32Array.from({ length: 5 * 12 * 64 }, (_, i) => (i % 11) / 11),
    [5, 12 * 64],
  );
export const query = headRows();
export const key = headRows();
export const value = headRows();
export const kept = new KeyBlocks(engine, { heads: 12, dim: 64 });
/** A score for each bucket and head, and where weights with a name begin. */
export const table = tensor(engine, new Float32Array(64), [32, 2]);
export const w = new Weights(engine, { seed: 1 });
export const weight = w.matrix("weight", [7, 24], constant(0.1));
/** One more token for each sequence of `batch`. */
export const next = collate(texts.map(() => sampleOf(tokenizer.encode("a", undefined, { special: false }))));

export const labels = new LabelSet(["NOUN", "VERB"]);
export const tagger = freshModel(engine, freshConfig("bert", sizes), "token-classification", 1, labels);
