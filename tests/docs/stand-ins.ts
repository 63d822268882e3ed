/**
 * Folders at the names of published models, where Cloze looks before the network: random weights in the published layout. What
 * a program prints with them means nothing; that it runs does.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type SentenceSettings, writeSentenceSettings } from "../../sdk/data.js";
import { Engine, freshConfig, freshModel, LabelSet, type ModelTask, saveModel } from "../../sdk/index.js";
import { writableFolder } from "../../sdk/node.js";
import { type Tokenizer, trainBpe, trainUnigram, trainWordPiece } from "../../sdk/tokenizer/index.js";

const LENGTH = 64;
const SENTENCES: SentenceSettings = {
  pooling: { mode: "mean", normalize: true },
  maxLength: LENGTH,
  prompts: {},
  prompt: null,
  promptCounts: true,
  similarity: "cosine",
  lowercase: false,
};

interface StandIn {
  readonly family?: string;
  readonly task: ModelTask;
  readonly width?: number;
  readonly layers?: number;
  readonly labels?: readonly string[];
  readonly tokenizer?: (texts: readonly string[]) => Tokenizer;
  /** whether it is a folder of sentence-transformers */
  readonly sentences?: boolean;
}

const FOLDERS: Readonly<Record<string, StandIn>> = {
  "sentence-transformers/all-MiniLM-L6-v2": { task: "feature-extraction", width: 384, layers: 1, sentences: true },
  "sentence-transformers/LaBSE": { task: "feature-extraction", sentences: true },
  "google-bert/bert-base-uncased": { task: "masked-lm" },
  "FacebookAI/xlm-roberta-base": { family: "xlm-roberta", task: "masked-lm" },
  "facebook/bart-large-mnli": { task: "sequence-classification", labels: ["contradiction", "entailment", "neutral"] },
  "distilbert/distilbert-base-uncased-finetuned-sst-2-english": {
    task: "sequence-classification",
    labels: ["NEGATIVE", "POSITIVE"],
  },
  "cross-encoder/ms-marco-MiniLM-L6-v2": { task: "sequence-classification", labels: ["LABEL_0"] },
  "distilbert/distilbert-base-cased-distilled-squad": { task: "question-answering" },
  "dslim/bert-base-NER": { task: "token-classification", labels: ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"] },
  "openai-community/gpt2": {
    family: "gpt2",
    task: "causal-lm",
    tokenizer: (texts) => trainBpe(texts, { size: 400, special: ["<|endoftext|>"] }),
  },
  "google-t5/t5-small": { family: "t5", task: "seq2seq-lm", tokenizer: (texts) => trainUnigram(texts, { size: 300 }) },
};

/** Write all of them into a project, with vocabularies learned from `texts`. */
export async function writeStandIns(project: string, texts: readonly string[]): Promise<void> {
  const wordPiece = trainWordPiece(texts, { size: 400 });
  for (const [name, { family = "bert", task, width = 32, layers = 2, labels, tokenizer, sentences }] of Object.entries(
    FOLDERS,
  )) {
    using engine = await Engine.create();
    const own = tokenizer?.(texts) ?? wordPiece;
    const config = freshConfig(family, {
      vocabSize: own.size,
      numHiddenLayers: layers,
      hiddenSize: width,
      numAttentionHeads: width / 16,
      maxPositionEmbeddings: LENGTH + 2,
      dropout: 0.1,
      special: own.special,
    });
    const model = freshModel(engine, config, task, 1, labels ? new LabelSet(labels) : null);
    const files = writableFolder(join(project, name));
    await saveModel(files, { ...model, tokenizer: own, maxLength: LENGTH });
    if (sentences) await writeSentenceSettings(files, SENTENCES, width);
    if (own === wordPiece)
      writeFileSync(
        join(project, name, "vocab.txt"),
        Array.from({ length: own.size }, (_, id) => `${own.token(id)}\n`).join(""),
      );
  }
}
