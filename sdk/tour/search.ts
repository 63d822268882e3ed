/** Search by meaning: sentences as vectors, and the nearest ones to a query. */
import { type Engine, featureExtraction, type LabelledText, loadModel, loadTokenizer, nearest } from "cloze";
import { centred } from "cloze/multilingual";
import { embedTexts } from "cloze/tensor";
import { filesAt, type ModelPlace } from "./model-place.js";

const QUERIES = ["The dog is hungry.", "It rained all day.", "We cooked a meal together."];

/** Number of premises among which each hypothesis must find its own. */
const PREMISES = 200;

const LENGTH = 64;
const FOUND = 3;

export interface Search {
  readonly sentences: number;
  readonly queries: readonly {
    readonly query: string;
    readonly found: readonly { readonly text: string; readonly score: number }[];
  }[];
  /** share of hypotheses whose nearest premise is their own */
  readonly premises: {
    readonly count: number;
    /** by vectors of the sentence encoder, which was trained to compare sentences */
    readonly encoder: number;
    /** by mean vectors of the pre-trained network, which was not */
    readonly pretrained: number;
    readonly random: number;
    /** by the share of words in common */
    readonly words: number;
  };
}

/** Vectors of texts by a sentence encoder. */
async function encoderOf(engine: Engine, place: ModelPlace) {
  const encode = await featureExtraction(filesAt(place), { engine });
  const embed = (texts: readonly string[]) => encode(texts).map((vector) => Float64Array.from(vector));
  return Object.assign(embed, { [Symbol.dispose]: () => encode[Symbol.dispose]() });
}

/** Vectors of texts: the mean of the last hidden states, minus the mean over all texts. */
async function embedder(engine: Engine, place: ModelPlace, scratch: boolean) {
  const files = filesAt(place);
  const tokenizer = await loadTokenizer(files);
  const loaded = await loadModel(engine, files, { task: "feature-extraction", scratch, seed: 1 });
  const embed = (texts: readonly string[]) =>
    centred(embedTexts(loaded.model, tokenizer, texts, { mode: "mean", normalize: false }, LENGTH));
  return Object.assign(embed, { [Symbol.dispose]: () => loaded[Symbol.dispose]() });
}

/** Share of the first texts whose nearest second text has the same index. */
function foundFirst(first: readonly Float64Array[], second: readonly Float64Array[]): number {
  return first.filter((vector, i) => nearest(vector, second, 1)[0]!.index === i).length / first.length;
}

const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/\p{L}+/gu) ?? []);

/** The same by the Jaccard similarity of words instead of vectors. */
function foundByWords(first: readonly string[], second: readonly string[]): number {
  const others = second.map(wordsOf);
  const right = first.map(wordsOf).filter((words, i) => {
    const overlap = others.map((other) => {
      const common = [...words].filter((word) => other.has(word)).length;
      return common / (words.size + other.size - common || 1);
    });
    return overlap.indexOf(Math.max(...overlap)) === i;
  });
  return right.length / first.length;
}

export interface SearchOptions {
  /** the sentence encoder that searches */
  readonly encoder: ModelPlace;
  /** the masked language model of the tour, compared with its pre-trained and with random weights */
  readonly pretrained: ModelPlace;
  /** the sentences to search */
  readonly sentences: readonly string[];
  /** premises with hypotheses; the entailed hypotheses are the queries */
  readonly pairs: readonly LabelledText[];
}

export async function search(
  engine: Engine,
  { encoder, pretrained, sentences, pairs }: SearchOptions,
): Promise<Search> {
  using encode = await encoderOf(engine, encoder);
  using mean = await embedder(engine, pretrained, false);
  using random = await embedder(engine, pretrained, true);
  const vectors = encode([...QUERIES, ...sentences]);
  const queries = QUERIES.map((query, i) => ({
    query,
    found: nearest(vectors[i]!, vectors.slice(QUERIES.length), FOUND).map(({ index, score }) => ({
      text: sentences[index]!,
      score,
    })),
  }));
  const entailed = pairs.filter(({ label }) => label === "entailment").slice(0, PREMISES);
  const [hypotheses, premises] = [entailed.map(({ pair }) => pair!), entailed.map(({ text }) => text)];
  const [byEncoder, byPretrained, byRandom] = [encode, mean, random].map((embed) =>
    foundFirst(embed(hypotheses), embed(premises)),
  );
  const shares = { encoder: byEncoder!, pretrained: byPretrained!, random: byRandom! };
  return {
    sentences: sentences.length,
    queries,
    premises: { count: entailed.length, ...shares, words: foundByWords(hypotheses, premises) },
  };
}
