/**
 * What each layer knows: a linear classifier reads the part of speech of a word from its vector in that layer. Belinkov 2022,
 * "Probing classifiers". The embeddings know the word alone; what a layer adds, it has from the context.
 */
import { readTagged, sampleOf, seed, type TaggedSentence, textSource } from "cloze/data";
import { atLayers, hiddenStates, wordVector } from "cloze/tensor";
import { openedModel } from "./opened.js";

export interface Probe {
  /** 0 for the embeddings */
  readonly layer: number;
  readonly accuracy: number;
}

export interface ProbeResult {
  /** accuracy of always answering the most frequent tag */
  readonly baseline: number;
  readonly words: number;
}

/** Sentences for training and testing: enough for some thousand words. */
const SENTENCES = { train: 220, test: 120 } as const;
const LONGEST = 64;
const [EPOCHS, RATE] = [8, 0.05];

async function sentencesOf(part: keyof typeof SENTENCES): Promise<TaggedSentence[]> {
  const response = await fetch(new URL(`./data/tags.${part}.tsv`, self.location.href));
  if (!response.ok) throw new Error(`the tagged sentences cannot be loaded: the server answers ${response.status}`);
  const sentences: TaggedSentence[] = [];
  for await (const sentence of readTagged(textSource(part, await response.text()))) sentences.push(sentence);
  return sentences.slice(0, SENTENCES[part]);
}

interface Item {
  readonly vector: Float64Array;
  readonly tag: number;
}

/** Subtract the mean of the training vectors, divide by their deviation. */
function standardized(train: readonly Item[], test: readonly Item[]): [Item[], Item[]] {
  const width = train[0]!.vector.length;
  const mean = new Float64Array(width);
  for (const { vector } of train) for (let d = 0; d < width; d++) mean[d]! += vector[d]! / train.length;
  const variance = new Float64Array(width);
  for (const { vector } of train)
    for (let d = 0; d < width; d++) variance[d]! += (vector[d]! - mean[d]!) ** 2 / train.length;
  const scaled = ({ vector, tag }: Item): Item => ({
    tag,
    vector: vector.map((x, d) => (x - mean[d]!) / Math.sqrt(variance[d]! + 1e-6)),
  });
  return [train.map(scaled), test.map(scaled)];
}

/** Probabilities of the classes of one vector. */
function predicted(weights: Float64Array, bias: Float64Array, vector: Float64Array): Float64Array {
  const width = vector.length;
  const scores = bias.map((start, c) => {
    let sum = start;
    for (let d = 0; d < width; d++) sum += weights[c * width + d]! * vector[d]!;
    return sum;
  });
  const highest = Math.max(...scores);
  const shares = scores.map((score) => Math.exp(score - highest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}

/** Softmax regression by stochastic gradient descent; returns the accuracy on the test items. */
function probe(train: readonly Item[], test: readonly Item[], classes: number): number {
  const width = train[0]!.vector.length;
  const [weights, bias] = [new Float64Array(classes * width), new Float64Array(classes)];
  const rng = seed(1);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const rate = (RATE * (1 - epoch / EPOCHS)) / Math.sqrt(width);
    for (let turn = 0; turn < train.length; turn++) {
      const { vector, tag } = train[rng.integer(train.length)]!;
      const shares = predicted(weights, bias, vector);
      for (let c = 0; c < classes; c++) {
        const step = rate * ((c === tag ? 1 : 0) - shares[c]!);
        bias[c]! += step;
        for (let d = 0; d < width; d++) weights[c * width + d]! += step * vector[d]!;
      }
    }
  }
  const right = test.filter(({ vector, tag }) => {
    const shares = predicted(weights, bias, vector);
    return shares.indexOf(Math.max(...shares)) === tag;
  });
  return right.length / test.length;
}

let stopping = false;

/** Stop after the next layer. */
export function stopProbing(): void {
  stopping = true;
}

/** Probe one layer after another; null where it was stopped. */
export async function probeLayers(model: string, tell: (probe: Probe) => void): Promise<ProbeResult | null> {
  stopping = false;
  const { loaded, tokenizer } = await openedModel(model, "feature-extraction");
  const parts = { train: await sentencesOf("train"), test: await sentencesOf("test") };
  const tags = [...new Set(parts.train.flatMap((sentence) => sentence.tags))].sort();
  const length = Math.min(LONGEST, loaded.model.maxLength);
  const samplesOf = (sentences: readonly TaggedSentence[]) =>
    sentences.map(({ words }) => sampleOf(tokenizer.encode(words, undefined, { truncate: { length } })));
  const samples = { train: samplesOf(parts.train), test: samplesOf(parts.test) };
  const itemsOf = (part: keyof typeof parts, layer: number): Item[] =>
    hiddenStates(atLayers(loaded.model, [layer]), samples[part]).flatMap((states, i) => {
      const sample = samples[part][i]!;
      const seen = new Set(sample.words);
      return parts[part][i]!.tags.flatMap((tag, word) =>
        seen.has(word) && tags.includes(tag)
          ? [{ tag: tags.indexOf(tag), vector: Float64Array.from(wordVector(states, sample, word)) }]
          : [],
      );
    });
  const layers = layerCount(loaded.config);
  let baseline = 0;
  let words = 0;
  for (let layer = 0; layer <= layers; layer++) {
    const [train, test] = standardized(itemsOf("train", layer), itemsOf("test", layer));
    const counts = tags.map((_, tag) => train.filter((item) => item.tag === tag).length);
    const most = counts.indexOf(Math.max(...counts));
    [baseline, words] = [test.filter(({ tag }) => tag === most).length / test.length, test.length];
    tell({ layer, accuracy: probe(train, test, tags.length) });
    await new Promise((resume) => setTimeout(resume, 0));
    if (stopping) return null;
  }
  return { baseline, words };
}

/** Layers of a model by its config.json. */
function layerCount(config: Readonly<Record<string, unknown>>): number {
  const count = config["num_hidden_layers"] ?? config["n_layer"] ?? config["encoder_layers"] ?? config["num_layers"];
  if (typeof count !== "number") throw new Error("config.json does not say how many layers the model has");
  return count;
}
