/**
 * Every objective overfits one batch of eight sequences, as it can with correct gradients. The
 * corruption is drawn once. ELECTRA's two models do so in tests/train/electra.test.ts.
 */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sample } from "../../sdk/data/sample.js";
import type { Engine } from "../../sdk/engine/engine.js";
import { embeddingObjective, simcse } from "../../sdk/heads/embedding.js";
import { LabelSet } from "../../sdk/heads/labels.js";
import { classification } from "../../sdk/heads/pooled.js";
import { spanBoundaryHead } from "../../sdk/heads/span-boundary.js";
import { constant } from "../../sdk/nn/init.js";
import { denoising } from "../../sdk/objectives/bart-noise.js";
import { causalLm } from "../../sdk/objectives/causal-lm.js";
import { distilClassification, distilMaskedLm } from "../../sdk/objectives/distillation.js";
import { gapSentences } from "../../sdk/objectives/gap-sentences.js";
import { maskedLm } from "../../sdk/objectives/masked-lm.js";
import { mass } from "../../sdk/objectives/mass.js";
import { nextSentencePairs, nextSentencePrediction } from "../../sdk/objectives/next-sentence-prediction.js";
import { ngramMaskedLm } from "../../sdk/objectives/ngram-masking.js";
import { combine, single } from "../../sdk/objectives/objective.js";
import { replacedTokenDetection } from "../../sdk/objectives/replaced-token-detection.js";
import { sentenceOrderPairs, sentenceOrderPrediction } from "../../sdk/objectives/sentence-order-prediction.js";
import { sequenceToSequence } from "../../sdk/objectives/sequence-to-sequence.js";
import { packFullSentences, packSentences } from "../../sdk/objectives/sequences/packing.js";
import { spanCorruption } from "../../sdk/objectives/span-corruption.js";
import { spanBoundary, spanMaskedLm } from "../../sdk/objectives/span-masking.js";
import { translationPair } from "../../sdk/objectives/translation-lm.js";
import { seed } from "../../sdk/tensor/random.js";
import { byHeart, learn } from "../helpers/by-heart.js";
import { framed, numbered, special } from "../helpers/documents.js";
import { engines } from "../helpers/engines.js";
import { t5Tokenizer } from "../helpers/sequences.js";
import { SIZE, tinyModel } from "../helpers/tiny-models.js";

const test = suite("overfitting of objectives");
const [engine] = engines as [Engine];
const MASK = 4;
const tokenizer = { size: SIZE, special: { mask: MASK } };
const LENGTH = 14;

/** Ten documents of four sentences of one to three tokens; words of two pieces. No token occurs twice. */
const { documents } = numbered(new Array<number>(10).fill(4), 3);
const eight = (samples: readonly Sample[]): Sample[] => {
  assert.ok(samples.length >= 8, `${samples.length} samples`);
  return samples.slice(0, 8);
};
const TEXTS = eight(packSentences(documents, { maxLength: LENGTH, tokenizer: framed }));
const ROBERTA = eight(packFullSentences(documents, { maxLength: LENGTH, tokenizer: framed }));
const NEXT = eight(nextSentencePairs(documents, { maxLength: LENGTH, tokenizer: framed }, seed(1)));
const ORDER = eight(sentenceOrderPairs(documents, { maxLength: LENGTH, tokenizer: framed }, seed(1)));
/** Every text's partner is another one read backwards: no text is its own. */
const PARTNERS = TEXTS.map((sample, i) => {
  const other = TEXTS[(i + 3) % 8]!;
  return { ...sample, target: { ...other, ids: other.ids.toReversed() } };
});

for (const [name, options] of Object.entries({
  "BERT's exact count": {},
  "whole words": { wholeWords: true },
  "a coin for each token": { selection: "transformers" },
} as const))
  test(`masked-lm, ${name}`, () => {
    using loaded = tinyModel(engine, "bert", "masked-lm", { deviation: 0.1 });
    byHeart(loaded, single(maskedLm({ tokenizer, maskingRate: 0.3, ...options })), TEXTS);
  });

test("masked-lm over RoBERTa's packed sequences, with its choice of positions", () => {
  using loaded = tinyModel(engine, "roberta", "masked-lm", { deviation: 0.1 });
  byHeart(loaded, single(maskedLm({ tokenizer, maskingRate: 0.3, selection: "roberta", firstRandomId: 4 })), ROBERTA);
});

test("masked-lm and next-sentence: BERT", () => {
  using loaded = tinyModel(engine, "bert", "pretraining", { deviation: 0.1 });
  assert.is(new Set(NEXT.map(({ labels }) => labels.pair)).size, 2);
  byHeart(loaded, combine(maskedLm({ tokenizer }), nextSentencePrediction()), NEXT);
});

test("ngram-masked-lm and sentence-order: ALBERT", () => {
  using loaded = tinyModel(engine, "albert", "pretraining", { deviation: 0.1 });
  assert.is(new Set(ORDER.map(({ labels }) => labels.pair)).size, 2);
  byHeart(loaded, combine(ngramMaskedLm({ tokenizer }), sentenceOrderPrediction()), ORDER);
});

test("span-masked-lm and span-boundary: SpanBERT", () => {
  using loaded = tinyModel(engine, "bert", "masked-lm", { deviation: 0.1 });
  const table = loaded.weights.table("bert.embeddings.word_embeddings.weight", [SIZE, 32], constant(0));
  const head = spanBoundaryHead(loaded.weights.at("span"), { hiddenSize: 32, vocabSize: SIZE, placeWidth: 8 }, table);
  const objective = combine(spanMaskedLm({ tokenizer }), spanBoundary({ tokenizer: framed }));
  byHeart({ ...loaded, model: { ...loaded.model, ...head } }, objective, TEXTS);
});

test("replaced-token: ELECTRA's discriminator", () => {
  using loaded = tinyModel(engine, "electra", "replaced-token-detection", { deviation: 0.1 });
  const rng = seed(4);
  const replaced = TEXTS.map((sample) => {
    const tokens = sample.ids.map(() => rng.integer(2));
    const ids = sample.ids.map((id, i) => (tokens[i] ? 5 + rng.integer(SIZE - 5) : id));
    return { ...sample, ids, labels: { tokens: tokens.map((_, i) => Number(ids[i] !== sample.ids[i])) } };
  });
  byHeart(loaded, single(replacedTokenDetection()), replaced);
});

test("masked-lm over a sentence and its translation", () => {
  using loaded = tinyModel(engine, "bert", "masked-lm", { deviation: 0.1 });
  // Sentences of up to six tokens, so that some of every pair are left to tell it from the others.
  const pairs = numbered(new Array<number>(8).fill(2), 6).documents.map(([first, second]) =>
    translationPair(first!, second!, { tokenizer: framed, maxLength: LENGTH }),
  );
  byHeart(loaded, single(maskedLm({ tokenizer, maskingRate: 0.3 })), pairs);
});

test("causal-lm: GPT", () => {
  using loaded = tinyModel(engine, "gpt2", "causal-lm", { deviation: 0.1 });
  // Without [CLS]: behind a token that all texts begin with, none can know which one follows.
  const texts = TEXTS.map((sample) => ({ ...sample, ids: sample.ids.slice(1), segments: sample.segments.slice(1) }));
  byHeart(loaded, single(causalLm()), texts);
});

for (const seesMasked of [false, true])
  test(`mass, ${seesMasked ? "document" : "sentence"} level`, () => {
    using loaded = tinyModel(engine, "bart", "seq2seq-lm", { deviation: 0.1 });
    byHeart(loaded, mass({ tokenizer, attendToMasked: seesMasked }), TEXTS);
  });

test("denoising, BART's noise combined: sentences permuted, spans infilled, the document rotated", () => {
  using loaded = tinyModel(engine, "bart", "seq2seq-lm", { deviation: 0.1 });
  const noise = denoising({
    tokenizer,
    permuteSentences: 1,
    rotate: 1,
    randomRate: 0.1,
    endsSentence: (id) => id % 3 === 0,
  });
  byHeart(loaded, sequenceToSequence("bart", noise), TEXTS);
});

test("gap sentences: PEGASUS", () => {
  using loaded = tinyModel(engine, "bart", "seq2seq-lm", { deviation: 0.1 });
  const gaps = gapSentences({ tokenizer, endsSentence: (id) => id % 3 === 0 });
  byHeart(loaded, sequenceToSequence("gap-sentences", gaps), TEXTS);
});

test("span corruption: T5", () => {
  using loaded = tinyModel(engine, "t5", "seq2seq-lm");
  byHeart(loaded, sequenceToSequence("t5", spanCorruption({ tokenizer: t5Tokenizer(SIZE - 1, special.sep) })), TEXTS);
});

test("contrastive: every text finds its partner among the batch, or has the cosine that it is given", () => {
  const objective = embeddingObjective({ mode: "mean", normalize: true });
  using matching = tinyModel(engine, "bert", "feature-extraction", { deviation: 0.1 });
  byHeart(matching, objective, PARTNERS);
  using scored = tinyModel(engine, "bert", "feature-extraction", { deviation: 0.1 });
  byHeart(
    scored,
    objective,
    PARTNERS.map((sample, i) => ({ ...sample, labels: { value: (i - 3) / 4 } })),
  );
});

test("contrastive: SimCSE, every text against itself under another dropout", () => {
  using loaded = tinyModel(engine, "bert", "feature-extraction", { extra: { hidden_dropout_prob: 0.1 } });
  byHeart(loaded, simcse({ mode: "cls", normalize: true }), TEXTS);
});

test("distillation: a student of a teacher that has overfitted the batch, in all three parts", () => {
  const masked = { tokenizer, maskingRate: 0.3 };
  using teacher = tinyModel(engine, "bert", "masked-lm", { deviation: 0.1 });
  learn(teacher, single(maskedLm(masked)), TEXTS, { below: 0.005 });
  using student = tinyModel(engine, "bert", "masked-lm", { extra: { num_hidden_layers: 1 } });
  byHeart(student, distilMaskedLm(teacher.model, masked), TEXTS, { steps: 800 });
});

test("distillation of classes: soft targets and labels", () => {
  const labels = new LabelSet(["a", "b", "c"]);
  const rows = TEXTS.map((sample, i) => ({ ...sample, labels: { row: i % 3 } }));
  using teacher = tinyModel(engine, "bert", "sequence-classification", { labels });
  learn(teacher, single(classification()), rows, { below: 0.005 });
  using student = tinyModel(engine, "bert", "sequence-classification", { labels, extra: { num_hidden_layers: 1 } });
  byHeart(student, distilClassification(teacher.model), rows);
});

test.run();
