/**
 * Two languages in one model: a real one beside English, or a fake copy of English that shares no word with it (K et al. 2020;
 * Dufter & Schütze 2020). How near are a sentence and its translation, before and after each language's mean is subtracted?
 */
import { adamW, Engine, freshConfig, freshModel, linearSchedule, type Model, maskedLm, single, train } from "cloze";
import {
  packSentences,
  readDocuments,
  type Sample,
  sampleOf,
  seed,
  shuffle,
  textSource,
  tokenizeDocuments,
} from "cloze/data";
import { centred, embedLayers, type FakeLanguage, fakeCopy, retrievalFigures, splitSpecial } from "cloze/multilingual";
import { principalComponents } from "cloze/report";
import { trainWordPiece } from "cloze/tokenizer";

export interface LanguagesRequest {
  /** `fake`, or the name of a text of the playground that is parallel to the English one */
  readonly second: "fake" | "german" | "spanish" | "french" | "chinese";
  readonly steps: number;
  /** the fake language has its own positions, segments and special tokens */
  readonly split: boolean;
  /** the fake language is written backwards */
  readonly inverted: boolean;
}

export interface Space {
  /** share of sentences whose nearest in the other language is their own, mean of both directions, by layer */
  readonly retrieval: readonly number[];
  /** the sentences of the first language, then of the second, on a plane, of the middle layer */
  readonly plane: readonly (readonly [number, number])[];
}

export interface LanguagesTold {
  readonly step: number;
  readonly loss: number;
  readonly before: Space;
  readonly after: Space;
  readonly sentences: number;
  readonly layer: number;
}

const [LENGTH, VOCABULARY, BATCH] = [32, 1500, 48];
const SIZES = { numHiddenLayers: 4, hiddenSize: 64, numAttentionHeads: 1, dropout: 0.1 };
/** Points of the curve, sentences that are compared, and those of them on the plane. */
const [POINTS, COMPARED, DRAWN] = [10, 200, 60];

interface Corpus {
  readonly vocabSize: number;
  readonly training: readonly Sample[];
  /** sentences that were not trained on, with their counterparts */
  readonly held: readonly (readonly [Sample, Sample])[];
  readonly objective: ReturnType<typeof maskedLm>;
}

async function linesOf(name: string): Promise<string[]> {
  const response = await fetch(new URL(`./texts/${name}.txt`, self.location.href));
  if (!response.ok) throw new Error(`the text ${name} cannot be loaded: the server answers ${response.status}`);
  const lines: string[] = [];
  for await (const document of readDocuments(textSource(name, await response.text()))) lines.push(...document);
  return lines;
}

/** Every eighth sentence is held out. */
const isHeld = (i: number): boolean => i % 8 === 0;

async function fakeCorpus({ split, inverted }: LanguagesRequest): Promise<Corpus> {
  const lines = await linesOf("english");
  const tokenizer = trainWordPiece(lines, { size: VOCABULARY });
  const shift = tokenizer.size;
  const language: FakeLanguage = { shift, firstPosition: split ? LENGTH : 0, inverted };
  const documents = tokenizeDocuments(
    tokenizer,
    lines.map((line) => [line]),
  );
  const samples = packSentences(documents, { maxLength: LENGTH, tokenizer });
  const own = samples.filter((_, i) => !isHeld(i));
  const copy = (sample: Sample) => fakeCopy(sample, language);
  const vocabulary = { size: 2 * shift, special: tokenizer.special };
  const replacement = split ? { mask: 0.9, random: 0 } : { mask: 0.8, random: 0.1 };
  const masked = maskedLm({ tokenizer: vocabulary, selection: "transformers", replacement });
  const special = new Set(Object.values(tokenizer.special));
  return {
    vocabSize: 2 * shift,
    training: [...own, ...own.map(copy)],
    held: samples.filter((_, i) => isHeld(i)).map((sample) => [sample, copy(sample)] as const),
    objective: split ? splitSpecial(masked, language, special) : masked,
  };
}

async function realCorpus({ second }: LanguagesRequest): Promise<Corpus> {
  const [english, other] = [await linesOf("parallel-english"), await linesOf(second)];
  if (english.length !== other.length)
    throw new Error(`the texts are not parallel: ${english.length} and ${other.length} sentences`);
  const tokenizer = trainWordPiece([...english, ...other], { size: 2 * VOCABULARY });
  const sampleIn = (line: string) => sampleOf(tokenizer.encode(line, undefined, { truncate: { length: LENGTH } }));
  const pairs = english.map((line, i) => [sampleIn(line), sampleIn(other[i]!)] as const);
  return {
    vocabSize: tokenizer.size,
    training: pairs.filter((_, i) => !isHeld(i)).flat(),
    held: pairs.filter((_, i) => isHeld(i)),
    objective: maskedLm({ tokenizer }),
  };
}

/** A vector at length 1: cosines find translations, and on the plane a few long vectors would crowd all others together. */
function unit(vector: ArrayLike<number>): number[] {
  const values = Array.from(vector);
  const length = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)) || 1;
  return values.map((x) => x / length);
}

/** Both languages' vectors of every layer, in one space. */
function spaceOf(first: readonly ArrayLike<number>[][], second: readonly ArrayLike<number>[][], layer: number): Space {
  const drawn = [...first[layer]!.slice(0, DRAWN), ...second[layer]!.slice(0, DRAWN)];
  return {
    retrieval: first.map((vectors, i) => retrievalFigures(vectors, second[i]!).mean),
    plane: principalComponents(drawn.map(unit)),
  };
}

function measure(model: Model<"masked-lm">, held: Corpus["held"]) {
  const vectorsOf = (side: 0 | 1) =>
    embedLayers(
      model,
      held.map((pair) => pair[side]),
      { mode: "mean", normalize: false },
      { special: false },
    );
  const [first, second] = [vectorsOf(0), vectorsOf(1)];
  const layer = Math.floor(first.length / 2);
  const centre = (layers: readonly Float32Array[][]) => layers.map((vectors) => centred(vectors));
  return {
    before: spaceOf(first, second, layer),
    after: spaceOf(centre(first), centre(second), layer),
    sentences: held.length,
    layer,
  };
}

let stopping = false;

/** Stop after the next step. */
export function stopLanguages(): void {
  stopping = true;
}

/** Learn both languages with one masked LM, and tell how near they are as it learns. */
export async function learnLanguages(
  request: LanguagesRequest,
  tell: (told: LanguagesTold) => void,
  follow: (step: number) => void,
): Promise<void> {
  stopping = false;
  const { vocabSize, training, held, objective } = await (request.second === "fake"
    ? fakeCorpus(request)
    : realCorpus(request));
  const compared = held.slice(0, COMPARED);
  using engine = await Engine.create({ build: "strict" });
  const config = freshConfig("bert", {
    ...SIZES,
    vocabSize,
    maxPositionEmbeddings: 2 * LENGTH,
    initializerRange: 0.07,
  });
  const { model, weights } = freshModel(engine, config, "masked-lm", 1);
  using optimizer = adamW(weights, { weightDecay: 0.01 });
  const { steps } = request;
  const every = Math.max(1, Math.round(steps / POINTS));
  tell({ step: 0, loss: Number.NaN, ...measure(model, compared) });
  for await (const { step, loss } of train({
    ...{ engine, model, optimizer, steps, seed: 1, batchSize: BATCH },
    objective: single(objective),
    samples: (epoch) => shuffle([...training], seed(1).fork(epoch)),
    learningRate: linearSchedule(2e-3, Math.ceil(steps / 10), steps),
  })) {
    if (step % 5 === 0) follow(step);
    if (step % every === 0 || step === steps) tell({ step, loss, ...measure(model, compared) });
    if (stopping) return;
  }
}
