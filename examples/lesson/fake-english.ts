/** English and a fake copy of it: the conditions of the experiment, and a run under one of them. */
import { adamW, Engine, freshConfig, freshModel, linearSchedule, maskedLm, single, train } from "cloze";
import { boundaries, type Sample } from "cloze/data";
import { type FakeLanguage, fakeCopy, type Multilinguality, multilinguality, splitSpecial } from "cloze/multilingual";
import type { Tokenizer } from "cloze/tokenizer";

/** Tokens of a sequence. */
export const LENGTH = 24;
const SIZES = {
  numHiddenLayers: 4,
  hiddenSize: 64,
  numAttentionHeads: 1,
  maxPositionEmbeddings: 2 * LENGTH,
  dropout: 0.1,
};
const ROWS = 128;

export interface Condition {
  readonly name: string;
  /** positions and segments, special tokens, and no random replacement: nothing is shared but the layers */
  readonly split?: boolean;
  /** the fake language is written backwards */
  readonly inverted?: boolean;
}

/** Learn both languages, as many sequences of one as of the other; yields the score at the steps asked for. */
export async function* learnBoth(
  { split = false, inverted = false }: Condition,
  tokenizer: Tokenizer,
  { training, held }: { readonly training: readonly Sample[]; readonly held: readonly Sample[] },
  { steps, at, seed }: { readonly steps: number; readonly at: readonly number[]; readonly seed: number },
): AsyncGenerator<Multilinguality & { readonly step: number; readonly loss: number }> {
  const shift = tokenizer.size;
  const language: FakeLanguage = { shift, firstPosition: split ? LENGTH : 0, inverted };
  const special = new Set(Object.values(tokenizer.special));
  const vocabulary = { size: 2 * shift, special: tokenizer.special };
  const replacement = split ? { mask: 0.9, random: 0 } : { mask: 0.8, random: 0.1 };
  const masked = maskedLm({ tokenizer: vocabulary, selection: "transformers", replacement });
  using engine = await Engine.create();
  const { model, weights } = freshModel(
    engine,
    freshConfig("bert", { ...SIZES, vocabSize: 2 * shift }),
    "masked-lm",
    seed,
  );
  const both = [...training, ...training.map((sample) => fakeCopy(sample, language))];
  const run = train({
    engine,
    model,
    objective: single(split ? splitSpecial(masked, language, special) : masked),
    samples: () => both,
    optimizer: adamW(weights, { eps: 1e-6, weightDecay: 0.01 }),
    learningRate: linearSchedule(2e-3, 50, steps),
    batchSize: ROWS,
    seed,
    steps: Math.max(...at),
  });
  const measure = { language, special, between: boundaries(tokenizer), specialSplit: split, layers: [0, 3] };
  for await (const { step, loss } of run)
    if (at.includes(step)) yield { step, loss, ...multilinguality(model, held, measure) };
}
