/** One model of English and a fake copy of it without a word in common (Dufter & Schütze 2020). */
import { adamW, freshConfig, freshModel, linearSchedule, maskedLm, single, train } from "cloze";
import { boundaries, packSentences, type Sample, tokenizeDocuments } from "cloze/data";
import { type FakeLanguage, fakeCopy, type Multilinguality, multilinguality, splitSpecial } from "cloze/multilingual";
import { type Tokenizer, trainWordPiece } from "cloze/tokenizer";
import type { Context } from "../harness/context.js";
import { novelDocuments } from "./files.js";

export const FAKE = {
  ...{ layers: 4, width: 64, heads: 1, length: 24, batchSize: 128, rate: 2e-3, warmup: 50, total: 6000 },
  ...{ vocabulary: 2048, sentences: 8400, held: 2000, leastWords: 4, mostWords: 20 },
  data: "sentences of English novels in place of the King James New Testament",
} as const;

export interface Condition {
  /** the fake language has positions of its own */
  readonly positions?: boolean;
  /** special tokens of its own */
  readonly special?: boolean;
  /** masked tokens are never replaced by random ones */
  readonly noRandom?: boolean;
  /** the fake language is written backwards */
  readonly inverted?: boolean;
  readonly layers?: number;
  readonly heads?: number;
}

export interface Sentences {
  readonly tokenizer: Tokenizer;
  readonly training: readonly Sample[];
  readonly held: readonly Sample[];
}

/** @param count sentences of the training part */
export async function fakeSentences(context: Context, count: number = FAKE.sentences): Promise<Sentences> {
  const documents = await novelDocuments(context.data("pretraining-english/novels"), context.few(12, 1));
  const lines = [...new Set(documents.flat().flatMap((text) => text.split(/(?<=[.;:?!]) /)))].filter((line) => {
    const words = line.split(/\s+/).length;
    return words >= FAKE.leastWords && words <= FAKE.mostWords;
  });
  // Spread evenly over the list, so that all novels contribute.
  const wanted = FAKE.sentences + FAKE.held;
  const spread = Array.from(
    { length: Math.min(wanted, lines.length) },
    (_, i) => lines[Math.floor((i * lines.length) / wanted)] ?? lines[i]!,
  );
  const tokenizer = trainWordPiece(spread, { size: FAKE.vocabulary });
  const samples = spread.flatMap((line) =>
    packSentences(tokenizeDocuments(tokenizer, [[line]]), { maxLength: FAKE.length, tokenizer }).slice(0, 1),
  );
  const step = Math.max(2, Math.floor(samples.length / FAKE.held));
  const held = samples.filter((_, i) => i % step === 0).slice(0, context.few(FAKE.held, 50));
  const training = samples.filter((_, i) => i % step !== 0).slice(0, context.few(count, 300));
  return { tokenizer, training, held };
}

export interface Reached extends Multilinguality {
  readonly loss: number;
}

/**
 * Train a model under a condition.
 *
 * @param at steps after which it is measured, of a schedule of {@link FAKE.total} steps
 */
export async function trainedOn(
  context: Context,
  { tokenizer, training, held }: Sentences,
  condition: Condition,
  { at, seed }: { readonly at: readonly number[]; readonly seed: number },
): Promise<Reached[]> {
  const { positions = false, special: ownSpecial = false, noRandom = false, inverted = false } = condition;
  const { layers = FAKE.layers, heads = FAKE.heads } = condition;
  const shift = tokenizer.size;
  const language: FakeLanguage = { shift, firstPosition: positions ? FAKE.length : 0, inverted };
  const special = new Set(Object.values(tokenizer.special));
  const replacement = noRandom ? { mask: 0.9, random: 0 } : { mask: 0.8, random: 0.1 };
  const vocabulary = { size: 2 * shift, special: tokenizer.special };
  const masked = maskedLm({ tokenizer: vocabulary, selection: "transformers", replacement });
  using engine = await context.engine();
  const sizes = {
    ...{ vocabSize: 2 * shift, numHiddenLayers: layers, hiddenSize: FAKE.width, numAttentionHeads: heads },
    ...{ maxPositionEmbeddings: 2 * FAKE.length, dropout: 0 },
  };
  using loaded = freshModel(engine, freshConfig("bert", sizes), "masked-lm", seed);
  using optimizer = adamW(loaded.weights, { eps: 1e-6, weightDecay: 0.01 });
  const both = [...training, ...training.map((sample) => fakeCopy(sample, language))];
  const run = train({
    ...{ engine, model: loaded.model, optimizer, seed, samples: () => both, batchSize: FAKE.batchSize },
    objective: single(ownSpecial ? splitSpecial(masked, language, special) : masked),
    learningRate: linearSchedule(FAKE.rate, FAKE.warmup, FAKE.total),
    maxGradNorm: 1,
    steps: context.few(Math.max(...at), at.length + 1),
  });
  const between = boundaries(tokenizer);
  const measured = { language, special, between, specialSplit: ownSpecial, layers: [0, Math.max(1, layers - 1)] };
  const reached: Reached[] = [];
  let mean = Math.log(2 * shift);
  const measure = () => reached.push({ loss: mean, ...multilinguality(loaded.model, held, measured) });
  if (at[0] === 0) measure();
  for await (const { step, loss } of run) {
    mean = 0.98 * mean + 0.02 * loss;
    if (at.includes(step)) measure();
  }
  // A smoke run does not reach the later steps.
  while (context.smoke && reached.length < at.length) measure();
  return reached;
}
